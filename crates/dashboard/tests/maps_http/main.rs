//! Maps over their interface: a store in memory, routes without a server around them.

mod hostile;
mod jobs;
mod later;
mod points;
mod project;
mod reorder;
mod speed;
