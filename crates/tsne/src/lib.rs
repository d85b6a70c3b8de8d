//! t-SNE.

mod affinity;
mod error;
mod repulsion;

pub use affinity::{Affinities, Affinity};
pub use error::{Error, Result};
