//! Labels from annotators who disagree.
//!
//! (being written)

mod annotations;
mod error;
mod posterior;

pub use annotations::{Annotations, Vote};
pub use error::{Error, Result};
pub use posterior::{Best, Posterior};
