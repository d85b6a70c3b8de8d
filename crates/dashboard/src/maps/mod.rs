//! The map of a project: which items are on it, where, in which colors, and what is near to what.
//!
//! [`Maps`] keeps maps up to date with the store. A map is computed once for its items, vectors and parameters, is kept in
//! the store, and is the same for the same project on any machine with any number of threads. Items that come later are
//! placed on it at once; a new map is made in the background. [`routes`] is its interface over HTTP.
//!
//! The parts are of use alone: what the items are ([`Embedder`]), what is shown of one ([`preview()`]), the labels that an
//! answer stands for ([`votes`]), colors of labels ([`label_colors`]).

mod body;
mod colors;
mod column;
mod columns;
mod error;
mod fresh;
mod http;
mod items;
mod job;
mod labels;
mod live;
mod make;
mod modality;
mod notes;
mod options;
mod plan;
mod preview;
mod progress;
mod project;
mod query;
mod sample;
mod serve;
mod view;
mod watch;

pub use body::{Answer, Body};
pub use colors::{NULL, PALETTE, UNANNOTATED, label_colors};
pub use column::{ColumnValues, UNCERTAINTY, VOTES};
pub use columns::{Column, ColumnKind};
pub use error::{Error, Result};
pub use http::routes;
pub use items::Neighbor;
pub use job::{Event, JobState, JobStatus};
pub use labels::{Predictions, votes};
pub use live::Maps;
pub use modality::{Embedder, EmbedderOptions, Modality};
pub use options::MapsOptions;
pub use plan::{SEED, SETTINGS_KEY};
pub use preview::{item_text, preview};
pub use query::DataQuery;
