//! Maps over their interface: a store in memory, routes without a server around them.

mod hostile;
#[path = "../common/http.rs"]
mod http;
mod jobs;
mod later;
mod points;
mod project;
mod reorder;
mod served;
mod speed;
