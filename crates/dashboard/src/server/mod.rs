//! The program's answers: keys and sessions, limits, and the API.

mod app;
mod auth;
mod body;
mod client;
mod embedding;
mod failure;
mod groups;
mod guard;
mod items;
mod key;
mod limits;
mod mace;
mod media;
mod project;
mod queue;
mod routes;
mod search;
mod serve;
mod settings;

pub use app::{App, Embed};
pub use body::{JsonBody, Object};
pub use failure::Failure;
pub use key::{FoundKey, KEY_FILE, KeyError, KeySource, VARIABLES};
pub use routes::router;
pub use serve::serve;
