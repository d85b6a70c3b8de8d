//! What can go wrong with a store.

use std::fmt::{self, Display};
use std::time::Duration;

/// Why something could not be done with a store. Nothing of it was done then, with one exception: [`Error::InDoubt`].
///
/// `place` is the file, or the server with user, host, port and database; never a password.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The address of the database cannot be read.
    #[error("address of the database: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// An option has a value that cannot be used.
    #[error("{param} = {value}: {reason}")]
    InvalidParam {
        /// Name of the option.
        param: &'static str,
        /// The value given.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
    /// The database cannot be opened.
    #[error("{place} cannot be opened: {reason}")]
    Open {
        /// The database.
        place: String,
        /// The reason of the system or the server.
        reason: String,
    },
    /// The file is no SQLite database. It is left as it is.
    #[error("{place} is no SQLite database, or is damaged: {reason}")]
    NotADatabase {
        /// The file.
        place: String,
        /// What tells.
        reason: String,
    },
    /// The database belongs to something else. It is left as it is.
    #[error("{place} holds tables of something else, such as `{table}`: give the project a database of its own")]
    Foreign {
        /// The database.
        place: String,
        /// A table that is not ours.
        table: String,
    },
    /// The database was made by a later version of this program.
    #[error("{place} has version {version}; this program knows versions up to {known}")]
    Newer {
        /// The database.
        place: String,
        /// Its version.
        version: i64,
        /// The version that is known.
        known: i64,
    },
    /// The database may not be written.
    #[error("{place} is read-only")]
    ReadOnly {
        /// The database.
        place: String,
    },
    /// Somebody else kept the database locked for as long as [`StoreOptions::wait`](super::StoreOptions::wait) allows.
    #[error("{place} was locked for {waited:?}")]
    Busy {
        /// The database.
        place: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// There is no space left.
    #[error("{place}: no space left: {reason}")]
    Full {
        /// The database.
        place: String,
        /// The reason of the system or the server.
        reason: String,
    },
    /// The server cannot be reached, or the connection was lost and did not come back within
    /// [`StoreOptions::wait`](super::StoreOptions::wait).
    #[error("{place} cannot be reached: {reason}")]
    Connection {
        /// The server.
        place: String,
        /// The reason of the system or the server.
        reason: String,
    },
    /// The connection was lost while a change was being completed, and did not come back: the change was done or was
    /// not done, but not in part.
    #[error("{place} did not answer whether the change was done: {reason}")]
    InDoubt {
        /// The database.
        place: String,
        /// What happened.
        reason: String,
    },
    /// The database refuses a statement.
    #[error("{place}: {reason}")]
    Database {
        /// The database.
        place: String,
        /// What it says.
        reason: String,
    },
    /// What is stored is not what was written.
    #[error("the database is damaged: {what}: {reason}")]
    Damaged {
        /// What is damaged, for example "vector of `item-7`".
        what: String,
        /// What tells.
        reason: String,
    },
    /// There is no such item.
    #[error("there is no item `{}`", Short(id))]
    UnknownItem {
        /// The id asked for.
        id: String,
    },
    /// A name holds the character NUL, which databases do not take.
    #[error("{what} `{}` holds the character NUL", Short(text))]
    Nul {
        /// What it names: "item", "annotator", "scheme", ...
        what: &'static str,
        /// The name.
        text: String,
    },
    /// A vector has another length than those before.
    #[error("vector of `{}` has {found} values, others have {expected}", Short(id))]
    Dimension {
        /// The item.
        id: String,
        /// The length of the vectors that are stored.
        expected: usize,
        /// The length of this one.
        found: usize,
    },
    /// A vector has no values.
    #[error("vector of `{}` has no values", Short(id))]
    EmptyVector {
        /// The item.
        id: String,
    },
    /// A vector has a value that is infinite or no number.
    #[error("vector of `{}`: value {index} is {value}", Short(id))]
    NotFinite {
        /// The item.
        id: String,
        /// The place of the value, from 0.
        index: usize,
        /// The value, as text, because no number is equal to itself.
        value: String,
    },
    /// A projection has not as many points as ids.
    #[error("projection `{}` has {ids} ids and {points} points", Short(key))]
    Ragged {
        /// Its key.
        key: String,
        /// Number of ids.
        ids: usize,
        /// Number of points.
        points: usize,
    },
    /// Somebody else changed a draft in the meantime.
    #[error("draft `{}` was changed: it has version {current}, the change was made to version {given}", Short(name))]
    Conflict {
        /// Name of the draft.
        name: String,
        /// The version that was changed.
        given: i64,
        /// The version that is stored.
        current: i64,
    },
    /// A request to reorder cannot be used.
    #[error(transparent)]
    Request(#[from] planisphere::queue_reorder::Error),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// Result with [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the name of an item may do to a message: its start, without control characters.
pub(super) struct Short<'a>(pub(super) &'a str);

impl Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LIMIT: usize = 100;
        for c in self.0.chars().take(LIMIT) {
            if c.is_control() { write!(f, "{}", c.escape_unicode())? } else { write!(f, "{c}")? }
        }
        if self.0.chars().nth(LIMIT).is_some() { f.write_str("…") } else { Ok(()) }
    }
}

impl Error {
    /// Whether the same thing may work in a moment.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Connection { .. })
    }

    /// Whether the database, rather than what was asked of it, is the reason: others in the same transaction are
    /// touched as well.
    pub(super) fn is_of_database(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::Connection { .. }
                | Self::Full { .. }
                | Self::ReadOnly { .. }
                | Self::NotADatabase { .. }
                | Self::Database { .. }
        )
    }

    /// What an error of the driver means.
    pub(super) fn of(place: &str, error: &sqlx::Error) -> Self {
        let place = place.to_owned();
        let reason = error.to_string();
        match error {
            sqlx::Error::Database(e) => {
                let code = e.code().unwrap_or_default();
                let reason = e.message().to_owned();
                match e.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
                    Some(_) => of_sqlite(place, code.parse().unwrap_or(0), reason),
                    None => of_postgres(place, &code, reason),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::WorkerCrashed => Self::Connection { place, reason },
            sqlx::Error::PoolClosed => Self::Closed,
            _ => Self::Database { place, reason },
        }
    }
}

/// By the primary result code, which is in the lowest byte of an extended one.
fn of_sqlite(place: String, code: i32, reason: String) -> Error {
    match code & 0xff {
        5 | 6 => Error::Busy { place, waited: Duration::ZERO },
        8 => Error::ReadOnly { place },
        11 | 26 => Error::NotADatabase { place, reason },
        13 => Error::Full { place, reason },
        14 => Error::Open { place, reason },
        _ => Error::Database { place, reason },
    }
}

/// By SQLSTATE: connections (08), locks (55P03), transactions that exclude each other (40), a server that stops or
/// starts (57P0x) or has no connection left (53300), a transaction that stood still for too long (25P03).
fn of_postgres(place: String, code: &str, reason: String) -> Error {
    match code {
        "55P03" | "40001" | "40P01" => Error::Busy { place, waited: Duration::ZERO },
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "25P03" => Error::Connection { place, reason },
        "53100" => Error::Full { place, reason },
        "25006" => Error::ReadOnly { place },
        _ if code.starts_with("08") => Error::Connection { place, reason },
        _ if code.starts_with("28") || code.starts_with("3D") => Error::Open { place, reason },
        _ => Error::Database { place, reason },
    }
}
