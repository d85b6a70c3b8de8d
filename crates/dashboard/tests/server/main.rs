//! The server, over real connections.

mod access;
#[path = "../common/http.rs"]
mod http;
mod limits;
mod mace;
mod media;
mod project;
mod queue;
mod stop;
