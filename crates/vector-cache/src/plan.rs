//! Which texts are the same, and where their vectors go.

use crate::model::{Key, ModelKey};
use crate::value;
use planisphere_core::{Cancelled, Matrix};
use rayon::prelude::*;

/// The texts of a call by their keys. Text `i` is row `i` of the result.
pub(crate) struct Plan {
    keys: Vec<Key>,
    /// The first text of each kind, in ascending order of keys.
    distinct: Vec<u32>,
    /// For each text the first that is the same.
    first: Vec<u32>,
}

impl Plan {
    /// Fails once `check` does. There are at most `u32::MAX` texts.
    pub(crate) fn new<S: AsRef<str> + Sync>(
        model: &ModelKey,
        texts: &[S],
        check: impl Fn() -> Result<(), Cancelled> + Sync,
    ) -> Result<Self, Cancelled> {
        let key = |text: &S| check().map(|()| model.text(text.as_ref()));
        let keys: Vec<Key> = texts.par_iter().map(key).collect::<Result<_, _>>()?;
        check()?;
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.par_sort_unstable_by_key(|&i| (&keys[i as usize], i));
        check()?;
        let mut first: Vec<u32> = (0..keys.len() as u32).collect();
        // Within a run of equal keys the first text leads.
        order.dedup_by(|&mut i, &mut lead| {
            let same = keys[i as usize] == keys[lead as usize];
            if same {
                first[i as usize] = lead;
            }
            same
        });
        check()?;
        order.shrink_to_fit();
        Ok(Self { keys, distinct: order, first })
    }

    /// Number of texts.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The first text of each kind, in ascending order of keys.
    pub(crate) fn distinct(&self) -> &[u32] {
        &self.distinct
    }

    pub(crate) fn key(&self, text: u32) -> &Key {
        &self.keys[text as usize]
    }
}

/// The result while it is filled.
pub(crate) struct Rows {
    n: usize,
    /// Length of a row, once there is a vector; until then there is no memory for rows.
    cols: Option<usize>,
    data: Vec<f32>,
    states: Vec<State>,
}

/// What is known of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Missing,
    /// A value is stored that cannot be used.
    Damaged,
    Done,
}

impl Rows {
    pub(crate) fn new(n: usize) -> Self {
        Self { n, cols: None, data: Vec::new(), states: vec![State::Missing; n] }
    }

    /// Row `i`, of `cols` values, which no other row has otherwise. `None` if there can be no such matrix.
    fn row_mut(&mut self, i: u32, cols: usize) -> Option<&mut [f32]> {
        if self.cols.is_none() {
            self.data = vec![0.0; self.n.checked_mul(cols)?];
            self.cols = Some(cols);
        }
        debug_assert_eq!(self.cols, Some(cols));
        let i = i as usize;
        self.data.get_mut(i * cols..(i + 1) * cols)
    }

    /// Takes a stored value for the row of `text`, if it is sound.
    pub(crate) fn take(&mut self, text: u32, key: &Key, cols: usize, stored: &[u8]) {
        // Before memory is asked for, which a made-up length could ask too much of.
        let sound = value::len(cols) == Some(stored.len())
            && self.row_mut(text, cols).is_some_and(|row| value::decode(key, stored, row));
        self.states[text as usize] = if sound { State::Done } else { State::Damaged };
    }

    /// Sets the row of `text`.
    pub(crate) fn set(&mut self, text: u32, vector: &[f32]) {
        if let Some(row) = self.row_mut(text, vector.len()) {
            row.copy_from_slice(vector);
            self.states[text as usize] = State::Done;
        }
    }

    /// Length of the vectors, once there is one.
    pub(crate) fn cols(&self) -> Option<usize> {
        self.cols
    }

    pub(crate) fn state(&self, text: u32) -> State {
        self.states[text as usize]
    }

    /// The matrix, with `cols` columns if there was no vector, once the first text of each kind is done.
    pub(crate) fn finish(mut self, plan: &Plan, cols: usize) -> planisphere_core::Result<Matrix> {
        let Some(cols) = self.cols else { return Matrix::from_vec(self.n, cols, self.data) };
        for (i, &first) in plan.first.iter().enumerate() {
            let first = first as usize;
            if first != i {
                self.data.copy_within(first * cols..(first + 1) * cols, i * cols);
            }
        }
        Matrix::from_vec(self.n, cols, self.data)
    }
}
