//! One JSON object a line.

use crate::columns::{Columns, VectorColumns, resolve, unknown};
use crate::error::{Error, Result};
use crate::json::{Array, Carrier, Number, Problem, Scalar};
use crate::reader::TableReader;
use crate::rows::Rows;
use crate::table::Table;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::BufRead;

pub(crate) fn read(wanted: &TableReader, mut reader: impl BufRead, file: &str) -> Result<Table> {
    let mut line = Vec::new();
    let mut number = 0;
    let mut state: Option<(Fields, Rows)> = None;
    loop {
        line.clear();
        let n = reader.read_until(b'\n', &mut line).map_err(|source| Error::Read { file: file.to_owned(), source })?;
        if n == 0 {
            break;
        }
        number += 1;
        let text = std::str::from_utf8(&line)
            .map_err(|_| Error::Utf8 { file: file.to_owned(), line: number, column: None })?
            .trim_ascii_end();
        if text.is_empty() {
            continue;
        }
        if let Some(found) = other_than_object(text) {
            return Err(Error::NotAnObject { file: file.to_owned(), line: number, found });
        }
        let (fields, rows) = match &mut state {
            Some(known) => known,
            None => state.insert(first_object(wanted, text, number, file)?),
        };
        fields.read_row(text, rows).map_err(|(problem, at)| problem.at(file, number, at))?;
        if let Some((_, lines)) = &mut rows.ids {
            lines.push(number);
        }
        rows.end_row();
    }
    let Some((fields, mut rows)) = state else {
        return Err(Error::Empty { file: file.to_owned() });
    };
    if !fields.label_seen {
        if let Some(name) = &wanted.label {
            return Err(unknown(&fields.first, name, "label", file));
        }
        rows.labels = None;
    }
    rows.finish(file)
}

/// What a line holds if it holds something other than an object. Broken JSON is left to the parser.
fn other_than_object(text: &str) -> Option<&'static str> {
    match text.trim_ascii_start().as_bytes() {
        [b'[', ..] => Some("an array"),
        [b'"', ..] => Some("a string"),
        [b'0'..=b'9' | b'-', ..] => Some("a number"),
        b"true" | b"false" => Some("a truth value"),
        b"null" => Some("null"),
        _ => None,
    }
}

/// What a field is read as.
#[derive(Clone, Copy)]
enum Role {
    Scalar { id: bool, text: bool, label: bool },
    Array,
    Component(usize),
}

/// The fields that are read.
struct Fields {
    /// Field names of the first object.
    first: Vec<String>,
    roles: Vec<(String, Role)>,
    places: HashMap<String, usize>,
    /// Which of the fields the current row has.
    seen: Vec<bool>,
    /// Whether any row has the label field.
    label_seen: bool,
}

/// Finds the fields by those of the first object, and prepares for rows.
///
/// Labels may be left out of any object, also of the first, so that field is awaited in any case.
fn first_object(wanted: &TableReader, text: &str, line: u64, file: &str) -> Result<(Fields, Rows)> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let mut names = Names::default();
    if let Err(e) = names.deserialize(&mut parser).and_then(|()| parser.end()) {
        return Err(Carrier::default().problem(&e, text).at(file, line, names.current.as_deref()));
    }
    let first = names.names;
    let columns = resolve(wanted, &first, true, file)?;
    let mut rows = Rows::new(&columns);
    rows.labels.get_or_insert_default();
    Ok((Fields::new(first, &columns, wanted.label.as_deref().unwrap_or("label")), rows))
}

impl Fields {
    fn new(first: Vec<String>, columns: &Columns, label: &str) -> Self {
        let mut roles = Vec::new();
        for (at, name) in first.iter().enumerate() {
            let is = |column: Option<usize>| column == Some(at);
            if is(columns.id) || is(columns.text) || is(columns.label) {
                let role = Role::Scalar { id: is(columns.id), text: is(columns.text), label: is(columns.label) };
                roles.push((name.clone(), role));
            }
        }
        if columns.label.is_none() {
            roles.push((label.to_owned(), Role::Scalar { id: false, text: false, label: true }));
        }
        match &columns.vectors {
            VectorColumns::None => {}
            VectorColumns::Array(at) => roles.push((first[*at].clone(), Role::Array)),
            VectorColumns::Components(places) => {
                roles.extend(places.iter().enumerate().map(|(k, &at)| (first[at].clone(), Role::Component(k))));
            }
        }
        let places = roles.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        Self { first, seen: vec![false; roles.len()], roles, places, label_seen: false }
    }

    /// Adds the object `text` to `rows`. A problem comes with the field that has it, if it is known.
    fn read_row(&mut self, text: &str, rows: &mut Rows) -> Result<(), (Problem, Option<&str>)> {
        self.seen.fill(false);
        let base = rows.vectors.as_ref().map_or(0, Vec::len);
        if let (Some((_, Role::Component(_))), Some(values), Some(dims)) =
            (self.roles.last(), &mut rows.vectors, rows.dims)
        {
            values.resize(base + dims, 0.0);
        }
        let (carrier, current) = (Carrier::default(), Cell::new(None));
        let row = Row {
            roles: &self.roles,
            places: &self.places,
            seen: &mut self.seen,
            rows,
            base,
            carrier: &carrier,
            current: &current,
        };
        let mut parser = serde_json::Deserializer::from_str(text);
        if let Err(e) = row.deserialize(&mut parser).and_then(|()| parser.end()) {
            return Err((carrier.problem(&e, text), current.get().map(|at: usize| self.roles[at].0.as_str())));
        }
        for ((name, role), seen) in self.roles.iter().zip(&self.seen) {
            match role {
                Role::Scalar { id: false, text: false, .. } => {
                    self.label_seen |= seen;
                    if let (Some(labels), false) = (&mut rows.labels, *seen) {
                        labels.push(None);
                    }
                }
                _ if !seen => return Err((Problem::Missing, Some(name))),
                Role::Scalar { label, .. } => self.label_seen |= label,
                _ => {}
            }
        }
        Ok(())
    }
}

/// The field names of an object, each once.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    /// The field that is being read.
    current: Option<String>,
}

impl<'de> DeserializeSeed<'de> for &mut Names {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Names {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut known = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            self.current = Some(name.clone());
            map.next_value::<IgnoredAny>()?;
            self.current = None;
            // One that stands twice and matters is found when its row is read.
            if known.insert(name.clone()) {
                self.names.push(name);
            }
        }
        Ok(())
    }
}

/// An object that is added to `rows`.
struct Row<'a> {
    roles: &'a [(String, Role)],
    places: &'a HashMap<String, usize>,
    seen: &'a mut [bool],
    rows: &'a mut Rows,
    /// Where the vector of this row starts.
    base: usize,
    carrier: &'a Carrier,
    /// The field that is being read.
    current: &'a Cell<Option<usize>>,
}

impl Row<'_> {
    fn add(&mut self, value: Option<String>, id: bool, text: bool, label: bool) -> Result<(), Problem> {
        if label && let Some(labels) = &mut self.rows.labels {
            labels.push(value.as_deref().and_then(Rows::label_of));
        }
        if !id && !text {
            return Ok(());
        }
        let value = value.ok_or(Problem::Missing)?;
        if id && let Some((ids, _)) = &mut self.rows.ids {
            if value.trim().is_empty() {
                return Err(Problem::Missing);
            }
            ids.push(value.clone());
        }
        if text && let Some(texts) = &mut self.rows.texts {
            texts.push(value);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(place) = map.next_key_seed(Key(self.places))? {
            let Some(at) = place else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.current.set(Some(at));
            if std::mem::replace(&mut self.seen[at], true) {
                return Err(self.carrier.fail(Problem::Twice));
            }
            match self.roles[at].1 {
                Role::Scalar { id, text, label } => {
                    let value = map.next_value_seed(Scalar)?;
                    self.add(value, id, text, label).map_err(|problem| self.carrier.fail(problem))?;
                }
                Role::Array => {
                    let Rows { vectors, dims, .. } = &mut *self.rows;
                    let values = vectors.get_or_insert_default();
                    map.next_value_seed(Array { values, dims, carrier: self.carrier })?;
                }
                Role::Component(k) => {
                    let value = map.next_value_seed(Number { carrier: self.carrier, optional: true })?;
                    if let Some(values) = &mut self.rows.vectors {
                        values[self.base + k] = value;
                    }
                }
            }
            self.current.set(None);
        }
        Ok(())
    }
}

/// A field name, looked up.
struct Key<'a>(&'a HashMap<String, usize>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Option<usize>, D::Error> {
        parser.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.get(name).copied())
    }
}
