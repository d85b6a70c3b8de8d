//! A mapping of a configuration that is read key by key, so that what nobody asked for can be told.

use super::error::{Error, Result, Warning};
use serde_json::{Map, Value};
use std::cell::RefCell;

/// Names are compared up to this difference, from 0 (nothing in common) to 1.
const ALIKE: f64 = 0.75;

/// One mapping, and where it stands.
pub(super) struct Block<'a> {
    /// Keys around it with a dot at the end, or nothing.
    prefix: String,
    map: Option<&'a Map<String, Value>>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Block<'a> {
    /// The whole configuration, or another mapping that stands in none.
    pub(super) fn root(map: &'a Map<String, Value>) -> Self {
        Self { prefix: String::new(), map: Some(map), asked: RefCell::default() }
    }

    /// A mapping that stands at `key`; `key` is for messages.
    pub(super) fn at(key: &str, value: Option<&'a Value>) -> Result<Self> {
        let map = match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => Some(map),
            Some(_) => return Err(Error::invalid(key, "a dictionary")),
        };
        Ok(Self { prefix: format!("{key}."), map, asked: RefCell::default() })
    }

    /// The block of a key of this one; an empty one if there is none.
    pub(super) fn block(&self, key: &'static str) -> Result<Block<'a>> {
        Block::at(&self.key(key), self.get(key))
    }

    /// The value of a key. `null` is as good as nothing: it is what a key has whose lines are commented out.
    pub(super) fn get(&self, key: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().push(key);
        self.map?.get(key).filter(|v| !v.is_null())
    }

    /// Whether a key is there, be it with `null`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.is_some_and(|map| map.contains_key(key))
    }

    /// A key's full name.
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(super) fn bool(&self, key: &'static str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(b)) => Ok(*b),
            Some(_) => Err(Error::invalid(self.key(key), "a boolean")),
        }
    }

    /// An integer of at least `least`.
    pub(super) fn at_least(&self, key: &'static str, least: u32, default: u32) -> Result<u32> {
        self.integer(key, u64::from(least)..=u64::from(u32::MAX), default, || format!("an integer >= {least}"))
    }

    /// An integer in a range; `allowed` is for the message.
    pub(super) fn integer<N: TryFrom<u64>>(
        &self,
        key: &'static str,
        range: std::ops::RangeInclusive<u64>,
        default: N,
        allowed: impl FnOnce() -> String,
    ) -> Result<N> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let number = value.as_u64().filter(|n| range.contains(n)).and_then(|n| N::try_from(n).ok());
        number.ok_or_else(|| Error::invalid(self.key(key), allowed()))
    }

    /// A number for which `ok` holds; `allowed` is for the message.
    pub(super) fn number(
        &self,
        key: &'static str,
        default: f64,
        ok: impl FnOnce(f64) -> bool,
        allowed: &str,
    ) -> Result<f64> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_f64().filter(|&x| ok(x)).ok_or_else(|| Error::invalid(self.key(key), allowed))
    }

    /// A text that is not empty.
    pub(super) fn string(&self, key: &'static str) -> Result<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(s)) if !s.trim().is_empty() => Ok(Some(s.clone())),
            Some(_) => Err(Error::invalid(self.key(key), "a non-empty string")),
        }
    }

    /// A list of texts that are not empty, or one text.
    pub(super) fn strings(&self, key: &'static str) -> Result<Vec<String>> {
        let wrong = || Error::invalid(self.key(key), "a list of non-empty strings");
        let text = |v: &Value| v.as_str().filter(|s| !s.trim().is_empty()).map(String::from).ok_or_else(wrong);
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(text).collect(),
            Some(one) => Ok(vec![text(one)?]),
        }
    }

    /// One of the `names`.
    pub(super) fn one_of<T: Copy>(&self, key: &'static str, names: &[(&str, T)], default: T) -> Result<T> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let found = value.as_str().and_then(|s| names.iter().find(|(name, _)| *name == s));
        found.map(|&(_, t)| t).ok_or_else(|| {
            let list: Vec<String> = names.iter().map(|(name, _)| format!("'{name}'")).collect();
            Error::invalid(self.key(key), format!("one of: [{}]", list.join(", ")))
        })
    }

    /// Says which keys nobody asked for.
    pub(super) fn unknown(&self) -> Vec<Warning> {
        let asked = self.asked.borrow();
        let keys = self.map.into_iter().flat_map(Map::keys).filter(|key| !asked.contains(&key.as_str()));
        keys.map(|key| Warning::Unknown { key: self.key(key), suggestion: self.suggest(key, &asked) }).collect()
    }

    fn suggest(&self, key: &str, known: &[&'static str]) -> Option<String> {
        // Comparing takes time that grows with the square of the length, and long names are no typing errors.
        let alike = |name: &&str| strsim::normalized_damerau_levenshtein(&key.to_lowercase(), name);
        let best = known.iter().filter(|_| key.len() <= 64).max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
        (alike(best) >= ALIKE).then(|| self.key(best))
    }
}
