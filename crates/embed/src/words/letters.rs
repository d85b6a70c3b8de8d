//! What BERT's normalizer and pre-tokenizer make of single characters, asked from them and remembered.
//!
//! Cleaning, spaces around Chinese characters, the decomposition of accents, their removal, lowercase and the split
//! into words all look at one character at a time, but for one thing: decomposition puts marks in a canonical order.
//! Marks are removed afterwards, so that this shows only in marks that the removal does not know (by its tables, that
//! of spacing marks and those of later versions of Unicode). Texts with one of these are left to the reference.

use std::sync::OnceLock;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

/// Characters that are asked for together.
pub(super) const PAGE: usize = 64;
const PAGES: usize = (char::MAX as usize + 1) / PAGE;

/// What comes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Dropped,
    /// The end of a word.
    Space,
    /// A character of a word.
    Letter,
    /// A word of its own.
    Alone,
    /// More than one of these.
    Several,
    /// Something that depends on what is around it.
    Unclear,
}

/// What comes of a character, and the UTF-8 of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) kind: Kind,
    /// How many bytes; with [`Kind::Several`], how many effects.
    pub(super) length: u8,
    /// The bytes; with [`Kind::Several`], where the effects begin, little-endian.
    pub(super) bytes: [u8; 4],
}

impl Effect {
    const fn plain(kind: Kind) -> Self {
        Self { kind, length: 0, bytes: [0; 4] }
    }

    fn of(kind: Kind, c: char) -> Self {
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len() as u8;
        Self { kind, length, bytes }
    }

    /// The UTF-8 of a letter or a word.
    #[inline]
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// The effects of [`PAGE`] characters.
pub(super) struct Page {
    effects: [Effect; PAGE],
    /// Those of [`Kind::Several`].
    more: Vec<Effect>,
}

impl Page {
    /// The effect of a character of this page.
    #[inline]
    pub(super) fn effect(&self, c: char) -> Effect {
        self.effects[c as usize % PAGE]
    }

    /// The effects that one of [`Kind::Several`] stands for.
    pub(super) fn several(&self, effect: Effect) -> &[Effect] {
        &self.more[u32::from_le_bytes(effect.bytes) as usize..][..usize::from(effect.length)]
    }
}

/// The effects of all characters under one choice of flags.
pub(super) struct Letters {
    normalizer: BertNormalizer,
    pages: Box<[OnceLock<Box<Page>>]>,
}

impl Letters {
    /// The effects of characters under these flags: shared by all that ask, filled as they are needed.
    pub(super) fn of(normalizer: BertNormalizer) -> &'static Self {
        static ALL: [OnceLock<Letters>; 16] = [const { OnceLock::new() }; 16];
        let letters = Self { normalizer, pages: Box::default() };
        let flags = [normalizer.clean_text, normalizer.handle_chinese_chars, letters.strips(), normalizer.lowercase];
        let index = flags.iter().fold(0, |index, &flag| 2 * index + usize::from(flag));
        ALL[index].get_or_init(|| Self { pages: (0..PAGES).map(|_| OnceLock::new()).collect(), ..letters })
    }

    /// The page of the characters `number * PAGE` and following.
    #[inline]
    pub(super) fn page(&self, number: usize) -> &Page {
        self.pages[number].get_or_init(|| Box::new(self.ask(number)))
    }

    /// A page, from the reference.
    #[cold]
    fn ask(&self, number: usize) -> Page {
        let mut page = Page { effects: [Effect::plain(Kind::Unclear); PAGE], more: Vec::new() };
        // What is no character is never asked for.
        let sources = (0..PAGE).map(|i| char::from_u32((number * PAGE + i) as u32));
        let normal: Vec<Option<String>> = sources.map(|c| self.normal(c?)).collect();
        let chars: Vec<char> = normal.iter().flatten().flat_map(|s| s.chars()).collect();
        let mut kinds = self.kinds(&chars).into_iter();
        for (effect, normal) in page.effects.iter_mut().zip(&normal) {
            let Some(normal) = normal else { continue };
            let parts: Vec<Effect> = normal.chars().zip(kinds.by_ref()).map(|(c, kind)| Effect::of(kind, c)).collect();
            *effect = whole(&parts, &mut page.more);
        }
        page
    }

    /// Whether accents are removed, for which alone characters are decomposed.
    fn strips(&self) -> bool {
        self.normalizer.strip_accents.unwrap_or(self.normalizer.lowercase)
    }

    /// A character as it comes out of the normalizer alone.
    fn normal(&self, c: char) -> Option<String> {
        let mut s = NormalizedString::from(c.to_string());
        self.normalizer.normalize(&mut s).ok()?;
        Some(s.get().to_owned())
    }

    /// What the characters that come out of the normalizer are, or [`Kind::Unclear`].
    fn kinds(&self, chars: &[char]) -> Vec<Kind> {
        let mut text = String::from("a");
        for c in chars {
            text.extend([*c, 'a']);
        }
        let mut pieces = PreTokenizedString::from(text.as_str());
        if BertPreTokenizer.pre_tokenize(&mut pieces).is_err() {
            return vec![Kind::Unclear; chars.len()];
        }
        let splits = pieces.get_splits(OffsetReferential::Original, OffsetType::Byte);
        let mut splits = splits.into_iter().map(|(_, (from, to), _)| from..to).peekable();
        let any_moves = self.strips() && moves(chars);
        let mut at = 1;
        chars
            .iter()
            .map(|c| {
                let range = at..at + c.len_utf8();
                at = range.end + 1;
                while splits.next_if(|split| split.end <= range.start).is_some() {}
                match splits.peek() {
                    _ if any_moves && moves(&[*c]) => Kind::Unclear,
                    Some(split) if *split == range => Kind::Alone,
                    Some(split) if split.contains(&range.start) => Kind::Letter,
                    _ => Kind::Space,
                }
            })
            .collect()
    }
}

/// Whether decomposition puts one of these characters, which are decomposed, in another place among marks: then its
/// combining class is not 0. The classes of the marks here are the lowest and the highest there are.
fn moves(chars: &[char]) -> bool {
    let text: String = chars.iter().flat_map(|&c| ['a', c, '\u{334}', 'a', '\u{345}', c]).collect();
    let mut decomposed = NormalizedString::from(text.as_str());
    decomposed.nfd();
    decomposed.get() != text
}

/// Several effects as one.
fn whole(parts: &[Effect], more: &mut Vec<Effect>) -> Effect {
    use Kind::{Alone, Dropped, Letter, Several, Space, Unclear};
    match parts {
        [] => Effect::plain(Dropped),
        [one] => *one,
        _ if parts.iter().any(|part| part.kind == Unclear) => Effect::plain(Unclear),
        // Chinese.
        [a, b, c] if [a.kind, c.kind] == [Space; 2] && [Letter, Alone].contains(&b.kind) => {
            Effect { kind: Alone, ..*b }
        }
        _ => match (u8::try_from(parts.len()), u32::try_from(more.len())) {
            (Ok(length), Ok(start)) => {
                more.extend_from_slice(parts);
                Effect { kind: Several, length, bytes: start.to_le_bytes() }
            }
            _ => Effect::plain(Unclear),
        },
    }
}
