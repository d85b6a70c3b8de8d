//! What is in the database: for each model a table of places and one of bundles.
//!
//! Vectors lie in bundles of many, in the order in which they were computed, which is mostly that in which they are
//! asked for again. A page of the database is 4096 bytes times a power of two, and one vector a page would leave up to
//! half of it empty.

use crate::model::{Key, ModelInfo, ModelKey};
use crate::value;
use planisphere_core::CancelToken;
use planisphere_database::begin_write;
use planisphere_database::redb::{
    self, Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageError, TableDefinition, TableError,
};

/// Id of a model → length of its vectors, its name.
const MODELS: TableDefinition<'_, &Key, (u64, &str)> = TableDefinition::new("models");
/// Key of a text → bundle, number of the vector in it.
type Places<'n> = TableDefinition<'n, &'static Key, (u64, u32)>;
/// Number of a bundle → values, one behind the other.
type Bundles<'n> = TableDefinition<'n, u64, &'static [u8]>;
/// Bytes of a bundle at most, if more than one vector is in it: one page, with what the database adds.
const BUNDLE: usize = (64 << 10) - 64;

/// The names of the tables of a model.
struct Names {
    places: String,
    bundles: String,
}

impl Names {
    fn of(id: &Key) -> Self {
        let id = blake3::Hash::from_bytes(*id).to_hex();
        Self { places: format!("places {id}"), bundles: format!("bundles {id}") }
    }

    fn places(&self) -> Places<'_> {
        TableDefinition::new(&self.places)
    }

    fn bundles(&self) -> Bundles<'_> {
        TableDefinition::new(&self.bundles)
    }
}

/// A vector to be stored.
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a Key,
    pub(crate) vector: &'a [f32],
    /// Also if there is one.
    pub(crate) replace: bool,
}

/// `None` where there is no such table.
fn existing<T>(opened: Result<T, TableError>) -> Result<Option<T>, redb::Error> {
    match opened {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn length(dim: u64) -> Result<usize, redb::Error> {
    let known = usize::try_from(dim).ok().filter(|&dim| value::len(dim).is_some());
    known.ok_or_else(|| StorageError::Corrupted(format!("vectors of length {dim}")).into())
}

/// Looks keys up, best in ascending order. `found` gets the positions of those that are there, in any order, with the
/// length of the model's vectors and the value, which may be damaged. Returns that length, if the model is
/// known. Stops early once the token is cancelled.
pub(crate) fn lookup<'k>(
    db: &Database,
    model: &ModelKey,
    keys: impl Iterator<Item = &'k Key>,
    token: &CancelToken,
    mut found: impl FnMut(u32, usize, &[u8]),
) -> Result<Option<usize>, redb::Error> {
    let transaction = db.begin_read()?;
    let Some(models) = existing(transaction.open_table(MODELS))? else { return Ok(None) };
    let Some(dim) = models.get(model.id())?.map(|row| length(row.value().0)) else { return Ok(None) };
    let dim = dim?;
    let names = Names::of(model.id());
    let Some(places) = existing(transaction.open_table(names.places()))? else { return Ok(Some(dim)) };
    let Some(bundles) = existing(transaction.open_table(names.bundles()))? else { return Ok(Some(dim)) };

    let mut hits = Vec::new();
    for (at, key) in (0..).zip(keys) {
        if at % 1024 == 0 && token.is_cancelled() {
            return Ok(Some(dim));
        }
        if let Some(place) = places.get(key)? {
            let (bundle, slot) = place.value();
            hits.push((bundle, slot, at));
        }
    }
    hits.sort_unstable();
    for hits in hits.chunk_by(|a, b| a.0 == b.0) {
        if token.is_cancelled() {
            break;
        }
        let bundle = bundles.get(hits[0].0)?;
        let mut values = bundle.as_ref().map_or(&[][..], |bundle| bundle.value()).chunks_exact(dim * 4 + 4);
        let mut next = 0;
        for &(_, slot, at) in hits {
            // Hits are in the order of their slots, each in its own; what was made up gets nothing.
            let value = slot.checked_sub(next).and_then(|skip| values.nth(skip as usize));
            next = slot.saturating_add(1);
            found(at, dim, value.unwrap_or_default());
        }
    }
    Ok(Some(dim))
}

/// Opens the tables of a model without being able to write. The database panics on some that somebody made up; where that
/// happens while another table is open for writing, it panics once more when that is closed, and the process ends.
fn probe(db: &Database, model: &ModelKey) -> Result<(), redb::Error> {
    let transaction = db.begin_read()?;
    let names = Names::of(model.id());
    existing(transaction.open_table(MODELS))?;
    existing(transaction.open_table(names.places()))?;
    existing(transaction.open_table(names.bundles()))?;
    Ok(())
}

/// Stores vectors of length `dim` in one durable transaction. If those stored have another length, nothing is stored
/// and that length is returned.
pub(crate) fn store(
    db: &Database,
    model: &ModelKey,
    dim: usize,
    entries: &[Entry<'_>],
) -> Result<Option<usize>, redb::Error> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_unstable_by_key(|&i| entries[i].key);
    probe(db, model)?;
    let transaction = begin_write(db)?;
    {
        let mut models = transaction.open_table(MODELS)?;
        let stored = models.get(model.id())?.map(|row| length(row.value().0)).transpose()?;
        match stored {
            Some(stored) if stored != dim => return Ok(Some(stored)),
            Some(_) => {}
            None => {
                models.insert(model.id(), (dim as u64, model.name()))?;
            }
        }
        let names = Names::of(model.id());
        let mut places = transaction.open_table(names.places())?;
        let mut wanted = vec![false; entries.len()];
        for &i in &order {
            // Another process may have computed it, too.
            wanted[i] = entries[i].replace || places.get(entries[i].key)?.is_none();
        }

        let mut bundles = transaction.open_table(names.bundles())?;
        let last = bundles.last()?.map(|(last, _)| last.value());
        let mut number = last.map_or(0, |last| last.wrapping_add(1));
        let capacity = value::len(dim).map_or(1, |len| (BUNDLE / len).max(1));
        let mut at = vec![(0, 0); entries.len()];
        let mut bytes = Vec::new();
        let chosen: Vec<usize> = (0..entries.len()).filter(|&i| wanted[i]).collect();
        for bundle in chosen.chunks(capacity) {
            bytes.clear();
            for (&i, slot) in bundle.iter().zip(0..) {
                value::encode(entries[i].key, entries[i].vector, &mut bytes);
                at[i] = (number, slot);
            }
            bundles.insert(number, bytes.as_slice())?;
            number = number.wrapping_add(1);
        }
        for i in order {
            if wanted[i] {
                places.insert(entries[i].key, at[i])?;
            }
        }
    }
    transaction.commit()?;
    Ok(None)
}

/// What there is of each model, in the order of their names.
pub(crate) fn models(db: &Database) -> Result<Vec<ModelInfo>, redb::Error> {
    let transaction = db.begin_read()?;
    let Some(models) = existing(transaction.open_table(MODELS))? else { return Ok(Vec::new()) };
    let mut infos = Vec::new();
    for row in models.iter()? {
        let (id, row) = row?;
        let (dim, name) = row.value();
        let vectors = match existing(transaction.open_table(Names::of(id.value()).places()))? {
            Some(table) => table.len()?,
            None => 0,
        };
        infos.push(ModelInfo { name: name.to_owned(), dim: length(dim)?, vectors });
    }
    infos.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(infos)
}

/// Removes a model; returns how many vectors that were.
pub(crate) fn forget(db: &Database, model: &ModelKey) -> Result<u64, redb::Error> {
    let transaction = begin_write(db)?;
    let names = Names::of(model.id());
    let removed = transaction.open_table(names.places())?.len()?;
    transaction.delete_table(names.places())?;
    transaction.delete_table(names.bundles())?;
    transaction.open_table(MODELS)?.remove(model.id())?;
    transaction.commit()?;
    // What a transaction freed is there for the one after the next to give back to the system: here, the one that
    // closes the database.
    begin_write(db)?.commit()?;
    Ok(removed)
}
