//! The store itself: opened, asked, closed.

use super::db::{Db, For, Pool};
use super::error::{Error, Result};
use super::open::Pools;
use super::options::StoreOptions;
use super::project::Project;
use super::types::Versions;
use super::writer::{Boxed, Tx, Writer};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A project in a database. Clones are the same store.
///
/// Each change is one transaction: it is on the disk when the method returns, or nothing of it was done.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    pools: Pools,
    writer: Writer,
    options: StoreOptions,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("place", &self.inner.pools.place).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a database, and makes its tables or brings them up to date where that is needed.
    ///
    /// `url` is `sqlite:PATH` or just a path (the file is made if it is missing), `sqlite::memory:` (gone with the
    /// store), or `postgres://user:password@host:port/database?sslmode=...` (the database must be there; tables go into
    /// the first schema of its search path). Several programs may have the same database open.
    ///
    /// Needs a runtime of tokio, on which a task runs that writes. It ends by [`Store::close`], or with the last clone.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::InvalidParam`], [`Error::Open`], [`Error::NotADatabase`], [`Error::Foreign`],
    /// [`Error::Newer`], [`Error::ReadOnly`], [`Error::Busy`], [`Error::Connection`].
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self> {
        options.check()?;
        let pools = Pools::open(url, &options).await?;
        let writer = Writer::start(pools.writer.clone(), pools.place.clone(), options.clone())?;
        Ok(Self { inner: Arc::new(Inner { pools, writer, options }) })
    }

    /// Waits until all changes that were handed in are on the disk, and closes the database, for all clones.
    pub async fn close(self) {
        self.inner.writer.close().await;
        self.inner.pools.close().await;
    }

    /// What the database is called in messages: the file, or the server without a password.
    pub fn place(&self) -> &str {
        &self.inner.pools.place
    }

    /// Counters that tell whether something changed, here or by another program. Reads one row.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn versions(&self) -> Result<Versions> {
        self.glance(|db| Box::pin(async move { Ok(Project::load(db, false).await?.versions) })).await
    }

    pub(super) fn now(&self) -> i64 {
        self.inner.options.now()
    }

    /// Makes a change.
    pub(super) async fn change<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx) -> Boxed<'a, Result<T>> + Send + 'static,
    {
        self.inner.writer.change(change).await
    }

    /// Runs one statement that reads.
    pub(super) async fn glance<T, F>(&self, query: F) -> Result<T>
    where
        F: for<'a> Fn(&'a mut Db) -> Boxed<'a, Result<T>> + Send,
    {
        self.ask(For::Glance, query).await
    }

    /// Runs statements that read, and see the same state.
    pub(super) async fn read<T, F>(&self, query: F) -> Result<T>
    where
        F: for<'a> Fn(&'a mut Db) -> Boxed<'a, Result<T>> + Send,
    {
        self.ask(For::Reading, query).await
    }

    /// Reading again does no harm, so it is done while the database is locked or cannot be reached.
    async fn ask<T, F>(&self, what: For, query: F) -> Result<T>
    where
        F: for<'a> Fn(&'a mut Db) -> Boxed<'a, Result<T>> + Send,
    {
        let Inner { pools, options, .. } = &*self.inner;
        let (started, mut pause) = (Instant::now(), Duration::from_millis(5));
        loop {
            let error = match once(&pools.readers, &pools.place, what, &query).await {
                Ok(answer) => return Ok(answer),
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
}

async fn once<T, F>(pool: &Pool, place: &Arc<str>, what: For, query: &F) -> Result<T>
where
    F: for<'a> Fn(&'a mut Db) -> Boxed<'a, Result<T>> + Send,
{
    let mut db = pool.begin(place, what).await?;
    let answer = query(&mut db).await?;
    db.rollback().await?;
    Ok(answer)
}
