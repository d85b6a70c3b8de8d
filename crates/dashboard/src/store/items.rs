//! Items: added, changed, read.

use super::db::{Arg, Db, Row, list, pieces, values};
use super::error::{Result, Short};
use super::handle::Store;
use super::text::{self, Key};
use super::types::{Added, Item, ItemState, NewItem};
use super::vectors;
use super::writer::Tx;
use std::collections::HashMap;
use std::sync::Arc;

impl Store {
    /// Adds items behind those that are there, in the order given; those whose id is there are changed instead, and keep
    /// their number, their place and what annotators said.
    ///
    /// An item whose data changed and that comes without a vector loses its vector: it belonged to other data. One whose
    /// data are the same, as JSON text, keeps it.
    ///
    /// # Errors
    /// [`Error::Nul`](super::Error::Nul), [`Error::Dimension`](super::Error::Dimension),
    /// [`Error::EmptyVector`](super::Error::EmptyVector), [`Error::NotFinite`](super::Error::NotFinite) (then no item of
    /// the list is added), and errors of the database.
    pub async fn add_items(&self, items: Vec<NewItem>) -> Result<Added> {
        let new = items.into_iter().map(New::of).collect::<Result<Vec<_>>>()?;
        let new = Arc::new(new);
        self.change(move |tx| {
            let new = new.clone();
            Box::pin(async move { add(tx, &new).await })
        })
        .await
    }

    /// An item, if it is there.
    ///
    /// # Errors
    /// [`Error::Damaged`](super::Error::Damaged) and errors of the database.
    pub async fn item(&self, id: &str) -> Result<Option<Item>> {
        let key = text::of(id);
        self.glance(move |db| {
            Box::pin(async move {
                let row = db.first(&format!("{ITEM} WHERE items.key = $1"), &[(&key).into()]).await?;
                row.as_ref().map(item).transpose()
            })
        })
        .await
    }

    /// Those of these items that are there, in the order of the ids; an id that comes twice gives two.
    ///
    /// # Errors
    /// As [`Store::item`].
    pub async fn items(&self, ids: &[String]) -> Result<Vec<Item>> {
        let keys: Arc<[Key]> = ids.iter().map(|id| text::of(id)).collect();
        self.read(move |db| {
            let keys = keys.clone();
            Box::pin(async move {
                let mut found = HashMap::with_capacity(keys.len());
                for piece in pieces(&keys) {
                    let sql = format!("{ITEM} WHERE items.key IN {}", list(piece.len()));
                    for row in db.all(&sql, &args(piece)).await? {
                        let item = item(&row)?;
                        found.insert(text::of(&item.id), item);
                    }
                }
                Ok(keys.iter().filter_map(|key| found.get(key).cloned()).collect())
            })
        })
        .await
    }

    /// All items, by number.
    ///
    /// # Errors
    /// As [`Store::item`].
    pub async fn all_items(&self) -> Result<Vec<Item>> {
        self.glance(|db| {
            Box::pin(
                async move { db.all(&format!("{ITEM} ORDER BY items.number"), &[]).await?.iter().map(item).collect() },
            )
        })
        .await
    }

    /// The first items, by number, that have no vector: at most `limit`.
    ///
    /// # Errors
    /// As [`Store::item`].
    pub async fn items_without_vector(&self, limit: usize) -> Result<Vec<Item>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.glance(move |db| {
            Box::pin(async move {
                let sql = format!(
                    "{ITEM} WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.item = items.number)
                     ORDER BY items.number LIMIT $1"
                );
                db.all(&sql, &[limit.into()]).await?.iter().map(item).collect()
            })
        })
        .await
    }

    /// Number of items.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn item_count(&self) -> Result<u64> {
        // Items are never removed, so their numbers have no gaps.
        self.glance(|db| {
            Box::pin(async move {
                let row = db.first("SELECT next_item FROM project", &[]).await?;
                row.map_or(Ok(0), |row| row.count(0))
            })
        })
        .await
    }

    /// How far all items are, by number.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn states(&self) -> Result<Vec<ItemState>> {
        self.glance(|db| {
            Box::pin(async move { db.all(&format!("{STATE} ORDER BY number"), &[]).await?.iter().map(state).collect() })
        })
        .await
    }

    /// How far an item is, if it is there.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn state(&self, id: &str) -> Result<Option<ItemState>> {
        let key = text::of(id);
        self.glance(move |db| {
            Box::pin(async move {
                let row = db.first(&format!("{STATE} WHERE key = $1"), &[(&key).into()]).await?;
                row.as_ref().map(state).transpose()
            })
        })
        .await
    }
}

const ITEM: &str =
    "SELECT items.number, items.id, contents.data FROM items JOIN contents ON contents.item = items.number";
const STATE: &str = "SELECT id, annotators, finished FROM items";

/// An item of a row of [`ITEM`].
pub(super) fn item(row: &Row) -> Result<Item> {
    let id = row.text(1)?;
    let data = text::parsed(&row.text(2)?, || format!("data of `{}`", Short(&id)))?;
    Ok(Item { number: row.int(0)?, id, data })
}

fn state(row: &Row) -> Result<ItemState> {
    let annotators = u32::try_from(row.int(1)?).unwrap_or(u32::MAX);
    Ok(ItemState { id: row.text(0)?, annotators, finished: row.is(2)? })
}

/// Keys as parameters.
pub(super) fn args(keys: &[Key]) -> Vec<Arg<'_>> {
    keys.iter().map(Arg::from).collect()
}

/// Numbers and positions of those of these items that are there, by key.
pub(super) async fn numbers(db: &mut Db, keys: &[Key]) -> Result<HashMap<Key, (i64, i64)>> {
    let mut found = HashMap::with_capacity(keys.len());
    for piece in pieces(keys) {
        let sql = format!("SELECT key, number, position FROM items WHERE key IN {}", list(piece.len()));
        for row in db.all(&sql, &args(piece)).await? {
            if let Ok(key) = Key::try_from(row.blob(0)?) {
                found.insert(key, (row.int(1)?, row.int(2)?));
            }
        }
    }
    Ok(found)
}

/// An item as it is written.
struct New {
    key: Key,
    id: String,
    data: String,
    vector: Option<Vec<u8>>,
}

impl New {
    fn of(item: NewItem) -> Result<Self> {
        let key = text::key("item", &item.id)?;
        let vector = item.vector.as_deref().map(|vector| vectors::bytes(&item.id, vector)).transpose()?;
        Ok(Self { key, id: item.id, data: text::json(&item.data)?, vector })
    }
}

/// What is stored of an item, to compare.
struct Old {
    number: i64,
    data: String,
    vector: Option<Vec<u8>>,
}

/// So many new items change how statements are best carried out.
const MANY: u64 = 1000;

async fn add(tx: &mut Tx, new: &[New]) -> Result<Added> {
    for New { id, vector, .. } in new {
        if let Some(vector) = vector {
            vectors::check(tx, id, vector.len())?;
        }
    }
    let mut added = Added::default();
    for piece in pieces(new) {
        add_piece(tx, piece, &mut added).await?;
    }
    if added.added + added.updated > 0 {
        tx.project.versions.items += 1;
    }
    if added.added > 0 {
        tx.project.versions.queue += 1;
    }
    if added.added >= MANY && tx.db.is_postgres() {
        // Until its statistics are renewed, which it does by itself within a minute, it would plan for empty tables.
        tx.db.run("ANALYZE items, contents, vectors").await?;
    }
    Ok(added)
}

async fn add_piece(tx: &mut Tx, new: &[New], added: &mut Added) -> Result<()> {
    let keys: Vec<Key> = new.iter().map(|item| item.key).collect();
    let mut old = HashMap::new();
    let sql = format!(
        "SELECT items.key, items.number, contents.data, vectors.vector FROM items
         JOIN contents ON contents.item = items.number LEFT JOIN vectors ON vectors.item = items.number
         WHERE items.key IN {}",
        list(keys.len())
    );
    for row in tx.db.all(&sql, &args(&keys)).await? {
        if let Ok(key) = Key::try_from(row.blob(0)?) {
            old.insert(key, Old { number: row.int(1)?, data: row.text(2)?, vector: row.maybe_blob(3)? });
        }
    }
    // Items that are new, by their place in the list; their numbers follow each other.
    let (mut fresh, mut place) = (Vec::new(), HashMap::new());
    for (i, item) in new.iter().enumerate() {
        if let Some(was) = old.get_mut(&item.key) {
            added.count(change(tx, was, item).await?);
        } else if let Some(&at) = place.get(&item.key) {
            // It came before in this list: the later one counts.
            let before: &New = &new[fresh[at]];
            let same = before.data == item.data && (item.vector.is_none() || before.vector == item.vector);
            if !same {
                fresh[at] = i;
            }
            added.count(!same);
        } else {
            place.insert(item.key, fresh.len());
            fresh.push(i);
            added.added += 1;
        }
    }
    let fresh: Vec<(i64, &New)> = (tx.project.next_item..).zip(fresh.into_iter().map(|i| &new[i])).collect();
    tx.project.next_item += i64::try_from(fresh.len()).unwrap_or(0);
    insert(tx, &fresh).await
}

async fn insert(tx: &mut Tx, fresh: &[(i64, &New)]) -> Result<()> {
    for piece in pieces(fresh) {
        let (mut items, mut contents) = (Vec::with_capacity(piece.len() * 6), Vec::with_capacity(piece.len() * 2));
        for (number, item) in piece {
            let row: [Arg<'_>; 6] =
                [(*number).into(), (&item.key).into(), (*number).into(), 0.into(), 0.into(), item.id.as_str().into()];
            items.extend(row);
            contents.extend([Arg::Int(*number), item.data.as_str().into()]);
        }
        let rows = values(piece.len(), 6);
        tx.db
            .execute(
                &format!("INSERT INTO items (number, key, position, annotators, finished, id) VALUES {rows}"),
                &items,
            )
            .await?;
        let rows = values(piece.len(), 2);
        tx.db.execute(&format!("INSERT INTO contents (item, data) VALUES {rows}"), &contents).await?;
    }
    let with: Vec<(i64, &[u8])> =
        fresh.iter().filter_map(|(number, item)| Some((*number, item.vector.as_deref()?))).collect();
    vectors::put(tx, &with).await
}

/// Changes an item that is there. Gives whether there was something to change.
async fn change(tx: &mut Tx, old: &mut Old, new: &New) -> Result<bool> {
    let (data, vector) = (old.data != new.data, new.vector.is_some() && old.vector != new.vector);
    if data {
        let sql = "UPDATE contents SET data = $1 WHERE item = $2";
        tx.db.execute(sql, &[new.data.as_str().into(), old.number.into()]).await?;
        old.data.clone_from(&new.data);
    }
    match &new.vector {
        Some(bytes) if vector => vectors::put(tx, &[(old.number, bytes)]).await?,
        None if data => {
            tx.db.execute("DELETE FROM vectors WHERE item = $1", &[old.number.into()]).await?;
        }
        _ => {}
    }
    if vector || data {
        old.vector.clone_from(&new.vector);
    }
    Ok(data || vector)
}
