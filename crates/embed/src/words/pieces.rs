//! A vocabulary.

/// A word piece and its id.
pub(super) type Piece<'a> = (&'a str, u32);

/// Word pieces in the order of their bytes.
pub(crate) struct Pieces<'a>(pub(super) Vec<Piece<'a>>);

impl<'a> Pieces<'a> {
    pub(crate) fn new(pieces: impl Iterator<Item = Piece<'a>>) -> Self {
        let mut pieces: Vec<_> = pieces.collect();
        // The first bytes as a number decide most comparisons.
        let head = |piece: &str| {
            let mut bytes = [0; 8];
            let length = piece.len().min(8);
            bytes[..length].copy_from_slice(&piece.as_bytes()[..length]);
            u64::from_be_bytes(bytes)
        };
        pieces.sort_by_cached_key(|&(piece, id)| (head(piece), piece, id));
        Self(pieces)
    }

    /// The first piece that is there with a lower id, too, and that id.
    pub(crate) fn repeated(&self) -> Option<(Piece<'a>, u32)> {
        let pairs = self.0.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        pairs.map(|pair| (pair[1], pair[0].1)).min_by_key(|(piece, _)| piece.1)
    }
}
