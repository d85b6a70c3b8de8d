//! Every figure that the crate builds, against plotly.js's own schema (see `fixtures/plotly-schema`).

use planisphere_core::{KnnGraph, Matrix};
use planisphere_viz_spec::spec::{
    ClickMode, ColorScale, Figure, ModeBar, Orientation, Selection, SelectionType, Trace, Visible,
};
use planisphere_viz_spec::{Column, Density, PALETTE, Palette, ScatterMap, Theme};
use serde_json::{Map, Value, json};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../fixtures/plotly-schema/schema.json")).unwrap()
}

/// Everything in `figure` that the schema does not allow.
fn violations(figure: &Value) -> Vec<String> {
    let schema = schema();
    let mut bad = Vec::new();
    for key in figure.as_object().unwrap().keys() {
        if !["data", "layout", "config", "frames"].contains(&key.as_str()) {
            bad.push(format!("{key}: unknown"));
        }
    }
    traces(&figure["data"], &schema, "data", &mut bad);
    object(&figure["layout"], &schema["layout"], "layout", &mut bad);
    for (i, frame) in figure["frames"].as_array().into_iter().flatten().enumerate() {
        object(frame, &schema["frames"], &format!("frames[{i}]"), &mut bad);
        // The schema leaves open what frames hold: it is what figures hold.
        traces(&frame["data"], &schema, &format!("frames[{i}].data"), &mut bad);
        if let Some(layout) = frame.get("layout") {
            object(layout, &schema["layout"], "layout", &mut bad);
        }
        let known = figure["data"].as_array().unwrap().len();
        let listed = frame["traces"].as_array().unwrap();
        if listed.len() != frame["data"].as_array().unwrap().len()
            || listed.iter().any(|t| t.as_u64() >= Some(known as u64))
        {
            bad.push(format!("frames[{i}].traces: not those of its data"));
        }
    }
    if let Some(config) = figure.get("config") {
        object(config, &schema["config"], "config", &mut bad);
    }
    bad
}

fn traces(data: &Value, schema: &Value, at: &str, bad: &mut Vec<String>) {
    for (i, trace) in data.as_array().unwrap().iter().enumerate() {
        let kind = trace["type"].as_str().unwrap();
        match schema["traces"].get(kind) {
            Some(s) => object(trace, s, &format!("{at}[{i}]"), bad),
            None => bad.push(format!("{at}[{i}].type: unknown {kind}")),
        }
    }
}

fn object(value: &Value, schema: &Value, at: &str, bad: &mut Vec<String>) {
    let Some(value) = value.as_object() else {
        bad.push(format!("{at}: not an object"));
        return;
    };
    let none = Map::new();
    let known = schema["attributes"].as_object().unwrap_or(&none);
    for (key, v) in value {
        let at = format!("{at}.{key}");
        // Those of the second map are described by those of the first.
        let first = key.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = ["xaxis", "yaxis", "scene", "coloraxis"].contains(&first) && at == format!("layout.{key}");
        match known.get(if numbered { first } else { key }) {
            None => bad.push(format!("{at}: unknown")),
            Some(s) if s.get("valType").is_some() => attribute(v, s, &at, bad),
            Some(s) if s.get("items").is_some() => match v.as_array() {
                Some(list) => list.iter().for_each(|item| object(item, &s["items"], &at, bad)),
                None => bad.push(format!("{at}: not a list")),
            },
            Some(s) => object(v, s, &at, bad),
        }
    }
}

fn attribute(v: &Value, schema: &Value, at: &str, bad: &mut Vec<String>) {
    let is_array = v.is_array() || v.get("bdata").is_some_and(Value::is_string);
    let array_ok = schema["arrayOk"] == true;
    let in_range =
        |x: f64| schema["min"].as_f64().is_none_or(|min| x >= min) && schema["max"].as_f64().is_none_or(|max| x <= max);
    let listed = |name: &str, v: &Value| schema[name].as_array().is_some_and(|list| list.contains(v));
    let ok = match schema["valType"].as_str().unwrap() {
        "data_array" | "info_array" => is_array,
        _ if is_array && array_ok => true,
        "any" => true,
        "boolean" => v.is_boolean(),
        "string" => v.is_string() || v.is_number(),
        "number" | "angle" => v.as_f64().is_some_and(in_range),
        "integer" => v.is_i64() && v.as_f64().is_some_and(in_range),
        "color" => v.as_str().is_some_and(|c| c.starts_with('#') || c.starts_with("rgb")),
        "colorscale" => match v.as_array() {
            // As plotly.js checks it: from 0 to 1, never back, and colors.
            Some(stops) => {
                let at: Vec<f64> = stops.iter().map(|s| s[0].as_f64().unwrap_or(f64::NAN)).collect();
                let ascend = at.windows(2).all(|w| w[0] <= w[1]);
                let colors = stops.iter().all(|s| s[1].as_str().is_some_and(|c| c.starts_with('#')));
                at.len() > 1 && at[0] == 0.0 && at[at.len() - 1] == 1.0 && ascend && colors
            }
            None => v.as_str().is_some_and(|c| NAMED_SCALES.contains(&c)),
        },
        "subplotid" => v.is_string(),
        "enumerated" => {
            listed("values", v)
                // Values between slashes are patterns: here always the name of an axis, by its letter.
                || schema["values"].as_array().is_some_and(|list| {
                    let axis = v.as_str().filter(|v| v.trim_end_matches(|c: char| c.is_ascii_digit()).len() == 1);
                    list.iter().any(|p| p.as_str().zip(axis).is_some_and(|(p, v)| p.starts_with(&format!("/^{}", &v[..1]))))
                })
        }
        "flaglist" => {
            listed("extras", v) || v.as_str().is_some_and(|s| s.split('+').all(|f| listed("flags", &f.into())))
        }
        other => panic!("{at}: the checker does not know {other}"),
    };
    if !ok {
        bad.push(format!("{at}: {v} is no {}", schema["valType"]));
    }
}

/// Those that plotly.js 3.0.1 knows by name; for others it takes RdBu.
const NAMED_SCALES: [&str; 18] = [
    "Greys",
    "YlGnBu",
    "Greens",
    "YlOrRd",
    "Bluered",
    "RdBu",
    "Reds",
    "Blues",
    "Picnic",
    "Rainbow",
    "Portland",
    "Jet",
    "Hot",
    "Blackbody",
    "Earth",
    "Electric",
    "Viridis",
    "Cividis",
];

/// One figure of each kind.
fn figures() -> Vec<(&'static str, Figure)> {
    let n = 90usize;
    let points = |cols: usize| {
        let data = (0..n * cols).map(|i| ((i * 37) % 101) as f32 / 7.0).collect();
        Matrix::from_vec(n, cols, data).unwrap()
    };
    let ids: Vec<String> = (0..n).map(|i| format!("id <{i}>")).collect();
    let labels: Vec<Option<String>> = (0..n).map(|i| (i % 8 > 0).then(|| format!("label {}", i % 8))).collect();
    let many: Vec<Option<String>> = (0..n).map(|i| Some((i % 40).to_string())).collect();
    let previews: Vec<String> = (0..n).map(|i| format!("text {i} ").repeat(i)).collect();
    let values: Vec<f32> = (0..n).map(|i| if i == 3 { f32::NAN } else { i as f32 }).collect();
    let map = ScatterMap::new().title("A map & more").legend_title("topic");
    let labeled = |map: &ScatterMap, cols| map.figure(points(cols).view(), &ids, Some(&labels), Some(&previews));
    let (plane, space) = (points(2), points(3));
    let several = [("PCA", plane.view()), ("UMAP <2>", plane.view()), ("3-D", space.view()), ("4th", plane.view())];
    let mut all = vec![
        ("1-D", labeled(&map, 1)),
        ("2-D", labeled(&map, 2)),
        ("2-D WebGL", labeled(&map.clone().gl_threshold(10), 2)),
        ("3-D", labeled(&map, 3)),
        ("wrapped palette", labeled(&map.clone().palette(["#f00", "#00ff00"]), 3)),
        ("without labels", ScatterMap::new().figure(points(2).view(), &ids, None, None)),
        ("too many labels", map.clone().max_labels(5).figure(points(2).view(), &ids, Some(&many), None)),
        ("by value", map.figure_by_value(points(2).view(), &ids, &values, Some(&previews))),
        (
            "by value, 3-D",
            map.clone().color_scale(ColorScale::RdBu).figure_by_value(points(3).view(), &ids, &values, None),
        ),
        ("side by side", map.side_by_side(&several, &ids, Some(&labels), Some(&previews))),
        ("side by side, by value", map.side_by_side_by_value(&several, &ids, &values, None)),
        ("empty", map.figure::<String>(Matrix::zeros(0, 2).view(), &[], None, None)),
    ]
    .into_iter()
    .chain(richer_figures(n, &ids, &labels, &values, &previews))
    .map(|(name, figure)| (name, figure.unwrap_or_else(|e| panic!("{name}: {e}"))))
    .collect::<Vec<_>>();

    // What users may add by hand.
    let mut own = all[2].1.clone();
    let mut outline = Selection::default();
    outline.r#type = Some(SelectionType::Path);
    outline.path = Some("M0,0L1,0L1,1Z".to_owned());
    outline.xref = Some("x".to_owned());
    outline.yref = Some("y".to_owned());
    outline.line = Some(("#000000", 1.0).into());
    own.layout.selections = Some(vec![outline]);
    own.layout.clickmode = Some(ClickMode::EventSelect);
    let mut bar = ModeBar::default();
    bar.orientation = Some(Orientation::Vertical);
    bar.color = Some("#64748b".to_owned());
    own.layout.modebar = Some(bar);
    let Trace::ScatterGl(t) = &mut own.data[0] else { panic!("WebGL was asked for") };
    t.visible = Some(Visible::LegendOnly);
    t.selectedpoints = Some(vec![0, 2]);
    all.push(("by hand", own));
    all
}

type Named = (&'static str, planisphere_viz_spec::Result<Figure>);

/// Figures with everything that maps offer.
fn richer_figures(
    n: usize,
    ids: &[String],
    labels: &[Option<String>],
    values: &[f32],
    previews: &[String],
) -> Vec<Named> {
    let points = |cols: usize| {
        let data = (0..n * cols).map(|i| ((i * 37) % 101) as f32 / 7.0).collect();
        Matrix::from_vec(n, cols, data).unwrap()
    };
    let (line, plane, space) = (points(1), points(2), points(3));
    let votes = Column::numbers("votes <n>", (0..n).map(|i| if i == 5 { f32::NAN } else { i as f32 - 9.0 }));
    let author = Column::categories("author", (0..n).map(|i| (i % 5 > 0).then(|| format!("author {}", i % 5))));
    let next = (0..n as u32).map(|i| (i + 1) % n as u32).collect();
    let graph = KnnGraph::new(n, 1, next, vec![1.0; n]).unwrap();
    let map = ScatterMap::new()
        .title("A map & more")
        .theme(Theme::Dark)
        .palette(Palette::Safe20)
        .axis_titles(true)
        .hover_columns([votes.clone(), author.clone()])
        .symbols(author.clone())
        .sizes(votes.clone())
        .annotated((0..n).map(|i| i % 3 == 0))
        .density(Density::new())
        .neighbor_lines(&graph, &[1, 2, 50])
        .point_texts([(3, "three <3>"), (4, "four")])
        .label_names(true)
        .text_buttons(true);
    let choice = map.clone().color_by([votes, author]).label_names(false);
    let several = [("PCA", plane.view()), ("1-D", line.view()), ("3-D", space.view())];
    let frames = |a, b| [("PCA <1>", a), ("UMAP", b)];
    let other = Matrix::from_vec(n, 2, plane.data().iter().map(|x| x * 3.0 + 100.0).collect()).unwrap();
    let moving = frames(plane.view(), other.view());
    let by_value = |map: ScatterMap| map.figure_by_value(plane.view(), ids, values, None);
    let new = ScatterMap::new;
    vec![
        ("all of it", map.figure(plane.view(), ids, Some(labels), Some(previews))),
        ("all of it, WebGL", map.clone().gl_threshold(1).figure(plane.view(), ids, Some(labels), Some(previews))),
        ("all of it, side by side", map.side_by_side(&several, ids, Some(labels), None)),
        ("all of it, empty", {
            let empty = ScatterMap::new().density(Density::new()).label_names(true).text_buttons(true);
            empty.figure::<String>(Matrix::zeros(0, 2).view(), &[], Some(&[]), None)
        }),
        ("choices", choice.figure(plane.view(), ids, Some(labels), Some(previews))),
        ("choices, side by side", choice.clone().gl_threshold(1).side_by_side(&several, ids, Some(labels), None)),
        ("choices, by value", choice.clone().log_scale(true).figure_by_value(plane.view(), ids, values, None)),
        ("choices, without labels", choice.figure(plane.view(), ids, None, None)),
        ("steps", by_value(map.clone().thresholds(&[10.0, 50.5]))),
        ("centered", by_value(new().color_scale(ColorScale::BlueOrange).center(40.0).reverse_scale(true))),
        ("clipped", by_value(new().color_scale(ColorScale::Magma).clip(0.1))),
        ("logarithms", by_value(new().log_scale(true).value_range(1.0, 50.0))),
        ("animated", map.animate(&moving, ids, Some(labels), Some(previews))),
        ("animated, WebGL", new().gl_threshold(1).raw_frames(true).animate(&moving, ids, Some(labels), None)),
        ("animated, 3-D", map.animate(&frames(space.view(), space.view()), ids, Some(labels), None)),
        ("animated, 1-D", new().animate(&frames(line.view(), line.view()), ids, None, None)),
        ("animated, nothing", new().animate::<&str, _>(&[], ids, Some(labels), None)),
    ]
}

#[test]
fn every_figure_keeps_to_the_schema_and_can_be_read_back() {
    for (name, figure) in figures() {
        let text = figure.to_json().unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(violations(&value), Vec::<String>::new(), "{name}");
        assert_eq!(Figure::from_json(&text).unwrap(), figure, "{name}");
        assert_eq!(Value::try_from(&figure).unwrap(), value, "{name}");
        let mut bytes = Vec::new();
        figure.write_json(&mut bytes).unwrap();
        assert_eq!(bytes, text.into_bytes(), "{name}");
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let figure = figures().swap_remove(2).1;
    let good = Value::try_from(&figure).unwrap();
    let broken = |pointer: &str, key: &str, v: Value| {
        let mut f = good.clone();
        f.pointer_mut(pointer).unwrap()[key] = v;
        violations(&f)
    };
    for (pointer, key, v) in [
        ("/data/0", "bogus", json!(1)),
        ("/data/0", "type", json!("scatter3")),
        ("/data/0", "mode", json!("markers+dots")),
        ("/data/0", "visible", json!("legend")),
        ("/data/0/marker", "opacity", json!(1.5)),
        ("/data/0/marker", "size", json!(-1)),
        ("/data/0/marker", "color", json!("reddish")),
        ("/data/0", "x", json!(1)),
        ("/layout", "dragmode", json!("lassoo")),
        ("/layout", "bogus", json!({})),
        ("/layout/yaxis", "scaleanchor", json!("up")),
        ("/layout/yaxis", "scaleanchor", json!("z2")),
        ("/layout", "zaxis2", json!({})),
        ("/layout", "annotations", json!([{"xanchor": "start"}])),
        ("/layout", "selections", json!([{"type": "circle"}])),
        ("/config", "scrollZoom", json!("often")),
    ] {
        let found = broken(pointer, key, v);
        assert_eq!(found.len(), 1, "{pointer}/{key}: {found:?}");
        assert!(found[0].contains(key) || found[0].contains("type"), "{found:?}");
    }
}

#[test]
fn the_whole_palette_is_colors_of_the_schema() {
    let ids: Vec<String> = (0..PALETTE.len()).map(|i| i.to_string()).collect();
    let labels: Vec<Option<String>> = ids.iter().cloned().map(Some).collect();
    let points = Matrix::zeros(ids.len(), 2);
    let figure = ScatterMap::new().figure(points.view(), &ids, Some(&labels), None).unwrap();
    assert_eq!(figure.data.len(), PALETTE.len());
    assert_eq!(violations(&Value::try_from(&figure).unwrap()), Vec::<String>::new());
}
