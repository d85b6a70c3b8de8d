//! Figures as plotly.py writes them are read and written again without loss (`golden/make_plotly_py.py`).

use planisphere_viz_spec::Figure;
use planisphere_viz_spec::spec::{Array, CustomData, Trace};
use serde_json::Value;

/// Numbers are the same whether they are written as 1 or 1.0.
fn same(a: &Value, b: &Value, at: &str) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()) {
                let (Some(x), Some(y)) = (a.get(key), b.get(key)) else { panic!("{at}.{key} is in one of them only") };
                same(x, y, &format!("{at}.{key}"));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{at}");
            a.iter().zip(b).enumerate().for_each(|(i, (x, y))| same(x, y, &format!("{at}[{i}]")));
        }
        (Value::Number(a), Value::Number(b)) => assert_eq!(a.as_f64(), b.as_f64(), "{at}"),
        _ => assert_eq!(a, b, "{at}"),
    }
}

fn figures() -> serde_json::Map<String, Value> {
    serde_json::from_str(include_str!("golden/plotly_py.json")).unwrap()
}

#[test]
fn what_plotly_py_writes_comes_back() {
    let all = figures();
    assert_eq!(all.len(), 6);
    for (name, figure) in &all {
        let read = Figure::from_json(&figure.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let written: Value = serde_json::from_str(&read.to_json().unwrap()).unwrap();
        same(figure, &written, name);
        assert_eq!(Figure::from_json(&written.to_string()).unwrap(), read, "{name}");
    }
    let template = &all["scatter"]["layout"]["template"];
    assert!(template["data"]["scattergl"].is_array() && template["layout"]["colorway"].is_array());
}

#[test]
fn what_it_means_is_known() {
    let all = figures();
    let read = |name: &str| Figure::from_json(&all[name].to_string()).unwrap();
    let figure = read("as plotly express");
    let Trace::ScatterGl(points) = &figure.data[0] else { panic!("it is WebGL") };
    // A table of integers, as base64 with a shape; not rows and ids.
    let Some(CustomData::Other(Array::Typed(table))) = &points.customdata else { panic!("{:?}", points.customdata) };
    assert_eq!(table.shape, Some(vec![6, 2]));
    assert!(figure.data[0].customdata().is_empty() && figure.layout.coloraxis.is_some());
    let figure = read("contour");
    let Trace::Contour(grid) = &figure.data[0] else { panic!("it is a contour") };
    assert_eq!(grid.z.as_ref().map(Array::len), Some(12));
    let figure = read("animation");
    assert_eq!(figure.frames.iter().map(|f| f.name.as_deref().unwrap()).collect::<Vec<_>>(), ["PCA", "UMAP"]);
    assert_eq!(figure.layout.updatemenus.as_ref().unwrap()[0].buttons.as_ref().unwrap().len(), 2);
}
