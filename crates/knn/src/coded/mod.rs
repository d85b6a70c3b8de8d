//! Neighbor search on coded rows: a few bytes each, between which distances are cheap and never too long.
//!
//! [`proxy`] codes rows; [`centers`] gathers them in groups; [`probe`] looks for neighbors in the nearest groups; [`refine`]
//! among neighbors of neighbors; [`sweep`] proves that nothing was missed, or finds it. [`sample`] tells how good it is.

pub(crate) mod basis;
pub(crate) mod blocks;
pub(crate) mod centers;
pub(crate) mod groups;
pub(crate) mod measured;
pub(crate) mod pool;
pub(crate) mod probe;
pub(crate) mod proxy;
pub(crate) mod refine;
pub(crate) mod sample;
pub(crate) mod search;
pub(crate) mod sweep;
