//! Texts to vectors.
//!
//! [`Encoder`] has one interface for several kinds of models:
//!
//! * [`Encoder::builtin`], the **built-in static model**: a vector for each of 29,524 word pieces, distilled from
//!   all-MiniLM-L6-v2. No file, no network, more than half a million short texts a second on one core.
//! * [`Encoder::from_dir`], **sentence-transformers** (BERT, RoBERTa, XLM-RoBERTa, DistilBERT, MPNet, ModernBERT, Nomic-BERT,
//!   Jina-BERT v2, GTE and with it stella), and **static models** of model2vec and of sentence-transformers, from a local
//!   directory; with the feature `hub` also by name, through `Encoder::from_hub`.
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
//! # Models
//! What is known to work, and how it is known. *Tiny* models are random ones of the same architecture, in `fixtures`, whose vectors
//! by the reference are part of the tests. None but all-MiniLM-L6-v2 was tried with the weights that people use.
//!
//! | `model_type` | models | held to |
//! |---|---|---|
//! | `bert` | all-MiniLM-L6-v2 | sentence-transformers 6.2: no value of 6,000 titles, 1,200 paragraphs and 226 odd texts (empty, emoji, all scripts, 10,000 characters) is farther than 4e-7 |
//! | `bert` | other MiniLM, BGE, E5, GTE v1, mxbai | transformers 5.23 on a tiny one, 1e-5 |
//! | `roberta`, `xlm-roberta`, `camembert` | all-distilroberta-v1, multilingual-e5, paraphrase-multilingual | a tiny RoBERTa, in shards |
//! | `distilbert` | distiluse and others | a tiny one |
//! | `mpnet` | all-mpnet-base-v2, multi-qa-mpnet | a tiny one |
//! | `modernbert` | modernbert-embed, gte-modernbert | a tiny one, with local layers |
//! | `nomic_bert` | nomic-embed-text v1 and v1.5 | a tiny one, under the names of its files |
//! | `bert` with `alibi` | jina-embeddings-v2 | a tiny one, after the paper (transformers has it not) |
//! | `gte`, `new` | gte-*-v1.5, snowflake-arctic-embed-m-v2.0, stella_en_400M_v5 with heads and prompts | tiny ones, rotations stretched |
//! | static | potion and other models of model2vec, StaticEmbedding | model2vec 0.10 and sentence-transformers 6.2 on tiny ones, 1e-6 |
//!
//! # Precisions
//! [`Precision`] against f32 on all-MiniLM-L6-v2 and 6,000 titles:
//!
//! | | mean cosine | least cosine | memory of layers |
//! |---|---|---|---|
//! | `F16` | 1.000000 | 0.999999 | half |
//! | `Bf16` | 0.999994 | 0.99998 | half |
//! | `Int8` | 0.9979 | 0.991 | a quarter |
//!
//! # Features
//! * `builtin` (default): the data of the built-in model, 4 MB in the program.
//! * `transformers` (default): [`Encoder::from_dir`], static models in folders included. Weights are read by candle; the forward pass is our own, or candle's on
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
