//! Columns of the items, to color by.

use super::preview::plain;
use crate::store::Item;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Numbers: all values that are there are numbers, or texts that say one.
    Number,
    /// Names.
    Category,
}

/// A column of the items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// What is in it.
    pub kind: ColumnKind,
    /// Its name.
    pub name: String,
}

/// The columns of items, by name, without `hidden` ones and those in which nothing is.
pub(crate) fn columns(items: &[Item], hidden: &[&str]) -> Vec<Column> {
    let mut numbers: BTreeMap<&str, bool> = BTreeMap::new();
    for (name, value) in items.iter().flat_map(|i| &i.data) {
        if !is_blank(value) && !hidden.contains(&name.as_str()) {
            let all = numbers.entry(name).or_insert(true);
            *all = *all && number(value).is_some();
        }
    }
    let kind = |all: bool| if all { ColumnKind::Number } else { ColumnKind::Category };
    numbers.into_iter().map(|(name, all)| Column { kind: kind(all), name: name.to_owned() }).collect()
}

/// An item's value in a column: a number, a text, or null.
pub(crate) fn value(item: &Item, column: &Column) -> Value {
    let Some(value) = item.data.get(&column.name).filter(|v| !is_blank(v)) else { return Value::Null };
    match column.kind {
        ColumnKind::Number => number(value).map_or(Value::Null, Value::from),
        ColumnKind::Category => plain(value).map_or(Value::Null, Value::from),
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(s) => s.trim().is_empty(),
        _ => false,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
    .filter(|n: &f64| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_and_values() {
        let data = [
            json!({"id": "a", "text": "t", "year": 1999, "score": " 2.5", "genre": "x", "empty": "", "mixed": 3}),
            json!({"id": "b", "year": null, "score": 3, "mixed": "n/a", "tags": ["p", "q"], "nan": "NaN"}),
        ];
        let items: Vec<Item> =
            data.iter().map(|d| Item { id: String::new(), data: d.as_object().unwrap().clone(), number: 0 }).collect();
        let found = columns(&items, &["id", "text"]);
        let names: Vec<(&str, ColumnKind)> = found.iter().map(|c| (c.name.as_str(), c.kind)).collect();
        use ColumnKind::{Category, Number};
        let expected = [
            ("genre", Category),
            ("mixed", Category),
            ("nan", Category),
            ("score", Number),
            ("tags", Category),
            ("year", Number),
        ];
        assert_eq!(names, expected);
        let values = |name: &str| {
            let column = found.iter().find(|c| c.name == name).unwrap();
            items.iter().map(|i| value(i, column)).collect::<Vec<_>>()
        };
        assert_eq!(values("score"), [json!(2.5), json!(3.0)]);
        assert_eq!(values("year"), [json!(1999.0), json!(null)]);
        assert_eq!(values("mixed"), [json!("3"), json!("n/a")]);
        assert_eq!(values("tags"), [json!(null), json!("p, q")]);
    }
}
