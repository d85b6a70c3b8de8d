//! What coordinates depend on, besides the vectors.

use crate::config::{Method, Settings};

/// The key under which the store keeps changed settings: those that [`Settings::changed`] takes.
pub const SETTINGS_KEY: &str = "embedding_visualization";
/// The seed of samples and maps.
pub const SEED: u64 = 42;

/// What coordinates depend on, besides the vectors, as text: the same for the same map. Another version of the program may
/// make another one.
pub(crate) fn plan(settings: &Settings) -> String {
    let Settings { method, umap, sample_size, include_all_annotated, .. } = settings;
    let metric = umap.metric.name();
    let how = match method {
        Method::Umap => format!("n_neighbors={} min_dist={} metric={metric}", umap.n_neighbors, umap.min_dist),
        Method::Tsne => format!("metric={metric}"),
        Method::Pca => String::new(),
    };
    let of = format!("sample_size={sample_size} include_all_annotated={include_all_annotated}");
    format!("{} {} {how} seed={SEED} {of}", env!("CARGO_PKG_VERSION"), method.name())
}

/// The name of the metric that a map is made by.
pub(crate) fn metric_name(settings: &Settings) -> &'static str {
    if settings.method == Method::Pca { "euclidean" } else { settings.umap.metric.name() }
}

/// A method's name for people.
pub(crate) fn title(method: Method) -> &'static str {
    match method {
        Method::Umap => "UMAP",
        Method::Tsne => "t-SNE",
        Method::Pca => "PCA",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LabelSource, Metric, UmapSettings};

    #[test]
    fn plans_tell_maps_apart_and_only_maps() {
        let base = Settings::default();
        let labels = Settings { label_source: LabelSource::Majority, schema: Some("x".to_owned()), ..base.clone() };
        assert_eq!(plan(&base), plan(&labels));
        let umap = |change: fn(&mut UmapSettings)| {
            let mut settings = base.clone();
            change(&mut settings.umap);
            settings
        };
        for other in [
            Settings { method: Method::Tsne, ..base.clone() },
            Settings { sample_size: 10, ..base.clone() },
            Settings { include_all_annotated: false, ..base.clone() },
            umap(|u| u.min_dist = 0.2),
            umap(|u| u.n_neighbors = 5),
            umap(|u| u.metric = Metric::Euclidean),
        ] {
            assert_ne!(plan(&base), plan(&other));
        }
        let pca = Settings { method: Method::Pca, ..umap(|u| u.min_dist = 0.2) };
        assert_eq!(
            plan(&pca),
            plan(&Settings { method: Method::Pca, ..base }),
            "principal components do not depend on it"
        );
        assert_eq!(metric_name(&pca), "euclidean");
    }
}
