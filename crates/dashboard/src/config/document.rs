//! From YAML and TOML to one kind of value.

use super::error::{Error, Result};
use serde_json::{Map, Value};
use serde_saphyr::{Options, alias_limits, budget, options};

/// A configuration before it is checked.
#[derive(Debug)]
pub(super) struct Document {
    /// As YAML 1.1 has it, in which `yes` and `off` are booleans.
    pub(super) value: Map<String, Value>,
    /// With `yes` and `off` as texts, for what is text: labels, above all.
    pub(super) texts: Map<String, Value>,
}

/// The YAML reader's limits: far above what projects need, far below what could hurt.
fn limits(strict_booleans: bool) -> Options {
    options! {
        budget: budget! { max_nodes: 200_000, max_depth: 64, max_aliases: 1_000, max_documents: 1 },
        alias_limits: alias_limits! { max_total_replayed_events: 200_000, max_replay_stack_depth: 16 },
        strict_booleans: strict_booleans,
        with_snippet: false,
    }
}

impl Document {
    pub(super) fn yaml(text: &str) -> Result<Self> {
        Ok(Self { value: yaml(text, false)?, texts: yaml(text, true)? })
    }

    pub(super) fn toml(text: &str) -> Result<Self> {
        let value: Value = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |s| s.start.min(text.len()));
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() as u64 + 1;
            let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) as u64 + 1;
            Error::Syntax { line, column, message: one_line(e.message()) }
        })?;
        Ok(Self::of(mapping(value)?))
    }

    /// One that was read otherwise.
    pub(super) fn of(value: Map<String, Value>) -> Self {
        Self { texts: value.clone(), value }
    }
}

fn yaml(text: &str, strict_booleans: bool) -> Result<Map<String, Value>> {
    // An empty file is a mapping without keys.
    let value: Option<Value> = serde_saphyr::from_str_with_options(text, limits(strict_booleans)).map_err(|e| {
        let (line, column) = e.location().map_or((1, 1), |l| (l.line().max(1), l.column().max(1)));
        Error::Syntax { line, column, message: one_line(&e.without_snippet().to_string()) }
    })?;
    value.map_or(Ok(Map::new()), mapping)
}

fn mapping(value: Value) -> Result<Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(Error::invalid("the configuration", "a dictionary")),
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
