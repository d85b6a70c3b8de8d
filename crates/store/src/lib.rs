//! How models and indexes become files.
//!
//! A [`Format`] is a kind of file: a name, and the version of it that is written. What is stored is a header, which is
//! anything that serde knows, and arrays by name. The container is that of safetensors, little end first, so that other
//! programs can read the arrays; the header is one piece of JSON in its metadata, with the version and a checksum over
//! all there is. One piece, since the order of several would not be the same each time: the same content gives the same
//! bytes.
//!
//! Files are written by [`write_atomic`], which is there for files of other kinds too: they are complete or, after an
//! error, what they were before. Reading believes nothing: bytes that are something else, of a later version, truncated or changed are told
//! apart, and no array is larger than the bytes that were there.
//!
//! ```
//! use planisphere_store::{Format, Tensor};
//! use serde::{Deserialize, Serialize};
//! use std::collections::BTreeMap;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Place {
//!     name: String,
//! }
//!
//! const TEMPERATURES: Format = Format::new("example-temperatures", "list of temperatures", 1);
//!
//! let values = [21.5f32, 19.0];
//! let arrays = BTreeMap::from([("values", Tensor::new(&[2], &values))]);
//! let bytes = TEMPERATURES.encode(&Place { name: "Paris".to_owned() }, &arrays)?;
//!
//! let (name, read) = TEMPERATURES.from_bytes(&bytes, |place: Place, arrays| {
//!     let [n] = arrays.shape("values")?;
//!     Ok((place.name, arrays.finite("values", &[n])?))
//! })?;
//! assert_eq!((name.as_str(), &read[..]), ("Paris", &values[..]));
//!
//! let error = TEMPERATURES.from_bytes(&bytes[..100], |_: Place, _| Ok(())).unwrap_err();
//! assert!(error.to_string().starts_with("the data is a damaged list of temperatures"));
//! # Ok::<(), planisphere_store::Error>(())
//! ```

mod arrays;
mod atomic;
mod error;
mod format;

pub use arrays::{Arrays, Tensor, Value};
pub use atomic::{WriteError, write_atomic};
pub use error::{Error, Result};
pub use format::Format;
