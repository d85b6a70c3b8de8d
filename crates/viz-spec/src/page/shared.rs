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
            Some(model) => shared.push((i, text(model) == text(trace), model.customdata() == trace.customdata())),
        }
    }
    if shared.is_empty() {
        return Cow::Borrowed(figure);
    }
    let mut figure = figure.clone();
    for (i, same_text, same_data) in shared {
        let (text, customdata) = parts(&mut figure.data[i]);
        if same_text {
            *text = None;
        }
        if same_data {
            *customdata = None;
        }
    }
    Cow::Owned(figure)
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
        let single = ScatterMap::new().figure(points.view(), &ids, Some(&labels), None).unwrap();
        assert!(matches!(once(&single), Cow::Borrowed(_)));
    }
}
