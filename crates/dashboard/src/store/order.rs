//! Reorders: applied, undone, done again.

use super::db::{Arg, Row, pieces, values};
use super::error::Result;
use super::handle::Store;
use super::items::numbers;
use super::text::{self, Key};
use super::types::{Reordering, Rules};
use super::writer::Tx;
use planisphere::queue_reorder::{Request, Response};
use std::sync::Arc;

impl Store {
    /// Puts items in front: the known ones of the new order first, all others behind them in their order. Finished items
    /// move as others do, but are not handed out. Gives the number of the reorder, and the answer.
    ///
    /// What was undone before cannot be done again then.
    ///
    /// # Errors
    /// [`Error::Request`](super::Error::Request) and errors of the database.
    pub async fn reorder(&self, request: &Request, rules: Rules) -> Result<(i64, Response)> {
        let order = Arc::new(request.order()?);
        self.change(move |tx| {
            let order = order.clone();
            Box::pin(async move { reorder(tx, &order, rules).await })
        })
        .await
    }

    /// Undoes the newest reorder that is not undone; `None` if there is none. Its items go back to where they stood, so
    /// that the order is what it would be without it, with items that were added since behind all others. Called again,
    /// it undoes the one before.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn undo_reorder(&self) -> Result<Option<Reordering>> {
        self.change(|tx| Box::pin(async move { turn(tx, true).await })).await
    }

    /// Does the reorder again that was undone last; `None` if there is none, or there was another reorder since. It
    /// moves the items that it moved before to where it moved them.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn redo_reorder(&self) -> Result<Option<Reordering>> {
        self.change(|tx| Box::pin(async move { turn(tx, false).await })).await
    }

    /// The newest reorders first, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Damaged`](super::Error::Damaged) and errors of the database.
    pub async fn reorderings(&self, limit: usize) -> Result<Vec<Reordering>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.glance(move |db| {
            Box::pin(async move {
                let sql = format!("{REORDERING} ORDER BY number DESC LIMIT $1");
                db.all(&sql, &[limit.into()]).await?.iter().map(reordering).collect()
            })
        })
        .await
    }
}

const REORDERING: &str = "SELECT number, at, state, response FROM reorderings";

const APPLIED: i64 = 0;
const UNDONE: i64 = 1;
/// Undone, and then there was another reorder.
const DROPPED: i64 = 2;

fn reordering(row: &Row) -> Result<Reordering> {
    let number = row.int(0)?;
    let response = text::parsed(&row.text(3)?, || format!("reorder {number}"))?;
    Ok(Reordering { number, at: row.int(1)?, response, undone: row.int(2)? != APPLIED })
}

async fn reorder(tx: &mut Tx, order: &[String], rules: Rules) -> Result<(i64, Response)> {
    tx.use_rules(&rules).await?;
    let keys: Vec<Key> = order.iter().map(|id| text::of(id)).collect();
    let known = numbers(&mut tx.db, &keys).await?;
    let moved: Vec<(i64, i64)> = keys.iter().filter_map(|key| known.get(key).copied()).collect();
    let unknown = order.iter().zip(&keys).filter(|(_, key)| !known.contains_key(*key));
    let mut response = Response::to(order);
    response.unknown_ids = Some(unknown.map(|(id, _)| id.clone()).collect());
    response.moved_count = Some(moved.len());
    let remaining = tx.db.number("SELECT COUNT(*) FROM items WHERE finished = 0", &[]).await?;
    response.remaining_count = Some(usize::try_from(remaining).unwrap_or(0));

    let sql = "DELETE FROM moves WHERE reordering IN (SELECT number FROM reorderings WHERE state = $1)";
    tx.db.execute(sql, &[UNDONE.into()]).await?;
    tx.db.execute("UPDATE reorderings SET state = $1 WHERE state = $2", &[DROPPED.into(), UNDONE.into()]).await?;

    let first = tx.project.front - i64::try_from(moved.len()).unwrap_or(0);
    let number = tx.project.next_reordering;
    let text = text::json(&response)?;
    let sql = "INSERT INTO reorderings (number, at, state, first, response) VALUES ($1, $2, $3, $4, $5)";
    tx.db.execute(sql, &[number.into(), tx.now.into(), APPLIED.into(), first.into(), text.as_str().into()]).await?;
    let moves: Vec<[Arg<'_>; 4]> = (0..)
        .zip(moved)
        .map(|(place, (item, before))| [number.into(), item.into(), Arg::Int(place), before.into()])
        .collect();
    for piece in pieces(&moves) {
        let rows = values(piece.len(), 4);
        let sql = format!("INSERT INTO moves (reordering, item, place, before) VALUES {rows}");
        tx.db.execute(&sql, piece.as_flattened()).await?;
    }
    tx.db.execute(MOVE, &[first.into(), number.into()]).await?;
    tx.project.front = first;
    tx.project.next_reordering += 1;
    tx.moved();
    Ok((number, response))
}

const MOVE: &str = "UPDATE items SET position = $1 + moves.place FROM moves
    WHERE moves.reordering = $2 AND moves.item = items.number";
const BACK: &str = "UPDATE items SET position = moves.before FROM moves
    WHERE moves.reordering = $1 AND moves.item = items.number";

/// Undoes the newest applied reorder, or applies the oldest undone one.
///
/// Reorders that are applied are all older than those that are undone and not dropped, as in the history of an editor.
/// Positions are used once only, so what an undone reorder moved is free to be moved there again.
async fn turn(tx: &mut Tx, undo: bool) -> Result<Option<Reordering>> {
    let (from, to, by) = if undo { (APPLIED, UNDONE, "DESC") } else { (UNDONE, APPLIED, "ASC") };
    let sql = format!(
        "SELECT number, at, state, response, first FROM reorderings WHERE state = $1 ORDER BY number {by} LIMIT 1"
    );
    let Some(row) = tx.db.first(&sql, &[from.into()]).await? else { return Ok(None) };
    let (mut found, first) = (reordering(&row)?, row.int(4)?);
    if undo {
        tx.db.execute(BACK, &[found.number.into()]).await?;
    } else {
        tx.db.execute(MOVE, &[first.into(), found.number.into()]).await?;
    }
    let sql = "UPDATE reorderings SET state = $1 WHERE number = $2";
    tx.db.execute(sql, &[to.into(), found.number.into()]).await?;
    found.undone = undo;
    tx.moved();
    Ok(Some(found))
}

impl Tx {
    /// Items were moved: cursors mean nothing any more.
    fn moved(&mut self) {
        self.project.epoch += 1;
        self.project.versions.queue += 1;
    }
}
