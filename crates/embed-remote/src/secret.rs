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

/// Shorter words of headers are too common to be taken out of messages.
const SHORTEST_WORD: usize = 8;

/// All that is secret about a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(crate) fn new<'a>(key: Option<&'a str>, headers: impl Iterator<Item = &'a str>) -> Self {
        let words = headers.flat_map(str::split_whitespace).filter(|w| w.len() >= SHORTEST_WORD);
        let mut all: Vec<Secret> = key.into_iter().chain(words).map(Secret::new).collect();
        // The longest first: one may be a part of another.
        all.sort_by_key(|s| std::cmp::Reverse(s.expose().len()));
        Self(all)
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
        let line = line.trim_end();
        match line.char_indices().nth(MOST) {
            None => line.to_owned(),
            Some(_) => line.chars().take(MOST - 1).chain(['…']).collect(),
        }
    }
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
    }

    #[test]
    fn debug_shows_nothing() {
        let secrets = Secrets::new(Some("sk-12345"), std::iter::empty());
        assert_eq!(format!("{secrets:?} {:#?}", Secret::new("sk-12345")), "Secrets([***]) ***");
    }
}
