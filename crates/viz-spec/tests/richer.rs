//! What maps offer beyond points of a color: columns, numbers in steps, shapes, sizes, lines, texts, choices, animations.

use planisphere_core::{KnnGraph, Matrix};
use planisphere_viz_spec::spec::{Array, Color, Method, Mode, OrArray, Scale, Symbol, Trace, TypedData};
use planisphere_viz_spec::{Column, Density, Error, Figure, ScatterMap, Theme};
use serde_json::json;

const IDS: [&str; 4] = ["a", "b", "c", "d"];
const LABELS: [Option<&str>; 4] = [Some("x"), None, Some("y"), Some("x")];

fn points(cols: usize) -> Matrix {
    Matrix::from_vec(4, cols, (0..4 * cols).map(|i| (i * i) as f32).collect()).unwrap()
}

fn draw(map: &ScatterMap) -> Figure {
    map.figure(points(2).view(), &IDS, Some(&LABELS), None).unwrap()
}

fn names(figure: &Figure) -> Vec<&str> {
    figure.data.iter().map(|t| t.name().unwrap()).collect()
}

fn by_value(map: ScatterMap, values: &[f32]) -> Figure {
    map.figure_by_value(points(2).view(), &IDS, values, None).unwrap()
}

fn plane(trace: &Trace) -> &planisphere_viz_spec::spec::Scatter {
    match trace {
        Trace::Scatter(t) | Trace::ScatterGl(t) => t,
        other => panic!("{other:?}"),
    }
}

#[test]
fn hover_boxes_tell_columns_as_written() {
    let long = "<b>".repeat(100);
    let columns = [
        Column::numbers("votes <n>", [1.5, f32::NAN, 0.1, 3.0]),
        Column::categories("author", [Some(long.as_str()), Some(" "), None, Some("Ann\nB")]),
    ];
    let figure = draw(&ScatterMap::new().hover_columns(columns));
    let Some(Array::Strings(x)) = &plane(&figure.data[1]).text else { panic!("labels have texts") };
    let cut = "&lt;b&gt;".repeat(19) + "&lt;b…";
    assert_eq!(x[0], format!("a<br>votes &lt;n&gt;: 1.5 <br>author: {cut} "));
    assert_eq!(x[1], "d<br>votes &lt;n&gt;: 3 <br>author: Ann B ");
    let Some(Array::Strings(gray)) = &plane(&figure.data[0]).text else { panic!("so have the others") };
    assert_eq!(gray[0], "b");
}

#[test]
fn shapes_and_sizes_follow_columns() {
    let map = ScatterMap::new()
        .symbols(Column::categories("kind", [Some("k10"), Some("k9"), Some("k9"), None]))
        .sizes(Column::numbers("votes", [4.0, -1.0, f32::NAN, 1.0]))
        .size_range(2.0, 20.0);
    let figure = draw(&map);
    assert_eq!(names(&figure), ["unlabeled", "x", "y", "k9", "k10"]);
    let x = figure.data[1].marker().unwrap();
    assert_eq!(x.symbol, Some(OrArray::Each(Array::Strings(vec!["diamond".to_owned(), "circle".to_owned()]))));
    // A quarter of the votes is a quarter of the area.
    assert_eq!(x.size, Some(OrArray::Each(Array::from(vec![20.0f32, 10.0]))));
    let small = figure.data[0].marker().unwrap();
    assert_eq!((&small.size, &small.symbol), (&Some(OrArray::Each(Array::from(vec![2.0f32]))), &None));
    // What shapes mean is told in the legend, by traces that draw nothing.
    let key = plane(&figure.data[4]);
    assert_eq!(key.marker.as_ref().unwrap().symbol, Some(OrArray::One(Symbol::Diamond)));
    assert_eq!((&key.x, key.showlegend, &key.customdata), (&Some(Array::Numbers(vec![None])), Some(true), &None));
    assert_eq!(figure.layout.showlegend, Some(true));
}

#[test]
fn points_that_are_not_annotated_are_hollow() {
    let figure = draw(&ScatterMap::new().annotated([true, false, false, false]));
    let symbols: Vec<_> = figure.data.iter().map(|t| t.marker().unwrap().symbol.clone()).collect();
    let each = |words: [&str; 2]| Some(OrArray::Each(Array::Strings(words.map(str::to_owned).to_vec())));
    assert_eq!(symbols[0], Some(OrArray::One(Symbol::CircleOpen)));
    assert_eq!(symbols[1], each(["circle", "circle-open"]));
    assert_eq!(names(&figure)[3..], ["annotated", "not annotated"]);
    let all = draw(&ScatterMap::new().annotated([true; 4]));
    assert!(all.data[..3].iter().all(|t| t.marker().unwrap().symbol.is_none()));
}

#[test]
fn numbers_in_steps_are_named_and_colored_by_the_scale() {
    let figure = by_value(ScatterMap::new().thresholds(&[0.5, 0.8]), &[0.1, 0.8, f32::NAN, 0.9]);
    assert_eq!(names(&figure), ["no value", "&lt; 0.5", "≥ 0.8"]);
    assert_eq!(figure.data[2].customdata().iter().map(|p| p.row).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(figure.data[1].marker().unwrap().color, Some(Color::One("#440154".to_owned())));
    assert_eq!(figure.data[2].marker().unwrap().color, Some(Color::One("#fde725".to_owned())));
    assert_eq!(figure.layout.showlegend, Some(true));
}

#[test]
fn scales_are_centered_turned_and_logarithmic() {
    use planisphere_viz_spec::spec::ColorScale;
    let map = ScatterMap::new().color_scale(ColorScale::BlueOrange).center(0.0).reverse_scale(true);
    let figure = by_value(map, &[-1.0, 0.0, 3.0, 2.0]);
    let m = figure.data[0].marker().unwrap();
    assert_eq!((m.cmin, m.cmid, m.cmax, m.reversescale), (Some(-3.0), Some(0.0), Some(3.0), Some(true)));
    assert!(matches!(&m.colorscale, Some(Scale::Stops(stops)) if stops.len() == 11));
    let figure = by_value(ScatterMap::new().log_scale(true), &[0.0, 1.0, 10.0, 100.0]);
    assert_eq!(names(&figure), ["no value", "value"]);
    let m = figure.data[1].marker().unwrap();
    assert_eq!(m.color, Some(Color::Each(Array::from(vec![0.0f32, 1.0, 2.0]))));
    assert_eq!(m.colorbar.as_ref().unwrap().tickvals.as_ref().unwrap().len(), 7);
}

#[test]
fn lines_and_density_lie_below_and_texts_above() {
    let graph = KnnGraph::new(4, 2, vec![1, 2, 0, 2, 1, 3, 2, 1], [1.0, 2.0].repeat(4)).unwrap();
    let map = ScatterMap::new()
        .density(Density::new().lines(4))
        .neighbor_lines(&graph, &[3])
        .label_names(true)
        .point_texts([(2, "<c>")])
        .text_buttons(true);
    let figure = draw(&map);
    assert_eq!(names(&figure), ["density", "neighbors", "unlabeled", "x", "y", "x", "y", "texts"]);
    let Trace::Contour(density) = &figure.data[0] else { panic!("density is a contour") };
    let Some(Array::Typed(z)) = &density.z else { panic!("numbers are typed") };
    assert!(z.shape.as_ref().unwrap().iter().product::<usize>() == z.data.len());
    assert_eq!(density.contours.as_ref().unwrap().start, Some(0.125));
    let lines = plane(&figure.data[1]);
    let want = |v: [f64; 2], w: [f64; 2]| {
        Some(Array::Numbers(vec![Some(v[0]), Some(v[1]), None, Some(w[0]), Some(w[1]), None]))
    };
    assert_eq!((lines.mode, &lines.x), (Some(Mode::Lines), &want([36.0, 16.0], [36.0, 4.0])));
    // The median of rows 0 and 3 is the upper one; a click on the label in the legend hides its name, too.
    let name = plane(&figure.data[5]);
    assert_eq!((name.x.clone(), name.mode), (Some(Array::Numbers(vec![Some(36.0)])), Some(Mode::Text)));
    assert_eq!(name.legendgroup, plane(&figure.data[3]).legendgroup);
    assert_eq!(plane(&figure.data[7]).text, Some(Array::Strings(vec!["&lt;c&gt;".to_owned()])));
    assert!(figure.data.iter().filter(|t| t.customdata().is_empty()).count() == 5);
    let menu = &figure.layout.updatemenus.as_ref().unwrap()[0];
    let hide = &menu.buttons.as_ref().unwrap()[1];
    assert_eq!(hide.args.as_ref().unwrap()[..], [json!({"visible": false}), json!([5, 6, 7])]);
}

#[test]
fn a_list_offers_columns_to_color_by() {
    let votes = Column::numbers("votes", [1.0, f32::NAN, 3.0, 5.0]);
    let author = Column::categories("author", [Some("Ann"), Some("Ben"), None, Some("Ben")]);
    let map = ScatterMap::new().legend_title("topic").color_by([votes, author]);
    let figure = draw(&map);
    assert_eq!(figure.data.len(), 1);
    let m = figure.data[0].marker().unwrap();
    // Unlabeled at the bottom, then the last label.
    let Some(Color::Each(Array::Typed(codes))) = &m.color else { panic!("a number for each point") };
    assert_eq!(codes.data, TypedData::U16(vec![2, 0, 1, 2]));
    let bar = m.colorbar.as_ref().unwrap();
    assert_eq!(bar.ticktext, Some(Array::Strings(["unknown", "y", "x"].map(str::to_owned).to_vec())));
    let labels: Vec<_> = figure.data[0].customdata().iter().map(|p| p.label.as_deref()).collect();
    assert_eq!(labels, LABELS);
    let Some(Array::Strings(text)) = &plane(&figure.data[0]).text else { panic!("points have texts") };
    assert_eq!(text[0], "<b>x</b><br>a<br>votes: 1 <br>author: Ann ");
    let menu = &figure.layout.updatemenus.as_ref().unwrap()[0];
    let buttons = menu.buttons.as_ref().unwrap();
    assert_eq!(buttons.iter().map(|b| b.label.as_deref().unwrap()).collect::<Vec<_>>(), ["topic", "votes", "author"]);
    let args = buttons[1].args.as_ref().unwrap();
    assert_eq!(buttons[1].method, Some(Method::Restyle));
    assert_eq!(args[1], json!([0]));
    // What has no number is below all others, in gray.
    let low = args[0]["marker.cmin"][0].as_f64().unwrap();
    let scale = args[0]["marker.colorscale"][0].as_array().unwrap();
    assert!(low < 1.0 && scale[0][1] == planisphere_viz_spec::UNLABELED && scale[2][1] == "#440154");
    // Nothing to choose from: no list.
    let one = ScatterMap::new().color_by([Column::numbers("n", [1.0; 4])]).figure(points(3).view(), &IDS, None, None);
    assert!(one.unwrap().layout.updatemenus.is_none());
}

#[test]
fn animations_keep_the_points_and_share_a_box() {
    let (a, b) = (points(2), Matrix::from_rows([[0.0, 1000.0], [0.0, 1002.0], [1.0, 1001.0], [1.0, 1000.0]]).unwrap());
    let frames = [("PCA", a.view()), ("UMAP", b.view())];
    let figure = ScatterMap::new().theme(Theme::Dark).animate(&frames, &IDS, Some(&LABELS), None).unwrap();
    assert_eq!(figure.frames.len(), 2);
    assert_eq!(figure.frames[0].data.as_ref().unwrap().len(), figure.data.len());
    // Rows 0 and 3, as in the trace of label x: the longer side goes from -1 to 1, the other keeps its proportion.
    let moved = plane(&figure.frames[1].data.as_ref().unwrap()[1]);
    assert_eq!(moved.x, Some(Array::from(vec![-0.5f32, 0.5])));
    assert_eq!(moved.y, Some(Array::from(vec![-1.0f32, -1.0])));
    assert!(moved.text.is_none() && moved.marker.is_none());
    assert_eq!(plane(&figure.data[1]).x, plane(&figure.frames[0].data.as_ref().unwrap()[1]).x);
    let slider = &figure.layout.sliders.as_ref().unwrap()[0];
    assert_eq!(slider.steps.as_ref().unwrap()[1].args.as_ref().unwrap()[0], json!(["UMAP"]));
    let raw = ScatterMap::new().raw_frames(true).animate(&frames, &IDS, Some(&LABELS), None).unwrap();
    assert_eq!(plane(&raw.frames[1].data.as_ref().unwrap()[1]).x, Some(Array::from(vec![0.0f32, 1.0])));
    let range = raw.layout.yaxis.as_ref().unwrap().range.unwrap();
    assert!(range[0] < 1.0 && range[1] > 1002.0);
    // plotly.js does not animate WebGL in the plane: the slider sets the coordinates.
    let gl = ScatterMap::new().gl_threshold(0).animate(&frames, &IDS, Some(&LABELS), None).unwrap();
    assert!(gl.frames.is_empty() && gl.layout.updatemenus.is_none());
    let step = &gl.layout.sliders.as_ref().unwrap()[0].steps.as_ref().unwrap()[1];
    assert_eq!(step.method, Some(Method::Update));
    let args = step.args.as_ref().unwrap();
    assert_eq!((args[0]["x"][1].clone(), args[2].clone()), (json!(moved.x), json!([0, 1, 2])));
    let space = points(3);
    let e = ScatterMap::new().animate(&[("a", a.view()), ("b", space.view())], &IDS, None, None).unwrap_err();
    assert!(matches!(e, Error::InMap { name, .. } if name == "b"));
}

#[test]
fn axes_have_titles_if_asked() {
    let (a, b) = (points(2), points(3));
    let map = ScatterMap::new().axis_titles(true);
    let figure = map.side_by_side(&[("UMAP", a.view()), ("PCA <3>", b.view())], &IDS, None, None).unwrap();
    let text = |t: &Option<planisphere_viz_spec::spec::Title>| t.as_ref().unwrap().text.clone().unwrap();
    assert_eq!(text(&figure.layout.yaxis.as_ref().unwrap().title), "UMAP 2");
    let scene = &figure.layout.subplots.scene[&2];
    assert_eq!(text(&scene.zaxis.as_ref().unwrap().title), "PCA &lt;3&gt; 3");
    assert_eq!(text(&draw(&map).layout.xaxis.as_ref().unwrap().title), "Dimension 1");
}

#[test]
fn errors_name_the_parameter() {
    let new = ScatterMap::new;
    let short = || Column::numbers("n", [1.0]);
    let graph = KnnGraph::new(2, 1, vec![1, 0], vec![1.0; 2]).unwrap();
    for (map, want) in [
        (new().hover_columns([short()]), "hover_columns: 1 entries for 4 points"),
        (new().color_by([short()]), "color_by: 1 entries for 4 points"),
        (new().symbols(short()), "symbols: 1 entries for 4 points"),
        (new().sizes(short()), "sizes: 1 entries for 4 points"),
        (new().annotated([true]), "annotated: 1 entries for 4 points"),
        (
            new().sizes(Column::categories("n", [Some("a"); 4])),
            "sizes = a column of names: must be a column of numbers",
        ),
        (new().size_range(3.0, 2.0), "size_range = 3, 2: must be numbers of pixels above 0 that ascend"),
        (new().clip(0.5), "clip = 0.5: must be at least 0 and below 0.5"),
        (new().center(f64::NAN), "center = NaN: must be a finite number, above 0 for a log scale"),
        (
            new().value_range(1.0, 1.0),
            "value_range = 1, 1: must be two finite numbers that ascend, above 0 for a log scale",
        ),
        (new().thresholds(&[1.0, 0.0]), "thresholds = [1.0, 0.0]: must be finite numbers that ascend"),
        (new().density(Density::new().lines(0)), "lines = 0: must be from 1 to 50"),
        (new().density(Density::new().bandwidth(0.9)), "bandwidth = 0.9: must be from 0.002 to 0.2"),
        (new().lines([(0, 4)]), "lines = 4: must be rows of the map"),
        (new().neighbor_lines(&graph, &[9]), "lines = 9: must be rows of the map"),
        (new().point_texts([(4, "x")]), "point_texts = 4: must be rows of the map"),
    ] {
        let e = map.figure(points(2).view(), &IDS, None, None).unwrap_err();
        assert_eq!(e.to_string(), want);
    }
}
