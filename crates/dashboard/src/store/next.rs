//! Items handed out.
//!
//! The plan of SQLite for the search, with 20,000 items and 64 annotators (PostgreSQL has the same):
//!
//! ```text
//! SEARCH items USING INDEX items_open (position>?)
//! CORRELATED SCALAR SUBQUERY: SEARCH done USING PRIMARY KEY (annotator=? AND item=?)
//! CORRELATED SCALAR SUBQUERY: SEARCH leases USING COVERING INDEX leases_item (item=?)
//! ```
//! It walks along the open items in their order and stops at the first that fits: it passes those that others have in
//! hand, at most as many as there are annotators, and those that this annotator has annotated, which are behind the
//! cursor but for the newest. No item is sorted, or read that is not passed.

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
    let sql = "SELECT a.items, l.item, i.finished, i.annotators,
            (SELECT COUNT(*) FROM leases WHERE leases.item = l.item),
            (SELECT COUNT(*) FROM done WHERE done.annotator = a.number AND done.item = l.item)
        FROM annotators a LEFT JOIN leases l ON l.annotator = a.number LEFT JOIN items i ON i.number = l.item
        WHERE a.number = $1";
    let row = tx.db.first(sql, &[annotator.into()]).await?;
    let quota = |done: u64| rules.items_per_annotator.is_some_and(|most| done >= most);
    let (mut held, mut keep) = (None, false);
    if let Some(row) = &row {
        held = row.maybe(1)?;
        if quota(row.count(0)?) {
            drop_lease(tx, annotator, held).await?;
            return Ok(None);
        }
        if held.is_some() {
            // Others may have annotated it in the meantime, or the rules may have changed.
            let in_hand = row.int(3)? + row.int(4)?;
            keep = !row.is(2)?
                && !row.is(5)?
                && (rules.annotators_per_item == 0 || in_hand <= rules.annotators_per_item.into());
        }
    }
    let until = tx.now.saturating_add(rules.lease_millis());
    if let (Some(item), true) = (held, keep) {
        tx.db.execute("UPDATE leases SET until = $1 WHERE annotator = $2", &[until.into(), annotator.into()]).await?;
        return lease(tx, item, name, until).await.map(Some);
    }
    drop_lease(tx, annotator, held).await?;
    let Some(item) = search(tx, annotator, &rules).await? else { return Ok(None) };
    let sql = "INSERT INTO leases (annotator, item, until) VALUES ($1, $2, $3)";
    tx.db.execute(sql, &[annotator.into(), item.into(), until.into()]).await?;
    tx.project.versions.queue += 1;
    lease(tx, item, name, until).await.map(Some)
}

async fn drop_lease(tx: &mut Tx, annotator: i64, held: Option<i64>) -> Result<()> {
    if held.is_some() {
        tx.db.execute("DELETE FROM leases WHERE annotator = $1", &[annotator.into()]).await?;
        tx.project.versions.queue += 1;
    }
    Ok(())
}

async fn lease(tx: &mut Tx, item: i64, annotator: &str, until: i64) -> Result<Lease> {
    let sql = "SELECT items.number, items.id, contents.data FROM items JOIN contents ON contents.item = items.number
        WHERE items.number = $1";
    let row = tx.db.first(sql, &[item.into()]).await?;
    let item: Item = match row {
        Some(row) => items::item(&row)?,
        None => {
            let (what, reason) = (format!("item number {item}"), "its data are missing".to_owned());
            return Err(super::Error::Damaged { what, reason });
        }
    };
    Ok(Lease { item, annotator: annotator.to_owned(), until: text::time(until) })
}

/// The first item that an annotator may have.
async fn search(tx: &mut Tx, annotator: i64, rules: &Rules) -> Result<Option<i64>> {
    // Nothing that the annotator has not annotated is open before the cursor: annotations are not taken back, new items
    // come at the back, and whatever moves items or opens them again starts another epoch.
    let epoch = tx.project.epoch;
    let from = match tx.memory.cursors.get(&annotator) {
        Some((of, cursor)) if *of == epoch => *cursor,
        _ => i64::MIN,
    };
    let row = tx.db.first(NOT_DONE, &[annotator.into(), from.into()]).await?;
    let found = match row {
        Some(row) => Some((row.int(0)?, row.int(1)?)),
        None => None,
    };
    let cursor = found.map_or(tx.project.next_item, |(_, position)| position);
    tx.memory.cursors.insert(annotator, (epoch, cursor));
    let Some((first, _)) = found else { return Ok(None) };
    if rules.annotators_per_item == 0 {
        return Ok(Some(first));
    }
    let args = [annotator.into(), cursor.into(), i64::from(rules.annotators_per_item).into()];
    tx.db.first(FREE, &args).await?.map(|row| row.int(0)).transpose()
}

/// The first open item from a position on that an annotator has not annotated.
const NOT_DONE: &str = "SELECT number, position FROM items WHERE finished = 0 AND position >= $2
    AND NOT EXISTS (SELECT 1 FROM done WHERE done.annotator = $1 AND done.item = items.number)
    ORDER BY position LIMIT 1";

/// The same, and that is in too few hands.
const FREE: &str = "SELECT number FROM items WHERE finished = 0 AND position >= $2
    AND NOT EXISTS (SELECT 1 FROM done WHERE done.annotator = $1 AND done.item = items.number)
    AND annotators + (SELECT COUNT(*) FROM leases WHERE leases.item = items.number) < $3
    ORDER BY position LIMIT 1";

#[cfg(test)]
mod tests {
    use super::super::StoreOptions;
    use super::*;

    #[tokio::test]
    async fn searches_sort_nothing_and_scan_nothing() {
        let store = Store::open("sqlite::memory:", StoreOptions::new()).await.unwrap();
        for search in [NOT_DONE, FREE] {
            let plan = store
                .glance(move |db| {
                    Box::pin(async move {
                        let args = [1.into(), 2.into(), 3.into()];
                        let args = &args[..if search == FREE { 3 } else { 2 }];
                        let rows = db.all(&format!("EXPLAIN QUERY PLAN {search}"), args).await?;
                        rows.iter().map(|row| row.text(3)).collect::<Result<Vec<_>>>()
                    })
                })
                .await
                .unwrap();
            assert!(plan[0].contains("SEARCH items USING INDEX items_open (position>?)"), "{plan:?}");
            assert!(plan.iter().all(|step| !step.contains("SCAN") && !step.contains("TEMP")), "{plan:?}");
        }
        store.close().await;
    }
}
