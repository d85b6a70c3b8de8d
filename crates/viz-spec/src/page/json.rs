//! JSON inside HTML.

use crate::error::Result;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};
use std::io::{self, Write};

/// Writes JSON that can stand inside a `<script>` element: whatever HTML or an old JavaScript could take for its own is
/// written as an escape. These characters occur in strings only, so the JSON means the same.
pub(super) fn write(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, InHtml);
    Ok(value.serialize(&mut serializer)?)
}

struct InHtml;

impl Formatter for InHtml {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut start = 0;
        for (i, c) in fragment.char_indices() {
            if matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') {
                out.write_all(&fragment.as_bytes()[start..i])?;
                write!(out, "\\u{:04x}", u32::from(c))?;
                start = i + c.len_utf8();
            }
        }
        out.write_all(&fragment.as_bytes()[start..])
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(out, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: &str) -> String {
        let mut out = Vec::new();
        write(&mut out, &value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_is_left_for_html() {
        assert_eq!(text("</script>\u{2028}\"&"), r#""\u003c/script\u003e\u2028\"\u0026""#);
    }

    proptest! {
        #[test]
        fn the_meaning_is_the_same(s in "[\\PC<>&\u{0}-\u{1f}\u{2028}\u{2029}]{0,40}") {
            let json = text(&s);
            let left = json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']);
            prop_assert!(!left, "{}", json);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), s);
        }
    }
}
