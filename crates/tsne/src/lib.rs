//! t-SNE.

mod affinity;
mod attraction;
mod descent;
mod error;
#[cfg(feature = "file")]
mod file;
mod init;
mod layout;
mod model;
mod params;
mod repulsion;
mod run;
mod transform;

pub use affinity::{Affinities, Affinity, Symmetrize};
pub use error::{Error, Result};
pub use model::TsneModel;
pub use params::{Init, Repulsion, Tsne};
#[cfg(feature = "file")]
pub use planisphere_store::Error as FileError;
pub use run::TsneRun;
pub use transform::{Placement, Start};
