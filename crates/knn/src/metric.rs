//! Distances by name.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How far apart two rows are. Names are those of scipy and umap-learn.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// √Σ(aᵢ − bᵢ)².
    #[default]
    Euclidean,
    /// 1 − a·b / (|a| |b|), in [0, 2]. Two zero rows are at distance 0, a zero row and any other at 1.
    Cosine,
}

impl Metric {
    /// All metrics, in the order in which they are listed to users.
    pub const ALL: &'static [Self] = &[Self::Euclidean, Self::Cosine];

    /// The name that [`FromStr`] reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Cosine => "cosine",
        }
    }
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// No metric has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no metric is called {name:?}; there are: {}", names())]
pub struct ParseMetricError {
    /// The name given.
    pub name: String,
}

fn names() -> String {
    Metric::ALL.iter().map(|m| m.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Metric {
    type Err = ParseMetricError;

    /// Reads a name as scipy and umap-learn spell it, in any case; `l2` is another name of `euclidean`.
    fn from_str(s: &str) -> Result<Self, ParseMetricError> {
        let name = s.trim().to_ascii_lowercase();
        if name == "l2" {
            return Ok(Self::Euclidean);
        }
        Self::ALL.iter().copied().find(|m| m.name() == name).ok_or_else(|| ParseMetricError { name: s.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_round_and_unknown_ones_list_all() {
        for &m in Metric::ALL {
            assert_eq!(m.to_string().parse(), Ok(m));
        }
        assert_eq!("L2".parse(), Ok(Metric::Euclidean));
        let e = "euclid".parse::<Metric>().unwrap_err().to_string();
        assert_eq!(e, "no metric is called \"euclid\"; there are: euclidean, cosine");
    }
}
