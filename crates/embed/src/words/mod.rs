//! BERT's tokenizer: cleaning, lowercasing and accent stripping, words, then greedy longest-match word pieces. The ids
//! are exactly those of the `tokenizers` crate, without its copies of the text and its offsets.

mod letters;
mod pieces;
#[cfg(test)]
pub(crate) mod tests;
mod trie;

use letters::{Effect, Kind, Letters, PAGE};
use pieces::Piece;
pub(crate) use pieces::Pieces;
use tokenizers::normalizers::BertNormalizer;
use trie::Trie;

/// What stands before pieces that continue a word.
pub(crate) const CONTINUES: &str = "##";

/// How texts are split into words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) normalizer: BertNormalizer,
    /// Words of more characters are unknown.
    pub(crate) longest_word: usize,
}

/// The word pieces of a vocabulary.
pub(crate) struct Words {
    trie: Trie,
    letters: &'static Letters,
    longest_word: usize,
    /// The id of words that cannot be spelled.
    unknown: u32,
    /// For each byte of a text, the byte of a word that it stands for, or one of the classes below.
    classes: [u8; 256],
    /// The ids of bytes that are words of their own.
    alone: [u32; 128],
}

/// The end of a word. All classes are no ASCII.
const SPACE: u8 = 0x80;
/// A word of its own.
const ALONE: u8 = 0x81;
/// A byte that does not say what its character is, or one that is more or less than a character of a word.
const OTHER: u8 = 0x82;
/// The end of the text.
const END: u8 = 0x83;

impl Words {
    /// The pieces of a vocabulary with their ids, `unknown` being the one for words that cannot be spelled. `None` if
    /// they are millions.
    pub(crate) fn new(rules: Rules, unknown: u32, pieces: &Pieces<'_>) -> Option<Self> {
        let fits = |piece: &str| piece.len() <= rules.longest_word || piece.chars().count() <= rules.longest_word;
        let all = || pieces.0.iter().copied();
        let next: Vec<Piece<'_>> = all().filter_map(|(piece, id)| Some((piece.strip_prefix(CONTINUES)?, id))).collect();
        // No word begins with `##`: `#` is always a word of its own.
        let first: Vec<Piece<'_>> = all().filter(|(piece, _)| !piece.starts_with(CONTINUES) && fits(piece)).collect();
        let trie = Trie::new(&first, &next)?;
        let letters = Letters::of(rules.normalizer);
        let mut words = Self {
            trie,
            letters,
            longest_word: rules.longest_word,
            unknown,
            classes: [OTHER; 256],
            alone: [unknown; 128],
        };
        for byte in 0..128u8 {
            let effect = letters.page(usize::from(byte) / PAGE).effect(byte as char);
            let i = usize::from(byte);
            words.classes[i] = match effect.kind {
                Kind::Space => SPACE,
                Kind::Letter if effect.length == 1 => effect.bytes[0],
                Kind::Alone => {
                    words.alone[i] = words.whole(effect.text());
                    ALONE
                }
                _ => OTHER,
            };
        }
        Some(words)
    }

    /// Appends the ids of a text, or does nothing and returns `false` if only the reference can tell them.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> bool {
        let before = ids.len();
        let bytes = text.as_bytes();
        let mut word = Vec::new();
        let mut at = 0;
        loop {
            // Most words are ASCII and pieces themselves: one walk through the trie finds their end and their id.
            let start = at;
            let mut state = self.trie.first();
            let class = loop {
                let class = bytes.get(at).map_or(END, |&byte| self.classes[usize::from(byte)]);
                if class >= SPACE {
                    break class;
                }
                state = self.trie.step(state, class);
                at += 1;
            };
            if class == OTHER {
                let Some(end) = self.careful(text, start, &mut word, ids) else {
                    ids.truncate(before);
                    return false;
                };
                at = end;
                continue;
            }
            match state.id() {
                Some(id) => ids.push(id),
                None if at > start => {
                    word.clear();
                    word.extend(bytes[start..at].iter().map(|&byte| self.classes[usize::from(byte)]));
                    self.spell(&word, ids);
                }
                None => {}
            }
            match class {
                END => return true,
                ALONE => ids.push(self.alone[usize::from(bytes[at])]),
                _ => {}
            }
            at += 1;
        }
    }

    /// Appends the ids of the words from `start` on, up to the end of a word before ASCII; gives that place, or `None`
    /// if only the reference can tell the ids. `word` is room to work in.
    fn careful(&self, text: &str, start: usize, word: &mut Vec<u8>, ids: &mut Vec<u32>) -> Option<usize> {
        word.clear();
        let mut number = text[start..].chars().next().map_or(0, |c| c as usize / PAGE);
        let mut page = self.letters.page(number);
        for (i, c) in text[start..].char_indices() {
            if c.is_ascii() && word.is_empty() && i > 0 {
                return Some(start + i);
            }
            // Neighbors are mostly of one page.
            if c as usize / PAGE != number {
                number = c as usize / PAGE;
                page = self.letters.page(number);
            }
            let effect = page.effect(c);
            match effect.kind {
                Kind::Several => page.several(effect).iter().try_for_each(|part| self.apply(part, word, ids))?,
                _ => self.apply(&effect, word, ids)?,
            }
        }
        self.flush(word, ids);
        Some(text.len())
    }

    /// Adds what comes of a character; `None` if that is not clear.
    #[inline]
    fn apply(&self, effect: &Effect, word: &mut Vec<u8>, ids: &mut Vec<u32>) -> Option<()> {
        match effect.kind {
            Kind::Dropped => {}
            Kind::Letter => word.extend_from_slice(effect.text()),
            Kind::Space => self.flush(word, ids),
            Kind::Alone => {
                self.flush(word, ids);
                ids.push(self.whole(effect.text()));
            }
            Kind::Several | Kind::Unclear => return None,
        }
        Some(())
    }

    /// Ends a word.
    fn flush(&self, word: &mut Vec<u8>, ids: &mut Vec<u32>) {
        if !word.is_empty() {
            self.spell(word, ids);
            word.clear();
        }
    }

    /// The id of a word of one character.
    fn whole(&self, word: &[u8]) -> u32 {
        let state = word.iter().fold(self.trie.first(), |state, &byte| self.trie.step(state, byte));
        state.id().unwrap_or(self.unknown)
    }

    /// Appends the ids of a word.
    fn spell(&self, word: &[u8], ids: &mut Vec<u32>) {
        // A byte below 0xc0 that is not ASCII continues a character.
        let too_long = word.len() > self.longest_word
            && word.iter().filter(|&&byte| !(0x80..0xc0).contains(&byte)).count() > self.longest_word;
        if too_long || !self.trie.spell(word, ids) {
            ids.push(self.unknown);
        }
    }
}
