//! Texts to vectors.
//!
//! [`Encoder`] has one interface for two kinds of models:
//!
//! * [`Encoder::builtin`], the **built-in static model**: a vector for each of 29,524 word pieces, distilled from
//!   all-MiniLM-L6-v2. No file, no network, more than half a million short texts a second on one core.
//! * [`Encoder::from_dir`], **sentence-transformers** (BERT, RoBERTa, XLM-RoBERTa, DistilBERT, MPNet, ModernBERT, Nomic-BERT,
//!   Jina-BERT v2, GTE and with it stella) from a local directory; with the feature `hub` also by name, through
//!   `Encoder::from_hub`.
//!
//! ```
//! # #[cfg(feature = "builtin")] {
//! use planisphere_embed::Encoder;
//!
//! let encoder = Encoder::builtin()?;
//! let x = encoder.encode(&["how to sort a list", "sorting an array", "best pasta recipes"])?;
//! assert_eq!((x.rows(), x.cols()), (3, encoder.dim()));
//!
//! let dot = |a: usize, b: usize| x.row(a).iter().zip(x.row(b)).map(|(a, b)| a * b).sum::<f32>();
//! assert!(dot(0, 1) > dot(0, 2));
//! # }
//! # Ok::<(), planisphere_embed::Error>(())
//! ```
//!
//! # Features
//! * `builtin` (default): the data of the built-in model, 4 MB in the program.
//! * `transformers` (default): [`Encoder::from_dir`]. Weights are read by candle; the forward pass is our own, or candle's on
//!   another [`Device`].
//! * `cuda`: [`Device::Cuda`], NVIDIA GPUs. The build needs the CUDA toolkit, and the program its libraries, also where no GPU
//!   is asked for.
//! * `metal`: [`Device::Metal`], Apple GPUs. For macOS only.
//! * `hub`: `Encoder::from_hub`.
//!
//! # Guarantees
//! A text gives the same bytes on any number of threads, whatever it is encoded with, and on any machine: every sum has an
//! order that depends on the text and the model alone. This holds for static models and for [`Device::Cpu`], the default; what other
//! devices give agrees with that up to rounding, and depends on the texts around it to the same extent.

mod encoder;
mod error;
mod files;
#[cfg(feature = "hub")]
mod hub;
#[cfg(feature = "transformers")]
mod load;
mod options;
mod stream;
mod table;
#[cfg(feature = "transformers")]
mod transformer;
mod words;

pub use encoder::Encoder;
pub use error::{Error, Result};
#[cfg(feature = "hub")]
pub use hub::HubOptions;
#[cfg(feature = "transformers")]
pub use load::{Device, LoadOptions, Precision};
pub use options::{EncoderOptions, LongTexts};
pub use stream::VectorStream;
