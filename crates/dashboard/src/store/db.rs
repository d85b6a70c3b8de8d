//! One way to talk to both databases.
//!
//! The SQL of this crate is written once, in what SQLite and PostgreSQL have in common: parameters are `$1`, numbers are
//! 64-bit integers, and whole lists go in as rows of parameters.

use super::error::{Error, Result};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Executor, Row as _, Transaction};
use std::fmt::Write as _;
use std::sync::Arc;

/// Connections to a database.
#[derive(Clone)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum For {
    /// One statement that reads: needs no transaction.
    Glance,
    /// Several that read: they see the same state.
    Reading,
    /// Changes. SQLite locks at once, rather than when it is too late to wait; with PostgreSQL, `Project::load` locks.
    Writing,
}

impl Pool {
    pub(super) async fn begin(&self, place: &Arc<str>, what: For) -> Result<Db> {
        let lost = |e: sqlx::Error| Error::of(place, &e);
        let connection = match (self, what) {
            (Self::Sqlite(pool), For::Glance) => Connection::Sqlite(pool.acquire().await.map_err(lost)?),
            (Self::Sqlite(pool), For::Reading) => Connection::SqliteIn(pool.begin().await.map_err(lost)?),
            (Self::Sqlite(pool), For::Writing) => {
                Connection::SqliteIn(pool.begin_with("BEGIN IMMEDIATE").await.map_err(lost)?)
            }
            (Self::Postgres(pool), For::Glance) => Connection::Postgres(pool.acquire().await.map_err(lost)?),
            (Self::Postgres(pool), For::Reading) => Connection::PostgresIn(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(lost)?,
            ),
            // Each statement must see what was committed before the lock was granted.
            (Self::Postgres(pool), For::Writing) => Connection::PostgresIn(
                pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await.map_err(lost)?,
            ),
        };
        Ok(Db { connection, place: place.clone(), changes: 0 })
    }

    /// Closes all connections, and waits until they are. Twice, because a connection that comes back at this very moment
    /// is put aside by the first one.
    pub(super) async fn close(&self) {
        for _ in 0..2 {
            match self {
                Self::Sqlite(pool) => pool.close().await,
                Self::Postgres(pool) => pool.close().await,
            }
        }
    }
}

enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    SqliteIn(Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>),
    PostgresIn(Transaction<'static, Postgres>),
}

/// A connection, mostly within a transaction, which is rolled back if it is dropped.
pub(super) struct Db {
    connection: Connection,
    place: Arc<str>,
    changes: u64,
}

pub(super) enum Engine<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// A parameter of a statement.
#[derive(Clone, Copy)]
pub(super) enum Arg<'a> {
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(value)
    }
}

impl<'a> From<&'a [u8; 32]> for Arg<'a> {
    fn from(value: &'a [u8; 32]) -> Self {
        Self::Blob(value)
    }
}

macro_rules! bound {
    ($database:ty, $sql:expr, $args:expr) => {
        $args.iter().fold(sqlx::query::<$database>($sql), |query, arg| match *arg {
            Arg::Int(value) => query.bind(value),
            Arg::Text(value) => query.bind(value),
            Arg::Blob(value) => query.bind(value),
        })
    };
}

impl Db {
    pub(super) fn engine(&mut self) -> Engine<'_> {
        match &mut self.connection {
            Connection::Sqlite(c) => Engine::Sqlite(c),
            Connection::SqliteIn(c) => Engine::Sqlite(c),
            Connection::Postgres(c) => Engine::Postgres(c),
            Connection::PostgresIn(c) => Engine::Postgres(c),
        }
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.connection, Connection::Postgres(_) | Connection::PostgresIn(_))
    }

    /// How many rows statements changed.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    fn fail(&self, error: &sqlx::Error) -> Error {
        Error::of(&self.place, error)
    }

    /// Runs a statement, and tells how many rows it changed.
    pub(super) async fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64> {
        let done = match self.engine() {
            Engine::Sqlite(c) => bound!(Sqlite, sql, args).execute(c).await.map(|d| d.rows_affected()),
            Engine::Postgres(c) => bound!(Postgres, sql, args).execute(c).await.map(|d| d.rows_affected()),
        };
        let rows = done.map_err(|e| self.fail(&e))?;
        self.changes += rows;
        Ok(rows)
    }

    /// Runs statements without parameters, in one go.
    pub(super) async fn run(&mut self, sql: &'static str) -> Result<()> {
        let done = match self.engine() {
            Engine::Sqlite(c) => c.execute(sqlx::raw_sql(sql)).await.map(drop),
            Engine::Postgres(c) => c.execute(sqlx::raw_sql(sql)).await.map(drop),
        };
        done.map_err(|e| self.fail(&e))
    }

    pub(super) async fn all(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        let rows: Result<Vec<Found>, _> = match self.engine() {
            Engine::Sqlite(c) => {
                bound!(Sqlite, sql, args).fetch_all(c).await.map(|r| r.into_iter().map(Found::Sqlite).collect())
            }
            Engine::Postgres(c) => {
                bound!(Postgres, sql, args).fetch_all(c).await.map(|r| r.into_iter().map(Found::Postgres).collect())
            }
        };
        let rows = rows.map_err(|e| self.fail(&e))?;
        Ok(rows.into_iter().map(|row| Row { row, place: self.place.clone() }).collect())
    }

    pub(super) async fn first(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Option<Row>> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    /// A number that a query always gives.
    pub(super) async fn number(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<i64> {
        match self.first(sql, args).await? {
            Some(row) => row.int(0),
            None => Err(self.fail(&sqlx::Error::RowNotFound)),
        }
    }

    pub(super) async fn commit(self) -> Result<()> {
        let done = match self.connection {
            Connection::SqliteIn(c) => c.commit().await,
            Connection::PostgresIn(c) => c.commit().await,
            Connection::Sqlite(_) | Connection::Postgres(_) => Ok(()),
        };
        done.map_err(|e| Error::of(&self.place, &e))
    }

    pub(super) async fn rollback(self) -> Result<()> {
        let done = match self.connection {
            Connection::SqliteIn(c) => c.rollback().await,
            Connection::PostgresIn(c) => c.rollback().await,
            Connection::Sqlite(_) | Connection::Postgres(_) => Ok(()),
        };
        done.map_err(|e| Error::of(&self.place, &e))
    }
}

enum Found {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A row of an answer; columns are counted from 0.
pub(super) struct Row {
    row: Found,
    place: Arc<str>,
}

macro_rules! column {
    ($name:ident, $type:ty) => {
        pub(super) fn $name(&self, column: usize) -> Result<$type> {
            let value = match &self.row {
                Found::Sqlite(row) => row.try_get(column),
                Found::Postgres(row) => row.try_get(column),
            };
            value.map_err(|e| Error::of(&self.place, &e))
        }
    };
}

impl Row {
    column!(int, i64);
    column!(maybe, Option<i64>);
    column!(text, String);
    column!(blob, Vec<u8>);
    column!(maybe_blob, Option<Vec<u8>>);

    pub(super) fn is(&self, column: usize) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    /// A count, which is never negative.
    pub(super) fn count(&self, column: usize) -> Result<u64> {
        Ok(u64::try_from(self.int(column)?).unwrap_or(0))
    }
}

/// Pieces of a list for statements that take several rows: of few sizes, so that there are few different statements to
/// prepare.
pub(super) fn pieces<T>(mut all: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = [256, 64, 16, 4, 1].into_iter().find(|size| *size <= all.len())?;
        let (piece, rest) = all.split_at(size);
        all = rest;
        Some(piece)
    })
}

/// `($1, $2), ($3, $4)`: parameters for rows of so many columns.
pub(super) fn values(rows: usize, columns: usize) -> String {
    let mut sql = String::with_capacity(rows * columns * 7);
    for i in 0..rows * columns {
        let open = if i % columns == 0 { if i == 0 { "(" } else { ", (" } } else { ", " };
        let close = if i % columns + 1 == columns { ")" } else { "" };
        // Writing to a string does not fail.
        let _ = write!(sql, "{open}${}{close}", i + 1);
    }
    sql
}

/// `($1, $2, $3)`: parameters for a list.
pub(super) fn list(n: usize) -> String {
    values(1, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pieces_are_the_list() {
        for n in [0, 1, 3, 5, 64, 1000, 20_000] {
            let list: Vec<usize> = (0..n).collect();
            assert_eq!(pieces(&list).collect::<Vec<_>>().concat(), list);
        }
    }

    #[test]
    fn parameters() {
        assert_eq!(values(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(list(2), "($1, $2)");
        assert_eq!(values(2, 1), "($1), ($2)");
    }
}
