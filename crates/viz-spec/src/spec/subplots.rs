//! Axes and scenes with numbers.

use super::{Axis, ColorAxis, Scene};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// Axes and scenes of the second and further maps of a figure, by number: `xaxis2`, `yaxis2`, `scene2`, … Those of the
/// first map have no number and stand in the layout itself. Numbers are 2 or greater; a layout with lesser ones cannot be
/// written.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Subplots {
    /// Horizontal axes.
    pub xaxis: BTreeMap<u32, Axis>,
    /// Vertical axes.
    pub yaxis: BTreeMap<u32, Axis>,
    /// The spaces of 3-D traces.
    pub scene: BTreeMap<u32, Scene>,
    /// Color scales that several traces share.
    pub coloraxis: BTreeMap<u32, ColorAxis>,
}

impl Serialize for Subplots {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        fn entries<M: SerializeMap, T: Serialize>(
            m: &mut M,
            name: &str,
            all: &BTreeMap<u32, T>,
        ) -> Result<(), M::Error> {
            all.iter().try_for_each(|(&number, value)| {
                if number < 2 {
                    return Err(M::Error::custom(format!("{name}{number}: numbers start at 2")));
                }
                m.serialize_entry(&format!("{name}{number}"), value)
            })
        }
        let mut m = s.serialize_map(None)?;
        entries(&mut m, "xaxis", &self.xaxis)?;
        entries(&mut m, "yaxis", &self.yaxis)?;
        entries(&mut m, "scene", &self.scene)?;
        entries(&mut m, "coloraxis", &self.coloraxis)?;
        m.end()
    }
}

impl<'de> Deserialize<'de> for Subplots {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Subplots;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("axes, scenes and color axes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Subplots, A::Error> {
                let mut all = Subplots::default();
                while let Some(key) = map.next_key::<String>()? {
                    let twice = match split(&key) {
                        Some(("xaxis", n)) => all.xaxis.insert(n, map.next_value()?).is_some(),
                        Some(("yaxis", n)) => all.yaxis.insert(n, map.next_value()?).is_some(),
                        Some(("scene", n)) => all.scene.insert(n, map.next_value()?).is_some(),
                        Some(("coloraxis", n)) => all.coloraxis.insert(n, map.next_value()?).is_some(),
                        _ => return Err(A::Error::custom(format!("unknown field `{key}`"))),
                    };
                    if twice {
                        return Err(A::Error::custom(format!("duplicate field `{key}`")));
                    }
                }
                Ok(all)
            }
        }
        d.deserialize_map(V)
    }
}

/// Name and number; the number is written as Plotly does it, so that reading and writing never changes anything.
fn split(key: &str) -> Option<(&str, u32)> {
    let (name, number) = key.split_at(key.find(|c: char| c.is_ascii_digit())?);
    let n: u32 = number.parse().ok()?;
    (n >= 2 && n.to_string() == number).then_some((name, n))
}

#[cfg(test)]
mod tests {
    use crate::spec::{Axis, Layout};

    #[test]
    fn layouts_with_numbers_round_trip() {
        let text = r#"{"xaxis":{},"xaxis2":{"visible":false},"xaxis10":{"range":[0.1,1.0]},"yaxis2":{},"scene3":{},"coloraxis2":{}}"#;
        let layout: Layout = serde_json::from_str(text).unwrap();
        assert_eq!(layout.subplots.xaxis[&10].range, Some([0.1, 1.0]));
        assert_eq!(serde_json::to_string(&layout).unwrap(), text);
        for bad in ["xaxis0", "xaxis1", "xaxis02", "zaxis2", "xaxis2b", "xaxis-2", "bogus", "2", "xaxis99999999999"] {
            let e = serde_json::from_str::<Layout>(&format!("{{\"{bad}\":{{}}}}")).unwrap_err().to_string();
            assert!(e.contains(&format!("unknown field `{bad}`")), "{e}");
        }
        assert!(serde_json::from_str::<Layout>(r#"{"xaxis2":{},"xaxis2":{}}"#).is_err());
        assert!(serde_json::from_str::<Layout>(r#"{"xaxis2":{"bogus":1}}"#).is_err());
    }

    #[test]
    fn numbers_that_plotly_does_not_know_are_not_written() {
        let mut layout = Layout::default();
        layout.subplots.yaxis.insert(1, Axis::default());
        assert!(serde_json::to_string(&layout).unwrap_err().to_string().contains("yaxis1"));
    }
}
