//! BERT's tokenizer for ASCII: no tables of characters, no offsets, no copies of tokens.

use super::wordpiece::LONGEST_WORD;
use ahash::AHashMap;

/// Ids of word pieces by their bytes.
pub(crate) struct AsciiPieces {
    /// Pieces that begin a word.
    first: AHashMap<Box<[u8]>, u32>,
    /// Pieces that continue one, without their `##`.
    next: AHashMap<Box<[u8]>, u32>,
    /// Length of the longest piece.
    longest: usize,
}

/// The id of words that cannot be spelled.
const UNKNOWN: u32 = 0;

impl AsciiPieces {
    /// The ASCII part of a vocabulary.
    pub(crate) fn new(ids: &AHashMap<String, u32>) -> Self {
        let mut pieces = Self { first: AHashMap::new(), next: AHashMap::new(), longest: 0 };
        for (word, &id) in ids.iter().filter(|(w, _)| w.is_ascii()) {
            // `#` is a word of its own in every text, so no word begins with `##`.
            let (map, bytes) = match word.strip_prefix("##") {
                Some(rest) => (&mut pieces.next, rest),
                None => (&mut pieces.first, word.as_str()),
            };
            map.insert(bytes.as_bytes().into(), id);
            pieces.longest = pieces.longest.max(bytes.len());
        }
        pieces
    }

    /// Appends the ids of an ASCII text.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        // Only the first bytes of a word matter once it is too long, but their number does.
        let mut word = [0u8; LONGEST_WORD];
        let mut length = 0;
        for byte in text.bytes() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.flush(&word, &mut length, ids),
                b if b.is_ascii_punctuation() => {
                    self.flush(&word, &mut length, ids);
                    self.word(&[b], ids);
                }
                // Cleaned away, without ending a word.
                b if b.is_ascii_control() => {}
                b => {
                    if let Some(place) = word.get_mut(length) {
                        *place = b.to_ascii_lowercase();
                    }
                    length += 1;
                }
            }
        }
        self.flush(&word, &mut length, ids);
    }

    fn flush(&self, word: &[u8; LONGEST_WORD], length: &mut usize, ids: &mut Vec<u32>) {
        match word.get(..*length) {
            Some([]) => {}
            Some(word) => self.word(word, ids),
            None => ids.push(UNKNOWN),
        }
        *length = 0;
    }

    /// Spells a word with the longest pieces that fit, from its beginning.
    fn word(&self, word: &[u8], ids: &mut Vec<u32>) {
        let before = ids.len();
        let mut start = 0;
        while start < word.len() {
            let map = if start == 0 { &self.first } else { &self.next };
            let most = word.len().min(start + self.longest);
            let found = (start + 1..=most).rev().find_map(|end| map.get(&word[start..end]).map(|&id| (id, end)));
            let Some((id, end)) = found else {
                // All of the word is unknown if any part of it is.
                ids.truncate(before);
                ids.push(UNKNOWN);
                return;
            };
            ids.push(id);
            start = end;
        }
    }
}
