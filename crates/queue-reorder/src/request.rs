//! Requests and responses as the dashboard's interface has them.

use crate::error::{Error, Kind, Result};
use crate::order::{Reorder, Selection};
use crate::reordered::Reordered;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A response names so many ids.
pub const PREVIEW_LEN: usize = 10;

/// A request to reorder: groups, and whether they take turns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// The groups; at least one.
    pub selections: Vec<Selection>,
    /// Whether the groups take turns; true where a request does not say.
    pub interleave: bool,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Always true: what is wrong with a request is an [`enum@Error`].
    pub success: bool,
    /// How many different ids were sent, those that the queue does not know included.
    pub reordered_count: usize,
    /// The first [`PREVIEW_LEN`] of them in their new order.
    pub new_order_preview: Vec<String>,
    /// The ids sent that the queue does not know; absent if no queue was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_ids: Option<Vec<String>>,
    /// How many items were put in front: the different ids sent, less the unknown ones. Absent if no queue was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_count: Option<usize>,
    /// How many items are left to hand out. Absent if no queue was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_count: Option<usize>,
}

impl Request {
    /// Reads a request: `{"selections":[{"instance_ids":["A"],"priority":1}],"interleave":true}`.
    ///
    /// `instance_ids` may be missing or empty; `priority` may be missing or null; `interleave` may be missing, or anything:
    /// groups follow one another if it is false, 0, null, or an empty text, list or object, as the dashboard takes it (the
    /// text `"false"` is none of these). Nothing else is tolerated: ids are strings, priorities are numbers, and there are
    /// no other members. Where a member is repeated, the last one counts, as in any JSON object.
    ///
    /// ```
    /// use planisphere_queue_reorder::Request;
    /// let e = Request::from_json(r#"{"selections":[{"instance_ids":["a"],"priority":"10"}]}"#).unwrap_err();
    /// assert_eq!(e.to_string(), "selections[0].priority: expected a number, found a string");
    /// ```
    ///
    /// # Errors
    /// [`Error::Json`] with line and column, [`Error::Expected`] and [`Error::Unknown`] with the place in the request,
    /// [`Error::NoSelections`].
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|e| {
            let (line, column, message) = (e.line(), e.column(), e.to_string());
            let place = format!(" at line {line} column {column}");
            Error::Json { line, column, message: message.strip_suffix(&place).unwrap_or(&message).to_owned() }
        })?;
        Self::from_value(&value)
    }

    /// Reads a request that is parsed already. See [`Request::from_json`].
    ///
    /// # Errors
    /// As [`Request::from_json`].
    pub fn from_value(value: &Value) -> Result<Self> {
        let object = object(value, || "request".to_owned())?;
        only(object, "", &["selections", "interleave"], "selections, interleave")?;
        let interleave = object.get("interleave").is_none_or(is_truthy);
        let groups = match object.get("selections") {
            None => return Err(Error::NoSelections),
            Some(Value::Array(groups)) => groups,
            Some(other) => return Err(expected("selections".to_owned(), "a list", other)),
        };
        if groups.is_empty() {
            return Err(Error::NoSelections);
        }
        let selections = groups.iter().enumerate().map(|(i, g)| selection(i, g)).collect::<Result<_>>()?;
        Ok(Self { selections, interleave })
    }

    /// The items in their new order, each once; ids that a queue may not know included.
    ///
    /// # Errors
    /// [`Error::Priority`], which cannot happen for requests that were read from JSON.
    pub fn order(&self) -> Result<Vec<String>> {
        Reorder::new().interleave(self.interleave).order(&self.selections)
    }

    /// What this request does to a queue of which some items are finished; [`Response::from`] makes the answer of it.
    ///
    /// ```
    /// use planisphere_queue_reorder::{Request, Response};
    /// let request = Request::from_json(r#"{"selections":[{"instance_ids":["nobody","c"]}]}"#)?;
    /// let queue = ["a", "b", "c"].map(String::from);
    /// let reordered = request.reorder(&queue, &queue[..1])?;
    /// assert_eq!(reordered.remaining, ["c", "b"]);
    /// let answer = Response::from(&reordered);
    /// assert_eq!((answer.reordered_count, answer.moved_count, answer.remaining_count), (2, Some(1), Some(2)));
    /// assert_eq!(answer.unknown_ids.unwrap(), ["nobody"]);
    /// # Ok::<(), planisphere_queue_reorder::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Request::order`].
    pub fn reorder(&self, queue: &[String], finished: &[String]) -> Result<Reordered> {
        Ok(Reordered::new(queue, finished, &self.order()?))
    }

    /// The answer for this request, without a queue to ask.
    ///
    /// # Errors
    /// As [`Request::order`].
    pub fn respond(&self) -> Result<Response> {
        Ok(Response::to(&self.order()?))
    }
}

impl Response {
    /// The answer for an order in which no item comes twice, as [`Reorder::order`] gives it.
    pub fn to(order: &[String]) -> Self {
        let new_order_preview = order.iter().take(PREVIEW_LEN).cloned().collect();
        Self {
            success: true,
            reordered_count: order.len(),
            new_order_preview,
            unknown_ids: None,
            moved_count: None,
            remaining_count: None,
        }
    }
}

impl From<&Reordered> for Response {
    fn from(r: &Reordered) -> Self {
        Self {
            unknown_ids: Some(r.unknown_ids.clone()),
            moved_count: Some(r.moved_count),
            remaining_count: Some(r.remaining.len()),
            ..Self::to(&r.sent)
        }
    }
}

/// Whether a value counts as true where the dashboard comes from.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn selection(i: usize, value: &Value) -> Result<Selection> {
    let object = object(value, || format!("selections[{i}]"))?;
    only(object, &format!("selections[{i}]."), &["instance_ids", "priority"], "instance_ids, priority")?;
    let ids = match object.get("instance_ids") {
        None => &[][..],
        Some(Value::Array(ids)) => ids,
        Some(other) => return Err(expected(format!("selections[{i}].instance_ids"), "a list of strings", other)),
    };
    let id = |(j, id): (usize, &Value)| match id {
        Value::String(s) => Ok(s.clone()),
        other => Err(expected(format!("selections[{i}].instance_ids[{j}]"), "a string", other)),
    };
    let instance_ids = ids.iter().enumerate().map(id).collect::<Result<_>>()?;
    let priority = match object.get("priority") {
        None | Some(Value::Null) => None,
        Some(v) => {
            let number = v.as_f64().ok_or_else(|| expected(format!("selections[{i}].priority"), "a number", v))?;
            Some(number)
        }
    };
    Ok(Selection { instance_ids, priority })
}

fn object(value: &Value, at: impl FnOnce() -> String) -> Result<&Map<String, Value>> {
    value.as_object().ok_or_else(|| expected(at(), "an object", value))
}

fn expected(at: String, expected: &'static str, found: &Value) -> Error {
    Error::Expected { at, expected, found: Kind::from(found) }
}

fn only(object: &Map<String, Value>, prefix: &str, names: &[&str], known: &'static str) -> Result<()> {
    match object.keys().find(|k| !names.contains(&k.as_str())) {
        None => Ok(()),
        Some(name) => Err(Error::Unknown { at: format!("{prefix}{name}"), known }),
    }
}
