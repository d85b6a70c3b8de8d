//! Cases of the reading of configurations that are not those of other tools.

use super::*;
use serde_json::json;

fn wrong(value: Value) -> String {
    Config::from_value(value).unwrap_err().to_string()
}

#[test]
fn messages_name_the_key_and_what_is_allowed() {
    for (value, message) in [
        (json!([]), "the configuration must be a dictionary"),
        (json!({"annotation_schemes": {}}), "annotation_schemes must be a list"),
        (
            json!({"annotation_schemes": [{"name": "a"}]}),
            "annotation_schemes[0].annotation_type must be one of: ['radio', 'select', 'multiselect', 'likert', 'text']",
        ),
        (
            json!({"annotation_schemes": [{"name": "a", "annotation_type": "radio"}]}),
            "annotation_schemes[0].labels must be a non-empty list",
        ),
        (
            json!({"annotation_schemes": [{"name": "a", "annotation_type": "radio", "labels": ["x", {"name": "x"}]}]}),
            "annotation_schemes[0].labels must be different from each other",
        ),
        (
            json!({"annotation_schemes": [{"name": "a", "annotation_type": "text"}, {"name": "a", "annotation_type": "text"}]}),
            "annotation_schemes[1].name must be unique; there are two of 'a'",
        ),
        (json!({"label_colors": {"a": "red"}}), "label_colors.a must be a color such as '#22c55e'"),
        (json!({"label_colors": {"a": "#12345é"}}), "label_colors.a must be a color such as '#22c55e'"),
        (json!({"max_annotations_per_item": 0}), "max_annotations_per_item must be an integer >= 1, or -1"),
        (
            json!({"server": {"listen": "8000"}}),
            "server.listen must be an address and a port, such as '127.0.0.1:8000'",
        ),
        (json!({"server": {"body_limit": 3}}), "server.body_limit must be an integer >= 1024 (bytes)"),
        (json!({"embedding_visualization": {"schema": "x"}}), "embedding_visualization.schema must be one of: []"),
        (json!({"embedding_visualization": {"umap": [1]}}), "embedding_visualization.umap must be a dictionary"),
        (
            json!({"embedding_visualization": {"sample_size": 1.5}}),
            "embedding_visualization.sample_size must be a positive integer",
        ),
        (
            json!({"embedding_visualization": {"sample_size": true}}),
            "embedding_visualization.sample_size must be a positive integer",
        ),
        (
            json!({"mace": {"enabled": true, "min_annotations_per_item": 1}}),
            "mace.min_annotations_per_item must be an integer >= 2",
        ),
        (
            json!({"embeddings": {"backend": "smell"}}),
            "embeddings.backend must be one of: ['auto', 'text', 'image', 'audio', 'video', 'custom']",
        ),
    ] {
        assert_eq!(wrong(value.clone()), message, "{value}");
    }
}

#[test]
fn yaml_and_toml_say_the_same() {
    let yaml = "
annotation_task_name: Moods
item_properties: {id_key: key, text_key: body}
data_files: [a.csv]
annotation_schemes:
  - {name: mood, annotation_type: likert, size: 3, description: How?}
  - {name: topics, annotation_type: multiselect, labels: [food, {name: no}]}
embedding_visualization:
  umap: {n_neighbors: 5, min_dist: 0}
  method: tsne
  schema: topics
max_annotations_per_item: -1
label_colors: {food: '#ABCDEF'}
";
    let toml = r##"
annotation_task_name = "Moods"
data_files = ["a.csv"]
max_annotations_per_item = -1
[item_properties]
id_key = "key"
text_key = "body"
[[annotation_schemes]]
name = "mood"
annotation_type = "likert"
size = 3
description = "How?"
[[annotation_schemes]]
name = "topics"
annotation_type = "multiselect"
labels = ["food", {name = "no"}]
[embedding_visualization]
method = "tsne"
schema = "topics"
umap = { n_neighbors = 5, min_dist = 0.0 }
[label_colors]
food = "#ABCDEF"
"##;
    let config = Config::parse(yaml, Format::Yaml).unwrap();
    assert_eq!(config, Config::parse(toml, Format::Toml).unwrap());
    assert_eq!(config.warnings, []);
    assert_eq!(config.schemes[0].labels, ["1", "2", "3"]);
    assert_eq!(config.schemes[1].labels, ["food", "no"]);
    assert_eq!(config.label_colors["food"], "#abcdef");
    assert_eq!((config.annotators_per_item, config.items_per_annotator), (0, None));
    assert_eq!(config.visualization.settings.umap.min_dist, 0.0);
}

#[test]
fn syntax_errors_have_a_place() {
    let yaml = Config::parse("a: 1\nb: [1, 2\nc: 3\n", Format::Yaml).unwrap_err();
    assert!(matches!(yaml, Error::Syntax { line: 2..=4, .. }), "{yaml}");
    let toml = Config::parse("a = 1\n\n  b = ?\n", Format::Toml).unwrap_err();
    assert!(matches!(toml, Error::Syntax { line: 3, column: 7, .. }), "{toml}");
    assert!(!toml.to_string().contains('\n'));
    let twice = Config::parse("server: {listen: '127.0.0.1:1'}\nserver: {}\n", Format::Yaml).unwrap_err();
    assert!(matches!(twice, Error::Syntax { line: 2, .. }), "{twice}");
}

#[test]
fn bombs_are_refused_soon() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
    }
    let start = std::time::Instant::now();
    assert!(matches!(Config::parse(&bomb, Format::Yaml), Err(Error::Syntax { .. })));
    assert!(matches!(Config::parse(&"[".repeat(100_000), Format::Yaml), Err(Error::Syntax { .. })));
    assert!(matches!(Config::parse(&format!("a={}", "[".repeat(100_000)), Format::Toml), Err(Error::Syntax { .. })));
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn an_empty_file_is_all_defaults() {
    for empty in ["", "# nothing\n", "---\n", "embedding_visualization:\n"] {
        assert_eq!(Config::parse(empty, Format::Yaml).unwrap(), Config::default(), "{empty:?}");
    }
    assert_eq!(Config::parse("", Format::Toml).unwrap(), Config::default());
    assert_eq!(Config::from_value(json!({})).unwrap(), Config::default());
}

#[test]
fn warnings_are_values() {
    let config = Config::from_value(json!({
        "embeding_visualization": {}, "prot": 8000, "mace": {"enabled": true, "trigger_every": 3},
        "embedding_visualization": {"embedding_model": "x", "umap": {"n_neighbours": 3}},
        "diversity_ordering": {"enabled": true, "prefill_count": 3}, "admin_api_key": "short",
    }));
    let config = config.unwrap();
    let said: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    for expected in [
        "Unrecognized config key \"embeding_visualization\" will be ignored; did you mean \"embedding_visualization\"?",
        "Unrecognized config key \"prot\" will be ignored",
        "Unrecognized config key \"mace.trigger_every\" will be ignored; did you mean \"mace.trigger_every_n\"?",
        "Config key \"embedding_visualization.embedding_model\" has no effect: texts are embedded by the model of \
         embeddings.model",
        "Unrecognized config key \"embedding_visualization.umap.n_neighbours\" will be ignored; did you mean \
         \"embedding_visualization.umap.n_neighbors\"?",
        "Config key \"diversity_ordering.prefill_count\" has no effect: all items are embedded when they come",
        "Config key \"admin_api_key\": a key of less than 16 characters can be guessed",
    ] {
        assert!(said.iter().any(|s| s == expected), "{expected}\n{said:#?}");
    }
    assert_eq!(said.len(), 7, "{said:#?}");
    assert!(!format!("{config:?}").contains("short"));
}

#[test]
fn settings_change_by_key() {
    let start = Settings::default();
    let set = |s: &Settings, v: Value| s.changed(&v, &["mood"]);
    let changed = set(&start, json!({"method": "pca", "schema": "mood"})).unwrap();
    assert_eq!((changed.method, changed.schema.as_deref()), (Method::Pca, Some("mood")));
    assert_eq!(set(&changed, json!({"schema": null})).unwrap().schema, None);
    assert_eq!(set(&changed, json!({})).unwrap(), changed);
    assert_eq!(set(&Settings::default(), changed.to_value()).unwrap(), changed);
    for (v, message) in [
        (json!({"enabled": false}), "Unrecognized config key \"embedding_visualization.enabled\" will be ignored"),
        (json!({"umap": {"x": 1}}), "Unrecognized config key \"embedding_visualization.umap.x\" will be ignored"),
        (json!([]), "embedding_visualization must be a dictionary"),
        (json!({"method": "mds"}), "embedding_visualization.method must be one of: ['umap', 'tsne', 'pca']"),
    ] {
        assert_eq!(set(&start, v).unwrap_err().to_string(), message);
    }
}

#[test]
fn paths_are_those_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("project.yaml");
    std::fs::write(&path, "\u{feff}data_files: [items.csv]\nmedia_root: media\n").unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.data_files, [folder.path().join("items.csv")]);
    assert_eq!(config.media_root, Some(folder.path().join("media")));
    assert_eq!(config.server.database, folder.path().join("planisphere.db").to_string_lossy());
    std::fs::write(&path, "server: {database: 'postgres://me:secret@host/db'}").unwrap();
    assert_eq!(Config::load(&path).unwrap().server.database, "postgres://me:secret@host/db");
    std::fs::write(&path, "server: 3").unwrap();
    let e = Config::load(&path).unwrap_err().to_string();
    assert!(e.ends_with("project.yaml: server must be a dictionary"), "{e}");
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(Config::load(&path), Err(Error::Read { .. })));
    std::fs::write(&path, vec![b'#'; (LONGEST_FILE + 1) as usize]).unwrap();
    assert!(matches!(Config::load(&path), Err(Error::TooLong { .. })));
    assert!(matches!(Config::load(folder.path().join("x.json")), Err(Error::Extension { .. })));
    assert!(matches!(Config::load(folder.path().join("x.toml")), Err(Error::Read { .. })));
}
