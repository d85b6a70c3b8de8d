//! One vote a line, as a JSON object.

use super::lines::{Lines, at};
use super::votes::complete;
use super::{ReadProblem, VoteReader, refused, whole};
use crate::annotations::Annotations;
use crate::error::Result;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;

pub(super) fn read(names: &VoteReader, reader: impl BufRead) -> Result<Annotations> {
    let mut lines = Lines::new(reader);
    let mut votes = Annotations::new();
    loop {
        let number = lines.line() + 1;
        let Some(text) = lines.next()? else { break };
        if text.trim().is_empty() {
            continue;
        }
        let [item, annotator, label] = object(names, text).map_err(|problem| at(number, problem))?;
        let missing = |column: &str| at(number, ReadProblem::Missing { column: column.to_owned() });
        let item = item.ok_or_else(|| missing(&names.item))?;
        let annotator = annotator.ok_or_else(|| missing(&names.annotator))?;
        names.add(&mut votes, &item, &annotator, label.as_deref()).map_err(refused(number))?;
    }
    if lines.line() == 0 {
        return Err(whole(ReadProblem::Empty));
    }
    complete(votes)
}

/// Item, annotator and label of a line; `None` for what is empty or null.
fn object<'a>(names: &VoteReader, text: &'a str) -> Result<[Option<Cow<'a, str>>; 3], ReadProblem> {
    if let Some(found) = kind(text).filter(|&k| k != "an object") {
        // Broken JSON is told as such, whatever it begins with.
        serde_json::from_str::<IgnoredAny>(text).map_err(|e| broken(&e))?;
        return Err(ReadProblem::NotAnObject { found });
    }
    let members = [names.item.as_str(), &names.annotator, &names.label];
    let mut parser = serde_json::Deserializer::from_str(text);
    let mut twice = None;
    let values = parser.deserialize_map(Members { members, twice: &mut twice });
    if let Some(member) = twice {
        return Err(ReadProblem::SameMember { member });
    }
    let values = values.map_err(|e| broken(&e))?;
    parser.end().map_err(|e| broken(&e))?;
    let mut out = [None, None, None];
    for ((value, member), out) in values.into_iter().zip(members).zip(&mut out) {
        let Some(value) = value else {
            return Err(ReadProblem::Missing { column: member.to_owned() });
        };
        let wrong = |found| Err(ReadProblem::JsonType { member: member.to_owned(), found });
        // Whether something is a name does not hang on true and false, but a label can be one.
        let is_label = member == names.label;
        *out = match kind(value.get()) {
            Some("a string") => {
                let text: Text<'a> = serde_json::from_str(value.get()).map_err(|e| broken(&e))?;
                Some(text.0).filter(|t| !t.trim().is_empty())
            }
            Some("null") => None,
            Some("a boolean") if !is_label => return wrong("a boolean"),
            Some("a number" | "a boolean") => Some(Cow::Borrowed(value.get())),
            Some(found) => return wrong(found),
            None => return wrong("nothing"),
        };
    }
    Ok(out)
}

fn broken(e: &serde_json::Error) -> ReadProblem {
    let text = e.to_string();
    let place = format!(" at line {} column {}", e.line(), e.column());
    ReadProblem::Json { at: e.column(), reason: text.strip_suffix(&place).unwrap_or(&text).to_owned() }
}

/// The kind of a JSON value, by its first character.
fn kind(text: &str) -> Option<&'static str> {
    Some(match text.trim_start().bytes().next()? {
        b'{' => "an object",
        b'[' => "a list",
        b'"' => "a string",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    })
}

/// A string, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Takes three members of an object as they stand there, and skips the others.
struct Members<'n> {
    members: [&'n str; 3],
    twice: &'n mut Option<String>,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = [Option<&'de RawValue>; 3];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; 3];
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            match self.members.iter().position(|&m| m == key) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(place) if values[place].is_none() => values[place] = Some(map.next_value()?),
                Some(_) => {
                    *self.twice = Some(key.into_owned());
                    return Err(A::Error::custom("twice"));
                }
            }
        }
        Ok(values)
    }
}
