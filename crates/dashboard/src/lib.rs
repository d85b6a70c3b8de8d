//! A dashboard for annotation projects: a map of the items, what annotators said of them, and who gets what next.

mod error;

pub mod annotators;
pub mod config;
pub mod import;
pub mod maps;
pub mod page;
pub mod server;
pub mod store;

pub use error::{Error, Result};
