//! What several maps of a figure share, written once.

use crate::spec::{Array, Figure, PointRef, Trace};
use std::borrow::Cow;
use std::collections::HashMap;

/// The figure without the texts and ids that a trace has in common with an earlier one of its legend group: the page puts
/// them back (`restore` in `data.js`), so that three maps do not take three times the space.
pub(super) fn once(figure: &Figure) -> Cow<'_, Figure> {
    let mut first: HashMap<&str, &Trace> = HashMap::new();
    let mut shared = Vec::new();
    for (i, trace) in figure.data.iter().enumerate() {
        let Some(group) = trace.legendgroup() else { continue };
        match first.get(group) {
            None => drop(first.insert(group, trace)),
            Some(model) => {
                shared.push((i, share(text(model), text(trace)), share(customdata(model), customdata(trace))))
            }
        }
    }
    if shared.is_empty() {
        return Cow::Borrowed(figure);
    }
    let mut figure = figure.clone();
    for (i, shared_text, shared_data) in shared {
        let (text, customdata) = parts(&mut figure.data[i]);
        match shared_text {
            Share::Whole => *text = None,
            Share::Nothing => *text = Some(Array::Strings(Vec::new())),
            Share::Own => {}
        }
        match shared_data {
            Share::Whole => *customdata = None,
            Share::Nothing => *customdata = Some(Vec::new()),
            Share::Own => {}
        }
    }
    Cow::Owned(figure)
}

/// What a trace takes from the first one of its group.
#[derive(Clone, Copy, PartialEq)]
enum Share {
    /// All: it need not be written again.
    Whole,
    /// Nothing, though it has none of its own: this is written, lest the page puts in what it never had.
    Nothing,
    Own,
}

fn share<T: PartialEq>(model: Option<&T>, own: Option<&T>) -> Share {
    match (model, own) {
        (Some(model), Some(own)) if model == own => Share::Whole,
        (Some(_), None) => Share::Nothing,
        _ => Share::Own,
    }
}

fn customdata(trace: &Trace) -> Option<&Vec<PointRef>> {
    match trace {
        Trace::Scatter(t) | Trace::ScatterGl(t) => t.customdata.as_ref(),
        Trace::Scatter3d(t) => t.customdata.as_ref(),
    }
}

fn text(trace: &Trace) -> Option<&Array> {
    match trace {
        Trace::Scatter(t) | Trace::ScatterGl(t) => t.text.as_ref(),
        Trace::Scatter3d(t) => t.text.as_ref(),
    }
}

type Parts<'a> = (&'a mut Option<Array>, &'a mut Option<Vec<PointRef>>);

fn parts(trace: &mut Trace) -> Parts<'_> {
    match trace {
        Trace::Scatter(t) | Trace::ScatterGl(t) => (&mut t.text, &mut t.customdata),
        Trace::Scatter3d(t) => (&mut t.text, &mut t.customdata),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScatterMap;
    use planisphere_core::Matrix;

    #[test]
    fn only_what_is_the_same_is_left_out() {
        let points = Matrix::from_rows([[0.0, 1.0], [2.0, 3.0]]).unwrap();
        let maps = [("a", points.view()), ("b", points.view()), ("c", points.view())];
        let (ids, labels) = (["i", "j"], [Some("x"), None]);
        let mut figure = ScatterMap::new().side_by_side(&maps, &ids, Some(&labels), None).unwrap();
        // A text that somebody changed in one map.
        *parts(&mut figure.data[2]).0 = Some(Array::Strings(vec!["own".to_owned()]));
        let small = once(&figure).into_owned();
        let kept: Vec<_> = small.data.iter().map(|t| (text(t).is_some(), !t.customdata().is_empty())).collect();
        let (all, none) = ((true, true), (false, false));
        assert_eq!(kept, [all, none, (true, false), all, none, none]);
        // A trace that has neither does not get them.
        let (text, customdata) = parts(&mut figure.data[4]);
        (*text, *customdata) = (None, None);
        let small = once(&figure).into_owned();
        let json = serde_json::to_value(&small.data[4]).unwrap();
        assert_eq!((&json["text"], &json["customdata"]), (&serde_json::json!([]), &serde_json::json!([])));
        assert_eq!(share(None, None::<&u8>) as u8, Share::Own as u8);
        let single = ScatterMap::new().figure(points.view(), &ids, Some(&labels), None).unwrap();
        assert!(matches!(once(&single), Cow::Borrowed(_)));
    }
}
