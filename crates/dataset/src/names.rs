//! Names and cells as messages show them.

use std::path::Path;

/// Characters of a cell or a name that a message shows.
const SHOWN: usize = 60;
/// Columns that a message lists.
const LISTED: usize = 12;

/// `text` on one line, shortened to what a message can hold.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// The same for bytes that may be no UTF-8.
pub(crate) fn shown_bytes(bytes: &[u8]) -> String {
    // A character has at most four bytes, so that nothing which would be shown is cut off here.
    shown(&String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN + 4)]))
}

/// The name of a path in messages, on one line.
pub(crate) fn path_name(path: &Path) -> String {
    one_line(&path.display().to_string())
}

/// `text` without control characters.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Column names for a message: the first few of them.
pub(crate) fn listed(names: &[String]) -> String {
    let mut list: Vec<String> = names.iter().take(LISTED).map(|n| format!("{:?}", shown(n))).collect();
    if names.len() > LISTED {
        list.push(format!("… and {} more", names.len() - LISTED));
    }
    list.join(", ")
}

/// The candidate that `name` was probably meant to be: equal but for case and outer blanks, or else the most similar.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let plain = |s: &str| s.trim().to_lowercase();
    let name = plain(name);
    candidates
        .map(|c| (strsim::jaro_winkler(&name, &plain(c)), c))
        .filter(|&(likeness, _)| likeness >= 0.8)
        // Of equally similar ones the first, whatever `max_by` would do.
        .fold(None, |best: Option<(f64, &String)>, x| if best.is_none_or(|b| x.0 > b.0) { Some(x) } else { best })
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&n| n.to_owned()).collect()
    }

    #[test]
    fn cells_stay_short_and_on_one_line() {
        assert_eq!(shown("a\nb\tc"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(shown(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(shown(&"é".repeat(61)), "é".repeat(60) + "…");
        assert_eq!(shown_bytes(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(shown_bytes("日".repeat(100).as_bytes()), "日".repeat(60) + "…");
    }

    #[test]
    fn long_lists_are_cut() {
        let many: Vec<String> = (0..100).map(|i| format!("c{i}")).collect();
        assert!(listed(&many).ends_with(r#""c11", … and 88 more"#));
        assert_eq!(listed(&owned(&["a", "b c"])), r#""a", "b c""#);
    }

    #[test]
    fn the_nearest_name_is_found() {
        let names = owned(&["id", "text", "Label", "body", "texture"]);
        assert_eq!(nearest("txet", names.iter()), Some(&names[1]));
        assert_eq!(nearest(" label", names.iter()), Some(&names[2]));
        assert_eq!(nearest("embedding", names.iter()), None);
    }
}
