//! Rows of bits.

use crate::error::{Error, Result};
use planisphere_core::MatrixView;

/// A matrix of two-valued columns, a bit each: a 32nd of the memory of the same rows as `f32`, for
/// [`Exact::fit_bits`](crate::Exact::fit_bits).
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_knn::{BitMatrix, Exact, Metric};
/// let x = Matrix::from_rows([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])?;
/// let bits = BitMatrix::from_matrix(&x)?;
/// assert_eq!(bits, BitMatrix::from_packed(3, 3, &[0b011, 0b101, 0b111])?);
/// let search = Exact::new(1).metric(Metric::Jaccard);
/// assert_eq!(search.fit_bits(&bits)?, search.fit(&x)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BitMatrix {
    rows: usize,
    bits: usize,
    /// Rows in whole words; bit b of a row is bit b % 64 of its word b / 64, and bits beyond the last are 0.
    words: Vec<u64>,
    ones: Vec<u32>,
}

impl BitMatrix {
    /// Takes every value but 0 for true.
    ///
    /// # Errors
    /// [`Error::Core`] for values that are not finite or more rows than ids can name; [`Error::InvalidParam`] for more than
    /// 2³² − 1 columns.
    pub fn from_matrix<'m>(x: impl Into<MatrixView<'m>>) -> Result<Self> {
        let x = x.into();
        x.check()?;
        let words = words_of(x.cols())?;
        let mut packed = Vec::with_capacity(x.rows() * words);
        for i in 0..x.rows() {
            for values in x.row(i).chunks(64) {
                packed.push(values.iter().enumerate().fold(0u64, |w, (b, &v)| w | u64::from(v != 0.0) << b));
            }
        }
        Ok(Self::new(x.rows(), x.cols(), packed))
    }

    /// Reads `rows` rows of `bits` bits, each row in whole bytes and the lowest bit of a byte first, as
    /// `numpy.packbits(a, axis=1, bitorder="little")` writes them. Bits beyond the last of a row are ignored.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] unless there are as many bytes as that takes; [`Error::Core`] for more rows than ids can name.
    pub fn from_packed(rows: usize, bits: usize, packed: &[u8]) -> Result<Self> {
        let (words, bytes) = (words_of(bits)?, bits.div_ceil(8));
        if u32::try_from(rows).is_err() {
            return Err(planisphere_core::Error::TooManyRows { rows }.into());
        }
        if rows.checked_mul(bytes) != Some(packed.len()) {
            let reason = format!("must be {rows} rows of {bytes} bytes");
            return Err(Error::InvalidParam { param: "packed", value: format!("{} bytes", packed.len()), reason });
        }
        let mut data = Vec::with_capacity(rows * words);
        // Rows of no bytes would be no chunks.
        for row in packed.chunks_exact(bytes.max(1)) {
            let first = data.len();
            data.extend(row.chunks(8).map(|b| b.iter().rev().fold(0u64, |w, &b| w << 8 | u64::from(b))));
            if !bits.is_multiple_of(64) {
                data[first + words - 1] &= (1 << (bits % 64)) - 1;
            }
        }
        Ok(Self::new(rows, bits, data))
    }

    fn new(rows: usize, bits: usize, words: Vec<u64>) -> Self {
        let per_row = bits.div_ceil(64);
        let count = |i: usize| words[i * per_row..(i + 1) * per_row].iter().map(|w| w.count_ones()).sum();
        Self { rows, bits, ones: (0..rows).map(count).collect(), words }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bits of each row.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Bit `bit` of row `row`.
    ///
    /// # Panics
    /// If either is out of range, as slices do.
    pub fn get(&self, row: usize, bit: usize) -> bool {
        assert!(bit < self.bits, "bit {bit} of {}", self.bits);
        self.words[row * self.bits.div_ceil(64) + bit / 64] >> (bit % 64) & 1 == 1
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn ones(&self) -> &[u32] {
        &self.ones
    }

    /// Words and ones.
    pub(crate) fn into_parts(self) -> (Vec<u64>, Vec<u32>) {
        (self.words, self.ones)
    }
}

impl std::fmt::Debug for BitMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BitMatrix {} × {}", self.rows, self.bits)
    }
}

/// Words of a row; its ones are counted in 32 bits.
fn words_of(bits: usize) -> Result<usize> {
    if u32::try_from(bits).is_err() {
        let reason = format!("must be at most {}", u32::MAX);
        return Err(Error::InvalidParam { param: "bits", value: bits.to_string(), reason });
    }
    Ok(bits.div_ceil(64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere_core::{CounterRng, Matrix};

    #[test]
    fn both_ways_in_agree() {
        for bits in [1, 7, 8, 9, 63, 64, 65, 200] {
            let draws = CounterRng::new(1, "bits").at(0, bits as u64);
            let data = (0..5 * bits).map(|i| [0.0, 1.0, -3.0][draws.below(i as u64, 3) as usize]).collect();
            let x = Matrix::from_vec(5, bits, data).unwrap();
            let from_values = BitMatrix::from_matrix(&x).unwrap();
            let mut packed = vec![0xffu8; 5 * bits.div_ceil(8)];
            for i in 0..5 {
                for b in 0..bits {
                    assert_eq!(from_values.get(i, b), x.row(i)[b] != 0.0);
                    if x.row(i)[b] == 0.0 {
                        packed[i * bits.div_ceil(8) + b / 8] ^= 1 << (b % 8);
                    }
                }
            }
            assert_eq!(BitMatrix::from_packed(5, bits, &packed).unwrap(), from_values);
        }
    }

    #[test]
    fn malformed_input_is_an_error() {
        let e = BitMatrix::from_packed(2, 9, &[0; 3]).unwrap_err().to_string();
        assert_eq!(e, "packed = 3 bytes: must be 2 rows of 2 bytes");
        assert!(BitMatrix::from_packed(usize::MAX, 9, &[]).is_err());
        assert!(BitMatrix::from_packed(0, usize::MAX, &[]).is_err());
        assert_eq!(BitMatrix::from_packed(3, 0, &[]).unwrap().rows(), 3);
        let nan = Matrix::from_vec(1, 1, vec![f32::NAN]).unwrap();
        assert!(BitMatrix::from_matrix(&nan).is_err());
    }
}
