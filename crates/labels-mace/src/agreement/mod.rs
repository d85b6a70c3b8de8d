//! How far annotators agree.

mod cohen;
mod fleiss;
mod krippendorff;
mod scale;

pub use cohen::{CohenKappa, Pair, Weighting};
pub use fleiss::{FleissAgreement, FleissKappa};
pub use krippendorff::{Bootstrap, Interval, Krippendorff, Level, Reliability};
pub use scale::LabelOrder;
