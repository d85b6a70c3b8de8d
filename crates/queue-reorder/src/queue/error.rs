//! What can go wrong with a queue.

use planisphere_core::Cancelled;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why something could not be done with a queue. Nothing of it was done then.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QueueError {
    /// A parameter has a value that cannot be used.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// Name of the parameter.
        param: &'static str,
        /// The value given.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
    /// The queue has no such item.
    #[error("the queue has no item `{id}`")]
    UnknownItem {
        /// The item asked for.
        id: String,
    },
    /// An item has, or will have by those who hold it, all the annotators that it needs: this one comes too late.
    #[error(
        "`{annotator}` cannot complete `{id}`: {quota} annotators have it or are done with it, as many as it needs"
    )]
    QuotaReached {
        /// The item.
        id: String,
        /// Who wanted to complete it.
        annotator: String,
        /// How many annotators it needs.
        quota: u32,
    },
    /// A lease has ended: its time was up, or it was completed, released or skipped.
    #[error("`{annotator}` no longer holds `{id}` by lease {token}")]
    LeaseEnded {
        /// The item.
        id: String,
        /// Who held it.
        annotator: String,
        /// The token of the lease.
        token: u64,
    },
    /// A snapshot can be restored into an empty queue only.
    #[error("{} holds {items} items and {entries} entries in its log: a snapshot needs an empty queue", path.display())]
    NotEmpty {
        /// The file.
        path: PathBuf,
        /// Items in the queue.
        items: u64,
        /// Entries in its log.
        entries: u64,
    },
    /// A snapshot contradicts itself.
    #[error("snapshot: {at}: {problem}")]
    Snapshot {
        /// Where, for example `items[3].id`.
        at: String,
        /// What is wrong there.
        problem: &'static str,
    },
    /// More than can be counted.
    #[error("{} cannot hold more {what}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// Of what there are too many.
        what: &'static str,
    },
    /// The file cannot be opened, read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What kind of failure it is.
        kind: io::ErrorKind,
        /// The system's reason.
        reason: String,
    },
    /// The file is something else. It is left as it is.
    #[error("{} is no queue: {problem}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What tells.
        problem: &'static str,
    },
    /// The file was written by a later version, in a format that this one does not know.
    #[error("{} is a queue in format {version}; this version knows format {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
        /// The format that is known.
        known: u32,
    },
    /// The file is truncated or damaged. It is left as it is.
    #[error("{} is a damaged queue: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another process, or another thread of this one, kept the file in use for as long as
    /// [`QueueOptions::wait`](super::QueueOptions::wait) allows.
    #[error("{} was in use for {waited:?}", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The run was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<planisphere_database::Error> for QueueError {
    fn from(error: planisphere_database::Error) -> Self {
        use planisphere_database::Error as Of;
        match error {
            Of::Io { path, kind, reason } => Self::Io { path, kind, reason },
            Of::Foreign { path, problem } => Self::Foreign { path, problem },
            Of::Newer { path, version, known } => Self::Newer { path, version, known },
            Of::Damaged { path, problem } => Self::Damaged { path, problem },
            Of::Busy { path, waited } => Self::Busy { path, waited },
            Of::Cancelled(cancelled) => Self::Cancelled(cancelled),
            Of::TooLarge { path, .. } => Self::Full { path, what: "bytes in a text" },
            // There is none that this version does not know.
            other => Self::Io { path: PathBuf::new(), kind: io::ErrorKind::Other, reason: other.to_string() },
        }
    }
}

/// Result with [`QueueError`].
pub type Result<T, E = QueueError> = std::result::Result<T, E>;
