//! Labels from annotators who disagree.
//!
//! (being written)

mod annotations;
mod error;
mod mace;
mod posterior;

pub use annotations::{Annotations, Vote};
pub use error::{Error, Result};
pub use mace::{Mace, MaceModel, MaceStream, Method, Restart, Start};
pub use posterior::{Best, Posterior};
