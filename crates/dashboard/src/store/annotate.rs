//! What annotators say.

use super::db::{self, Arg, pieces};
use super::error::{Error, Result, Short};
use super::handle::Store;
use super::text::{self, Key};
use super::types::{Annotated, Annotation, Annotator, Progress, Rules};
use super::writer::Tx;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Store {
    /// Notes what an annotator says of an item, and ends their lease of it. It replaces what they said before in the
    /// same schemes; what they said in others stays. An empty list notes only that they are done with it.
    ///
    /// Whoever annotates need not have a lease: what somebody said is kept even if the item has enough annotators.
    ///
    /// # Errors
    /// [`Error::UnknownItem`], [`Error::Nul`] and errors of the database.
    pub async fn annotate(
        &self,
        annotator: &str,
        id: &str,
        values: Vec<(String, Value)>,
        rules: Rules,
    ) -> Result<Annotated> {
        let mut said = Vec::with_capacity(values.len());
        for (scheme, value) in values {
            said.push((text::key("scheme", &scheme)?, scheme, text::json(&value)?));
        }
        let said = Arc::new(Said {
            annotator: (text::key("annotator", annotator)?, annotator.to_owned()),
            id: id.to_owned(),
            said,
        });
        self.change(move |tx| {
            let said = said.clone();
            Box::pin(async move { annotate(tx, &said, rules).await })
        })
        .await
    }

    /// All annotations, by item number, then time, then the order in which annotators and schemes were first seen.
    ///
    /// # Errors
    /// [`Error::Damaged`] and errors of the database.
    pub async fn annotations(&self) -> Result<Vec<Annotation>> {
        self.glance(|db| {
            Box::pin(async move {
                let rows = db.all(&format!("{ANNOTATION} ORDER BY {BY}"), &[]).await?;
                rows.iter().map(annotation).collect()
            })
        })
        .await
    }

    /// Annotations of an item, in the same order; none if it is not there.
    ///
    /// # Errors
    /// As [`Store::annotations`].
    pub async fn annotations_of(&self, id: &str) -> Result<Vec<Annotation>> {
        let key = text::of(id);
        self.glance(move |db| {
            Box::pin(async move {
                let sql = format!("{ANNOTATION} WHERE i.key = $1 ORDER BY {BY}");
                db.all(&sql, &[(&key).into()]).await?.iter().map(annotation).collect()
            })
        })
        .await
    }

    /// All annotators, in the order in which they were first seen: asking for an item is enough.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn annotators(&self) -> Result<Vec<Annotator>> {
        self.glance(|db| {
            Box::pin(async move {
                let rows = db.all("SELECT name, items, last FROM annotators ORDER BY number", &[]).await?;
                let annotator = |row: &super::db::Row| {
                    Ok(Annotator { name: row.text(0)?, items: row.count(1)?, last: row.maybe(2)? })
                };
                rows.iter().map(annotator).collect()
            })
        })
        .await
    }

    /// How far the project is. Items count as finished by the rules that came with the last change.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn progress(&self) -> Result<Progress> {
        let now = self.now();
        self.read(move |db| {
            Box::pin(async move {
                let sql =
                    "SELECT COUNT(*), COUNT(*) FILTER (WHERE annotators > 0), COUNT(*) FILTER (WHERE finished <> 0),
                    (SELECT pairs FROM project), (SELECT COUNT(DISTINCT item) FROM leases WHERE until > $1) FROM items";
                let Some(row) = db.first(sql, &[now.into()]).await? else { return Ok(Progress::default()) };
                let (items, finished) = (row.count(0)?, row.count(2)?);
                Ok(Progress {
                    items,
                    annotated: row.count(1)?,
                    finished,
                    remaining: items.saturating_sub(finished),
                    annotations: row.count(3)?,
                    leased: row.count(4)?,
                })
            })
        })
        .await
    }
}

const ANNOTATION: &str = "SELECT i.id, a.name, s.name, n.value, n.at FROM annotations n
    JOIN items i ON i.number = n.item JOIN annotators a ON a.number = n.annotator JOIN schemes s ON s.number = n.scheme";
const BY: &str = "n.item, n.at, n.annotator, n.scheme";

fn annotation(row: &super::db::Row) -> Result<Annotation> {
    let (instance_id, annotator, scheme) = (row.text(0)?, row.text(1)?, row.text(2)?);
    let what = || format!("annotation of `{}` by `{}`", Short(&instance_id), Short(&annotator));
    let value = text::value(&row.text(3)?, what)?;
    Ok(Annotation { instance_id, annotator, scheme, value, at: row.int(4)? })
}

struct Said {
    annotator: (Key, String),
    id: String,
    said: Vec<(Key, String, String)>,
}

async fn annotate(tx: &mut Tx, said: &Said, rules: Rules) -> Result<Annotated> {
    tx.use_rules(&rules).await?;
    let sql = "SELECT number, annotators FROM items WHERE key = $1";
    let Some(row) = tx.db.first(sql, &[(&text::of(&said.id)).into()]).await? else {
        return Err(Error::UnknownItem { id: said.id.clone() });
    };
    let (item, mut annotators) = (row.int(0)?, row.int(1)?);
    let annotator = tx.number_of("annotators", &said.annotator.0, &said.annotator.1).await?;
    // The last one counts where a scheme comes twice.
    let mut values = BTreeMap::new();
    for (key, scheme, value) in &said.said {
        values.insert(tx.number_of("schemes", key, scheme).await?, value.as_str());
    }
    let rows: Vec<[Arg<'_>; 5]> = values
        .into_iter()
        .map(|(scheme, value)| [item.into(), annotator.into(), scheme.into(), tx.now.into(), value.into()])
        .collect();
    for piece in pieces(&rows) {
        let sql = format!(
            "INSERT INTO annotations (item, annotator, scheme, at, value) VALUES {}
             ON CONFLICT (item, annotator, scheme) DO UPDATE SET at = excluded.at, value = excluded.value",
            db::values(piece.len(), 5)
        );
        tx.db.execute(&sql, piece.as_flattened()).await?;
    }
    let sql = "INSERT INTO done (annotator, item) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let first = tx.db.execute(sql, &[annotator.into(), item.into()]).await? > 0;
    if first {
        annotators += 1;
        tx.project.pairs += 1;
        let finished = i64::from(rules.is_enough(annotators));
        let sql = "UPDATE items SET annotators = $1, finished = $2 WHERE number = $3";
        tx.db.execute(sql, &[annotators.into(), finished.into(), item.into()]).await?;
    }
    let sql = "UPDATE annotators SET items = items + $1, last = $2 WHERE number = $3";
    tx.db.execute(sql, &[i64::from(first).into(), tx.now.into(), annotator.into()]).await?;
    let sql = "DELETE FROM leases WHERE annotator = $1 AND item = $2";
    tx.db.execute(sql, &[annotator.into(), item.into()]).await?;
    tx.project.versions.annotations += 1;
    tx.project.versions.queue += 1;
    Ok(Annotated {
        annotators: u32::try_from(annotators).unwrap_or(u32::MAX),
        finished: rules.is_enough(annotators),
        first,
        annotations_total: u64::try_from(tx.project.pairs).unwrap_or(0),
    })
}

impl Tx {
    /// The number of an annotator or a scheme, which is noted if it is new.
    pub(super) async fn number_of(&mut self, table: &'static str, key: &Key, name: &str) -> Result<i64> {
        if let Some(number) = self.memory.numbers.get(&(table, *key)) {
            return Ok(*number);
        }
        let sql = format!("SELECT number FROM {table} WHERE key = $1");
        let number = match self.db.first(&sql, &[key.into()]).await? {
            Some(row) => row.int(0)?,
            None => {
                let number = self.db.number(&format!("SELECT COUNT(*) FROM {table}"), &[]).await?;
                let sql = match table {
                    "annotators" => {
                        "INSERT INTO annotators (number, key, items, last, name) VALUES ($1, $2, 0, NULL, $3)"
                    }
                    _ => "INSERT INTO schemes (number, key, name) VALUES ($1, $2, $3)",
                };
                self.db.execute(sql, &[number.into(), key.into(), name.into()]).await?;
                number
            }
        };
        self.memory.numbers.insert((table, *key), number);
        Ok(number)
    }

    /// Goes by rules from now on: which items are finished changes with the number of annotators that they need.
    pub(super) async fn use_rules(&mut self, rules: &Rules) -> Result<()> {
        let per_item = i64::from(rules.annotators_per_item);
        if self.project.per_item == per_item {
            return Ok(());
        }
        let sql = "UPDATE items SET finished = CASE WHEN $1 > 0 AND annotators >= $1 THEN 1 ELSE 0 END
            WHERE finished <> CASE WHEN $1 > 0 AND annotators >= $1 THEN 1 ELSE 0 END";
        self.db.execute(sql, &[per_item.into()]).await?;
        self.project.per_item = per_item;
        // Items that are open again may stand before the cursors.
        self.project.epoch += 1;
        self.project.versions.queue += 1;
        Ok(())
    }
}
