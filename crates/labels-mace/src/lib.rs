//! Labels from annotators who disagree, and whom of them to trust.
//!
//! ```
//! use planisphere_labels_mace::{Annotations, Mace};
//!
//! let votes = Annotations::from_triples([
//!     ("t1", "ann", "joy"), ("t1", "bob", "joy"), ("t1", "cleo", "anger"),
//!     ("t2", "ann", "anger"), ("t2", "bob", "anger"), ("t2", "cleo", "anger"),
//!     ("t3", "ann", "joy"), ("t3", "bob", "joy"), ("t3", "cleo", "anger"),
//! ])?;
//! let model = Mace::new().fit(&votes)?;
//! let best = model.posterior().best(0).unwrap();
//! assert_eq!(votes.label(best.label), "joy");
//! // Cleo says "anger" to everything.
//! assert!(model.competence()[2] < model.competence()[0]);
//! // How little is known of an item: what to ask another annotator about.
//! assert!(model.posterior().entropy(0) > model.posterior().entropy(1));
//! # Ok::<(), planisphere_labels_mace::Error>(())
//! ```
//!
//! # What there is
//!
//! | | |
//! |---|---|
//! | [`Annotations`] | who gave what label to which item; from slices, or from files by [`MatrixReader`] (MACE's form) and [`VoteReader`] (a vote a line: CSV, TSV, JSON lines) |
//! | [`Mace`] | labels, competences and habits (Hovy and others 2013), as the original computes them |
//! | [`MaceStream`] | the same for votes that keep coming: an added vote costs what it changes |
//! | [`DawidSkene`] | labels and confusion matrices (Dawid and Skene 1979) |
//! | [`Glad`] | labels, abilities and difficulties (Whitehill and others 2009) |
//! | [`MajorityVote`], [`WeightedMajority`] | shares of votes |
//! | [`MultiLabel`] | several labels an item: any of these models for each |
//! | [`weighted_values`] | labels that are numbers |
//! | [`Krippendorff`], [`FleissKappa`], [`CohenKappa`] | how far annotators agree |
//!
//! All models give a [`Posterior`]: probabilities, the best label with ties told, entropies, the surest share of the items.
//! [`LabelModel`] is what they have in common, for code that works with any.
//!
//! # Which model
//!
//! [`Mace`] where some annotators may not try: it learns what they do when they guess, from as little as ten votes each, and
//! has few parameters. [`DawidSkene`] where annotators try and confuse certain labels, and there are many votes of each.
//! [`Glad`] where items differ in how hard they are. [`MajorityVote`] to compare with.
//!
//! # What holds
//!
//! * Results do not depend on names or on the order in which votes come, beyond rounding; those of [`Mace`] not in any bit,
//!   but for annotators who are mirror images of each other. A tie goes to the label that came first, and is told.
//! * The same bits for any number of threads, and on all instruction sets.
//! * Hundreds of annotators an item are no trouble: nothing underflows.
//! * Nothing panics on any votes, files or parameters. What is refused is an [`enum@Error`] that says what and where. (Asking
//!   [`Annotations`] for a name by a number that there is not panics, as with slices.)

mod agreement;
mod annotations;
mod continuous;
mod dashboard;
mod dawid_skene;
mod error;
mod glad;
mod mace;
mod majority;
mod model;
mod multilabel;
mod posterior;
mod prior;
mod read;
mod tally;
mod weighted;

pub use agreement::{
    Bootstrap, CohenKappa, FleissAgreement, FleissKappa, Interval, Krippendorff, LabelOrder, Level, Pair, Reliability,
    Weighting,
};
pub use annotations::{Annotations, Vote};
pub use continuous::{Value, weighted_values};
pub use dashboard::{Trigger, is_chosen, single_vote};
pub use dawid_skene::{DawidSkene, DawidSkeneModel};
pub use error::{Error, Result};
pub use glad::{Glad, GladModel};
pub use mace::{Mace, MaceModel, MaceStream, Method, Restart, Start};
pub use majority::{MajorityVote, MajorityVoteModel, Ties};
pub use model::{LabelModel, Labeled};
pub use multilabel::MultiLabel;
pub use planisphere_store::Error as FileError;
pub use posterior::{Best, Posterior};
pub use prior::ClassPrior;
pub use read::{
    Duplicates, MatrixReader, ReadProblem, VoteReader, read_controls, read_controls_path, read_key, read_key_path,
    read_label_priors, read_label_priors_path,
};
pub use weighted::{TiedVotes, WeightedMajority, WeightedMajorityModel};
