//! Arrays of numbers or strings; large numeric ones as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An array attribute of a figure.
///
/// [`Array::Typed`] is written as `{"dtype":"f4","bdata":"…"}`, which plotly.js reads since version 2.28 without
/// parsing a number; it takes 5.3 bytes a value where decimal text takes about 10. The others are JSON lists.
///
/// ```
/// use planisphere_viz_spec::spec::Array;
/// let a = Array::from(vec![1.0f32, -2.5]);
/// assert_eq!(serde_json::to_string(&a)?, r#"{"dtype":"f4","bdata":"AACAPwAAIMA="}"#);
/// assert_eq!(serde_json::from_str::<Array>(r#"[1, null, 2.5]"#)?, Array::Numbers(vec![Some(1.0), None, Some(2.5)]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
// Lists are tried first, as one of two strings could be read as the parts of a typed array.
#[serde(untagged)]
#[non_exhaustive]
pub enum Array {
    /// A JSON list of numbers; `None` is written as `null`, which Plotly takes as missing.
    Numbers(Vec<Option<f64>>),
    /// A JSON list of strings.
    Strings(Vec<String>),
    /// Base64 of the numbers' little-endian bytes.
    Typed(TypedArray),
    /// One string, which Plotly takes for all points.
    Repeated(String),
    /// A JSON list of anything else: rows of a table, texts with gaps.
    Any(Vec<serde_json::Value>),
}

impl Array {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Typed(a) => a.data.len(),
            Self::Numbers(v) => v.len(),
            Self::Strings(v) => v.len(),
            Self::Repeated(_) => 1,
            Self::Any(v) => v.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers, whatever they are written as; NaN for what is none. `None` for texts.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        match self {
            Self::Typed(a) => Some(a.data.to_f64()),
            Self::Numbers(v) => Some(v.iter().map(|x| x.unwrap_or(f64::NAN)).collect()),
            Self::Any(v) => v
                .iter()
                .any(serde_json::Value::is_number)
                .then(|| v.iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()),
            Self::Strings(_) | Self::Repeated(_) => None,
        }
    }
}

/// One value for all points, or one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum OrArray<T> {
    /// For all points.
    One(T),
    /// For each point.
    Each(Array),
}

impl<T> From<T> for OrArray<T> {
    fn from(one: T) -> Self {
        Self::One(one)
    }
}

impl<T> OrArray<T> {
    /// The value for all points, if there is only one.
    pub fn one(&self) -> Option<&T> {
        match self {
            Self::One(one) => Some(one),
            Self::Each(_) => None,
        }
    }
}

impl From<Vec<f32>> for Array {
    fn from(v: Vec<f32>) -> Self {
        Self::Typed(TypedArray { data: TypedData::F32(v), shape: None })
    }
}

impl From<Vec<String>> for Array {
    fn from(v: Vec<String>) -> Self {
        Self::Strings(v)
    }
}

/// Numbers that are written as base64, with an optional shape of two or more dimensions.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TypedArray {
    /// The numbers, row-major where there is a shape.
    pub data: TypedData,
    /// Lengths of the dimensions; `None` for a plain list. Written as Plotly does: `"2, 3"`.
    pub shape: Option<Vec<usize>>,
}

impl TypedArray {
    /// A plain list.
    pub fn new(data: TypedData) -> Self {
        Self { data, shape: None }
    }

    /// An array of `rows` × `cols`. `None` if that is not the number of values.
    pub fn with_shape(data: TypedData, rows: usize, cols: usize) -> Option<Self> {
        (rows.checked_mul(cols) == Some(data.len())).then(|| Self { data, shape: Some(vec![rows, cols]) })
    }
}

macro_rules! typed_data {
    ($($variant:ident($type:ty) = $name:literal, $doc:literal;)*) => {
        /// The numbers of a [`TypedArray`]. Values are written as they are, NaN included, which Plotly takes as missing.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum TypedData {
            $(#[doc = $doc] $variant(Vec<$type>),)*
        }

        impl TypedData {
            /// Number of values.
            pub fn len(&self) -> usize {
                match self {
                    $(Self::$variant(v) => v.len(),)*
                }
            }

            /// Whether there are no values.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Plotly's name of the type, for example `f4`.
            pub fn dtype(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            fn to_f64(&self) -> Vec<f64> {
                match self {
                    $(Self::$variant(v) => v.iter().map(|&x| f64::from(x)).collect(),)*
                }
            }

            fn to_bytes(&self) -> Vec<u8> {
                match self {
                    $(Self::$variant(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),)*
                }
            }

            fn from_bytes(dtype: &str, bytes: &[u8]) -> Result<Self, String> {
                match dtype {
                    $($name => {
                        let (chunks, rest) = bytes.as_chunks::<{ size_of::<$type>() }>();
                        if !rest.is_empty() {
                            return Err(format!("bdata of {} bytes is no list of {dtype}", bytes.len()));
                        }
                        Ok(Self::$variant(chunks.iter().map(|c| <$type>::from_le_bytes(*c)).collect()))
                    })*
                    other => Err(format!("unknown dtype {other:?}")),
                }
            }
        }
    };
}

typed_data! {
    F32(f32) = "f4", "32-bit floats.";
    F64(f64) = "f8", "64-bit floats.";
    I8(i8) = "i1", "8-bit signed integers.";
    U8(u8) = "u1", "8-bit unsigned integers.";
    I16(i16) = "i2", "16-bit signed integers.";
    U16(u16) = "u2", "16-bit unsigned integers.";
    I32(i32) = "i4", "32-bit signed integers.";
    U32(u32) = "u4", "32-bit unsigned integers.";
}

impl Serialize for TypedArray {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut o = s.serialize_struct("TypedArray", 2 + usize::from(self.shape.is_some()))?;
        o.serialize_field("dtype", self.data.dtype())?;
        o.serialize_field("bdata", &STANDARD.encode(self.data.to_bytes()))?;
        if let Some(shape) = &self.shape {
            let lengths: Vec<String> = shape.iter().map(ToString::to_string).collect();
            o.serialize_field("shape", &lengths.join(", "))?;
        }
        o.end()
    }
}

impl<'de> Deserialize<'de> for TypedArray {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            dtype: String,
            bdata: String,
            shape: Option<String>,
        }
        let raw = Raw::deserialize(d)?;
        let bytes = STANDARD.decode(&raw.bdata).map_err(|e| D::Error::custom(format!("bdata: {e}")))?;
        let data = TypedData::from_bytes(&raw.dtype, &bytes).map_err(D::Error::custom)?;
        let Some(text) = raw.shape else { return Ok(Self::new(data)) };
        let shape: Vec<usize> = text
            .split(',')
            .map(|part| part.trim().parse())
            .collect::<Result<_, _>>()
            .map_err(|e| D::Error::custom(format!("shape {text:?}: {e}")))?;
        if shape.iter().try_fold(1usize, |a, &b| a.checked_mul(b)) != Some(data.len()) {
            return Err(D::Error::custom(format!("shape {text:?} does not hold {} values", data.len())));
        }
        Ok(Self { data, shape: Some(shape) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(a: &Array) -> Array {
        serde_json::from_str(&serde_json::to_string(a).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn floats_keep_every_bit(v in prop::collection::vec(any::<f32>().prop_filter("PartialEq", |x| !x.is_nan()), 0..50)) {
            let a = Array::from(v);
            prop_assert_eq!(round_trip(&a), a);
        }

        #[test]
        fn lists_keep_their_values(
            numbers in prop::collection::vec(prop::option::of(-1e300f64..1e300), 0..20),
            strings in prop::collection::vec(".*", 1..20),
        ) {
            for a in [Array::Numbers(numbers), Array::Strings(strings)] {
                prop_assert_eq!(round_trip(&a), a);
            }
        }
    }

    #[test]
    fn every_dtype_and_shape() {
        for data in [
            TypedData::F64(vec![1.5, -0.0, 1e300, 4.0]),
            TypedData::I8(vec![-128, 0, 1, 127]),
            TypedData::U8(vec![0, 1, 2, 255]),
            TypedData::I16(vec![-32768, 0, 1, 32767]),
            TypedData::U16(vec![0, 1, 2, 65535]),
            TypedData::I32(vec![i32::MIN, 0, 1, i32::MAX]),
            TypedData::U32(vec![0, 1, 2, u32::MAX]),
        ] {
            let flat = Array::Typed(TypedArray::new(data.clone()));
            assert_eq!(round_trip(&flat), flat);
            assert!(TypedArray::with_shape(data.clone(), 3, 2).is_none());
            let square = Array::Typed(TypedArray::with_shape(data, 2, 2).unwrap());
            assert_eq!(round_trip(&square), square);
            assert!(serde_json::to_string(&square).unwrap().ends_with(r#""shape":"2, 2"}"#));
        }
    }

    #[test]
    fn lists_of_anything_are_kept_and_read_as_numbers() {
        for (json, numbers) in [
            ("[1.0,null,2.5]", Some(vec![1.0, f64::NAN, 2.5])),
            (r#"["a","b"]"#, None),
            (r#""all""#, None),
            // No type and numbers, but two texts.
            (r#"["u1","AAAA"]"#, None),
            (r#"["a",null]"#, None),
            ("[[1,2],[3,4]]", None),
            (r#"[1,"a",true]"#, Some(vec![1.0, f64::NAN, f64::NAN])),
            (r#"{"dtype":"u1","bdata":"AQL/"}"#, Some(vec![1.0, 2.0, 255.0])),
        ] {
            let array: Array = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&array).unwrap(), json);
            // NaN is not equal to itself.
            assert_eq!(format!("{:?}", array.numbers()), format!("{numbers:?}"));
        }
        let one: OrArray<f64> = serde_json::from_str("2.5").unwrap();
        let each: OrArray<f64> = serde_json::from_str("[1,2]").unwrap();
        assert_eq!((one.one(), each.one()), (Some(&2.5), None));
    }

    #[test]
    fn malformed_typed_arrays_are_refused() {
        for (json, why) in [
            (r#"{"dtype":"f4","bdata":"AAA="}"#, "no list of f4"),
            (r#"{"dtype":"c8","bdata":""}"#, "unknown dtype"),
            (r#"{"dtype":"f4","bdata":"?"}"#, "bdata"),
            (r#"{"dtype":"u1","bdata":"AAAA","shape":"2, 2"}"#, "does not hold 3"),
            (r#"{"dtype":"u1","bdata":"AAAA","shape":"x"}"#, "shape"),
            (r#"{"dtype":"u1","bdata":"AAAA","length":3}"#, "unknown field"),
        ] {
            let e = serde_json::from_str::<TypedArray>(json).unwrap_err().to_string();
            assert!(e.contains(why), "{json}: {e}");
        }
    }
}
