//! Models of annotators: when they learn, and what they found.

mod learn;
mod models;
mod questions;

pub use models::Models;
