//! Figures of several maps.

use planisphere_core::Matrix;
use planisphere_viz_spec::spec::{Color, Trace};
use planisphere_viz_spec::{Error, Figure, PALETTE, ScatterMap};

const IDS: [&str; 4] = ["a", "b", "c", "d"];
const LABELS: [Option<&str>; 4] = [Some("x"), None, Some("y"), Some("x")];
const TEXTS: [&str; 4] = ["one", "two", "three", "four"];

fn points(cols: usize, from: f32) -> Matrix {
    Matrix::from_vec(4, cols, (0..4 * cols).map(|i| from + i as f32).collect()).unwrap()
}

/// Axes or scene, legend group, whether it is in the legend.
fn places(figure: &Figure) -> Vec<(String, &str, bool)> {
    let axis = |name: &Option<String>, first: &str| name.clone().unwrap_or_else(|| first.to_owned());
    figure
        .data
        .iter()
        .map(|trace| {
            let (place, group, in_legend) = match trace {
                Trace::Scatter(t) | Trace::ScatterGl(t) => {
                    (axis(&t.xaxis, "x") + &axis(&t.yaxis, "y"), &t.legendgroup, t.showlegend)
                }
                Trace::Scatter3d(t) => (axis(&t.scene, "scene"), &t.legendgroup, t.showlegend),
                other => panic!("{other:?}"),
            };
            (place, group.as_deref().unwrap(), in_legend.unwrap())
        })
        .collect()
}

fn three() -> Figure {
    let (pca, tsne, umap) = (points(2, 0.0), points(2, 100.0), points(2, 200.0));
    let maps = [("PCA", pca.view()), ("t-SNE <3", tsne.view()), ("UMAP", umap.view())];
    ScatterMap::new().side_by_side(&maps, &IDS, Some(&LABELS), Some(&TEXTS)).unwrap()
}

#[test]
fn a_label_is_one_trace_in_each_map_and_one_entry_of_the_legend() {
    let figure = three();
    let mut want = Vec::new();
    for group in ["0", "1", "2"] {
        want.extend([("xy", true), ("x2y2", false), ("x3y3", false)].map(|(axes, one)| (axes.to_owned(), group, one)));
    }
    assert_eq!(places(&figure), want);
    for of_label in figure.data.chunks(3) {
        let facts = |t: &Trace| (t.name().map(str::to_owned), t.meta().cloned(), t.marker().cloned());
        for trace in of_label {
            assert_eq!(facts(trace), facts(&of_label[0]));
            assert_eq!(trace.customdata(), of_label[0].customdata(), "a position is the same item in each map");
        }
    }
    let x: Vec<&str> = figure.data[3..6].iter().map(|t| t.name().unwrap()).collect();
    assert_eq!(x, ["x", "x", "x"]);
    let Some(Color::One(color)) = &figure.data[4].marker().unwrap().color else { panic!("labels have one color") };
    assert_eq!(color, PALETTE[0]);
    // The coordinates are each map's own: rows 0 and 3.
    let json = figure.to_json().unwrap();
    let one = |start: f32| {
        let map = points(2, start);
        let single = ScatterMap::new().figure(map.view(), &IDS, Some(&LABELS), Some(&TEXTS)).unwrap();
        let Trace::Scatter(t) = &single.data[1] else { panic!("few points are drawn as SVG") };
        serde_json::to_string(&(&t.x, &t.y)).unwrap()
    };
    for (trace, start) in figure.data[3..6].iter().zip([0.0, 100.0, 200.0]) {
        let Trace::Scatter(t) = trace else { panic!("few points are drawn as SVG") };
        assert_eq!(serde_json::to_string(&(&t.x, &t.y)).unwrap(), one(start));
    }
    assert_eq!(Figure::from_json(&json).unwrap(), figure);
}

#[test]
fn each_map_has_its_axes_its_place_and_its_name() {
    let figure = three();
    let layout = &figure.layout;
    let anchors: Vec<_> =
        layout.yaxis.iter().chain(layout.subplots.yaxis.values()).map(|a| a.scaleanchor.as_deref().unwrap()).collect();
    assert_eq!(anchors, ["x", "x2", "x3"]);
    let sides: Vec<_> = layout.xaxis.iter().chain(layout.subplots.xaxis.values()).map(|a| a.domain.unwrap()).collect();
    assert!(sides.windows(2).all(|w| w[0][1] < w[1][0]), "{sides:?}");
    let headings = layout.annotations.as_ref().unwrap();
    let texts: Vec<_> = headings.iter().map(|a| a.text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["PCA", "t-SNE &lt;3", "UMAP"]);
    let starts: Vec<f64> = headings.iter().map(|a| a.x.unwrap()).collect();
    assert_eq!(starts, sides.iter().map(|s| s[0]).collect::<Vec<_>>());
}

#[test]
fn one_map_is_the_figure_without_a_name_and_none_an_empty_one() {
    let map = points(2, 0.0);
    let one = ScatterMap::new().side_by_side(&[("PCA", map.view())], &IDS, Some(&LABELS), None).unwrap();
    assert_eq!(one, ScatterMap::new().figure(map.view(), &IDS, Some(&LABELS), None).unwrap());
    assert!(one.layout.annotations.is_none() && one.data.iter().all(|t| t.legendgroup().is_none()));
    let none: [(&str, planisphere_core::MatrixView<'_>); 0] = [];
    let figure = ScatterMap::new().side_by_side(&none, &IDS, Some(&LABELS), None).unwrap();
    assert!(figure.data.is_empty() && figure.layout.xaxis.is_none());
}

#[test]
fn plane_space_and_line_stand_side_by_side() {
    let (plane, space, line) = (points(2, 0.0), points(3, 0.0), points(1, 0.0));
    let maps = [("3-D", space.view()), ("2-D", plane.view()), ("1-D", line.view()), ("again", space.view())];
    let figure = ScatterMap::new().side_by_side(&maps, &IDS, None, None).unwrap();
    let axes: Vec<String> = places(&figure).into_iter().map(|p| p.0).collect();
    assert_eq!(axes, ["scene", "x2y2", "x3y3", "scene4"]);
    let layout = &figure.layout;
    assert!(layout.xaxis.is_none() && layout.scene.as_ref().unwrap().domain.is_some());
    assert_eq!(layout.subplots.scene.keys().collect::<Vec<_>>(), [&4]);
    assert_eq!(layout.subplots.xaxis.keys().collect::<Vec<_>>(), [&2, &3]);
    let of = |i: u32| layout.subplots.yaxis[&i].scaleanchor.as_deref();
    assert_eq!((of(2), of(3)), (Some("x2"), None));
}

#[test]
fn values_have_one_color_bar() {
    let (a, b) = (points(2, 0.0), points(2, 9.0));
    let maps = [("PCA", a.view()), ("UMAP", b.view())];
    let values = [0.5, f32::NAN, -2.0, 3.0];
    let figure = ScatterMap::new().side_by_side_by_value(&maps, &IDS, &values, Some(&TEXTS)).unwrap();
    let of: Vec<_> = figure.data[2..].iter().map(|t| t.marker().unwrap()).collect();
    assert_eq!([of[0].showscale, of[1].showscale], [Some(true), Some(false)]);
    assert_eq!((of[0].cmin, of[0].cmax, &of[0].color), (of[1].cmin, of[1].cmax, &of[1].color));
    assert_eq!((of[1].cmin, of[1].cmax), (Some(-2.0), Some(3.0)));
    assert!(of[1].colorbar.is_none());
}

#[test]
fn many_points_in_all_maps_together_are_drawn_by_webgl() {
    let map = points(2, 0.0);
    let kind = |maps: usize, threshold: usize| {
        let maps = vec![("m", map.view()); maps];
        let figure = ScatterMap::new().gl_threshold(threshold).side_by_side(&maps, &IDS, None, None).unwrap();
        figure.data.iter().all(|t| matches!(t, Trace::ScatterGl(_)))
    };
    assert_eq!([kind(1, 4), kind(2, 4), kind(2, 8), kind(3, 8)], [false, true, false, true]);
}

#[test]
fn errors_name_the_map() {
    let (good, short, wide) = (points(2, 0.0), Matrix::zeros(3, 2), points(4, 0.0));
    let mut infinite = points(2, 0.0);
    infinite.row_mut(2)[1] = f32::INFINITY;
    let run = |bad: &Matrix| {
        let maps = [("PCA", good.view()), ("UMAP", bad.view())];
        ScatterMap::new().side_by_side(&maps, &IDS, None, None).unwrap_err()
    };
    assert_eq!(run(&short).to_string(), "map \"UMAP\": ids: 4 entries for 3 points");
    assert_eq!(run(&wide).to_string(), "map \"UMAP\": points have 4 columns; a map shows 1, 2 or 3");
    let Error::InMap { name, source } = run(&infinite) else { panic!("{}", run(&infinite)) };
    assert!(name == "UMAP" && matches!(*source, Error::Points(_)), "{source}");
    let maps = [("PCA", good.view()), ("UMAP", good.view())];
    let e = ScatterMap::new().side_by_side_by_value(&maps, &IDS, &[1.0], None).unwrap_err();
    assert_eq!(e.to_string(), "values: 1 entries for 4 points");
    let e = ScatterMap::new().side_by_side(&maps, &IDS, Some(&[None]), None).unwrap_err();
    assert_eq!(e.to_string(), "labels: 1 entries for 4 points");
}
