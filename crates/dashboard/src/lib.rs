//! A dashboard for annotation projects: a map of the items, what annotators said of them, and who gets what next.

pub mod config;
pub mod store;
