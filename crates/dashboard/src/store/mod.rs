//! What a project consists of, kept in SQLite or PostgreSQL.

mod types;

pub use types::{
    Annotation, Annotator, Draft, Item, ItemState, Lease, NewItem, Progress, Projection, Reordering, Versions,
};
