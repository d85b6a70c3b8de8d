//! What must not be shown, and how the words of strangers are made fit to be shown.

/// A value that `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Characters of a message that are shown.
const MOST: usize = 300;

/// Stands where a text was cut off.
pub(crate) const CUT: char = '…';

/// Shorter words of headers are too common to be taken out of messages.
const SHORTEST_WORD: usize = 8;

/// Secrets as long as that do not stand in a URL by chance.
const LONG: usize = 16;

/// All that is secret about a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(crate) fn new<'a>(key: Option<&'a str>, headers: impl Iterator<Item = &'a str>) -> Self {
        let words = headers.flat_map(str::split_whitespace).filter(|w| w.len() >= SHORTEST_WORD);
        let mut all: Vec<Secret> = key.into_iter().chain(words).flat_map(spellings).collect();
        // The longest first: one may be a part of another.
        all.sort_by_key(|s| std::cmp::Reverse(s.expose().len()));
        Self(all)
    }

    /// Whether one that is too long to be there by chance is in this text.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|s| s.expose().len() >= LONG && text.contains(s.expose()))
    }

    /// A stranger's words without secrets, control characters and line breaks, at most 300 characters of them.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut line = String::with_capacity(text.len().min(4 * MOST));
        for c in text.chars() {
            if c.is_whitespace() {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                }
            } else if !is_invisible(c) {
                line.push(c);
            }
        }
        // After invisible characters are gone, which could stand inside of a secret.
        for secret in &self.0 {
            line = line.replace(secret.expose(), "***");
        }
        if let Some(whole) = line.strip_suffix(CUT) {
            line.truncate(self.without_a_part(whole));
            line.push(CUT);
        }
        let line = line.trim_end();
        match line.char_indices().nth(MOST) {
            None => line.to_owned(),
            Some(_) => line.chars().take(MOST - 1).chain([CUT]).collect(),
        }
    }

    /// Length of a text that was cut off, without what may be the beginning of a secret at its end.
    fn without_a_part(&self, text: &str) -> usize {
        let part = |secret: &str| {
            let ends = (1..secret.len()).rev().filter(|&i| secret.is_char_boundary(i));
            ends.into_iter().find(|&i| text.ends_with(&secret[..i])).unwrap_or(0)
        };
        text.len() - self.0.iter().map(|s| part(s.expose())).max().unwrap_or(0)
    }
}

/// A secret as it is, and as it may stand in JSON.
fn spellings(secret: &str) -> impl Iterator<Item = Secret> {
    let quoted = secret.replace('\\', "\\\\").replace('"', "\\\"");
    let mut all = vec![secret.to_owned(), quoted.replace('/', "\\/"), quoted];
    all.dedup();
    all.into_iter().map(Secret::new)
}

/// Control characters, and those that reorder or hide others.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_clean_short_and_without_secrets() {
        let secrets = Secrets::new(Some("sk-12345"), ["Bearer token-of-mine", "on"].into_iter());
        assert_eq!(secrets.clean("a\u{1b}[31m\r\n\t b\u{202e}c \n"), "a[31m bc");
        assert_eq!(secrets.clean("key sk-12345, or sk-1\u{0}2345, token-of-mine; on"), "key ***, or ***, ***; on");
        let long = secrets.clean(&"é".repeat(1000));
        assert_eq!(long.chars().count(), 300);
        assert!(long.ends_with('…'));
        // What is cut off must not leave a part of a key behind.
        let cut = secrets.clean(&format!("{}sk-12345", "x".repeat(296)));
        assert!(!cut.contains("sk"), "{cut}");
        for end in 1..8 {
            assert_eq!(secrets.clean(&format!("word {}…", &"sk-12345"[..end])), "word …");
            assert_eq!(
                secrets.clean(&format!("word {}\u{200b} …", &"token-of"[..end])),
                format!("word {} …", &"token-of"[..end])
            );
            assert_eq!(secrets.clean(&format!("word {}\u{200b}…", &"token-of"[..end])), "word …");
        }
        assert_eq!(secrets.clean("nothing of it…"), "nothing of i…");
        let odd = Secrets::new(Some(r#"a/b"c\d"#), std::iter::empty());
        assert_eq!(odd.clean(r#"a/b"c\d, a/b\"c\\d, a\/b\"c\\d"#), "***, ***, ***");
    }

    #[test]
    fn debug_shows_nothing() {
        let secrets = Secrets::new(Some("sk-12345"), std::iter::empty());
        assert_eq!(format!("{secrets:?} {:#?}", Secret::new("sk-12345")), "Secrets([***]) ***");
    }
}
