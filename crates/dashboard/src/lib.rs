//! A dashboard for annotation projects: a map of the items, what annotators said of them, and who gets what next.

// `annotators`, `error`, `import` and `server` are declared as soon as `maps` and `page` are here.
pub mod config;
pub mod maps;
pub mod page;
pub mod store;
