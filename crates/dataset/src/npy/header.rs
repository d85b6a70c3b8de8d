//! The header of a .npy file.
//!
//! `npyz` reads headers too, but it believes them: it allocates the stated length of up to 4 GiB, multiplies dimensions
//! without a check for overflow, and takes time that doubles with each nested bracket. So the literal goes to the same
//! parser here, but after checks.

use crate::error::{Error, Result};
use py_literal::Value;
use std::io::Read;

/// Bytes of header text that are read at most. A plain matrix needs about a hundred; NumPy's own limit is 10,000.
const MAX_TEXT: u64 = 1 << 16;
/// Opening brackets in a header at most. That of a plain array has two.
const MAX_BRACKETS: usize = 8;

/// What a header says.
#[derive(Debug, PartialEq)]
pub(crate) struct Header {
    /// The type of the values, as NumPy spells it.
    pub(crate) descr: String,
    /// Whether the values go column by column.
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<u64>,
    /// Bytes before the first value.
    pub(crate) bytes: u64,
}

impl Header {
    /// Reads a header and leaves `reader` at the first value.
    pub(crate) fn read(reader: &mut impl Read, file: &str) -> Result<Self> {
        let bad = |reason: String| Error::NpyHeader { file: file.to_owned(), reason };
        let mut take = |n: u64| {
            let mut bytes = Vec::new();
            match reader.by_ref().take(n).read_to_end(&mut bytes) {
                Ok(_) => Ok(bytes),
                Err(source) => Err(Error::Read { file: file.to_owned(), source }),
            }
        };
        let magic = take(6)?;
        if magic.is_empty() {
            return Err(Error::Empty { file: file.to_owned() });
        }
        if magic != b"\x93NUMPY" {
            return Err(Error::NpyMagic { file: file.to_owned() });
        }
        let ends = || bad("the file ends inside it".to_owned());
        let &[major, minor] = &take(2)?[..] else { return Err(ends()) };
        let (length_bytes, length) = match (major, minor) {
            (1, 0) => (2, u64::from(u16::from_le_bytes(take(2)?.try_into().map_err(|_| ends())?))),
            (2 | 3, 0) => (4, u64::from(u32::from_le_bytes(take(4)?.try_into().map_err(|_| ends())?))),
            _ => return Err(bad(format!("format version {major}.{minor}; known are 1.0, 2.0 and 3.0"))),
        };
        if length > MAX_TEXT {
            return Err(bad(format!("it says to be {length} bytes long; at most {MAX_TEXT} are read")));
        }
        let text = take(length)?;
        if text.len() as u64 != length {
            return Err(ends());
        }
        // Versions 1 and 2 are Latin-1, 3 is UTF-8, but only field names of records use more than ASCII.
        let (descr, fortran, shape) = parse(&String::from_utf8_lossy(&text)).map_err(bad)?;
        Ok(Self { descr, fortran, shape, bytes: 8 + length_bytes + length })
    }
}

/// Type, order and shape from the text of a header: a Python dict.
fn parse(text: &str) -> Result<(String, bool, Vec<u64>), String> {
    if text.bytes().filter(|b| b"([{".contains(b)).count() > MAX_BRACKETS {
        return Err("it describes something other than a plain array".to_owned());
    }
    let Ok(Value::Dict(entries)) = text.trim().parse::<Value>() else {
        return Err("it is no Python dict".to_owned());
    };
    let get = |key: &str| {
        let entry = entries.iter().find(|(k, _)| matches!(k, Value::String(k) if k == key));
        entry.map(|(_, value)| value).ok_or_else(|| format!("it has no {key:?}"))
    };
    let descr = match get("descr")? {
        Value::String(descr) => descr.clone(),
        // A list of fields; the type check refuses it by this name.
        _ => "record".to_owned(),
    };
    let Value::Boolean(fortran) = *get("fortran_order")? else {
        return Err("\"fortran_order\" is neither True nor False".to_owned());
    };
    let no_shape = || "\"shape\" is no tuple of whole numbers that fit 64 bits".to_owned();
    let Value::Tuple(sizes) = get("shape")? else { return Err(no_shape()) };
    let shape = sizes
        .iter()
        .map(|size| match size {
            Value::Integer(n) => u64::try_from(n).map_err(|_| no_shape()),
            _ => Err(no_shape()),
        })
        .collect::<Result<_, _>>()?;
    Ok((descr, fortran, shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_numpy_are_understood() {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }             \n";
        assert_eq!(parse(text).unwrap(), ("<f4".into(), false, vec![3, 4]));
        let text = "{\"shape\": (), \"fortran_order\": True, \"descr\": [('a', '<f4')]}";
        assert_eq!(parse(text).unwrap(), ("record".into(), true, vec![]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("", "no Python dict"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)", "no Python dict"),
            ("[1]", "no Python dict"),
            ("{'fortran_order': False, 'shape': (3, 4)}", "no \"descr\""),
            ("{'descr': '<f4', 'shape': (3, 4)}", "no \"fortran_order\""),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4)}", "neither True nor False"),
            ("{'descr': '<f4', 'fortran_order': False}", "no \"shape\""),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4)}", "whole numbers"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3.0, 4)}", "whole numbers"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 4)}", "whole numbers"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': 3}", "whole numbers"),
            (&"[".repeat(60_000), "plain array"),
        ] {
            let reason = parse(text).unwrap_err();
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }
}
