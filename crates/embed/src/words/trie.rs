//! The longest piece that a word begins with: tries over bytes in a double array.
//!
//! A state is a number, and its child by byte `b` is unit `state ^ b`, if that unit says that it is reached by `b`.
//! No two states have the same number, so the byte tells the parent, too. (Double arrays: Aoe, 1989; the addressing by
//! xor is that of Darts-clone.)

use super::pieces::Piece;

/// Units that the children of one state are among, and states that share them.
const BLOCK: usize = 256;
/// Blocks with room that are tried for the children of a state before a new one is begun.
const TRIED: usize = 6;
/// The state without children: the first block is left empty for it.
const DEAD: u32 = 0;
/// In place of the byte in units that nothing leads to.
const EMPTY: u32 = 0x1ff;
/// The id of what is not a piece.
const NONE: u32 = u32::MAX >> 9;

/// What has been read of a piece.
#[derive(Clone, Copy)]
pub(super) struct State {
    /// The number, [`DEAD`] if no piece goes on here.
    number: u32,
    /// The id of the piece that ends here or [`NONE`], then 9 bits for the byte that leads here or [`EMPTY`].
    tag: u32,
}

const NOWHERE: State = State { number: DEAD, tag: NONE << 9 | EMPTY };

impl State {
    /// The id of the piece that ends here.
    #[inline]
    pub(super) fn id(self) -> Option<u32> {
        let id = self.tag >> 9;
        (id != NONE).then_some(id)
    }
}

/// Ids of the pieces that begin words, and of those that continue them.
pub(super) struct Trie {
    units: Box<[State]>,
    first: State,
    next: State,
}

impl Trie {
    /// Tries of these pieces and ids, in the order of their bytes, or `None` if they are too many to be numbered
    /// (millions). Empty pieces are left out; of equal ones the first counts.
    pub(super) fn new(first: &[Piece<'_>], next: &[Piece<'_>]) -> Option<Self> {
        let mut builder = Builder { units: vec![NOWHERE; BLOCK], rooms: vec![Room::default()], open: Vec::new() };
        let first = builder.add(first)?;
        let next = builder.add(next)?;
        Some(Self { units: builder.units.into(), first, next })
    }

    /// The beginning of a word.
    #[inline]
    pub(super) fn first(&self) -> State {
        self.first
    }

    /// The state after one more byte.
    #[inline]
    pub(super) fn step(&self, state: State, byte: u8) -> State {
        let child = self.units[(state.number ^ u32::from(byte)) as usize];
        if child.tag & EMPTY == u32::from(byte) { child } else { NOWHERE }
    }

    /// Appends the ids of the longest pieces that spell a word one after the other; `false` if there are none that do.
    pub(super) fn spell(&self, word: &[u8], ids: &mut Vec<u32>) -> bool {
        let before = ids.len();
        let mut rest = word;
        let mut state = self.first;
        while !rest.is_empty() {
            let mut longest = None;
            for (i, &byte) in rest.iter().enumerate() {
                state = self.step(state, byte);
                if let Some(id) = state.id() {
                    longest = Some((id, i + 1));
                }
                if state.number == DEAD {
                    break;
                }
            }
            let Some((id, length)) = longest else {
                ids.truncate(before);
                return false;
            };
            ids.push(id);
            rest = &rest[length..];
            state = self.next;
        }
        true
    }
}

/// Tries in the making.
struct Builder {
    units: Vec<State>,
    rooms: Vec<Room>,
    /// Blocks with room.
    open: Vec<usize>,
}

/// What is left of a block.
#[derive(Clone, Copy, Default)]
struct Room {
    /// Units that nothing leads to.
    units: Bits,
    /// Numbers that are no states.
    numbers: Bits,
}

/// Pieces, in order, that begin with the same `depth` bytes and are longer.
struct Alike<'a, 'b> {
    pieces: &'b [Piece<'a>],
    depth: usize,
    /// The unit that these bytes lead to; `None` at the root.
    unit: Option<usize>,
}

impl Builder {
    /// Adds a trie and gives its root.
    fn add(&mut self, pieces: &[Piece<'_>]) -> Option<State> {
        let empty = pieces.partition_point(|(piece, _)| piece.is_empty());
        let mut root = NOWHERE;
        let mut todo = vec![Alike { pieces: &pieces[empty..], depth: 0, unit: None }];
        while let Some(Alike { pieces, depth, unit }) = todo.pop() {
            let byte = |piece: &Piece<'_>| piece.0.as_bytes()[depth];
            let children = || pieces.chunk_by(|a, b| byte(a) == byte(b)).map(|alike| (byte(&alike[0]), alike));
            let number = self.place(children().map(|(byte, _)| byte))?;
            unit.map_or(&mut root, |unit| &mut self.units[unit]).number = number;
            for (byte, alike) in children() {
                let unit = (number ^ u32::from(byte)) as usize;
                // The shortest come first.
                let (ended, longer) = alike.split_at(alike.partition_point(|piece| piece.0.len() == depth + 1));
                let id = match ended.first() {
                    Some(&(_, id)) => Some(id).filter(|&id| id < NONE)?,
                    None => NONE,
                };
                self.units[unit] = State { number: DEAD, tag: id << 9 | u32::from(byte) };
                if !longer.is_empty() {
                    todo.push(Alike { pieces: longer, depth: depth + 1, unit: Some(unit) });
                }
            }
        }
        Some(root)
    }

    /// A new state, whose children by these bytes get units that were empty.
    fn place(&mut self, bytes: impl Iterator<Item = u8> + Clone) -> Option<u32> {
        let fit = |room: &Room| bytes.clone().fold(room.numbers, |fit, byte| fit.and(room.units.moved(byte))).lowest();
        let found = (0..self.open.len()).rev().take(TRIED).find_map(|at| {
            let block = self.open[at];
            Some((block, fit(&self.rooms[block])?))
        });
        let (block, low) = found.unwrap_or_else(|| {
            self.units.resize(self.units.len() + BLOCK, NOWHERE);
            self.rooms.push(Room { units: Bits::ALL, numbers: Bits::ALL });
            self.open.push(self.rooms.len() - 1);
            (self.rooms.len() - 1, 0)
        });
        let room = &mut self.rooms[block];
        room.numbers.remove(low);
        bytes.for_each(|byte| room.units.remove(low ^ byte));
        if room.units.lowest().is_none() || room.numbers.lowest().is_none() {
            self.open.retain(|&b| b != block);
        }
        u32::try_from(block * BLOCK + usize::from(low)).ok()
    }
}

/// A set of bytes.
#[derive(Clone, Copy, Default)]
struct Bits([u64; 4]);

impl Bits {
    const ALL: Self = Self([u64::MAX; 4]);

    fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    fn remove(&mut self, byte: u8) {
        self.0[usize::from(byte / 64)] &= !(1 << (byte % 64));
    }

    fn lowest(self) -> Option<u8> {
        let word = self.0.iter().position(|&bits| bits != 0)?;
        Some(word as u8 * 64 + self.0[word].trailing_zeros() as u8)
    }

    /// The set of `b ^ by` for all its bytes `b`.
    fn moved(self, by: u8) -> Self {
        /// Bits whose place has a zero where the index says.
        const ZERO: [u64; 6] = [
            0x5555_5555_5555_5555,
            0x3333_3333_3333_3333,
            0x0f0f_0f0f_0f0f_0f0f,
            0x00ff_00ff_00ff_00ff,
            0x0000_ffff_0000_ffff,
            0x0000_0000_ffff_ffff,
        ];
        let mut words: [u64; 4] = std::array::from_fn(|i| self.0[i ^ usize::from(by / 64)]);
        for (i, zero) in ZERO.iter().enumerate().filter(|(i, _)| by >> i & 1 == 1) {
            for bits in &mut words {
                *bits = (*bits & zero) << (1 << i) | *bits >> (1 << i) & zero;
            }
        }
        Self(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn moved_bits_are_those_of_the_moved_bytes() {
        let set: BTreeSet<u8> = (0..40u32).map(|i| (i * i * 7 + i) as u8).collect();
        let mut bits = Bits::ALL;
        (0..=255).filter(|b| !set.contains(b)).for_each(|b| bits.remove(b));
        for by in 0..=255 {
            let mut moved = bits.moved(by);
            let want: BTreeSet<u8> = set.iter().map(|b| b ^ by).collect();
            for &b in &want {
                assert_eq!(moved.lowest(), Some(b), "{by}");
                moved.remove(b);
            }
            assert_eq!(moved.lowest(), None, "{by}");
        }
    }

    #[test]
    fn ids_that_have_no_room_are_refused() {
        let with = |id| Trie::new(&[("a", id)], &[]);
        assert!(with(NONE).is_none() && with(u32::MAX).is_none());
        assert_eq!(with(NONE - 1).unwrap().first.number & 0xff, 0);
    }

    /// Spelling by what the words mean: the longest piece, by trying all.
    fn slowly(first: &BTreeMap<String, u32>, next: &BTreeMap<String, u32>, word: &str) -> Option<Vec<u32>> {
        let (mut ids, mut rest) = (Vec::new(), word);
        while !rest.is_empty() {
            let set = if ids.is_empty() { first } else { next };
            let (piece, id) = set
                .iter()
                .filter(|(p, _)| !p.is_empty() && rest.starts_with(p.as_str()))
                .max_by_key(|(p, _)| p.len())?;
            ids.push(*id);
            rest = &rest[piece.len()..];
        }
        Some(ids)
    }

    fn pairs(pieces: &BTreeMap<String, u32>) -> Vec<Piece<'_>> {
        pieces.iter().map(|(piece, &id)| (piece.as_str(), id)).collect()
    }

    proptest! {
        #[test]
        fn the_longest_pieces_are_found(
            first in prop::collection::btree_map("[abé中\\x00\\u{10ffff}]{0,5}|.{0,2}", 0u32..1000, 0..300),
            next in prop::collection::btree_map("[abé中\\x00\\u{10ffff}]{0,5}|.{0,2}", 0u32..1000, 0..300),
            words in prop::collection::vec("[abé中\\x00\\u{10ffff}]{0,20}|.{0,5}", 20),
        ) {
            let trie = Trie::new(&pairs(&first), &pairs(&next)).unwrap();
            for word in &words {
                let mut ids = vec![7];
                let spelled = trie.spell(word.as_bytes(), &mut ids);
                let want = slowly(&first, &next, word);
                prop_assert_eq!(spelled, want.is_some());
                prop_assert_eq!(&ids[1..], want.unwrap_or_default());
            }
        }
    }
}
