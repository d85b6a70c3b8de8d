//! The file format of static models. All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `PLANISPH` |
//! | 4 | version, 1 |
//! | 4 | dimensions `d` |
//! | 4 | rows `n` |
//! | 4 | length of the name |
//! | 4 | length of the vocabulary |
//! | … | name, UTF-8 |
//! | … | vocabulary, UTF-8: `n` word pieces, one a line; the first is the unknown one |
//! | 4 n | a scale a row, `f32` |
//! | n d | rows, `i8`: a token's vector is its row times its scale. The weight of the token is in the scale |
//! | 4 | CRC-32 (IEEE) of all that |

use std::borrow::Cow;

const MAGIC: &[u8; 8] = b"PLANISPH";
const VERSION: u32 = 1;
const HEAD: usize = 28;
/// The checksum at the end.
const TAIL: usize = 4;
/// More than any real model has, and little enough that sizes cannot overflow.
const MOST_DIMENSIONS: usize = 1 << 16;

/// The vectors of the tokens. Rows stay where they were read from: those of the built-in model are never copied.
pub(crate) struct Table {
    data: Cow<'static, [u8]>,
    name: String,
    dim: usize,
    scales: Vec<f32>,
    /// Where the rows begin in `data`.
    rows_at: usize,
}

impl Table {
    /// The table and its vocabulary, or what is wrong with the file.
    pub(crate) fn parse(data: Cow<'static, [u8]>) -> Result<(Self, String), String> {
        if data.len() < HEAD + TAIL || !data.starts_with(MAGIC) {
            return Err(format!("it does not begin with {:?} and a header", String::from_utf8_lossy(MAGIC)));
        }
        let number = |at: usize| {
            let bytes = data[at..at + 4].try_into().expect("the range has four bytes");
            u32::from_le_bytes(bytes)
        };
        let version = number(8);
        if version != VERSION {
            return Err(format!("version {version} where {VERSION} is understood"));
        }
        let [dim, rows, name_len, words_len] = [12, 16, 20, 24].map(|at| number(at) as usize);
        if dim == 0 || dim > MOST_DIMENSIONS || rows == 0 {
            return Err(format!("{rows} rows of {dim} dimensions"));
        }
        let end = (rows as u64 * (dim as u64 + 4)).checked_add((HEAD + name_len + words_len) as u64);
        if end != Some((data.len() - TAIL) as u64) {
            return Err(format!(
                "its {} bytes do not hold {rows} rows of {dim} dimensions, {name_len} bytes of name and {words_len} \
                 bytes of vocabulary",
                data.len()
            ));
        }
        let sum = crc32fast::hash(&data[..data.len() - TAIL]);
        let stated = number(data.len() - TAIL);
        if sum != stated {
            return Err(format!("its checksum is {sum:08x} where {stated:08x} is stated"));
        }
        let text = |from: usize, len: usize, what: &str| {
            std::str::from_utf8(&data[from..from + len])
                .map(str::to_owned)
                .map_err(|e| format!("its {what} is not UTF-8 at byte {}", from + e.valid_up_to()))
        };
        let name = text(HEAD, name_len, "name")?;
        let words = text(HEAD + name_len, words_len, "vocabulary")?;
        let count = words.split('\n').count();
        if count != rows {
            return Err(format!("{count} words for {rows} rows"));
        }
        let scales_at = HEAD + name_len + words_len;
        let rows_at = scales_at + 4 * rows;
        let scales: Vec<f32> = (scales_at..rows_at).step_by(4).map(|at| f32::from_bits(number(at))).collect();
        if let Some(row) = scales.iter().position(|s| !s.is_finite()) {
            return Err(format!("the scale of row {row} is {}", scales[row]));
        }
        Ok((Self { name, dim, scales, rows_at, data }, words))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    /// A hash of the whole file.
    pub(crate) fn hash(&self) -> blake3::Hash {
        blake3::hash(&self.data)
    }

    /// Adds the vector of token `id` to `sum`. Ids come from the vocabulary, which has as many words as there are rows.
    pub(crate) fn add(&self, id: u32, sum: &mut [f32]) {
        let at = self.rows_at + id as usize * self.dim;
        let scale = self.scales[id as usize];
        for (s, &byte) in sum.iter_mut().zip(&self.data[at..at + self.dim]) {
            *s += scale * f32::from(byte as i8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model file of `words` with the given scales, whose rows count up.
    pub(crate) fn file(dim: u32, words: &[&str], scales: &[f32]) -> Vec<u8> {
        let words = words.join("\n");
        let mut f = MAGIC.to_vec();
        for n in [VERSION, dim, scales.len() as u32, 4, words.len() as u32] {
            f.extend(n.to_le_bytes());
        }
        f.extend(b"test");
        f.extend(words.as_bytes());
        scales.iter().for_each(|s| f.extend(s.to_le_bytes()));
        f.extend((0..scales.len() * dim as usize).map(|i| i as u8));
        seal(f)
    }

    fn seal(mut body: Vec<u8>) -> Vec<u8> {
        body.extend(crc32fast::hash(&body).to_le_bytes());
        body
    }

    fn reason(data: Vec<u8>) -> String {
        Table::parse(Cow::Owned(data)).map(|_| ()).expect_err("a bad file")
    }

    #[test]
    fn rows_are_scaled_and_summed() {
        let (t, words) = Table::parse(Cow::Owned(file(2, &["[UNK]", "a", "b"], &[0.0, 0.5, 2.0]))).unwrap();
        assert_eq!((t.name(), t.dim(), words.as_str()), ("test", 2, "[UNK]\na\nb"));
        let mut sum = [1.0, 0.0];
        t.add(1, &mut sum);
        t.add(2, &mut sum);
        assert_eq!(sum, [1.0 + 1.0 + 8.0, 1.5 + 10.0]);
    }

    #[test]
    fn every_damage_is_told() {
        let good = file(2, &["[UNK]", "a"], &[0.0, 1.0]);
        for cut in 0..good.len() {
            let r = reason(good[..cut].to_vec());
            assert!(r.contains("begin") || r.contains("bytes do not hold"), "{cut}: {r}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            reason(bad);
        }
        let body = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut f = good[..good.len() - TAIL].to_vec();
            change(&mut f);
            reason(seal(f))
        };
        assert!(body(&|f| f[8] = 2).contains("version 2"));
        assert!(body(&|f| f[12] = 0).contains("0 dimensions"));
        assert!(body(&|f| f[12..16].fill(0xff)).contains("dimensions"));
        assert!(body(&|f| f[16..20].fill(0xff)).contains("do not hold"));
        assert!(body(&|f| f[HEAD] = 0xff).contains("name is not UTF-8 at byte 28"));
        assert!(body(&|f| f[HEAD + 4 + 5] = b' ').contains("1 words for 2 rows"));
        let scales_at = HEAD + 4 + "[UNK]\na".len();
        assert!(body(&|f| f[scales_at + 4..scales_at + 8].fill(0xff)).contains("scale of row 1"));
    }
}
