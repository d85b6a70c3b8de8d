//! Devices, and how numbers get there.

use super::super::network::check;
use crate::error::{Error, Result};
use crate::load::{Device, Precision};
use candle_core::{DType, Tensor};

/// What rounds to infinity with 16 bits of [`DType::F16`].
const TOO_LARGE: f32 = 65_520.0;

/// A device, and what it computes with.
pub(crate) struct Place {
    pub(super) device: candle_core::Device,
    pub(super) dtype: DType,
}

impl Place {
    /// Opens a device.
    pub(crate) fn open(device: Device, precision: Precision) -> Result<Self> {
        let dtype = match precision {
            Precision::F32 => DType::F32,
            Precision::F16 => DType::F16,
            Precision::Bf16 => DType::BF16,
            Precision::Int8 => {
                return Err(Error::InvalidParam {
                    param: "precision",
                    value: "Int8".into(),
                    reason: format!("bytes are for the device cpu only, not for {device}"),
                });
            }
        };
        let absent = |reason: String| Error::Device { device: device.to_string(), reason };
        let device = match device {
            Device::Cpu | Device::Candle => candle_core::Device::Cpu,
            Device::Cuda(_) if !cfg!(feature = "cuda") => {
                return Err(absent("this build lacks the feature `cuda`".into()));
            }
            Device::Metal(_) if !cfg!(feature = "metal") => {
                return Err(absent("this build lacks the feature `metal`".into()));
            }
            Device::Cuda(n) => candle_core::Device::new_cuda(n).map_err(|e| absent(e.to_string()))?,
            Device::Metal(n) => {
                // Which candle takes for granted.
                #[cfg(feature = "metal")]
                match candle_metal_kernels::metal::Device::all().len() {
                    count if n < count => {}
                    count => return Err(absent(format!("the machine has {count} such devices"))),
                }
                candle_core::Device::new_metal(n).map_err(|e| absent(e.to_string()))?
            }
        };
        Ok(Self { device, dtype })
    }

    /// Weights, in rows of `width`.
    pub(super) fn weights(&self, values: Vec<f32>, width: usize) -> Result<Tensor> {
        if self.dtype == DType::F16 {
            check(values.iter().all(|v| v.abs() < TOO_LARGE), Precision::F16)?;
        }
        let rows = values.len() / width;
        // Rounded here, so that half as much has to go there.
        let tensor = Tensor::from_vec(values, (rows, width), &candle_core::Device::Cpu)?.to_dtype(self.dtype)?;
        Ok(tensor.to_device(&self.device)?)
    }

    /// A row of values in 32 bits.
    pub(super) fn row(&self, values: Vec<f32>) -> Result<Tensor> {
        Ok(Tensor::new(values, &self.device)?)
    }
}
