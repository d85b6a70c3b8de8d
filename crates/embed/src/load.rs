//! How models are loaded, and what computes them.

use crate::error::Error;
use std::fmt;
use std::str::FromStr;

/// What of a model is loaded, and to where. `Default` takes it as its files describe it, for the CPU.
///
/// ```
/// use planisphere_embed::LoadOptions;
/// // stella_en_400M_v5 has a dense head for each of several lengths of vectors.
/// let options = LoadOptions::new().head("2_Dense_256");
/// assert_ne!(options, LoadOptions::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LoadOptions {
    pub(crate) head: Option<String>,
    pub(crate) precision: Precision,
    pub(crate) device: Device,
}

/// What the layers of a transformer compute with.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floating point, whatever the files hold: the vectors of the reference.
    #[default]
    F32,
    /// Weights of 16 bits, 11 of them of precision: half the memory, the sums of [`Precision::F32`]. Nothing is lost where the
    /// files hold such weights.
    ///
    /// On devices other than [`Device::Cpu`], what goes from layer to layer has 16 bits too, which is what makes GPUs fast.
    /// Scores of attention and norms are computed in 32 bits, as are pooling and dense heads.
    F16,
    /// Weights of 16 bits, 8 of them of precision: as [`Precision::F16`], for weights that were made so.
    Bf16,
    /// Bytes: weights rounded once for each output, what goes into a layer for each token; sums in whole numbers. A quarter of
    /// the memory for layers, and faster on machines with AVX-512 VNNI. Attention, norms and dense heads stay as they are. For
    /// [`Device::Cpu`] only.
    Int8,
}

/// What computes the layers of a transformer.
///
/// Only [`Device::Cpu`] gives a text the same bits on any machine and in any company. The others go through the tensors of candle:
/// texts of a batch are padded to the longest of them, and sums take the order that the device likes, so that vectors agree with
/// those of [`Device::Cpu`] up to rounding (of 32 bits, or of 16 with [`Precision::F16`] and [`Precision::Bf16`]).
///
/// Tokenizing, pooling and dense heads stay on the CPU. One batch is computed at a time, and a GPU needs large ones to be
/// busy: see [`EncoderOptions::batch_tokens`](crate::EncoderOptions::batch_tokens).
///
/// Written and read as `cpu`, `candle`, `cuda:0` and `metal:0`; a GPU without a number is the first one.
///
/// ```
/// use planisphere_embed::{Device, LoadOptions, Precision};
/// let second: Device = "cuda:1".parse()?;
/// assert_eq!(second, Device::Cuda(1));
/// let options = LoadOptions::new().device(second).precision(Precision::F16);
/// # Ok::<(), planisphere_embed::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// The CPU, with kernels of our own.
    #[default]
    Cpu,
    /// The CPU, through candle: slower than [`Device::Cpu`], and there to compare with.
    Candle,
    /// The NVIDIA GPU of this number, counted from 0. Needs the feature `cuda`.
    Cuda(usize),
    /// The Apple GPU of this number, counted from 0. Needs the feature `metal`.
    Metal(usize),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Candle => f.write_str("candle"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
            Self::Metal(n) => write!(f, "metal:{n}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let (name, number) = s.split_once(':').map_or((s, Ok(0)), |(name, number)| (name, number.parse()));
        match (name, number) {
            ("cpu", _) if name == s => Ok(Self::Cpu),
            ("candle", _) if name == s => Ok(Self::Candle),
            ("cuda", Ok(n)) => Ok(Self::Cuda(n)),
            ("metal", Ok(n)) => Ok(Self::Metal(n)),
            _ => Err(Error::InvalidParam {
                param: "device",
                value: s.to_owned(),
                reason: "must be cpu, candle, cuda or metal, the last two with a number or without: cuda:0".into(),
            }),
        }
    }
}

impl LoadOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// What layers compute with. Default: [`Precision::F32`].
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// What computes the layers. Default: [`Device::Cpu`]. There is no falling back: a device that cannot be had is an
    /// [`Error::Device`] when the model is loaded. Static models have no layers, and are for [`Device::Cpu`] only.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// The folder of the dense head, in place of the one that `modules.json` names: models like stella have several, for
    /// vectors of different lengths.
    #[must_use]
    pub fn head(mut self, folder: impl Into<String>) -> Self {
        self.head = Some(folder.into());
        self
    }
}
