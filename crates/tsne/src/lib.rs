//! t-SNE.

mod affinity;
mod attraction;
mod descent;
mod error;
mod init;
mod layout;
mod model;
mod params;
mod repulsion;
mod run;

pub use affinity::{Affinities, Affinity, Symmetrize};
pub use error::{Error, Result};
pub use model::TsneModel;
pub use params::{Init, Repulsion, Tsne};
pub use run::TsneRun;
