//! Colors of labels.

use std::collections::BTreeMap;

/// Colors of labels, in the order in which sorted labels get them; then again from the first.
pub const PALETTE: [&str; 10] =
    ["#22c55e", "#ef4444", "#3b82f6", "#eab308", "#8b5cf6", "#f97316", "#06b6d4", "#ec4899", "#14b8a6", "#f59e0b"];
/// Color of what has no label.
pub const UNANNOTATED: &str = "#94a3b8";
/// The name under which [`label_colors`] has the color of what has no label.
pub const NULL: &str = "null";

/// Colors of labels, in the order given; `None` is what has no label, and takes no color from the palette. A label of the
/// same name `null` cannot be told from it and shares its color. Colors that are given win; their labels keep their places
/// in the palette, so that giving one changes no other.
///
/// ```
/// use planisphere_dashboard::maps::label_colors;
/// use std::collections::BTreeMap;
/// let colors = label_colors([Some("A"), None, Some("B")], &BTreeMap::from([("A".to_owned(), "#000000".to_owned())]));
/// assert_eq!(colors["A"], "#000000");
/// assert_eq!((colors["B"].as_str(), colors["null"].as_str()), ("#ef4444", "#94a3b8"));
/// ```
pub fn label_colors<'a>(
    labels: impl IntoIterator<Item = Option<&'a str>>,
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut colors = BTreeMap::new();
    let mut next = 0;
    for label in labels {
        let Some(label) = label.filter(|l| *l != NULL) else {
            colors.insert(NULL.to_owned(), given.get(NULL).cloned().unwrap_or_else(|| UNANNOTATED.to_owned()));
            continue;
        };
        if colors.contains_key(label) {
            continue;
        }
        let color = given.get(label).cloned().unwrap_or_else(|| PALETTE[next % PALETTE.len()].to_owned());
        colors.insert(label.to_owned(), color);
        next += 1;
    }
    colors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colors(labels: &[Option<&str>]) -> Vec<(String, String)> {
        label_colors(labels.iter().copied(), &BTreeMap::new()).into_iter().collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn co_01_03_05_in_the_order_given() {
        let expected = pairs(&[("Negative", "#ef4444"), ("Positive", "#22c55e"), ("null", "#94a3b8")]);
        assert_eq!(colors(&[Some("Positive"), Some("Negative"), None]), expected);
        assert_eq!(colors(&[]), []);
        let expected = pairs(&[("A", "#22c55e"), ("B", "#ef4444"), ("null", "#94a3b8")]);
        assert_eq!(colors(&[Some("A"), None, Some("B")]), expected);
    }

    #[test]
    fn the_palette_wraps_and_labels_count_once() {
        let names: Vec<String> = (0..12).map(|i| format!("l{i:02}")).collect();
        let all: Vec<Option<&str>> = names.iter().flat_map(|n| [Some(n.as_str()), Some(n.as_str())]).collect();
        let got = colors(&all);
        assert_eq!(got.len(), 12);
        assert!(got.iter().enumerate().all(|(i, (_, color))| color == PALETTE[i % 10]));
    }

    #[test]
    fn given_colors_shift_no_other() {
        let given = BTreeMap::from([("A".to_owned(), "#010101".to_owned()), ("null".to_owned(), "#020202".to_owned())]);
        let got = label_colors([Some("A"), Some("B"), None], &given);
        assert_eq!((&*got["A"], &*got["B"], &*got["null"]), ("#010101", "#ef4444", "#020202"));
        assert_eq!(colors(&[Some("null"), Some("B")]), pairs(&[("B", "#22c55e"), ("null", "#94a3b8")]));
    }
}
