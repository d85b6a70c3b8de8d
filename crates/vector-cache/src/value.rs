//! How a vector is stored: CRC-32 over key and values, then the values, all little end first.

use crate::model::Key;

const SUM: usize = 4;

/// Bytes of a vector of `dim` values; `None` if that is more than there can be.
pub(crate) fn len(dim: usize) -> Option<usize> {
    dim.checked_mul(4)?.checked_add(SUM)
}

/// Adds the value of a vector to `out`.
pub(crate) fn encode(key: &Key, vector: &[f32], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; SUM]);
    out.extend(vector.iter().flat_map(|v| v.to_le_bytes()));
    let sum = checksum(key, &out[start + SUM..]);
    out[start..start + SUM].copy_from_slice(&sum);
}

/// Reads a value. `false`, and `vector` is not to be used, if it is not what was stored under this key: of another
/// length, with a wrong checksum, or not finite.
pub(crate) fn decode(key: &Key, value: &[u8], vector: &mut [f32]) -> bool {
    let Some((sum, bytes)) = value.split_at_checked(SUM) else { return false };
    let (values, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() || values.len() != vector.len() || sum != checksum(key, bytes) {
        return false;
    }
    for (out, value) in vector.iter_mut().zip(values) {
        *out = f32::from_le_bytes(*value);
    }
    // The sum of x · 0 is 0 for finite x and NaN otherwise, without a branch a value.
    vector.iter().map(|v| v * 0.0).sum::<f32>() == 0.0
}

/// Over the key, too: the value of another text is wrong here.
fn checksum(key: &Key, bytes: &[u8]) -> [u8; SUM] {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key);
    sum.update(bytes);
    sum.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_stored_is_read() {
        let vector = [1.5f32, -0.0, f32::MIN_POSITIVE / 2.0, f32::MAX];
        let (mut value, mut read) = (vec![1, 2, 3], [0.0; 4]);
        encode(&[7; 32], &vector, &mut value);
        assert_eq!(value.len(), 3 + len(4).unwrap());
        let value = value.split_off(3);
        assert!(decode(&[7; 32], &value, &mut read));
        assert_eq!(read.map(f32::to_bits), vector.map(f32::to_bits));
        assert!(!decode(&[8; 32], &value, &mut read));
        assert!(!decode(&[7; 32], &value, &mut [0.0; 3]));
        assert!(!decode(&[7; 32], &value, &mut [0.0; 5]));
        for len in 0..value.len() {
            assert!(!decode(&[7; 32], &value[..len], &mut read), "{len} bytes");
        }
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!decode(&[7; 32], &bad, &mut read), "bit {bit}");
        }
        let mut value = Vec::new();
        encode(&[7; 32], &[1.0, f32::NAN], &mut value);
        assert!(!decode(&[7; 32], &value, &mut [0.0; 2]));
    }
}
