//! MACE.

mod canonical;
mod digamma;
mod file;
mod group;
mod model;
mod params;
mod problem;
mod run;
mod stream;
mod sweep;

pub use model::{MaceModel, Restart};
pub use params::{Mace, Method, Start};
pub use stream::MaceStream;
