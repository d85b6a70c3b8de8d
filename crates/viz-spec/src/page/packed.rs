//! Numbers as the page holds them: base64 of their little-endian bytes, as few bytes a number as will do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// A list of numbers, written as Plotly writes typed arrays; `u3`, of three bytes, is the page's own.
#[derive(Debug, PartialEq)]
pub(super) struct Packed {
    dtype: &'static str,
    bytes: Vec<u8>,
}

impl Packed {
    pub(super) fn floats(values: &[f32]) -> Self {
        Self { dtype: "f4", bytes: values.iter().flat_map(|x| x.to_le_bytes()).collect() }
    }

    /// Whole numbers of at most `max`.
    pub(super) fn wholes(values: impl IntoIterator<Item = u32>, max: u32) -> Self {
        let (dtype, size) = match max {
            0..=0xff => ("u1", 1),
            0x100..=0xffff => ("u2", 2),
            0x1_0000..=0xff_ffff => ("u3", 3),
            _ => ("u4", 4),
        };
        let values = values.into_iter();
        let mut bytes = Vec::with_capacity(values.size_hint().0.saturating_mul(size));
        for value in values {
            bytes.extend_from_slice(&value.to_le_bytes()[..size]);
        }
        Self { dtype, bytes }
    }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut o = s.serialize_struct("Packed", 2)?;
        o.serialize_field("dtype", self.dtype)?;
        o.serialize_field("bdata", &STANDARD.encode(&self.bytes))?;
        o.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_bytes_as_the_greatest_needs() {
        let packed = |max: u32| Packed::wholes([0, max], max);
        for (max, dtype, bytes) in [
            (0, "u1", vec![0, 0]),
            (255, "u1", vec![0, 255]),
            (256, "u2", vec![0, 0, 0, 1]),
            (65_535, "u2", vec![0, 0, 255, 255]),
            (65_536, "u3", vec![0, 0, 0, 0, 0, 1]),
            (0xff_ffff, "u3", vec![0, 0, 0, 255, 255, 255]),
            (0x100_0000, "u4", vec![0, 0, 0, 0, 0, 0, 0, 1]),
        ] {
            assert_eq!(packed(max), Packed { dtype, bytes });
        }
        let json = serde_json::to_string(&Packed::floats(&[1.0, -2.5])).unwrap();
        assert_eq!(json, r#"{"dtype":"f4","bdata":"AACAPwAAIMA="}"#);
    }
}
