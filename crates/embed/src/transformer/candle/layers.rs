//! Linear layers, norms and activations.

use super::super::checkpoint::{Dense, Scale};
use super::place::Place;
use crate::error::Result;
use candle_core::{D, DType, Tensor};
use planisphere_kernels::activation::Activation;

/// A linear layer.
pub(super) struct Product {
    /// inputs × outputs.
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Product {
    pub(super) fn new(dense: Dense, place: &Place) -> Result<Self> {
        let Dense { inputs, outputs, weight, bias } = dense;
        let bias = bias.map(|b| place.weights(b, outputs)).transpose()?;
        Ok(Self { weight: place.weights(weight, inputs)?.t()?, bias })
    }

    pub(super) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.matmul(&self.weight)?;
        Ok(match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        })
    }
}

/// A layer norm, in 32 bits whatever its rows have.
pub(super) struct Norm {
    weight: Tensor,
    bias: Option<Tensor>,
    eps: f64,
}

impl Norm {
    pub(super) fn new(scale: Scale, eps: f32, place: &Place) -> Result<Self> {
        let bias = scale.bias.map(|b| place.row(b)).transpose()?;
        Ok(Self { weight: place.row(scale.weight)?, bias, eps: eps.into() })
    }

    pub(super) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let full = x.to_dtype(DType::F32)?;
        let centered = full.broadcast_sub(&full.mean_keepdim(D::Minus1)?)?;
        let deviation = (centered.sqr()?.mean_keepdim(D::Minus1)? + self.eps)?.sqrt()?;
        let mut y = centered.broadcast_div(&deviation)?.broadcast_mul(&self.weight)?;
        if let Some(bias) = &self.bias {
            y = y.broadcast_add(bias)?;
        }
        Ok(y.to_dtype(x.dtype())?)
    }
}

/// Each value's image.
pub(super) fn activate(f: Activation, x: &Tensor) -> Result<Tensor> {
    Ok(match f {
        Activation::Identity => x.clone(),
        Activation::Relu => x.relu()?,
        Activation::Gelu => x.gelu_erf()?,
        Activation::GeluTanh => x.gelu()?,
        Activation::Silu => x.silu()?,
        Activation::Tanh => x.tanh()?,
        Activation::Sigmoid => (x.neg()?.exp()? + 1.0)?.recip()?,
    })
}

/// Values that are positive and add up to 1 in each row, as e to the power of what was there.
pub(super) fn softmax(x: &Tensor) -> Result<Tensor> {
    let powers = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
    Ok(powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?)
}
