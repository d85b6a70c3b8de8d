//! Which column is what.

use crate::error::{Error, Result};
use crate::names::nearest;
use crate::reader::{Ids, TableReader, Vectors};

/// Places of the columns that are read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) id: Option<usize>,
    pub(crate) text: Option<usize>,
    pub(crate) label: Option<usize>,
    pub(crate) vectors: VectorColumns,
}

/// Places of the vectors.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum VectorColumns {
    /// There are none.
    None,
    /// A column of JSON arrays.
    Array(usize),
    /// A column for each dimension, in the order of the dimensions.
    Components(Vec<usize>),
}

/// Finds what `reader` wants among the columns `names`. With `label_may_come`, a named label column may be absent.
pub(crate) fn resolve(reader: &TableReader, names: &[String], label_may_come: bool, file: &str) -> Result<Columns> {
    let columns = Columns {
        id: match &reader.id {
            Ids::Auto => place(names, "id"),
            Ids::Rows => None,
            Ids::Column(name) => Some(named(names, name, "id", file)?),
        },
        text: match &reader.text {
            Some(name) => Some(named(names, name, "text", file)?),
            None => place(names, "text"),
        },
        label: match &reader.label {
            Some(name) if label_may_come => place(names, name),
            Some(name) => Some(named(names, name, "label", file)?),
            None => place(names, "label"),
        },
        vectors: match reader.wanted_vectors() {
            Vectors::None => VectorColumns::None,
            Vectors::Auto => auto(names, file)?,
            Vectors::Column(name) => VectorColumns::Array(named(names, name, "vectors", file)?),
            Vectors::Prefix(prefix) => components(names, prefix, file)?
                .ok_or_else(|| unknown(names, &format!("{prefix}1"), "vectors", file))?,
        },
    };
    if columns.text.is_none() && columns.vectors == VectorColumns::None {
        return Err(nothing(reader, names, file));
    }
    for (role, at) in [("text", columns.text), ("id", columns.id), ("label", columns.label)] {
        if let Some(at) = at
            && columns.vectors.contains(at)
        {
            return Err(Error::ColumnConflict { file: file.to_owned(), column: names[at].clone(), role });
        }
    }
    Ok(columns)
}

impl VectorColumns {
    fn contains(&self, column: usize) -> bool {
        match self {
            Self::None => false,
            Self::Array(at) => *at == column,
            Self::Components(places) => places.contains(&column),
        }
    }
}

fn place(names: &[String], name: &str) -> Option<usize> {
    names.iter().position(|n| n == name)
}

fn named(names: &[String], name: &str, role: &'static str, file: &str) -> Result<usize> {
    place(names, name).ok_or_else(|| unknown(names, name, role, file))
}

/// The error for a column that does not exist.
pub(crate) fn unknown(names: &[String], name: &str, role: &'static str, file: &str) -> Error {
    Error::UnknownColumn {
        file: file.to_owned(),
        role,
        column: name.to_owned(),
        known: names.to_vec(),
        suggestion: nearest(name, names.iter()).cloned(),
    }
}

fn nothing(reader: &TableReader, names: &[String], file: &str) -> Error {
    let looked_for = match reader.wanted_vectors() {
        Vectors::Auto => {
            "a text column named \"text\", vector columns \"embedding_1\", \"embedding_2\", …, or a column \
             \"embedding\" or \"vector\" of JSON arrays"
        }
        _ => "a text column named \"text\"",
    };
    Error::NothingToRead { file: file.to_owned(), looked_for: looked_for.to_owned(), known: names.to_vec() }
}

fn auto(names: &[String], file: &str) -> Result<VectorColumns> {
    if let Some(found) = components(names, "embedding_", file)? {
        return Ok(found);
    }
    Ok(["embedding", "vector"]
        .iter()
        .find_map(|name| place(names, name))
        .map_or(VectorColumns::None, VectorColumns::Array))
}

/// The columns named `prefix` and a number, by number; `None` if there are none.
fn components(names: &[String], prefix: &str, file: &str) -> Result<Option<VectorColumns>> {
    let mut found: Vec<(u32, usize)> = names
        .iter()
        .enumerate()
        .filter_map(|(at, name)| {
            let digits = name.strip_prefix(prefix)?;
            // `parse` alone would take a sign.
            let number = if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok()? } else { return None };
            Some((number, at))
        })
        .collect();
    found.sort_unstable();
    let (Some(&(low, first)), Some(&(_, last))) = (found.first(), found.last()) else {
        return Ok(None);
    };
    let start = low.min(1);
    for (&(number, at), expected) in found.iter().zip(start..) {
        if number < expected {
            // The same number twice, spelled with and without leading zeros.
            let before = found[(expected - start) as usize - 1].1;
            return Err(Error::DuplicateColumn {
                file: file.to_owned(),
                column: names[at].clone(),
                first: before.min(at) + 1,
                second: before.max(at) + 1,
            });
        }
        if number > expected {
            return Err(Error::VectorGap {
                file: file.to_owned(),
                first: names[first].clone(),
                last: names[last].clone(),
                missing: format!("{prefix}{expected}"),
            });
        }
    }
    Ok(Some(VectorColumns::Components(found.into_iter().map(|(_, at)| at).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(reader: &TableReader, names: &[&str]) -> Result<Columns> {
        let names: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
        resolve(reader, &names, false, "f")
    }

    #[test]
    fn usual_names_are_found_and_others_ignored() {
        let c = find(&TableReader::new(), &["x", "label", "text", "id"]).unwrap();
        assert_eq!(c, Columns { id: Some(3), text: Some(2), label: Some(1), vectors: VectorColumns::None });
        let c = find(&TableReader::new().number_rows(), &["id", "vector"]).unwrap();
        assert_eq!(c, Columns { id: None, text: None, label: None, vectors: VectorColumns::Array(1) });
    }

    #[test]
    fn components_go_by_number_not_by_place_or_spelling() {
        let of = |names: &[&str]| find(&TableReader::new(), names).map(|c| c.vectors);
        let abc = ["embedding_10", "embedding_2", "embedding_1"];
        assert!(matches!(of(&abc), Err(Error::VectorGap { missing, .. }) if missing == "embedding_3"));
        let names: Vec<String> = (1..=11).rev().map(|i| format!("embedding_{i:02}")).collect();
        let refs: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(of(&refs).unwrap(), VectorColumns::Components((0..11).rev().collect()));
        assert_eq!(of(&["embedding_1", "embedding_0"]).unwrap(), VectorColumns::Components(vec![1, 0]));
        assert!(matches!(of(&["embedding_2"]), Err(Error::VectorGap { missing, .. }) if missing == "embedding_1"));
        assert!(matches!(
            of(&["a", "embedding_1", "embedding_2", "embedding_01"]),
            Err(Error::DuplicateColumn { first: 2, second: 4, .. })
        ));
        // Not numbers, so not components.
        let odd = ["embedding_", "embedding_+1", "embedding_1a", "embedding_99999999999", "text"];
        assert_eq!(of(&odd).unwrap(), VectorColumns::None);
    }

    #[test]
    fn a_named_text_column_turns_vectors_off_unless_asked_for() {
        let names = ["body", "embedding", "text"];
        let reader = TableReader::new().text("body");
        let c = find(&reader, &names).unwrap();
        assert_eq!((c.text, c.vectors), (Some(0), VectorColumns::None));
        let c = find(&reader.clone().vectors(Vectors::Auto), &names).unwrap();
        assert_eq!((c.text, c.vectors), (Some(0), VectorColumns::Array(1)));
        assert!(matches!(
            find(&reader.vectors(Vectors::Column("body".into())), &names),
            Err(Error::ColumnConflict { role: "text", .. })
        ));
    }

    #[test]
    fn what_is_named_must_exist() {
        for (reader, wanted) in [
            (TableReader::new().text("texts"), "text"),
            (TableReader::new().id("texts"), "id"),
            (TableReader::new().label("texts"), "label"),
            (TableReader::new().vectors(Vectors::Column("texts".into())), "vectors"),
        ] {
            match find(&reader, &["a", "text"]) {
                Err(Error::UnknownColumn { role, column, known, suggestion, .. }) => {
                    assert_eq!((role, column.as_str(), known.len()), (wanted, "texts", 2));
                    assert_eq!(suggestion.as_deref(), Some("text"));
                }
                other => panic!("{other:?}"),
            }
        }
        let e = find(&TableReader::new().vectors(Vectors::Prefix("v".into())), &["v", "text"]).unwrap_err();
        assert!(matches!(e, Error::UnknownColumn { column, .. } if column == "v1"));
        let e = find(&TableReader::new(), &["a", "b"]).unwrap_err().to_string();
        assert!(e.contains("embedding_1") && e.contains("\"text\"") && e.contains(r#""a", "b""#), "{e}");
        let e = find(&TableReader::new().vectors(Vectors::None), &["embedding"]).unwrap_err().to_string();
        assert!(!e.contains("embedding_1"), "{e}");
    }
}
