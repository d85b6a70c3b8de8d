//! Texts of strangers in Plotly's markup.
//!
//! plotly.js reads `<b>`, `<a href>` and a few other tags, entities, `%{…}` in templates, and TeX between dollar signs
//! where MathJax is loaded. Nothing that a user wrote may be taken for any of these.

/// Escapes a text for Plotly's markup, so that it shows as written: in names, titles and hover texts.
///
/// ```
/// use planisphere_viz_spec::escape;
/// assert_eq!(escape("a < b & $x$"), "a &lt; b &amp; &#36;x&#36;");
/// assert_eq!(escape("100%{x}"), "100&#37;{x}");
/// ```
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out
}

/// The replacements. `%` only matters before `{`, but a template may be cut anywhere, so it is always replaced.
fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '$' => out.push_str("&#36;"),
        '%' => out.push_str("&#37;"),
        // Control characters have no picture, and NUL ends texts in some renderers.
        c if c.is_control() => out.push(' '),
        c => out.push(c),
    }
}

/// Markup that this crate wrote back to text: every `<` in it is of a tag, as every one of a stranger is an entity.
pub(crate) fn plain(markup: &str) -> String {
    const ENTITIES: [(&str, char); 5] = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&#36;", '$'), ("&#37;", '%')];
    let mut out = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('<') {
            rest = rest.find('>').map_or("", |end| &rest[end + 1..]);
        } else if let Some((entity, c)) = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity)) {
            out.push(*c);
            rest = &rest[entity.len()..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// At most `max` characters; where something is left out, the last one is an ellipsis.
pub(crate) fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => {
            let keep = text.char_indices().nth(max.saturating_sub(1)).map_or(0, |(i, _)| i);
            format!("{}…", text[..keep].trim_end())
        }
    }
}

/// Characters of a preview that are shown.
pub(crate) const PREVIEW_CHARS: usize = 200;

/// Appends the preview of a text to a hover box: white space made single, the first 200 characters (and `...` where
/// there are more), in lines of at most `width` columns, each after a `<br>`.
///
/// A line that ends between words keeps its space before the `<br>`, one that breaks a word has none: so removing the
/// breaks gives the preview back, which the page does for its list.
pub(crate) fn push_preview(out: &mut String, text: &str, width: usize) {
    let mut preview = String::new();
    for word in text.split_whitespace() {
        if !preview.is_empty() {
            preview.push(' ');
        }
        preview.push_str(word);
        // Long texts are not read to their end; four bytes are the longest character.
        if preview.len() > 4 * PREVIEW_CHARS + 4 {
            break;
        }
    }
    if let Some((end, _)) = preview.char_indices().nth(PREVIEW_CHARS) {
        preview.truncate(end);
        preview.truncate(preview.trim_end().len());
        preview.push_str("...");
    }
    if preview.is_empty() {
        return;
    }
    out.push_str("<br>");
    let mut column = 0;
    for (i, word) in preview.split(' ').enumerate() {
        let len: usize = word.chars().map(columns).sum();
        if i > 0 {
            out.push(' ');
            column += 1;
            if column + len > width {
                out.push_str("<br>");
                column = 0;
            }
        }
        for c in word.chars() {
            if column + columns(c) > width {
                out.push_str("<br>");
                column = 0;
            }
            push_escaped(out, c);
            column += columns(c);
        }
    }
}

/// How many columns a character takes, nearly: East Asian scripts and emoji take two.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xff60 => 2,
        0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        // Joiners and marks that combine with the character before them.
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        _ => 1,
    }
}

/// Escapes a text for HTML, in elements and in quoted attributes.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no way to write NUL.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// `text` with every run of white space as one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn preview(text: &str, width: usize) -> String {
        let mut out = String::new();
        push_preview(&mut out, text, width);
        out
    }

    /// What plotly.js shows for a text: its tags removed, its entities decoded.
    fn shown(markup: &str) -> String {
        let mut s = markup.replace("<br>", "");
        assert!(!s.contains(['<', '>', '$']) && !s.contains("%{"), "{s}");
        for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&#36;", "$"), ("&#37;", "%"), ("&amp;", "&")] {
            s = s.replace(entity, c);
        }
        s
    }

    #[test]
    fn previews_are_cut_and_wrapped() {
        assert_eq!(preview("", 20), "");
        assert_eq!(preview(" \n\t ", 20), "");
        assert_eq!(preview("one  two\nthree", 8), "<br>one two <br>three");
        assert_eq!(preview("abcdefghij kl", 4), "<br>abcd<br>efgh<br>ij <br>kl");
        assert_eq!(preview("日本語 日本", 4), "<br>日本<br>語 <br>日本");
        let x200 = "x".repeat(200);
        assert_eq!(shown(&preview(&x200, 60)), x200);
        assert_eq!(shown(&preview(&format!("{x200}x"), 60)), format!("{x200}..."));
        let e201 = "é".repeat(201);
        assert_eq!(shown(&preview(&e201, 60)).chars().count(), 203);
        assert_eq!(shown(&preview(&"😀".repeat(100_000), 60)).chars().count(), 203);
    }

    #[test]
    fn cut_keeps_whole_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("😀😀😀", 2), "😀…");
        assert_eq!(cut("abc", 0), "…");
    }

    #[test]
    fn nothing_is_markup() {
        let hostile = "<b>x</b><a href=\"javascript:alert(1)\">&lt;%{x}$\\TeX$<br>\0";
        assert_eq!(shown(&escape(hostile).replace('\0', " ")), hostile.replace('\0', " "));
        assert_eq!(html("<a b='c' d=\"e\">&"), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;");
    }

    proptest! {
        #[test]
        fn markup_is_read_back(text in "[\\PC&;lgtamp#36<>$%]{0,60}") {
            prop_assert_eq!(plain(&format!("<b>{}</b><br>", escape(&text))), text);
        }

        #[test]
        fn breaks_are_the_only_addition(text in "\\PC{0,300}", width in 2usize..80) {
            let words: Vec<&str> = text.split_whitespace().collect();
            let whole = words.join(" ");
            let got = shown(&preview(&text, width));
            match got.strip_suffix("...") {
                Some(start) if whole.chars().count() > PREVIEW_CHARS => prop_assert!(whole.starts_with(start)),
                _ => prop_assert_eq!(got, whole),
            }
            for line in preview(&text, width).split("<br>") {
                let used: usize = shown(line).trim_end().chars().map(columns).sum();
                prop_assert!(used <= width, "{} {}", used, line);
            }
        }
    }
}
