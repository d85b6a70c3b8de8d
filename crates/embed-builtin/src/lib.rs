//! The data of the built-in text model of `planisphere-embed`, and nothing else.
//!
//! [`MODEL`] is a table of 128-dimensional vectors for the word pieces of uncased BERT, distilled from
//! [all-MiniLM-L6-v2](https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), stored as 8-bit rows with a scale
//! each. `planisphere_embed::Encoder::builtin` reads it; the format is described in this crate's README, and the script
//! that makes it is `fixtures/builtin-model/distill.py` of the repository.
//!
//! ```
//! assert!(planisphere_embed_builtin::MODEL.starts_with(b"PLANISPH"));
//! assert!(planisphere_embed_builtin::LICENSE.contains("Apache"));
//! ```

/// The model file.
pub const MODEL: &[u8] = include_bytes!("../model.bin");

/// One line on what the model is.
pub const DESCRIPTION: &str = "128-dimensional static token vectors distilled from all-MiniLM-L6-v2, int8";

/// The license of the model, as an SPDX expression.
pub const LICENSE: &str = "Apache-2.0";

/// Whom the model is owed to.
pub const NOTICE: &str = include_str!("../NOTICE");
