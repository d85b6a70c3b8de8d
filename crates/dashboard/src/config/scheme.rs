//! The questions that annotators answer.

use super::block::Block;
use super::error::{Error, Result, Warning};
use serde::Serialize;
use serde_json::Value;

/// What kind of answer a question has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SchemeKind {
    /// One label, all of them in sight.
    Radio,
    /// One label of a list.
    Select,
    /// Any number of labels.
    Multiselect,
    /// One step of a scale.
    Likert,
    /// A text.
    Text,
}

const KINDS: &[(&str, SchemeKind)] = &[
    ("radio", SchemeKind::Radio),
    ("select", SchemeKind::Select),
    ("multiselect", SchemeKind::Multiselect),
    ("likert", SchemeKind::Likert),
    ("text", SchemeKind::Text),
];

impl SchemeKind {
    /// Whether an answer is one label.
    pub fn is_single_choice(self) -> bool {
        matches!(self, Self::Radio | Self::Select | Self::Likert)
    }

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| *name)
    }
}

/// A question that annotators answer for each item.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scheme {
    /// Its name, which no other has.
    pub name: String,
    /// What kind of answer it has.
    #[serde(rename = "annotation_type")]
    pub kind: SchemeKind,
    /// The labels to choose from, each once; none for texts.
    pub labels: Vec<String>,
    /// What annotators are asked.
    pub description: String,
}

/// Most labels of a scheme, and most steps of a scale.
const MOST_LABELS: u64 = 10_000;

/// What an answer is not; completes "must be".
type NotAllowed = String;

impl Scheme {
    /// A scheme with these labels, which are taken once each.
    pub fn new<L: Into<String>>(
        name: impl Into<String>,
        kind: SchemeKind,
        labels: impl IntoIterator<Item = L>,
    ) -> Self {
        let mut distinct: Vec<String> = Vec::new();
        for label in labels {
            let label = label.into();
            if !distinct.contains(&label) {
                distinct.push(label);
            }
        }
        Self { name: name.into(), kind, labels: distinct, description: String::new() }
    }

    /// An answer as it is kept: a label, the list of the chosen labels in the scheme's order, or a text. A scale takes
    /// numbers, too.
    ///
    /// ```
    /// use planisphere_dashboard::config::{Scheme, SchemeKind};
    /// use serde_json::json;
    ///
    /// let topics = Scheme::new("topics", SchemeKind::Multiselect, ["food", "sports"]);
    /// assert_eq!(topics.answer(&json!(["sports", "food", "food"])), Ok(json!(["food", "sports"])));
    /// assert_eq!(topics.answer(&json!(["war"])).unwrap_err(), "a list of: 'food', 'sports'");
    /// let stars = Scheme::new("stars", SchemeKind::Likert, ["1", "2", "3"]);
    /// assert_eq!(stars.answer(&json!(3)), Ok(json!("3")));
    /// ```
    ///
    /// # Errors
    /// What the answer must be.
    pub fn answer(&self, value: &Value) -> Result<Value, NotAllowed> {
        match self.kind {
            SchemeKind::Text => match value {
                Value::String(_) => Ok(value.clone()),
                _ => Err("a string".into()),
            },
            SchemeKind::Multiselect => {
                let chosen = value.as_array().map(|list| list.iter().map(|v| self.position(v)).collect());
                let chosen: Option<Vec<usize>> = chosen.flatten();
                let mut chosen = chosen.ok_or_else(|| format!("a list of: {}", self.list()))?;
                chosen.sort_unstable();
                chosen.dedup();
                Ok(chosen.into_iter().map(|i| self.labels[i].clone()).collect())
            }
            SchemeKind::Radio | SchemeKind::Select | SchemeKind::Likert => {
                let chosen = self.position(value).ok_or_else(|| format!("one of: {}", self.list()))?;
                Ok(self.labels[chosen].clone().into())
            }
        }
    }

    fn position(&self, value: &Value) -> Option<usize> {
        let number;
        let label = match value {
            Value::String(s) => s.as_str(),
            Value::Number(n) if self.kind == SchemeKind::Likert => {
                number = n.to_string();
                &number
            }
            _ => return None,
        };
        self.labels.iter().position(|l| l == label)
    }

    fn list(&self) -> String {
        let quoted: Vec<String> = self.labels.iter().take(20).map(|l| format!("'{l}'")).collect();
        let more = if self.labels.len() > quoted.len() { ", ..." } else { "" };
        quoted.join(", ") + more
    }

    /// Reads `annotation_schemes`.
    pub(super) fn read_all(value: Option<&Value>, warnings: &mut Vec<Warning>) -> Result<Vec<Self>> {
        let list = match value {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(Error::invalid("annotation_schemes", "a list")),
        };
        let mut schemes: Vec<Self> = Vec::with_capacity(list.len());
        for (i, value) in list.iter().enumerate() {
            let block = Block::at(&format!("annotation_schemes[{i}]"), Some(value))?;
            let scheme = Self::read(&block)?;
            if schemes.iter().any(|s| s.name == scheme.name) {
                return Err(Error::invalid(block.key("name"), format!("unique; there are two of '{}'", scheme.name)));
            }
            warnings.extend(block.unknown());
            schemes.push(scheme);
        }
        Ok(schemes)
    }

    fn read(block: &Block<'_>) -> Result<Self> {
        let missing = |key| Error::invalid(block.key(key), "a non-empty string");
        let name = block.string("name")?.ok_or_else(|| missing("name"))?;
        if block.get("annotation_type").is_none() {
            let list: Vec<String> = KINDS.iter().map(|(name, _)| format!("'{name}'")).collect();
            return Err(Error::invalid(block.key("annotation_type"), format!("one of: [{}]", list.join(", "))));
        }
        let kind = block.one_of("annotation_type", KINDS, SchemeKind::Text)?;
        let size: u64 = block.integer("size", 2..=MOST_LABELS, 0, || format!("an integer from 2 to {MOST_LABELS}"))?;
        let labels = match block.get("labels") {
            None if kind == SchemeKind::Text => Vec::new(),
            None if kind == SchemeKind::Likert && size > 0 => (1..=size).map(|n| n.to_string()).collect(),
            Some(Value::Array(list)) if !list.is_empty() && list.len() as u64 <= MOST_LABELS => {
                list.iter().enumerate().map(|(i, v)| label(block, i, v)).collect::<Result<_>>()?
            }
            _ if kind == SchemeKind::Text => return Err(Error::invalid(block.key("labels"), "absent")),
            _ => return Err(Error::invalid(block.key("labels"), "a non-empty list")),
        };
        let scheme = Self::new(name, kind, labels.iter().cloned());
        if scheme.labels.len() < labels.len() {
            return Err(Error::invalid(block.key("labels"), "different from each other"));
        }
        Ok(Self { description: block.string("description")?.unwrap_or_default(), ..scheme })
    }
}

/// A label: a text, a number, or a mapping with its `name`.
fn label(block: &Block<'_>, i: usize, value: &Value) -> Result<String> {
    let text = match value {
        Value::Object(map) => map.get("name").unwrap_or(&Value::Null),
        other => other,
    };
    match text {
        Value::String(s) if !s.is_empty() => Ok(s.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(text.to_string()),
        _ => Err(Error::invalid(
            format!("{}[{i}]", block.key("labels")),
            "a label: a string, or a dictionary with a name",
        )),
    }
}
