//! Projections that were computed.

use super::error::{Error, Result, Short};
use super::handle::Store;
use super::text;
use super::types::Projection;
use super::vectors::floats;
use serde_json::Value;
use std::sync::Arc;

impl Store {
    /// A projection, if there is one with this key.
    ///
    /// # Errors
    /// [`Error::Damaged`] and errors of the database.
    pub async fn projection(&self, key: &str) -> Result<Option<Projection>> {
        let hash = text::of(key);
        let found = self
            .glance(move |db| {
                Box::pin(async move {
                    let sql = "SELECT name, meta, ids, coordinates FROM projections WHERE key = $1";
                    let row = db.first(sql, &[(&hash).into()]).await?;
                    row.map(|row| Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.blob(3)?))).transpose()
                })
            })
            .await?;
        let Some((key, meta, ids, bytes)) = found else { return Ok(None) };
        let what = || format!("projection `{}`", Short(&key));
        let (meta, ids): (Value, Vec<String>) = (text::value(&meta, what)?, text::parsed(&ids, what)?);
        if bytes.len() != ids.len() * 8 {
            let reason = format!("{} bytes of coordinates for {} ids", bytes.len(), ids.len());
            return Err(Error::Damaged { what: what(), reason });
        }
        let coordinates = floats(&bytes).as_chunks::<2>().0.to_vec();
        Ok(Some(Projection { key, meta, ids, coordinates }))
    }

    /// Keeps a projection, in place of one with the same key. Coordinates may be any numbers, and come back to the bit.
    ///
    /// # Errors
    /// [`Error::Ragged`], [`Error::Nul`] and errors of the database.
    pub async fn put_projection(&self, projection: Projection) -> Result<()> {
        let Projection { key, meta, ids, coordinates } = projection;
        if ids.len() != coordinates.len() {
            return Err(Error::Ragged { key, ids: ids.len(), points: coordinates.len() });
        }
        let hash = text::key("projection", &key)?;
        let bytes: Vec<u8> = coordinates.as_flattened().iter().flat_map(|x| x.to_le_bytes()).collect();
        let row = Arc::new((key, text::json(&meta)?, text::json(&ids)?, bytes));
        self.change(move |tx| {
            let row = row.clone();
            Box::pin(async move {
                let (key, meta, ids, bytes) = &*row;
                let sql =
                    "INSERT INTO projections (key, at, name, meta, ids, coordinates) VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (key) DO UPDATE SET at = excluded.at, meta = excluded.meta, ids = excluded.ids,
                    coordinates = excluded.coordinates";
                let args = [
                    (&hash).into(),
                    tx.now.into(),
                    key.as_str().into(),
                    meta.as_str().into(),
                    ids.as_str().into(),
                    bytes.as_slice().into(),
                ];
                tx.db.execute(sql, &args).await.map(drop)
            })
        })
        .await
    }

    /// Keys of all projections, when they were kept, in milliseconds since 1970, and what their maker noted; the newest
    /// first.
    ///
    /// # Errors
    /// As [`Store::projection`].
    pub async fn projections(&self) -> Result<Vec<(String, i64, Value)>> {
        self.glance(|db| {
            Box::pin(async move {
                let rows = db.all("SELECT name, at, meta FROM projections ORDER BY at DESC, key", &[]).await?;
                let one = |row: &super::db::Row| {
                    let key = row.text(0)?;
                    let meta = text::value(&row.text(2)?, || format!("projection `{}`", Short(&key)))?;
                    Ok((key, row.int(1)?, meta))
                };
                rows.iter().map(one).collect()
            })
        })
        .await
    }

    /// Removes all but the newest projections, and tells how many.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn prune_projections(&self, keep: usize) -> Result<u64> {
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        self.change(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM projections WHERE key NOT IN
                    (SELECT key FROM projections ORDER BY at DESC, key LIMIT $1)";
                tx.db.execute(sql, &[keep.into()]).await
            })
        })
        .await
    }
}
