//! Values of the points, to color by.

use super::body::{Answer, Labeling, predictions};
use super::columns::{Column, ColumnKind, value};
use super::error::{Error, Result};
use super::labels::{entropy, tally};
use super::live::Maps;
use super::notes::Notes;
use super::query::{DataQuery, scheme};
use super::view::Points;
use crate::config::{Config, LabelSource, Settings};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// The column of how uncertain labels are: the entropy that the model of annotators gives, else that of the votes, in nats.
pub const UNCERTAINTY: &str = "$uncertainty";
/// The column of how many annotators items have.
pub const VOTES: &str = "$votes";

/// A column's values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnValues {
    /// The points that they belong to.
    pub cache_key: String,
    /// What they are.
    pub kind: ColumnKind,
    /// The column.
    pub name: String,
    /// One for each point, in their order: a number, a text, or null.
    pub values: Vec<Value>,
}

impl Maps {
    /// The values of a column for the points of a `cache_key`. `schema` is the scheme that [`UNCERTAINTY`] is about; the one
    /// of the settings if there is none.
    ///
    /// # Errors
    /// [`Error::Stale`] if these points were not served lately and are not those that would be served now;
    /// [`Error::UnknownColumn`], and as [`Maps::data`].
    pub async fn column(&self, name: &str, cache_key: &str, schema: Option<String>) -> Result<ColumnValues> {
        self.check_enabled()?;
        let points = match self.points(cache_key) {
            Some(points) => points,
            None => {
                let query = DataQuery { wait: Some("false".to_owned()), ..DataQuery::default() };
                let Answer::Ready(body) = self.data(&query).await? else { return Err(stale(cache_key)) };
                body.points.clone().filter(|p| p.cache_key == cache_key).ok_or_else(|| stale(cache_key))?
            }
        };
        let versions = self.0.store.versions().await?;
        let settings = DataQuery { schema, ..DataQuery::default() }.apply(&self.settings().await?, &self.0.config)?;
        // What annotators said counts as of now; the points stay what they are.
        let notes = self.notes(versions, &points.items).await?;
        let (name, config) = (name.to_owned(), self.0.config.clone());
        tokio::task::spawn_blocking(move || values(name, &points, &notes, &settings, &config)).await?
    }
}

fn stale(asked: &str) -> Error {
    Error::Stale { asked: asked.to_owned() }
}

fn values(
    name: String,
    points: &Arc<Points>,
    notes: &Notes,
    settings: &Settings,
    config: &Config,
) -> Result<ColumnValues> {
    let items = &points.items;
    let positions = points.rows.iter().map(|r| items.rows[*r as usize]);
    let (kind, values) = match name.as_str() {
        VOTES => (ColumnKind::Number, positions.map(|i| notes.annotators[i as usize].into()).collect()),
        UNCERTAINTY => {
            let scheme = scheme(&config.schemes, settings);
            // The model counts whatever points are labeled by.
            let labeling = Labeling { scheme, source: LabelSource::Mace, colors: &config.label_colors };
            let by_model = predictions(notes, &labeling);
            let of = |i: u32| {
                let known = by_model.and_then(|p| p.entropy.get(&items.all[i as usize].id)).copied();
                known.or_else(|| scheme.and_then(|s| entropy(&tally(notes.of(i), s))))
            };
            (ColumnKind::Number, positions.map(|i| of(i).map_or(Value::Null, Value::from)).collect())
        }
        _ => {
            let known: Option<&Column> = items.columns.iter().find(|c| c.name == name);
            let column = known.ok_or_else(|| Error::UnknownColumn { name: name.clone() })?;
            (column.kind, positions.map(|i| value(&items.all[i as usize], column)).collect())
        }
    };
    Ok(ColumnValues { cache_key: points.cache_key.clone(), kind, name, values })
}
