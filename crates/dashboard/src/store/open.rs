//! Connections, and the tables they need.

use super::db::{Db, Engine, For, Pool};
use super::error::{Error, Result};
use super::options::StoreOptions;
use super::place::Place;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections for those who read and for the one that writes. In memory it is the same one.
pub(super) struct Pools {
    pub(super) readers: Pool,
    pub(super) writer: Pool,
    pub(super) place: Arc<str>,
}

const SQLITE: &[(&str, &str)] = &[("project", include_str!("../../migrations/sqlite/0001_project.sql"))];
const POSTGRES: &[(&str, &str)] = &[("project", include_str!("../../migrations/postgres/0001_project.sql"))];

/// What a connection to PostgreSQL is told first: what is acknowledged is on the disk, even if the server is set
/// otherwise; and a store whose machine has gone without a word does not lock out the others for long.
const GREETING: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';
    SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '10s'; SET client_min_messages = warning";

impl Pools {
    pub(super) async fn open(url: &str, options: &StoreOptions) -> Result<Self> {
        let (place, name) = Place::parse(url, options)?;
        let (started, mut pause) = (Instant::now(), Duration::from_millis(10));
        loop {
            // Who opens a new file at the same moment has it locked, also where the database itself does not wait.
            let error = match Self::connect(&place, name.as_str().into(), options).await {
                Ok(pools) => return Ok(pools),
                Err(error) => error,
            };
            if !error.may_pass() || started.elapsed() + pause > options.wait {
                return Err(match error {
                    Error::Busy { place, .. } => Error::Busy { place, waited: started.elapsed() },
                    error => error,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    async fn connect(place: &Place, name: Arc<str>, options: &StoreOptions) -> Result<Self> {
        let patience = options.wait.clamp(Duration::from_secs(1), Duration::from_secs(5));
        let lost = |e: sqlx::Error| Error::of(&name, &e);
        let pools = match place {
            Place::Memory(file) => {
                let one = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
                let pool = Pool::Sqlite(one.connect_with(file.clone()).await.map_err(lost)?);
                Self { readers: pool.clone(), writer: pool, place: name }
            }
            Place::File(file) => {
                let pool = |n| SqlitePoolOptions::new().max_connections(n).acquire_timeout(patience);
                let writer = pool(1).connect_with(file.clone()).await.map_err(lost)?;
                let readers = pool(options.readers).connect_lazy_with(file.clone().pragma("query_only", "on"));
                Self { readers: Pool::Sqlite(readers), writer: Pool::Sqlite(writer), place: name }
            }
            Place::Server(server) => {
                let pool = |n| {
                    PgPoolOptions::new().max_connections(n).acquire_timeout(patience).after_connect(|c, _| {
                        Box::pin(async move { c.execute(sqlx::raw_sql(GREETING)).await.map(drop) })
                    })
                };
                // A pool would only say that it waited.
                server.connect().await.map_err(lost)?.close().await.map_err(lost)?;
                let writer = pool(1).connect_lazy_with(server.clone());
                let readers = pool(options.readers).connect_lazy_with(server.clone());
                Self { readers: Pool::Postgres(readers), writer: Pool::Postgres(writer), place: name }
            }
        };
        match pools.migrate().await {
            Ok(()) => Ok(pools),
            Err(error) => {
                pools.close().await;
                Err(error)
            }
        }
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Makes the tables, or brings them up to date. All of it is one transaction, and one store at a time does it.
    async fn migrate(&self) -> Result<()> {
        if self.is_current().await? {
            return Ok(());
        }
        let mut db = self.writer.begin(&self.place, For::Writing).await?;
        if db.is_postgres() {
            // Any number that others are not likely to take.
            db.execute("SELECT pg_advisory_xact_lock($1)", &[0x706c_616e_6973_7068_i64.into()]).await?;
        }
        self.check_tables(&mut db).await?;
        let migrator = migrator(db.is_postgres());
        let done = match db.engine() {
            Engine::Sqlite(c) => migrator.run_direct(c).await,
            Engine::Postgres(c) => migrator.run_direct(c).await,
        };
        done.map_err(|error| match error {
            MigrateError::VersionMissing(version) => self.newer(version),
            MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => Error::of(&self.place, &e),
            other => Error::Database { place: self.place.to_string(), reason: other.to_string() },
        })?;
        db.commit().await
    }

    /// Whether there is nothing to do, so that a database that is only read, or in use, can be opened.
    async fn is_current(&self) -> Result<bool> {
        let mut db = self.writer.begin(&self.place, For::Reading).await?;
        if self.check_tables(&mut db).await? == 0 {
            return Ok(false);
        }
        let version = db.number("SELECT MAX(version) FROM _sqlx_migrations", &[]).await?;
        if version > KNOWN { Err(self.newer(version)) } else { Ok(version == KNOWN) }
    }

    fn newer(&self, version: i64) -> Error {
        Error::Newer { place: self.place.to_string(), version, known: KNOWN }
    }

    /// Refuses a database of something else. Gives the number of tables.
    async fn check_tables(&self, db: &mut Db) -> Result<usize> {
        let sql = if db.is_postgres() {
            "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        } else {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY 1"
        };
        let rows = db.all(sql, &[]).await?;
        let tables = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<_>>>()?;
        let ours = |name: &str| tables.iter().any(|table| table == name);
        match tables.first() {
            Some(table) if !(ours("project") && ours("moves") && ours("_sqlx_migrations")) => {
                Err(Error::Foreign { place: self.place.to_string(), table: table.clone() })
            }
            _ => Ok(tables.len()),
        }
    }
}

/// The newest version of the tables.
const KNOWN: i64 = SQLITE.len() as i64;
const _: () = assert!(SQLITE.len() == POSTGRES.len());

fn migrator(postgres: bool) -> Migrator {
    let scripts = if postgres { POSTGRES } else { SQLITE };
    let migration = |(version, (name, sql)): (i64, &(&'static str, &'static str))| {
        let kind = MigrationType::Simple;
        Migration::new(version, Cow::Borrowed(*name), kind, Cow::Borrowed(*sql), false)
    };
    let migrations: Vec<_> = (1..).zip(scripts).map(migration).collect();
    // The transaction is the lock.
    Migrator { migrations: Cow::Owned(migrations), locking: false, ..Migrator::DEFAULT }
}
