//! Dense layers behind the pooling.

use super::json::JsonFile;
use super::weights::Weights;
use crate::error::Result;
use candle_core::Tensor;
use std::path::Path;

#[derive(Clone, Copy, Debug)]
enum Activation {
    Identity,
    Tanh,
    Relu,
    Gelu,
    Sigmoid,
}

/// `activation(x W^T + b)`, plus what came in if residual.
pub(crate) struct Dense {
    weight: Tensor,
    bias: Option<Tensor>,
    activation: Activation,
    /// `Some(None)`: added as it is.
    residual: Option<Option<Tensor>>,
    width: usize,
}

impl Dense {
    pub(crate) fn load(dir: &Path, inputs: usize) -> Result<Self> {
        let f = JsonFile::read(&dir.join("config.json"), "modules.json names this dense module")?;
        let (from, to) = (&["in_features"], &["out_features"]);
        if f.size(from)? != inputs {
            return Err(f.error(from, format!("what comes before it gives {inputs}")));
        }
        let width = f.size(to)?;
        for key in ["module_input_name", "module_output_name"] {
            if f.string_or(&[key], "sentence_embedding")? != "sentence_embedding" {
                return Err(f.error(&[key], "only sentence_embedding is supported"));
            }
        }
        let key = &["activation_function"];
        let activation = match f.string_or(key, "Tanh")?.rsplit('.').next().unwrap_or_default() {
            "Identity" => Activation::Identity,
            "Tanh" => Activation::Tanh,
            "ReLU" => Activation::Relu,
            "GELU" => Activation::Gelu,
            "Sigmoid" => Activation::Sigmoid,
            _ => return Err(f.error(key, "supported: Identity, Tanh, ReLU, GELU, Sigmoid of torch.nn")),
        };
        let w = Weights::load(dir)?;
        let bias = f.bool_or("bias", true)?.then(|| w.get(&["linear.bias"], &[width])).transpose()?;
        let residual = match (f.bool_or("use_residual", false)?, inputs == width) {
            (false, _) => None,
            (true, true) => Some(None),
            (true, false) => Some(Some(w.get(&["residual.weight"], &[width, inputs])?)),
        };
        Ok(Self { weight: w.get(&["linear.weight"], &[width, inputs])?, bias, activation, residual, width })
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut y = x.matmul(&self.weight.t()?)?;
        if let Some(bias) = &self.bias {
            y = y.broadcast_add(bias)?;
        }
        y = match self.activation {
            Activation::Identity => y,
            Activation::Tanh => y.tanh()?,
            Activation::Relu => y.relu()?,
            Activation::Gelu => y.gelu_erf()?,
            Activation::Sigmoid => candle_nn::ops::sigmoid(&y)?,
        };
        match &self.residual {
            None => Ok(y),
            Some(None) => Ok((y + x)?),
            Some(Some(w)) => Ok((y + x.matmul(&w.t()?)?)?),
        }
    }
}
