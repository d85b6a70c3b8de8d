//! Vectors: 32-bit numbers, little-endian.

use super::db::{Arg, Row, list, pieces, values};
use super::error::{Error, Result, Short};
use super::handle::Store;
use super::items::{args, numbers};
use super::text::{self, Key};
use super::writer::Tx;
use std::collections::HashMap;
use std::sync::Arc;

impl Store {
    /// Sets vectors of items that are there; the last one counts where an id comes twice.
    ///
    /// # Errors
    /// [`Error::UnknownItem`], [`Error::Dimension`], [`Error::EmptyVector`], [`Error::NotFinite`] (then none is set),
    /// and errors of the database.
    pub async fn set_vectors(&self, vectors: Vec<(String, Vec<f32>)>) -> Result<()> {
        let mut new = Vec::with_capacity(vectors.len());
        for (id, vector) in vectors {
            let bytes = bytes(&id, &vector)?;
            new.push((id, bytes));
        }
        let new = Arc::new(new);
        self.change(move |tx| {
            let new = new.clone();
            Box::pin(async move { set(tx, &new).await })
        })
        .await
    }

    /// All vectors, by the numbers of the items. Items without one are left out.
    ///
    /// # Errors
    /// [`Error::Damaged`] and errors of the database.
    pub async fn vectors(&self) -> Result<Vec<(String, Vec<f32>)>> {
        self.read(|db| {
            Box::pin(async move {
                let dimension = dimension(db.number("SELECT dimension FROM project", &[]).await?);
                db.all(&format!("{VECTOR} ORDER BY items.number"), &[])
                    .await?
                    .iter()
                    .map(|r| vector(r, dimension))
                    .collect()
            })
        })
        .await
    }

    /// The vectors of those of these items that are there and have one, in the order of the ids.
    ///
    /// # Errors
    /// As [`Store::vectors`].
    pub async fn vectors_of(&self, ids: &[String]) -> Result<Vec<(String, Vec<f32>)>> {
        let keys: Arc<[Key]> = ids.iter().map(|id| text::of(id)).collect();
        self.read(move |db| {
            let keys = keys.clone();
            Box::pin(async move {
                let dimension = dimension(db.number("SELECT dimension FROM project", &[]).await?);
                let mut found = HashMap::with_capacity(keys.len());
                for piece in pieces(&keys) {
                    let sql = format!("{VECTOR} WHERE items.key IN {}", list(piece.len()));
                    for row in db.all(&sql, &args(piece)).await? {
                        let (id, vector) = vector(&row, dimension)?;
                        found.insert(text::of(&id), (id, vector));
                    }
                }
                Ok(keys.iter().filter_map(|key| found.get(key).cloned()).collect())
            })
        })
        .await
    }
}

const VECTOR: &str = "SELECT items.id, vectors.vector FROM items JOIN vectors ON vectors.item = items.number";

fn dimension(stored: i64) -> usize {
    usize::try_from(stored).unwrap_or(0)
}

fn vector(row: &Row, dimension: usize) -> Result<(String, Vec<f32>)> {
    let (id, bytes) = (row.text(0)?, row.blob(1)?);
    if bytes.len() != dimension * 4 {
        let what = format!("vector of `{}`", Short(&id));
        return Err(Error::Damaged { what, reason: format!("{} bytes instead of {}", bytes.len(), dimension * 4) });
    }
    Ok((id, floats(&bytes)))
}

/// Little-endian bytes as numbers; what is left over is no number.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// A vector as it is stored, if it can be.
pub(super) fn bytes(id: &str, vector: &[f32]) -> Result<Vec<u8>> {
    if vector.is_empty() {
        return Err(Error::EmptyVector { id: id.to_owned() });
    }
    if let Some(index) = vector.iter().position(|x| !x.is_finite()) {
        return Err(Error::NotFinite { id: id.to_owned(), index, value: vector[index].to_string() });
    }
    Ok(vector.iter().flat_map(|x| x.to_le_bytes()).collect())
}

/// Checks the length of a vector of so many bytes. The first one of a project settles it.
pub(super) fn check(tx: &mut Tx, id: &str, bytes: usize) -> Result<()> {
    let (found, expected) = (bytes / 4, dimension(tx.project.dimension));
    if expected == 0 {
        tx.project.dimension = i64::try_from(found).unwrap_or(i64::MAX);
    } else if found != expected {
        return Err(Error::Dimension { id: id.to_owned(), expected, found });
    }
    Ok(())
}

/// Writes vectors of items, each once.
pub(super) async fn put(tx: &mut Tx, vectors: &[(i64, &[u8])]) -> Result<()> {
    for piece in pieces(vectors) {
        let args: Vec<Arg<'_>> = piece.iter().flat_map(|(item, bytes)| [Arg::Int(*item), Arg::Blob(bytes)]).collect();
        let sql = format!(
            "INSERT INTO vectors (item, vector) VALUES {}
             ON CONFLICT (item) DO UPDATE SET vector = excluded.vector",
            values(piece.len(), 2)
        );
        tx.db.execute(&sql, &args).await?;
    }
    Ok(())
}

async fn set(tx: &mut Tx, new: &[(String, Vec<u8>)]) -> Result<()> {
    let keys: Vec<Key> = new.iter().map(|(id, _)| text::of(id)).collect();
    let known = numbers(&mut tx.db, &keys).await?;
    let mut last = HashMap::with_capacity(new.len());
    for ((id, bytes), key) in new.iter().zip(&keys) {
        let Some((number, _)) = known.get(key) else { return Err(Error::UnknownItem { id: id.clone() }) };
        check(tx, id, bytes.len())?;
        last.insert(*number, bytes.as_slice());
    }
    let mut last: Vec<(i64, &[u8])> = last.into_iter().collect();
    last.sort_unstable_by_key(|(number, _)| *number);
    put(tx, &last).await?;
    if !last.is_empty() {
        tx.project.versions.items += 1;
    }
    Ok(())
}
