//! Items handed out.
//!
//! The plan of SQLite for the search, as `EXPLAIN QUERY PLAN` tells it (a test looks at it; PostgreSQL makes the same
//! one, of index scans in nested loops):
//!
//! ```text
//! SEARCH items USING INDEX items_open (position>?)
//!     SEARCH done USING PRIMARY KEY (annotator=? AND item=?)
//!     SEARCH leases USING COVERING INDEX leases_item (item=?)
//! SEARCH items USING COVERING INDEX items_open (position>?)
//!     SEARCH done USING PRIMARY KEY (annotator=? AND item=?)
//! SEARCH i USING INTEGER PRIMARY KEY (rowid=?), SEARCH c USING INTEGER PRIMARY KEY (rowid=?)
//! ```
//! Both walk along the open items in their order and stop at the first that fits. The first passes those that others
//! have in hand, at most as many as there are annotators; both pass those that this annotator has annotated, which are
//! behind the cursor but for the newest. Nothing is sorted, and nothing read that is not passed: with 20,000 items it
//! takes as long as with 200.

use super::error::Result;
use super::handle::Store;
use super::items;
use super::text::{self, Key};
use super::types::{Item, Lease, QueuePage, Queued, Rules};
use super::writer::Tx;
use std::collections::HashMap;
use std::sync::Arc;

impl Store {
    /// Hands out an item: the one that the annotator has already, for a full lease from now, or the first of the queue
    /// that is not finished, that they have not annotated, and that fewer annotators annotated or have in hand than
    /// it needs. `None` if there is none, or they have annotated as many as the rules allow.
    ///
    /// # Errors
    /// [`Error::Nul`](super::Error::Nul), [`Error::Damaged`](super::Error::Damaged) and errors of the database.
    pub async fn next(&self, annotator: &str, rules: Rules) -> Result<Option<Lease>> {
        let who: Arc<(Key, String)> = Arc::new((text::key("annotator", annotator)?, annotator.to_owned()));
        self.change(move |tx| {
            let who = who.clone();
            Box::pin(async move { next(tx, &who.0, &who.1, rules).await })
        })
        .await
    }

    /// Takes back what an annotator has in hand; it comes to others at its place in the order. Gives whether there was
    /// something.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn release(&self, annotator: &str) -> Result<bool> {
        let key = text::of(annotator);
        self.change(move |tx| {
            Box::pin(async move {
                tx.sweep().await?;
                let sql = "DELETE FROM leases WHERE annotator = (SELECT number FROM annotators WHERE key = $1)";
                let released = tx.db.execute(sql, &[(&key).into()]).await? > 0;
                if released {
                    tx.project.versions.queue += 1;
                }
                Ok(released)
            })
        })
        .await
    }

    /// A page of the queue: the items that are not finished, in order.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn queue(&self, offset: u64, limit: u64) -> Result<QueuePage> {
        let (offset, limit) = (i64::try_from(offset).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        let now = self.now();
        self.read(move |db| {
            Box::pin(async move {
                let sql = "SELECT number, id, annotators FROM items WHERE finished = 0
                    ORDER BY position LIMIT $1 OFFSET $2";
                let rows = db.all(sql, &[limit.into(), offset.into()]).await?;
                let sql = "SELECT leases.item, annotators.name FROM leases
                    JOIN annotators ON annotators.number = leases.annotator WHERE leases.until > $1
                    ORDER BY leases.annotator";
                let mut leased: HashMap<i64, Vec<String>> = HashMap::new();
                for row in db.all(sql, &[now.into()]).await? {
                    leased.entry(row.int(0)?).or_default().push(row.text(1)?);
                }
                let mut items = Vec::with_capacity(rows.len());
                for (position, row) in (u64::try_from(offset).unwrap_or(0)..).zip(&rows) {
                    let leased_to = leased.remove(&row.int(0)?).unwrap_or_default();
                    let annotators = u32::try_from(row.int(2)?).unwrap_or(u32::MAX);
                    items.push(Queued { id: row.text(1)?, position, annotators, leased_to });
                }
                let sql = "SELECT next_item, (SELECT COUNT(*) FROM items WHERE finished = 0) FROM project";
                let (total, remaining) = match db.first(sql, &[]).await? {
                    Some(row) => (row.count(0)?, row.count(1)?),
                    None => (0, 0),
                };
                Ok(QueuePage { items, total, remaining })
            })
        })
        .await
    }

    /// All ids in the order of the queue, those of finished items among them.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn order(&self) -> Result<Vec<String>> {
        self.glance(|db| {
            Box::pin(async move {
                db.all("SELECT id FROM items ORDER BY position", &[]).await?.iter().map(|row| row.text(0)).collect()
            })
        })
        .await
    }

    /// Goes by rules from now on, without another change: which items are finished changes with the number of
    /// annotators that they need. Every change that takes rules does this, too.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn use_rules(&self, rules: Rules) -> Result<()> {
        self.change(move |tx| Box::pin(async move { tx.use_rules(&rules).await })).await
    }
}

impl Tx {
    /// Removes leases that are over, once in a transaction.
    async fn sweep(&mut self) -> Result<()> {
        if !self.swept {
            let gone = self.db.execute("DELETE FROM leases WHERE until <= $1", &[self.now.into()]).await?;
            self.project.versions.queue += i64::from(gone > 0);
            self.swept = true;
        }
        Ok(())
    }
}

async fn next(tx: &mut Tx, key: &Key, name: &str, rules: Rules) -> Result<Option<Lease>> {
    tx.use_rules(&rules).await?;
    tx.sweep().await?;
    let annotator = tx.number_of("annotators", key, name).await?;
    let until = tx.now.saturating_add(rules.lease_millis());
    let lease = |item: Item| Some(Lease { item, annotator: name.to_owned(), until: text::time(until) });
    let Some(row) = tx.db.first(HELD, &[annotator.into()]).await? else { return Ok(None) };
    let held = row.maybe(0)?.is_some();
    let enough = row.count(3)?;
    let enough = rules.items_per_annotator.is_some_and(|most| enough >= most);
    // Others may have annotated it in the meantime, or the rules may have changed.
    if held && !enough && !row.is(4)? && !row.is(5)? {
        let most = i64::from(rules.annotators_per_item);
        if most == 0 || row.int(6)? + row.int(7)? <= most {
            let item = items::item(&row)?;
            let sql = "UPDATE leases SET until = $1 WHERE annotator = $2";
            tx.db.execute(sql, &[until.into(), annotator.into()]).await?;
            return Ok(lease(item));
        }
    }
    if held {
        tx.db.execute("DELETE FROM leases WHERE annotator = $1", &[annotator.into()]).await?;
        tx.project.versions.queue += 1;
    }
    if enough {
        return Ok(None);
    }
    let Some(item) = search(tx, annotator, &rules).await? else { return Ok(None) };
    let sql = "INSERT INTO leases (annotator, item, until) VALUES ($1, $2, $3)";
    tx.db.execute(sql, &[annotator.into(), item.number.into(), until.into()]).await?;
    tx.project.versions.queue += 1;
    Ok(lease(item))
}

/// What an annotator has in hand, how much they have done, whether the item is finished or annotated by them, and how
/// many annotated it and have it in hand.
const HELD: &str = "SELECT l.item, i.id, c.data, a.items, i.finished,
        (SELECT COUNT(*) FROM done WHERE done.annotator = a.number AND done.item = l.item),
        i.annotators, (SELECT COUNT(*) FROM leases WHERE leases.item = l.item)
    FROM annotators a LEFT JOIN leases l ON l.annotator = a.number LEFT JOIN items i ON i.number = l.item
    LEFT JOIN contents c ON c.item = l.item WHERE a.number = $1";

/// The first item that an annotator may have, and the position before which they have annotated all that is open:
/// one row, in one go.
const SEARCH: &str = "SELECT i.number, i.id, c.data, (
        SELECT position FROM items WHERE finished = 0 AND position >= $2
            AND NOT EXISTS (SELECT 1 FROM done WHERE done.annotator = $1 AND done.item = items.number)
        ORDER BY position LIMIT 1
    ) FROM (SELECT 1 AS one) AS one LEFT JOIN items i ON i.number = (
        SELECT number FROM items WHERE finished = 0 AND position >= $2
            AND NOT EXISTS (SELECT 1 FROM done WHERE done.annotator = $1 AND done.item = items.number)
            AND ($3 = 0 OR annotators + (SELECT COUNT(*) FROM leases WHERE leases.item = items.number) < $3)
        ORDER BY position LIMIT 1
    ) LEFT JOIN contents c ON c.item = i.number";

async fn search(tx: &mut Tx, annotator: i64, rules: &Rules) -> Result<Option<Item>> {
    // Nothing that the annotator has not annotated is open before the cursor: annotations are not taken back, new items
    // come at the back, and whatever moves items or opens them again starts another epoch.
    let epoch = tx.project.epoch;
    let from = match tx.memory.cursors.get(&annotator) {
        Some((of, cursor)) if *of == epoch => *cursor,
        _ => i64::MIN,
    };
    let args = [annotator.into(), from.into(), i64::from(rules.annotators_per_item).into()];
    let Some(row) = tx.db.first(SEARCH, &args).await? else { return Ok(None) };
    let cursor = row.maybe(3)?.unwrap_or(tx.project.next_item);
    tx.memory.cursors.insert(annotator, (epoch, cursor));
    row.maybe(0)?.map(|_| items::item(&row)).transpose()
}

#[cfg(test)]
mod tests {
    use super::super::StoreOptions;
    use super::*;

    #[tokio::test]
    async fn the_search_sorts_nothing_and_reads_what_it_passes() {
        let store = Store::open("sqlite::memory:", StoreOptions::new()).await.unwrap();
        let plan = store
            .glance(|db| {
                Box::pin(async move {
                    let args = [1.into(), 2.into(), 3.into()];
                    let rows = db.all(&format!("EXPLAIN QUERY PLAN {SEARCH}"), &args).await?;
                    rows.iter().map(|row| row.text(3)).collect::<Result<Vec<_>>>()
                })
            })
            .await
            .unwrap();
        let walks = plan.iter().filter(|step| step.contains("INDEX items_open (position>?)")).count();
        assert_eq!(walks, 2, "{plan:#?}");
        let bad = |step: &&String| {
            step.contains("TEMP")
                || (step.contains("SCAN") && !step.contains("CONSTANT ROW") && !step.ends_with(" one"))
        };
        assert_eq!(plan.iter().find(bad), None, "{plan:#?}");
        store.close().await;
    }
}
