//! What figures contain.

use planisphere_core::Matrix;
use planisphere_viz_spec::spec::{Array, Color, PointRef, Symbol, Trace, TypedData};
use planisphere_viz_spec::{Error, Figure, OTHER, PALETTE, ScatterMap, UNLABELED, escape};
use proptest::prelude::*;

fn line(n: usize, cols: usize) -> Matrix {
    Matrix::from_vec(n, cols, (0..n * cols).map(|i| i as f32).collect()).unwrap()
}

fn color(trace: &Trace) -> &str {
    match &trace.marker().unwrap().color {
        Some(Color::One(c)) => c,
        other => panic!("{other:?}"),
    }
}

fn names(figure: &Figure) -> Vec<&str> {
    figure.data.iter().map(|t| t.name().unwrap()).collect()
}

fn texts(trace: &Trace) -> &[String] {
    let text = match trace {
        Trace::Scatter(t) | Trace::ScatterGl(t) => &t.text,
        Trace::Scatter3d(t) => &t.text,
        other => panic!("no points: {other:?}"),
    };
    match text {
        Some(Array::Strings(s)) => s,
        other => panic!("{other:?}"),
    }
}

fn floats(array: Option<&Array>) -> &[f32] {
    match array {
        Some(Array::Typed(a)) => match &a.data {
            TypedData::F32(v) => v,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn colors_follow_the_sorted_labels_and_the_users_choice() {
    let ids = ["a", "b", "c", "d", "e"];
    let labels = [Some("x10"), Some("x9"), None, Some("x1"), Some("  ")];
    let figure = ScatterMap::new().color("x9", "#abc").figure(line(5, 2).view(), &ids, Some(&labels), None).unwrap();
    assert_eq!(names(&figure), ["unlabeled", "x1", "x9", "x10"]);
    let colors: Vec<&str> = figure.data.iter().map(color).collect();
    assert_eq!(colors, [UNLABELED, PALETTE[0], "#abc", PALETTE[2]]);
    let Trace::Scatter(gray) = &figure.data[0] else { panic!("few points are drawn as SVG") };
    assert_eq!(gray.legendrank, Some(1002.0));
    let at = |row, id: &str| PointRef { row, id: id.to_owned(), label: None };
    assert_eq!(figure.data[0].customdata(), [at(2, "c"), at(4, "e")]);
    assert_eq!(floats(gray.x.as_ref()), [4.0, 8.0]);
    assert_eq!(floats(gray.y.as_ref()), [5.0, 9.0]);
    assert_eq!(figure.data[3].meta().unwrap().label.as_deref(), Some("x10"));
}

#[test]
fn shapes_change_where_colors_repeat() {
    let ids: Vec<String> = (0..7).map(|i| i.to_string()).collect();
    let labels: Vec<Option<String>> = ids.iter().cloned().map(Some).collect();
    let map = ScatterMap::new().palette(["#f00", "#0f0", "#00f"]);
    let figure = map.figure(line(7, 3).view(), &ids, Some(&labels), None).unwrap();
    let looks: Vec<_> = figure
        .data
        .iter()
        .map(|t| (color(t), t.marker().unwrap().symbol.as_ref().and_then(|s| s.one()).copied()))
        .collect();
    assert_eq!(looks[0], ("#f00", None));
    assert_eq!(looks[4], ("#0f0", Some(Symbol::Diamond)));
    assert_eq!(looks[6], ("#f00", Some(Symbol::Square)));
}

#[test]
fn labels_beyond_the_cap_share_a_trace_that_still_tells_them() {
    let ids: Vec<String> = (0..200).map(|i| format!("id{i}")).collect();
    let labels: Vec<Option<String>> =
        (0..200).map(|i| Some(if i < 100 { "big".to_owned() } else { format!("<{i}>") })).collect();
    let figure = ScatterMap::new().figure(line(200, 2).view(), &ids, Some(&labels), None).unwrap();
    assert_eq!(names(&figure), ["100 other labels", "big"]);
    assert_eq!(color(&figure.data[0]), OTHER);
    let p = &figure.data[0].customdata()[7];
    assert_eq!((p.row, p.id.as_str(), p.label.as_deref()), (107, "id107", Some("<107>")));
    assert_eq!(texts(&figure.data[0])[7], "<b>&lt;107&gt;</b><br>id107");
    let all_different: Vec<Option<String>> = ids.iter().cloned().map(Some).collect();
    let figure = ScatterMap::new().figure(line(200, 2).view(), &ids, Some(&all_different), None).unwrap();
    assert_eq!(names(&figure), ["200 labels"]);
}

#[test]
fn many_points_are_drawn_by_webgl() {
    let n = 3001;
    let ids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
    let kind = |n: usize, cols| {
        let map = ScatterMap::new();
        match map.figure(line(n, cols).view(), &ids[..n], None, None).unwrap().data.remove(0) {
            Trace::Scatter(_) => "svg",
            Trace::ScatterGl(_) => "webgl",
            Trace::Scatter3d(_) => "space",
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([kind(3000, 2), kind(3001, 2), kind(3001, 1), kind(10, 3)], ["svg", "webgl", "webgl", "space"]);
}

#[test]
fn sizes_fall_with_the_number_of_points_unless_given() {
    let marker = |map: ScatterMap, n: usize| {
        let ids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
        let figure = map.figure(line(n, 2).view(), &ids, None, None).unwrap();
        let m = figure.data[0].marker().unwrap().clone();
        (*m.size.unwrap().one().unwrap(), *m.opacity.unwrap().one().unwrap())
    };
    let steps: Vec<_> = [1, 100, 2000, 20_000, 200_000].map(|n| marker(ScatterMap::new(), n)).into();
    assert!(steps.windows(2).all(|w| w[0].0 >= w[1].0 && w[0].1 >= w[1].1), "{steps:?}");
    assert!((1.5..=11.0).contains(&steps[4].0) && (0.5..=0.9).contains(&steps[4].1), "{steps:?}");
    assert_eq!(marker(ScatterMap::new().point_size(3.25).opacity(0.5), 9), (3.25, 0.5));
}

#[test]
fn values_get_a_scale_and_missing_ones_are_gray() {
    let ids = ["a", "b", "c", "d"];
    let values = [2.5, f32::NAN, -1.0, f32::INFINITY];
    let map = ScatterMap::new().legend_title("score <1>");
    let figure = map.figure_by_value(line(4, 2).view(), &ids, &values, Some(&["p", "q", "r", "s"])).unwrap();
    assert_eq!(names(&figure), ["no value", "score &lt;1&gt;"]);
    let m = figure.data[1].marker().unwrap();
    assert_eq!((m.cmin, m.cmax, m.showscale), (Some(-1.0), Some(2.5), Some(true)));
    assert_eq!(m.color, Some(Color::Each(Array::from(vec![2.5f32, -1.0]))));
    assert_eq!(texts(&figure.data[1])[0], "a<br>score &lt;1&gt;: 2.5 <br>p");
    assert_eq!(color(&figure.data[0]), UNLABELED);
}

#[test]
fn one_dimension_is_a_strip_and_no_points_an_empty_figure() {
    let ids = ["a", "b", "c"];
    let figure = ScatterMap::new().figure(line(3, 1).view(), &ids, None, None).unwrap();
    let Trace::Scatter(t) = &figure.data[0] else { panic!("few points are drawn as SVG") };
    assert_eq!(floats(t.x.as_ref()), [0.0, 1.0, 2.0]);
    assert!(floats(t.y.as_ref()).iter().all(|y| (-1.0..1.0).contains(y)));
    for cols in [0, 2, 3] {
        let empty = ScatterMap::new().figure::<&str>(Matrix::zeros(0, cols).view(), &[], None, None).unwrap();
        assert!(empty.data.is_empty() && empty.layout.autosize == Some(true));
    }
}

#[test]
fn errors_say_what_and_where() {
    let two = line(2, 2);
    let ids = ["a", "b"];
    let run = |map: ScatterMap| map.figure(two.view(), &ids, None, None).unwrap_err().to_string();
    let new = ScatterMap::new;
    for (got, want) in [
        (new().figure(two.view(), &["a"], None, None).unwrap_err().to_string(), "ids: 1 entries for 2 points"),
        (
            new().figure(two.view(), &ids, Some(&[Some("x")]), None).unwrap_err().to_string(),
            "labels: 1 entries for 2 points",
        ),
        (
            new().figure(two.view(), &ids, None, Some(&["p"; 3])).unwrap_err().to_string(),
            "previews: 3 entries for 2 points",
        ),
        (
            new().figure_by_value(two.view(), &ids, &[1.0], None).unwrap_err().to_string(),
            "values: 1 entries for 2 points",
        ),
        (
            new().figure(line(2, 4).view(), &ids, None, None).unwrap_err().to_string(),
            "points have 4 columns; a map shows 1, 2 or 3",
        ),
        (run(new().max_labels(0)), "max_labels = 0: must be at least 1"),
        (run(new().point_size(f64::NAN)), "point_size = NaN: must be a number of pixels above 0"),
        (run(new().opacity(1.5)), "opacity = 1.5: must be above 0 and at most 1"),
        (run(new().palette(Vec::<String>::new())), "palette = []: must be at least one color"),
        (run(new().palette(["red"])), "palette: \"red\" is not a color; write #rgb or #rrggbb"),
        (run(new().color("x", "#12345")), "color: \"#12345\" is not a color; write #rgb or #rrggbb"),
    ] {
        assert_eq!(got, want);
    }
    let bad = Matrix::from_vec(2, 2, vec![0.0, 1.0, f32::NAN, 2.0]).unwrap();
    let e = new().figure(bad.view(), &ids, None, None).unwrap_err();
    let Error::Points(planisphere_core::Error::NonFinite { row: 1, col: 0, .. }) = e else { panic!("{e}") };
    assert!(matches!(new().figure(line(2, 0).view(), &ids, None, None), Err(Error::Columns { cols: 0 })));
}

proptest! {
    /// Whatever strangers write, the markup holds no tag, template or TeX but ours, and programs get it back unchanged.
    #[test]
    fn texts_of_strangers(
        rows in prop::collection::vec(("\\PC{0,80}", prop::option::of("\\PC{0,80}"), "\\PC{0,300}"), 1..20),
    ) {
        let ids: Vec<String> = rows.iter().map(|r| r.0.clone()).collect();
        let labels: Vec<Option<String>> = rows.iter().map(|r| r.1.clone()).collect();
        let previews: Vec<String> = rows.iter().map(|r| r.2.clone()).collect();
        let points = line(rows.len(), 2);
        let map = ScatterMap::new().max_labels(3).title(ids[0].as_str());
        let figure = map.figure(points.view(), &ids, Some(&labels), Some(&previews)).unwrap();
        let ours = |s: &str| s.replace("<br>", "").replace("<b>", "").replace("</b>", "");
        let mut seen = 0;
        for trace in &figure.data {
            let Trace::Scatter(t) = trace else { panic!("few points are drawn as SVG") };
            let template = ours(t.hovertemplate.as_deref().unwrap()).replace("%{text}<extra></extra>", "");
            let all = texts(trace).iter().map(|s| ours(s)).chain([template, t.name.clone().unwrap()]);
            for s in all {
                prop_assert!(!s.contains(['<', '>', '$', '%']), "{}", s);
            }
            for p in trace.customdata() {
                let row = p.row as usize;
                prop_assert_eq!(&p.id, &ids[row]);
                let label = p.label.clone().or_else(|| trace.meta().and_then(|m| m.label.clone()));
                prop_assert_eq!(label, labels[row].clone().filter(|l| !l.trim().is_empty()));
                seen += 1;
            }
        }
        prop_assert_eq!(seen, rows.len());
        let heading = figure.layout.title.as_ref().unwrap().text.clone().unwrap();
        prop_assert_eq!(heading, escape(&ids[0].split_whitespace().collect::<Vec<_>>().join(" ")));
        let json = figure.to_json().unwrap();
        prop_assert_eq!(Figure::from_json(&json).unwrap(), figure);
    }
}
