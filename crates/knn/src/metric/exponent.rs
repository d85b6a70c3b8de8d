//! How serde writes an exponent. Infinity is one, and JSON has no number for it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const INFINITE: &str = "inf";

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Name(String),
}

pub(super) fn serialize<S: Serializer>(p: &f64, to: S) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() && *p == f64::INFINITY { INFINITE.serialize(to) } else { p.serialize(to) }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    if !from.is_human_readable() {
        return f64::deserialize(from);
    }
    match Written::deserialize(from)? {
        Written::Number(p) => Ok(p),
        Written::Name(name) if name == INFINITE => Ok(f64::INFINITY),
        Written::Name(name) => Err(serde::de::Error::custom(format!("{name:?} is no exponent"))),
    }
}

#[cfg(test)]
mod tests {
    use crate::Metric;

    #[test]
    fn exponents_go_through_json() {
        for p in [1.0, 1.1, 3.0, f64::INFINITY] {
            for metric in [Metric::Minkowski { p }, Metric::WMinkowski { p, w: vec![0.5, 1.0 / 3.0] }] {
                let json = serde_json::to_string(&metric).expect("a metric is JSON");
                assert_eq!(serde_json::from_str::<Metric>(&json).ok(), Some(metric), "{json}");
            }
        }
        assert!(serde_json::from_str::<Metric>(r#"{"minkowski":{"p":"two"}}"#).is_err());
    }
}
