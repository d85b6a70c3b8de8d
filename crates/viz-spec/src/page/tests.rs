//! The page as its data and its HTML say it.

use super::*;
use crate::ScatterMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use planisphere_core::Matrix;
use serde_json::{Value, json};

const HOSTILE: &str = "</script><script>alert(1)</script><!-- \u{2028} \"'&<b>%{x}";

fn page() -> Page {
    let points = Matrix::from_vec(2, 2, vec![0.0, 1.0, 2.0, 3.0]).unwrap();
    let labels = [Some(HOSTILE), None];
    let map = ScatterMap::new().title(HOSTILE);
    let figure = map.figure(points.view(), &[HOSTILE, "b"], Some(&labels), Some(&[HOSTILE, ""])).unwrap();
    Page::new().title(HOSTILE).plotly_js(PlotlyJs::Inline("/* plotly */".to_owned())).figure(HOSTILE, figure)
}

fn data(page: &Page) -> Value {
    let html = page.to_html().unwrap();
    let start = html.find("id=\"data\">").unwrap() + "id=\"data\">".len();
    serde_json::from_str(&html[start..start + html[start..].find("</script>").unwrap()]).unwrap()
}

/// Numbers as `data.js` reads them.
fn numbers(packed: &Value) -> Vec<f64> {
    let bytes = STANDARD.decode(packed["bdata"].as_str().unwrap()).unwrap();
    let whole = |b: &[u8]| f64::from(b.iter().rev().fold(0u32, |sum, &x| sum << 8 | u32::from(x)));
    match packed["dtype"].as_str().unwrap() {
        "f4" => bytes.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect(),
        dtype => bytes.chunks(dtype[1..].parse().unwrap()).map(whole).collect(),
    }
}

#[test]
fn strangers_cannot_write_html() {
    let html = page().columns([Column::categories(HOSTILE, [Some(HOSTILE), None])]).to_html().unwrap();
    // Three script elements are ours: data, plotly.js, page.
    assert_eq!(html.matches("<script").count(), 3);
    assert_eq!(html.matches("</script>").count(), 3);
    assert!(!html.contains("alert(1)<") && !html.contains("<!--"));
    let scripts = &html[html.find("<script").unwrap()..];
    assert!(!scripts.contains('\u{2028}'));
}

#[test]
fn ids_labels_and_texts_are_in_the_page_once_and_as_written() {
    let data = data(&page());
    assert_eq!(data["n"], 2);
    assert_eq!(data["ids"], json!([HOSTILE, "b"]));
    assert_eq!(data["labels"]["names"], json!([HOSTILE]));
    assert_eq!(numbers(&data["labels"]["codes"]), [1.0, 0.0]);
    // White space is made single in previews.
    assert_eq!(data["texts"]["previews"], json!([HOSTILE.replace('\u{2028}', "").replace("  ", " "), ""]));
    let figure = &data["figures"][0];
    assert_eq!(figure["name"], HOSTILE);
    assert_eq!(numbers(&figure["maps"][0]["x"]), [0.0, 2.0]);
    assert_eq!(numbers(&figure["maps"][0]["y"]), [1.0, 3.0]);
    // Unlabeled points come first, beneath the others.
    assert_eq!(numbers(&figure["codes"]), [2.0, 1.0]);
    assert_eq!(figure["groups"][1]["traces"][0]["meta"]["label"], HOSTILE);
}

#[test]
fn several_maps_and_figures_share_their_texts() {
    let points = Matrix::from_vec(2, 2, vec![0.0, 1.0, 2.0, 3.0]).unwrap();
    let space = Matrix::from_vec(2, 3, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    let maps = [("a", points.view()), ("b", space.view())];
    let texts = ["a text of the first", "a text of the second"];
    let map = ScatterMap::new();
    let figure = map.side_by_side(&maps, &["i", "j"], Some(&[Some("x"), None]), Some(&texts)).unwrap();
    let by_value =
        map.legend_title("score").figure_by_value(points.view(), &["i", "j"], &[0.5, f32::NAN], Some(&texts));
    assert_eq!(figure.to_json().unwrap().matches(texts[1]).count(), 2);
    let page = Page::new().plotly_js(PlotlyJs::Inline(String::new())).figure("", by_value.unwrap()).figure("", figure);
    assert_eq!(page.to_html().unwrap().matches(texts[1]).count(), 1);
    let data = data(&page);
    // The line with the value is not of the text.
    assert_eq!(data["texts"]["previews"], json!(texts));
    assert_eq!(data["labels"]["names"], json!(["x"]));
    let values = numbers(&data["figures"][0]["values"]);
    assert!(values[0] == 0.5 && values[1].is_nan());
    let maps = data["figures"][1]["maps"].as_array().unwrap();
    assert_eq!(maps.iter().map(|m| m["number"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(numbers(&maps[1]["z"]), [2.0, 5.0]);
}

#[test]
fn columns_texts_and_neighbors_go_along() {
    let graph = KnnGraph::new(2, 1, vec![1, 0], vec![0.25, 0.25]).unwrap();
    let columns = [Column::numbers("votes", [3.0, f32::NAN]), Column::categories("author", [Some("Ben"), Some(" ")])];
    let with = page().columns(columns).texts(["whole\ntext", ""]).neighbors(&graph);
    let data = data(&with);
    assert_eq!(data["texts"], json!({"whole": ["whole\ntext", ""]}));
    assert_eq!(data["columns"][0]["name"], "votes");
    assert_eq!(numbers(&data["columns"][0]["values"])[0], 3.0);
    assert_eq!(
        (&data["columns"][1]["names"], numbers(&data["columns"][1]["codes"])),
        (&json!(["Ben"]), vec![1.0, 0.0])
    );
    let near = &data["neighbors"];
    assert_eq!((numbers(&near["ids"]), numbers(&near["ends"])), (vec![1.0, 0.0], vec![0.25; 4]));
    let none = super::tests::data(&with.clone().max_neighbors(0));
    assert_eq!((&none["neighbors"]["k"], numbers(&none["neighbors"]["ids"])), (&json!(0), vec![]));
}

#[test]
fn distances_are_rounded_between_the_ends_of_their_row() {
    let n = 20;
    let ids = (0..n).flat_map(|row| (1..n).map(move |step| (row + step) % n)).collect();
    let dists: Vec<f32> = (0..n).flat_map(|row| (1..n).map(move |step| (row * row + step * step) as f32)).collect();
    let graph = KnnGraph::new(n as usize, n as usize - 1, ids, dists.clone()).unwrap();
    let points = Matrix::zeros(n as usize, 2);
    let ids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
    let figure = ScatterMap::new().figure(points.view(), &ids, None, None).unwrap();
    let page = Page::new().figure("", figure).neighbors(&graph).max_neighbors(10);
    let near = &data(&page)["neighbors"];
    let (places, ends, steps) = (numbers(&near["ids"]), numbers(&near["ends"]), numbers(&near["steps"]));
    assert_eq!((near["k"].as_u64(), places.len(), steps.len()), (Some(10), 200, 200));
    for (row, own) in dists.chunks(19).enumerate() {
        let (first, last) = (ends[2 * row], ends[2 * row + 1]);
        assert_eq!((first, last), (f64::from(own[0]), f64::from(own[9])));
        for p in 0..10 {
            let read = first + (last - first) * steps[10 * row + p] / 255.0;
            assert!((read - f64::from(own[p])).abs() <= (last - first) / 510.0 + 1e-9);
            assert_eq!(places[10 * row + p] as usize, (row + p + 1) % 20);
        }
    }
}

#[test]
fn lists_of_another_length_are_refused() {
    let graph = KnnGraph::new(3, 1, vec![1, 0, 0], vec![0.5; 3]).unwrap();
    for (page, what, got) in [
        (page().columns([Column::numbers("a", [1.0, 2.0]), Column::numbers("b", [1.0])]), "columns", 1),
        (page().texts(["one", "two", "three"]), "texts", 3),
        (page().neighbors(&graph), "neighbors", 3),
        (Page::new().texts(["one"]), "texts", 1),
    ] {
        let error = page.write(std::io::sink()).unwrap_err();
        let want = if page.figures.is_empty() { 0 } else { 2 };
        assert!(
            matches!(error, crate::Error::Length { what: w, expected, got: g } if (w, expected, g) == (what, want, got)),
            "{error}"
        );
    }
}

#[test]
fn rows_may_have_gaps_and_odd_traces_are_drawn_as_they_are() {
    let text = r#"{"data":[
        {"type":"scatter","x":[1,2],"y":[3,null],"customdata":[[7,"g"],[2,"c"]]},
        {"type":"scatter","x":[1],"y":[3],"customdata":[[7,"again"]]},
        {"type":"scatter","mode":"lines","x":[1],"y":[3],"customdata":[[2,"line"]]},
        {"type":"scatter","x":[1,5],"y":[3],"customdata":[[9,"short"]]},
        {"type":"scattergl","xaxis":"x2","yaxis":"y2","x":[4],"y":[5],"customdata":[[2,"other"]],"legendgroup":"q"},
        {"type":"scatter","x":[0],"y":[0]}],"layout":{}}"#;
    let figure = Figure::from_json(text).unwrap();
    let graph = KnnGraph::new(10, 1, vec![2, 2, 7, 2, 2, 2, 2, 5, 2, 2], vec![0.5; 10]).unwrap();
    let page =
        Page::new().figure("", figure).columns([Column::numbers("a", (0..10).map(|i| i as f32))]).neighbors(&graph);
    let data = data(&page);
    assert_eq!(numbers(&data["rows"]), [2.0, 7.0, 9.0]);
    assert_eq!(data["ids"], json!(["c", "g", "short"]));
    assert_eq!(numbers(&data["columns"][0]["values"]), [2.0, 7.0, 9.0]);
    // Row 5 is in no figure; 3 says so.
    assert_eq!(numbers(&data["neighbors"]["ids"]), [1.0, 3.0, 0.0]);
    let figure = &data["figures"][0];
    // Row 2 is in a group of its own, so that the trace in the second map is not of its points.
    assert_eq!(figure["extra"].as_array().unwrap().len(), 5);
    assert_eq!(numbers(&figure["codes"]), [1.0, 1.0, 0.0]);
    assert_eq!(numbers(&figure["maps"][0]["x"])[..2], [2.0, 1.0]);
    let y = numbers(&figure["maps"][0]["y"]);
    assert!(y[0].is_nan() && y[1] == 3.0 && y[2].is_nan());
}

#[test]
fn points_keep_their_own_sizes_and_shapes() {
    let text = r#"{"data":[
        {"type":"scatter","x":[1,2],"y":[3,4],"customdata":[[0,"a"],[1,"b"]],
         "marker":{"size":[7.5,3],"symbol":["square","circle-open"],"color":"red"}},
        {"type":"scatter","x":[1],"y":[3],"customdata":[[2,"c"]],"marker":{"size":9,"symbol":"diamond"}},
        {"type":"contour","z":[[1,2],[3,4]]}],"layout":{}}"#;
    let figure = Figure::from_json(text).unwrap();
    let data = data(&Page::new().figure("", figure));
    let view = &data["figures"][0];
    let sizes = numbers(&view["sizes"]);
    assert_eq!(sizes[..2], [7.5, 3.0]);
    assert!(sizes[2].is_nan());
    assert_eq!(view["symbols"]["names"], json!(["square", "circle-open"]));
    assert_eq!(numbers(&view["symbols"]["codes"]), [1.0, 2.0, 0.0]);
    assert_eq!(view["groups"][0]["traces"][0]["marker"], json!({"color": "red"}));
    assert_eq!(view["groups"][1]["traces"][0]["marker"]["size"], 9.0);
    assert_eq!(view["extra"][0]["type"], "contour");
}

#[test]
fn figures_that_change_by_themselves_are_kept_whole() {
    let points = Matrix::from_vec(2, 2, vec![0.0, 1.0, 2.0, 3.0]).unwrap();
    let frames = [("PCA", points.view()), ("UMAP", points.view())];
    let animated = ScatterMap::new().animate(&frames, &["a", "b"], None, None).unwrap();
    let columns = [Column::numbers("n", [1.0, 2.0]), Column::numbers("m", [3.0, 1.0])];
    let menu = ScatterMap::new().color_by(columns).figure(points.view(), &["a", "b"], None, None).unwrap();
    for figure in [animated, menu] {
        let data = data(&Page::new().figure("", figure.clone()));
        let view = &data["figures"][0];
        assert_eq!(Figure::from_json(&view["whole"].to_string()).unwrap(), figure);
        assert_eq!((&view["groups"], &view["maps"]), (&json!([]), &json!([])));
        assert_eq!(data["ids"], json!(["a", "b"]));
    }
}

#[test]
fn same_input_same_bytes_and_no_addresses() {
    let html = page().to_html().unwrap();
    assert_eq!(html, page().to_html().unwrap());
    let outside = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!outside.contains("http:") && !outside.contains("https:"), "a page may not ask for anything");
}

#[test]
fn failing_writers_are_io_errors() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(matches!(page().write(Full), Err(crate::Error::Io(_))));
    let figure = page().figures[0].figure.clone();
    assert!(matches!(figure.write_json(Full), Err(crate::Error::Io(_))));
}
