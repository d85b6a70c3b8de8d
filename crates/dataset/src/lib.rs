//! Tables in and maps out.
//!
//! [`TableReader`] reads texts or vectors, with ids and labels, from CSV, TSV, JSONL and NumPy files into a [`Table`].
//! It reads in one pass and puts numbers straight into their final place. Whatever is wrong with a file is an
//! [`enum@Error`] that names the file, the line and the column; nothing is guessed, dropped or filled in.
//!
//! [`NpyBlocks`] reads a NumPy file that is larger than memory, some rows at a time.
//!
//! [`write_npy`], [`write_npy_ids`] and [`write_map_csv`] write results, all through [`write_atomic`]: a file is either
//! complete or not there.
//!
//! ```
//! use planisphere_dataset::{Format, TableReader};
//!
//! let jsonl = r#"{"id": "a", "embedding": [0.25, 1], "label": "warm"}
//! {"id": "b", "embedding": [2e-3, -7], "label": null}"#;
//! let table = TableReader::new().read_from(jsonl.as_bytes(), Format::Jsonl, "demo.jsonl")?;
//! assert_eq!(table.vectors().unwrap().row(1), [0.002, -7.0]);
//! assert_eq!(table.labels().unwrap(), [Some("warm".to_owned()), None]);
//!
//! let csv = "id,embedding_1,embedding_2\na,0.5,\n";
//! let wrong = TableReader::new().read_from(csv.as_bytes(), Format::Csv, "demo.csv").unwrap_err();
//! assert_eq!(wrong.to_string(), r#"demo.csv, line 2, column "embedding_2": the value is missing"#);
//! # Ok::<(), planisphere_dataset::Error>(())
//! ```

mod atomic;
mod columns;
mod delimited;
mod error;
mod json;
mod jsonl;
mod lines;
mod names;
mod npy;
mod reader;
mod rows;
mod table;
mod write;

pub use atomic::write_atomic;
pub use error::{Error, Result};
pub use npy::NpyBlocks;
pub use reader::{Format, TableReader, Vectors};
pub use table::{Table, TableParts};
pub use write::{write_map_csv, write_npy, write_npy_ids};
