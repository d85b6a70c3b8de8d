//! Numbers and vectors in JSON, parsed straight into their place.

use crate::error::Error;
use crate::names::shown;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::error::Category;
use std::cell::RefCell;
use std::fmt;

/// What is wrong with a JSON value; where it stands is added by [`Problem::at`].
#[derive(Debug, PartialEq)]
pub(crate) enum Problem {
    Missing,
    NonFinite { value: String, at: usize },
    Length { expected: usize, got: usize },
    Empty,
    Twice,
    Type(String),
    Syntax { at: usize, reason: String },
}

impl Problem {
    /// The error for a problem in `column` of `line`.
    pub(crate) fn at(self, file: &str, line: u64, column: Option<&str>) -> Error {
        let file = file.to_owned();
        let (name, known) = (column.unwrap_or_default().to_owned(), column.map(str::to_owned));
        match self {
            Self::Missing => Error::MissingValue { file, line, column: name },
            Self::NonFinite { value, .. } if column.is_some() => Error::NonFinite { file, line, column: name, value },
            Self::NonFinite { value, at } => {
                Error::Json { file, line, column: known, at, reason: format!("{value} is no number in JSON") }
            }
            Self::Length { expected, got } => Error::VectorLength { file, line, column: name, expected, got },
            Self::Empty => Error::EmptyVector { file, line, column: name },
            Self::Twice => Error::DuplicateField { file, line, field: name },
            Self::Type(reason) => Error::JsonType { file, line, column: name, reason },
            Self::Syntax { at, reason } => Error::Json { file, line, column: known, at, reason },
        }
    }
}

/// Carries a [`Problem`] past serde, whose own errors are only text.
#[derive(Default)]
pub(crate) struct Carrier(RefCell<Option<Problem>>);

impl Carrier {
    /// Keeps `problem` and makes the error that ends the parsing.
    pub(crate) fn fail<E: serde::de::Error>(&self, problem: Problem) -> E {
        self.0.replace(Some(problem));
        E::custom("see the carrier")
    }

    /// The problem behind `error`, which came from parsing `text`.
    pub(crate) fn problem(&self, error: &serde_json::Error, text: &str) -> Problem {
        if let Some(problem) = self.0.take() {
            return problem;
        }
        let message = error.to_string();
        let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
        if error.classify() == Category::Data {
            let reason = reason.strip_prefix("invalid type: ").unwrap_or(reason);
            return Problem::Type(match reason.rsplit_once(", expected ") {
                Some((found, expected)) => format!("{}, expected {expected}", shown(found)),
                None => shown(reason),
            });
        }
        let at = offset(text, error.line(), error.column());
        let word = word_at(text, at);
        // Python writes NaN and Infinity into JSON, and a number can be too large even for 64 bits.
        let bare = word.trim_start_matches('-').to_ascii_lowercase();
        if matches!(bare.as_str(), "nan" | "inf" | "infinity") || reason.starts_with("number out of range") {
            return Problem::NonFinite { value: shown(word), at: at + 1 };
        }
        Problem::Syntax { at: at + 1, reason: shown(reason) }
    }
}

/// Bytes before a line and column as `serde_json` counts them, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}

/// The word or number around byte `at`.
fn word_at(text: &str, at: usize) -> &str {
    let part = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
    let bytes = text.as_bytes();
    let start = at - bytes[..at].iter().rev().take_while(|b| part(b)).count();
    let end = at + bytes[at..].iter().take_while(|b| part(b)).count();
    // ASCII on the inside, so both ends are ends of characters.
    text.get(start..end).unwrap_or_default()
}

/// Appends the numbers of the JSON array `text` to `values`. All arrays have `dims` values; the first one sets it.
pub(crate) fn array(text: &str, values: &mut Vec<f32>, dims: &mut Option<usize>) -> Result<(), Problem> {
    let carrier = Carrier::default();
    let mut parser = serde_json::Deserializer::from_str(text);
    Array { values, dims, carrier: &carrier }
        .deserialize(&mut parser)
        .and_then(|()| parser.end())
        .map_err(|e| carrier.problem(&e, text))
}

/// An array of numbers that is appended to `values`.
pub(crate) struct Array<'a> {
    pub(crate) values: &'a mut Vec<f32>,
    pub(crate) dims: &'a mut Option<usize>,
    pub(crate) carrier: &'a Carrier,
}

impl<'de> DeserializeSeed<'de> for Array<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        // As an option first, because only that way is `null` seen as what it is.
        parser.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of numbers")
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        Err(self.carrier.fail(Problem::Missing))
    }

    fn visit_some<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let before = self.values.len();
        while let Some(value) = items.next_element_seed(Number { carrier: self.carrier, optional: false })? {
            self.values.push(value);
        }
        let got = self.values.len() - before;
        let expected = *self.dims.get_or_insert(got);
        if got == 0 {
            return Err(self.carrier.fail(Problem::Empty));
        }
        if got != expected {
            return Err(self.carrier.fail(Problem::Length { expected, got }));
        }
        Ok(())
    }
}

/// A finite number, rounded once, from decimal to `f32`.
pub(crate) struct Number<'a> {
    pub(crate) carrier: &'a Carrier,
    /// Whether `null` stands for a missing value. Inside an array it is of the wrong type.
    pub(crate) optional: bool,
}

impl<'de> DeserializeSeed<'de> for Number<'_> {
    type Value = f32;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<f32, D::Error> {
        if self.optional { parser.deserialize_option(self) } else { parser.deserialize_f32(self) }
    }
}

impl<'de> Visitor<'de> for Number<'_> {
    type Value = f32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<f32, E> {
        Err(self.carrier.fail(Problem::Missing))
    }

    fn visit_some<D: Deserializer<'de>>(self, parser: D) -> Result<f32, D::Error> {
        parser.deserialize_f32(self)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<f32, E> {
        let narrow = value as f32;
        if !narrow.is_finite() {
            return Err(self.carrier.fail(Problem::NonFinite { value: value.to_string(), at: 1 }));
        }
        Ok(narrow)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<f32, E> {
        Ok(value as f32)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<f32, E> {
        Ok(value as f32)
    }
}

/// A string, or a number or truth value spelled as one; `None` for `null`.
pub(crate) struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Option<String>, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Option<String>, E> {
        Ok(Some(value.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Option<String>, E> {
        Ok(Some(value))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Option<String>, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Option<String>, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Option<String>, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Option<String>, E> {
        serde_json::Number::from_f64(value).map(|n| Some(n.to_string())).ok_or_else(|| E::custom("not a finite number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<f32>, Problem> {
        let mut values = Vec::new();
        array(text, &mut values, &mut None).map(|()| values)
    }

    #[test]
    fn numbers_are_rounded_once() {
        assert_eq!(parse(" [1, -2.5e0, 18446744073709551615, 0.1] ").unwrap(), [1.0, -2.5, 1.8446744e19, 0.1]);
        // Just above the midpoint of two f32: through f64 it would fall onto the midpoint and then down.
        let text = "1.00000005960464477550";
        assert_eq!(parse(&format!("[{text}]")).unwrap(), [text.parse::<f32>().unwrap()]);
        assert_eq!((text.parse::<f64>().unwrap() as f32).to_bits() + 1, text.parse::<f32>().unwrap().to_bits());
    }

    #[test]
    fn each_problem_is_told_apart() {
        for (text, value) in
            [("[1, NaN]", "NaN"), ("[-Infinity]", "-Infinity"), ("[1e39]", "1e39"), ("[1,-1e999,2]", "-1e999")]
        {
            match parse(text) {
                Err(Problem::NonFinite { value: v, at }) => {
                    assert_eq!(v, value);
                    // The parser stops somewhere in the word.
                    let from = text.find(value).unwrap() + 1;
                    assert!((from..=from + value.len()).contains(&at), "{text}: {at}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert_eq!(parse("null"), Err(Problem::Missing));
        assert_eq!(parse("[]"), Err(Problem::Empty));
        assert_eq!(parse("[1, null]"), Err(Problem::Type("null, expected a number".into())));
        assert_eq!(parse("[\"x\"]"), Err(Problem::Type("string \"x\", expected a number".into())));
        assert_eq!(parse("\"[1]\""), Err(Problem::Type("string \"[1]\", expected an array of numbers".into())));
        assert!(matches!(parse("[1 2]"), Err(Problem::Syntax { at: 4, .. })), "{:?}", parse("[1 2]"));
        assert!(matches!(parse("[1] 2"), Err(Problem::Syntax { at: 5, .. })), "{:?}", parse("[1] 2"));
        assert!(matches!(parse("[1,"), Err(Problem::Syntax { .. })));
        let mut dims = Some(3);
        assert_eq!(array("[1,2]", &mut Vec::new(), &mut dims), Err(Problem::Length { expected: 3, got: 2 }));
    }
}
