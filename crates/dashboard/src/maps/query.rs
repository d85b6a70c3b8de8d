//! What a request for points asks for.

use super::error::{Error, Result};
use crate::config::{Config, LabelSource, Method, Scheme, SchemeKind, Settings};
use serde::Deserialize;

/// The query of a request for points. What is missing is as the settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DataQuery {
    /// Computes the map again, if this is `true` in whatever case.
    pub force_refresh: Option<String>,
    /// `umap`, `tsne` or `pca`.
    pub method: Option<String>,
    /// `mace` or `majority`.
    pub label_source: Option<String>,
    /// A scheme.
    pub schema: Option<String>,
    /// Most items that are shown.
    pub sample_size: Option<String>,
    /// `false`: does not wait for a map that takes a while.
    pub wait: Option<String>,
}

impl DataQuery {
    /// Whether the map is to be computed again.
    pub fn forces(&self) -> bool {
        self.force_refresh.as_deref().is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// Whether to wait for a map that takes a while.
    pub fn waits(&self) -> bool {
        !self.wait.as_deref().is_some_and(|v| v.eq_ignore_ascii_case("false") || v == "0")
    }

    /// The settings, with what the query asks for in their place.
    pub(crate) fn apply(&self, settings: &Settings, config: &Config) -> Result<Settings> {
        let mut settings = settings.clone();
        if let Some(name) = &self.method {
            let known = Method::from_name(name);
            settings.method = known.ok_or_else(|| Error::one_of("method", name, &["umap", "tsne", "pca"]))?;
        }
        if let Some(name) = &self.label_source {
            let known = LabelSource::from_name(name);
            settings.label_source = known.ok_or_else(|| Error::one_of("label_source", name, &["mace", "majority"]))?;
        }
        if let Some(size) = &self.sample_size {
            let number = size.parse().ok().filter(|n: &usize| *n > 0);
            settings.sample_size = number.ok_or_else(|| Error::parameter("sample_size", size, "a positive integer"))?;
        }
        if let Some(name) = &self.schema {
            let names = config.label_schemes();
            if !names.contains(&name.as_str()) {
                return Err(Error::one_of("schema", name, &names));
            }
            settings.schema = Some(name.clone());
        }
        Ok(settings)
    }
}

/// The scheme whose labels are shown: the one that is asked for, else the first that has labels.
pub(crate) fn scheme<'a>(schemes: &'a [Scheme], settings: &Settings) -> Option<&'a Scheme> {
    let asked = settings.schema.as_deref();
    let with_labels = || schemes.iter().filter(|s| s.kind != SchemeKind::Text);
    with_labels().find(|s| Some(s.name.as_str()) == asked).or_else(|| with_labels().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemes() -> Vec<Scheme> {
        [("notes", SchemeKind::Text), ("quality", SchemeKind::Likert), ("topics", SchemeKind::Multiselect)]
            .map(|(name, kind)| Scheme::new(name, kind, ["1"]))
            .into()
    }

    #[test]
    fn only_true_forces() {
        for (value, forces) in [("true", true), ("TRUE", true), ("1", false), ("yes", false), ("", false)] {
            let query = DataQuery { force_refresh: Some(value.to_owned()), ..DataQuery::default() };
            assert_eq!(query.forces(), forces, "{value}");
        }
        assert!(!DataQuery::default().forces() && DataQuery::default().waits());
    }

    #[test]
    fn what_is_asked_for_is_checked() {
        let config = Config { schemes: schemes(), ..Config::default() };
        let apply = |query: DataQuery| query.apply(&Settings::default(), &config);
        let text = |s: &str| Some(s.to_owned());
        let good = DataQuery {
            method: text("tsne"),
            label_source: text("majority"),
            schema: text("topics"),
            sample_size: text("5"),
            ..DataQuery::default()
        };
        let settings = apply(good).unwrap();
        assert_eq!((settings.method, settings.sample_size), (Method::Tsne, 5));
        assert_eq!((settings.label_source, settings.schema.as_deref()), (LabelSource::Majority, Some("topics")));
        for (query, message) in [
            (DataQuery { method: text("x"), ..DataQuery::default() }, "method must be one of: ['umap', 'tsne', 'pca']"),
            (
                DataQuery { schema: text("notes"), ..DataQuery::default() },
                "schema must be one of: ['quality', 'topics']",
            ),
            (DataQuery { sample_size: text("-1"), ..DataQuery::default() }, "sample_size must be a positive integer"),
            (
                DataQuery { label_source: text(""), ..DataQuery::default() },
                "label_source must be one of: ['mace', 'majority']",
            ),
        ] {
            assert_eq!(apply(query).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn lb_05_the_first_scheme_with_labels_may_be_a_scale() {
        assert_eq!(scheme(&schemes(), &Settings::default()).unwrap().name, "quality");
        let gone = Settings { schema: Some("gone".to_owned()), ..Settings::default() };
        assert_eq!(scheme(&schemes(), &gone).unwrap().name, "quality");
        assert!(scheme(&schemes()[..1], &Settings::default()).is_none());
    }
}
