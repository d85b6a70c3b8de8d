//! Changes, many in one transaction.
//!
//! A store has one task that writes. It takes all changes that wait, makes them in one transaction, and answers all when
//! that is on the disk: so many callers wait for the disk together, not one after the other. While it waits, the next
//! changes gather.

use super::db::{Db, For, Pool};
use super::error::{Error, Result};
use super::options::StoreOptions;
use super::project::Project;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// A future that is kept in a box.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// So many changes go into one transaction.
const BATCH: usize = 128;
/// So many wait before callers have to wait to hand in theirs.
const QUEUE: usize = 1024;

/// A transaction as changes see it.
pub(super) struct Tx {
    pub(super) db: Db,
    pub(super) project: Project,
    pub(super) memory: Memory,
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// Whether leases that are over have been removed.
    pub(super) swept: bool,
}

/// What the writer need not ask again. It is forgotten whenever something is rolled back.
#[derive(Default)]
pub(super) struct Memory {
    /// Numbers of annotators and schemes, by their keys. They never change.
    pub(super) numbers: HashMap<(&'static str, [u8; 32]), i64>,
    /// By annotator: an epoch, and the position before which they have annotated all that is unfinished.
    pub(super) cursors: HashMap<i64, (i64, i64)>,
}

/// A change that waits, whatever it answers.
trait Job: Send {
    /// Makes the change. Gives whether it was made; fails if the transaction cannot go on.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Boxed<'a, Result<bool>>;
    /// Answers the caller, with what `run` found or with a failure of the transaction.
    fn answer(self: Box<Self>, failure: Option<Error>);
}

struct Change<T, F> {
    change: F,
    found: Option<Result<T>>,
    caller: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Change<T, F>
where
    T: Send,
    F: for<'a> Fn(&'a mut Tx) -> Boxed<'a, Result<T>> + Send,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Boxed<'a, Result<bool>> {
        let change = (self.change)(tx);
        let found = &mut self.found;
        Box::pin(async move {
            match change.await {
                Err(error) if error.is_of_database() => Err(error),
                result => {
                    let made = result.is_ok();
                    *found = Some(result);
                    Ok(made)
                }
            }
        })
    }

    fn answer(self: Box<Self>, failure: Option<Error>) {
        let Self { found, caller, .. } = *self;
        let result = failure.map_or_else(|| found.unwrap_or(Err(Error::Closed)), Err);
        // A caller who does not wait any more need not be told.
        let _ = caller.send(result);
    }
}

enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// Where changes are handed in.
#[derive(Clone)]
pub(super) struct Writer {
    messages: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the task that writes. It ends when the store is closed or nobody holds it any more.
    pub(super) fn start(pool: Pool, place: Arc<str>, options: StoreOptions) -> Result<Self> {
        let mut instance = [0; 16];
        getrandom::fill(&mut instance)
            .map_err(|e| Error::Open { place: place.to_string(), reason: format!("random numbers: {e}") })?;
        let (messages, inbox) = mpsc::channel(QUEUE);
        let scribe = Scribe {
            pool,
            place,
            options,
            instance,
            batch: 0,
            in_doubt: false,
            careful: false,
            memory: Memory::default(),
        };
        tokio::spawn(scribe.work(inbox));
        Ok(Self { messages })
    }

    /// Makes a change, and waits until it is on the disk. Whoever stops to wait may find it made or not.
    pub(super) async fn change<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx) -> Boxed<'a, Result<T>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Change { change, found: None, caller });
        self.messages.send(Message::Job(job)).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// Waits until all that was handed in is on the disk, and takes no more.
    pub(super) async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.messages.send(Message::Close(done)).await.is_ok() {
            // Closed by somebody else is closed.
            let _ = wait.await;
        }
    }
}

struct Scribe {
    pool: Pool,
    place: Arc<str>,
    options: StoreOptions,
    instance: [u8; 16],
    /// Number of the batch, by which its commit is known.
    batch: i64,
    /// Whether a commit of this batch was not answered.
    in_doubt: bool,
    /// Whether each change of this batch can be rolled back alone. Most need it not, and it costs a round trip each.
    careful: bool,
    memory: Memory,
}

impl Scribe {
    async fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        while let Some(message) = inbox.recv().await {
            let (mut jobs, mut next) = (Vec::new(), Some(message));
            while let Some(message) = next {
                match message {
                    Message::Job(job) => jobs.push(job),
                    Message::Close(done) => {
                        closing.push(done);
                        // What was handed in before is still received.
                        inbox.close();
                    }
                }
                next = if jobs.len() < BATCH { inbox.try_recv().ok() } else { None };
            }
            if !jobs.is_empty() {
                self.make(jobs).await;
            }
        }
        self.leave().await;
        for done in closing {
            let _ = done.send(());
        }
    }

    /// Makes changes, answers each.
    async fn make(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        match self.insist(&mut jobs).await {
            Ok(()) => jobs.into_iter().for_each(|job| job.answer(None)),
            // The database refuses one of them: whose fault it is, shows when each is made alone.
            Err(Error::Database { .. } | Error::Full { .. }) if jobs.len() > 1 => {
                for job in jobs {
                    let mut alone = vec![job];
                    let failure = self.insist(&mut alone).await.err();
                    alone.into_iter().for_each(|job| job.answer(failure.clone()));
                }
            }
            Err(error) => jobs.into_iter().for_each(|job| job.answer(Some(error.clone()))),
        }
    }

    /// Makes changes in one transaction, again and again while the database is locked or cannot be reached.
    async fn insist(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<()> {
        self.batch += 1;
        (self.in_doubt, self.careful) = (false, false);
        let (started, mut pause) = (Instant::now(), Duration::from_millis(5));
        loop {
            let error = match self.attempt(jobs).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    self.careful = true;
                    continue;
                }
                Err(error) => error,
            };
            self.memory = Memory::default();
            let again = error.may_pass() || self.in_doubt;
            if !again || started.elapsed() + pause > self.options.wait {
                return Err(match error {
                    error if self.in_doubt => {
                        Error::InDoubt { place: self.place.to_string(), reason: error.to_string() }
                    }
                    Error::Busy { place, .. } => Error::Busy { place, waited: started.elapsed() },
                    error => error,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// Makes changes in one transaction. Gives whether it is on the disk: not if one failed after it had written
    /// something, and has to be rolled back alone.
    async fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<bool> {
        let mut db = self.pool.begin(&self.place, For::Writing).await?;
        // A commit that was not answered may still be under way: this waits for its end.
        let project = Project::load(&mut db, true).await?;
        if self.in_doubt {
            let sql = "SELECT batch FROM writers WHERE instance = $1";
            let last = db.first(sql, &[self.instance[..].into()]).await?;
            self.in_doubt = false;
            if last.map(|row| row.int(0)).transpose()? == Some(self.batch) {
                return Ok(true);
            }
        }
        let (before, now) = (project.clone(), self.options.now());
        let mut tx = Tx { db, project, memory: std::mem::take(&mut self.memory), now, swept: false };
        for (i, job) in jobs.iter_mut().enumerate() {
            if self.careful {
                tx.db
                    .run(if i == 0 { "SAVEPOINT change" } else { "RELEASE SAVEPOINT change; SAVEPOINT change" })
                    .await?;
            }
            let (untouched, swept, changes) = (tx.project.clone(), tx.swept, tx.db.changes());
            if !job.run(&mut tx).await? {
                tx.project = untouched;
                if self.careful {
                    tx.db.run("ROLLBACK TO SAVEPOINT change").await?;
                    (tx.memory, tx.swept) = (Memory::default(), swept);
                } else if tx.db.changes() > changes {
                    tx.db.rollback().await?;
                    return Ok(false);
                }
            }
        }
        if tx.project != before {
            tx.project.save(&mut tx.db).await?;
        }
        if tx.db.changes() == 0 {
            tx.db.rollback().await?;
            self.memory = tx.memory;
            return Ok(true);
        }
        let sql = "INSERT INTO writers (instance, batch, at) VALUES ($1, $2, $3)
            ON CONFLICT (instance) DO UPDATE SET batch = excluded.batch, at = excluded.at";
        tx.db.execute(sql, &[self.instance[..].into(), self.batch.into(), now.into()]).await?;
        self.in_doubt = true;
        tx.db.commit().await?;
        self.in_doubt = false;
        self.memory = tx.memory;
        Ok(true)
    }

    /// Takes the store out of the list of those that are open, with those that died more than a week ago. If that
    /// fails, the next one does it.
    async fn leave(&self) {
        const WEEK: i64 = 7 * 24 * 3600 * 1000;
        let gone = async {
            let mut db = self.pool.begin(&self.place, For::Writing).await?;
            let args = [self.instance[..].into(), (self.options.now() - WEEK).into()];
            db.execute("DELETE FROM writers WHERE instance = $1 OR at < $2", &args).await?;
            db.commit().await
        };
        let _: Result<()> = gone.await;
    }
}
