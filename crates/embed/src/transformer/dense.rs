//! Dense layers behind the pooling.

use super::json::JsonFile;
use super::weights::Weights;
use crate::error::Result;
use blake3::{Hash, Hasher};
use planisphere_kernels::Simd;
use planisphere_kernels::activation::{self, Activation};
use planisphere_kernels::linear::{Linear, Store};
use std::path::Path;

/// `activation(x W^T + b)`, plus what came in if residual.
pub(crate) struct Dense {
    layer: Linear,
    activation: Activation,
    /// `Some(None)`: added as it is.
    residual: Option<Option<Linear>>,
    hash: Hash,
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
        let bias = f.bool_or("bias", true)?.then(|| w.values(&["linear.bias"], &[width])).transpose()?;
        let residual = match (f.bool_or("use_residual", false)?, inputs == width) {
            (false, _) => None,
            (true, true) => Some(None),
            (true, false) => {
                let weight = w.values(&["residual.weight"], &[width, inputs])?;
                Some(Some(Linear::new(inputs, width, &weight, None)))
            }
        };
        let (has_bias, adds) = (bias.is_some(), residual.is_some());
        let mut hash = Hasher::new();
        hash.update(w.hash().as_bytes()).update(format!("{activation:?} {has_bias} {adds}").as_bytes());
        let hash = hash.finalize();
        let weight = w.values(&["linear.weight"], &[width, inputs])?;
        Ok(Self { layer: Linear::new(inputs, width, &weight, bias.as_deref()), activation, residual, hash })
    }

    pub(crate) fn width(&self) -> usize {
        self.layer.outputs()
    }

    /// A hash of everything that the layer depends on.
    pub(crate) fn hash(&self) -> Hash {
        self.hash
    }

    /// The rows of `x` through the layer.
    pub(crate) fn forward(&self, x: &[f32]) -> Vec<f32> {
        let simd = Simd::detect();
        let mut y = vec![0.0; x.len() / self.layer.inputs() * self.width()];
        self.layer.apply(simd, x, &mut y, Store::Replace);
        activation::apply(simd, self.activation, &mut y);
        match &self.residual {
            None => {}
            Some(None) => y.iter_mut().zip(x).for_each(|(y, x)| *y += x),
            Some(Some(w)) => w.apply(simd, x, &mut y, Store::Add),
        }
        y
    }
}
