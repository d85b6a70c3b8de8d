//! Labels from annotators who disagree.
//!
//! (being written)

mod annotations;
mod continuous;
mod error;
mod mace;
mod posterior;

pub use annotations::{Annotations, Vote};
pub use continuous::{Value, weighted_values};
pub use error::{Error, Result};
pub use mace::{Mace, MaceModel, MaceStream, Method, Restart, Start};
pub use planisphere_store::Error as FileError;
pub use posterior::{Best, Posterior};
