//! The counters of a project.

use super::db::{Arg, Db};
use super::error::Result;
use super::types::Versions;

/// The only row of the table `project`. A batch of changes reads it first, which locks it, and writes it last.
///
/// The lock is what keeps two stores on one PostgreSQL apart: it goes with the transaction, so that nothing is left of
/// it when a store dies, and it comes with the counters that every change needs, in one round trip. Finer locks would
/// gain nothing: what is handed out depends on the order, the leases and the annotations of all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Project {
    /// Number of the next item, and its position: that behind all others.
    pub(super) next_item: i64,
    /// The position of the first item. Reorders count it down, and no position is used twice.
    pub(super) front: i64,
    pub(super) next_reordering: i64,
    /// Pairs of an item and an annotator of it.
    pub(super) pairs: i64,
    /// Length of the vectors; 0 while there are none.
    pub(super) dimension: i64,
    /// How many annotators an item needs, by which `items.finished` is set; 0 means no limit.
    pub(super) per_item: i64,
    /// Goes up when items move in the order or are opened again.
    pub(super) epoch: i64,
    /// The version of the annotations that the results of models were made from.
    pub(super) results_of: i64,
    pub(super) versions: Versions,
}

const COLUMNS: &str = "next_item, front, next_reordering, pairs, dimension, per_item, epoch, results_of,
    v_items, v_annotations, v_queue, v_models, v_settings";

impl Project {
    /// Reads the counters, and locks them if the transaction is one that writes.
    pub(super) async fn load(db: &mut Db, lock: bool) -> Result<Self> {
        let lock = if lock && db.is_postgres() { " FOR UPDATE" } else { "" };
        let row = db.first(&format!("SELECT {COLUMNS} FROM project{lock}"), &[]).await?;
        let Some(row) = row else {
            let (what, reason) = ("table `project`".to_owned(), "its row is missing".to_owned());
            return Err(super::Error::Damaged { what, reason });
        };
        Ok(Self {
            next_item: row.int(0)?,
            front: row.int(1)?,
            next_reordering: row.int(2)?,
            pairs: row.int(3)?,
            dimension: row.int(4)?,
            per_item: row.int(5)?,
            epoch: row.int(6)?,
            results_of: row.int(7)?,
            versions: Versions {
                items: row.int(8)?,
                annotations: row.int(9)?,
                queue: row.int(10)?,
                models: row.int(11)?,
                settings: row.int(12)?,
            },
        })
    }

    pub(super) async fn save(&self, db: &mut Db) -> Result<()> {
        let v = &self.versions;
        let args = [
            self.next_item,
            self.front,
            self.next_reordering,
            self.pairs,
            self.dimension,
            self.per_item,
            self.epoch,
            self.results_of,
            v.items,
            v.annotations,
            v.queue,
            v.models,
            v.settings,
        ];
        let sql = "UPDATE project SET next_item = $1, front = $2, next_reordering = $3, pairs = $4, dimension = $5,
            per_item = $6, epoch = $7, results_of = $8, v_items = $9, v_annotations = $10, v_queue = $11,
            v_models = $12, v_settings = $13";
        db.execute(sql, &args.map(Arg::Int)).await.map(drop)
    }
}
