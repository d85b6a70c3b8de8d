//! Names of metrics, to and from text.

use super::Metric;
use std::str::FromStr;

/// Other spellings: those of scipy and umap-learn. Hyphens, underscores and capitals are ignored before this.
const ALIASES: &[(&str, &str)] = &[
    ("l2", "euclidean"),
    ("sqeuclid", "sqeuclidean"),
    ("l1", "manhattan"),
    ("cityblock", "manhattan"),
    ("taxicab", "manhattan"),
    ("linf", "chebyshev"),
    ("linfty", "chebyshev"),
    ("linfinity", "chebyshev"),
    ("chebychev", "chebyshev"),
    ("pnorm", "minkowski"),
    ("weightedminkowski", "wminkowski"),
    ("standardisedeuclidean", "seuclidean"),
    ("standardizedeuclidean", "seuclidean"),
    ("matching", "hamming"),
];

impl Metric {
    /// All metrics without parameters, in the order in which they are listed to users.
    pub const ALL: &'static [Self] = &[
        Self::Euclidean,
        Self::SqEuclidean,
        Self::Manhattan,
        Self::Chebyshev,
        Self::Canberra,
        Self::BrayCurtis,
        Self::Cosine,
        Self::Correlation,
        Self::Dot,
        Self::Hellinger,
        Self::Haversine,
        Self::Hamming,
        Self::Jaccard,
        Self::Dice,
        Self::RussellRao,
        Self::Kulsinski,
        Self::RogersTanimoto,
        Self::SokalMichener,
        Self::SokalSneath,
        Self::Yule,
    ];

    /// What [`FromStr`] reads, for help texts: the names of [`Metric::ALL`] and `minkowski:P`.
    pub const NAMES: &'static [&'static str] = &[
        "euclidean",
        "sqeuclidean",
        "manhattan",
        "chebyshev",
        "minkowski:P",
        "canberra",
        "braycurtis",
        "cosine",
        "correlation",
        "dot",
        "hellinger",
        "haversine",
        "hamming",
        "jaccard",
        "dice",
        "russellrao",
        "kulsinski",
        "rogerstanimoto",
        "sokalmichener",
        "sokalsneath",
        "yule",
    ];

    /// The name in scipy and umap-learn, without parameters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::SqEuclidean => "sqeuclidean",
            Self::Manhattan => "manhattan",
            Self::Chebyshev => "chebyshev",
            Self::Minkowski { .. } => "minkowski",
            Self::WMinkowski { .. } => "wminkowski",
            Self::SEuclidean { .. } => "seuclidean",
            Self::Mahalanobis { .. } => "mahalanobis",
            Self::Canberra => "canberra",
            Self::BrayCurtis => "braycurtis",
            Self::Cosine => "cosine",
            Self::Correlation => "correlation",
            Self::Dot => "dot",
            Self::Hellinger => "hellinger",
            Self::Haversine => "haversine",
            Self::Hamming => "hamming",
            Self::Jaccard => "jaccard",
            Self::Dice => "dice",
            Self::RussellRao => "russellrao",
            Self::Kulsinski => "kulsinski",
            Self::RogersTanimoto => "rogerstanimoto",
            Self::SokalMichener => "sokalmichener",
            Self::SokalSneath => "sokalsneath",
            Self::Yule => "yule",
        }
    }
}

impl std::fmt::Display for Metric {
    /// The name; the exponent of `minkowski` too, so that [`FromStr`] reads back what it can read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Minkowski { p } => write!(f, "minkowski:{p}"),
            metric => f.write_str(metric.name()),
        }
    }
}

/// Why a text names no metric.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseMetricError {
    /// No metric has this name.
    #[error("no metric is called {name:?}; there are: {}", Metric::NAMES.join(", "))]
    Unknown {
        /// The name given.
        name: String,
    },
    /// This metric has parameters that a text does not hold.
    #[error("the metric {name} needs {needs}, which only a program can give; without it there are: {}", Metric::NAMES.join(", "))]
    NeedsParameters {
        /// The metric.
        name: &'static str,
        /// Its parameters.
        needs: &'static str,
    },
    /// What follows `minkowski:` is not an exponent.
    #[error("{text:?} is not an exponent of minkowski: a number of at least 1, or inf")]
    Exponent {
        /// What was given.
        text: String,
    },
}

impl FromStr for Metric {
    type Err = ParseMetricError;

    /// Reads a name as scipy and umap-learn spell it, or an alias of theirs (`l2`, `cityblock`, `l1`, `linf`, …), in any
    /// case. `minkowski` has p = 2, `minkowski:3` another exponent.
    fn from_str(s: &str) -> Result<Self, ParseMetricError> {
        let (name, exponent) = match s.split_once(':') {
            Some((name, exponent)) => (name, Some(exponent.trim())),
            None => (s, None),
        };
        let name: String =
            name.trim().chars().filter(|c| !matches!(c, '-' | '_' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
        let name = ALIASES.iter().find(|a| a.0 == name).map_or(name.as_str(), |a| a.1);
        let needs = |name, needs| Err(ParseMetricError::NeedsParameters { name, needs });
        match (name, exponent) {
            ("minkowski", None) => Ok(Self::Minkowski { p: 2.0 }),
            ("minkowski", Some(text)) => match text.parse::<f64>() {
                Ok(p) if p >= 1.0 => Ok(Self::Minkowski { p }),
                _ => Err(ParseMetricError::Exponent { text: text.to_owned() }),
            },
            ("wminkowski", _) => needs("wminkowski", "p and a weight for each column"),
            ("seuclidean", _) => needs("seuclidean", "a variance for each column"),
            ("mahalanobis", _) => needs("mahalanobis", "an inverse covariance matrix"),
            (name, exponent) => Self::ALL
                .iter()
                .find(|m| m.name() == name && exponent.is_none())
                .cloned()
                .ok_or_else(|| ParseMetricError::Unknown { name: s.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_round_and_unknown_ones_list_all() {
        for m in Metric::ALL {
            assert_eq!(m.to_string().parse().as_ref(), Ok(m));
            assert!(Metric::NAMES.contains(&m.name()));
        }
        assert_eq!(Metric::NAMES.len(), Metric::ALL.len() + 1);
        let p = Metric::Minkowski { p: 2.5 };
        assert_eq!(p.to_string().parse(), Ok(p));
        let e = "euclid".parse::<Metric>().unwrap_err().to_string();
        assert!(e.starts_with("no metric is called \"euclid\"; there are: euclidean, sqeuclidean, manhattan,"), "{e}");
        assert!("cosine:3".parse::<Metric>().is_err());
    }

    #[test]
    fn aliases_and_spellings() {
        for (text, metric) in [
            ("L2", Metric::Euclidean),
            (" cityblock ", Metric::Manhattan),
            ("l1", Metric::Manhattan),
            ("Linf", Metric::Chebyshev),
            ("bray-curtis", Metric::BrayCurtis),
            ("rogers_tanimoto", Metric::RogersTanimoto),
            ("minkowski", Metric::Minkowski { p: 2.0 }),
            ("Minkowski: inf", Metric::Minkowski { p: f64::INFINITY }),
        ] {
            assert_eq!(text.parse(), Ok(metric), "{text}");
        }
        for (alias, name) in ALIASES {
            assert_eq!(alias.parse::<Metric>().map(|m| m.name()), name.parse::<Metric>().map(|m| m.name()));
        }
        for p in ["0.5", "nan", "", "two", "-inf"] {
            let e = format!("minkowski:{p}").parse::<Metric>();
            assert_eq!(e, Err(ParseMetricError::Exponent { text: p.to_owned() }));
        }
        for name in ["wminkowski", "weighted_minkowski", "seuclidean", "mahalanobis"] {
            assert!(matches!(name.parse::<Metric>(), Err(ParseMetricError::NeedsParameters { .. })));
        }
    }
}
