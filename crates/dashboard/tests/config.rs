//! The cases of configurations, by their ids.

use planisphere_dashboard::config::Config;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Cases {
    config: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    config: Value,
    /// What is wrong with it, if anything is.
    message: Option<String>,
}

#[test]
fn cf_01_to_15_messages() {
    let cases: Cases = serde_json::from_str(include_str!("cases.json")).unwrap();
    assert_eq!(cases.config.len(), 8);
    for case in cases.config {
        let read = Config::from_value(case.config);
        assert_eq!(read.err().map(|e| e.to_string()), case.message, "{}", case.id);
    }
}

#[test]
fn cf_07_what_is_switched_off_is_not_looked_at() {
    let config =
        Config::from_value(serde_json::json!({"embedding_visualization": {"enabled": false, "sample_size": -999}}));
    let config = config.unwrap();
    assert!(!config.visualization.enabled);
    assert_eq!(config.visualization.settings.sample_size, 1000);
}

#[test]
fn cf_17_defaults() {
    let v = Config::from_value(serde_json::json!({})).unwrap().visualization;
    assert!(v.enabled && v.settings.include_all_annotated);
    assert_eq!((v.settings.sample_size, v.settings.umap.n_neighbors, v.settings.umap.min_dist), (1000, 15, 0.1));
    assert_eq!((v.settings.umap.metric.name(), v.settings.label_source.name()), ("cosine", "mace"));
    assert_eq!((&*v.embedding_model, &*v.image_embedding_model), ("all-MiniLM-L6-v2", "clip-ViT-B-32"));
}
