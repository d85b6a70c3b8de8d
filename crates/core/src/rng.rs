//! Counter-based random numbers.

/// Random numbers as a pure function of (seed, stage, epoch, vertex, draw).
///
/// Nothing is stored and nothing advances, so threads can draw in any order and the result is the same. The mixing is
/// the finalizer of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014) in the constants of Stafford's variant 13, applied
/// once for each part of the key; the numbers pass as uniform, and they are not for cryptography.
///
/// ```
/// use planisphere_core::CounterRng;
/// let rng = CounterRng::new(42, "layout");
/// let a = rng.at(3, 17).below(0, 1000);
/// let b = rng.at(3, 17).below(0, 1000);
/// assert_eq!(a, b);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterRng {
    key: u64,
}

/// The draws of one (epoch, vertex) of a [`CounterRng`]: draw `i` is a number for every `i`.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    key: u64,
}

/// The odd integer nearest 2^64 divided by the golden ratio: the increment of SplitMix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline(always)]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl CounterRng {
    /// The generator of one stage of one run. Different stage names give independent numbers for the same seed.
    pub fn new(seed: u64, stage: &str) -> Self {
        let mut key = mix(seed.wrapping_add(GOLDEN));
        for b in stage.bytes() {
            key = mix(key ^ u64::from(b)).wrapping_add(GOLDEN);
        }
        Self { key }
    }

    /// The draws that belong to `vertex` in `epoch`.
    #[inline(always)]
    pub const fn at(self, epoch: u64, vertex: u64) -> Draws {
        let k = mix(self.key ^ epoch.wrapping_mul(GOLDEN));
        Draws { key: mix(k.wrapping_add(vertex.wrapping_mul(GOLDEN))) }
    }
}

impl Draws {
    /// 64 random bits.
    #[inline(always)]
    pub const fn bits(self, draw: u64) -> u64 {
        mix(self.key.wrapping_add(draw.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// A whole number below `n` (0 if `n` is 0), by the multiply-shift of Lemire (2019): bias below `n / 2^32`.
    #[inline(always)]
    pub const fn below(self, draw: u64, n: u32) -> u32 {
        (((self.bits(draw) >> 32) * n as u64) >> 32) as u32
    }

    /// A number in [0, 1), one of 2^24 equally spaced ones.
    #[inline(always)]
    pub fn unit(self, draw: u64) -> f32 {
        (self.bits(draw) >> 40) as f32 * (1.0 / (1 << 24) as f32)
    }

    /// A standard normal number, to the accuracy that noise and random starts need: the sum of twelve uniform 16-bit
    /// numbers (Irwin and Hall), in whole numbers, so that no platform's `ln` or `cos` changes a bit. Within ±6.
    #[inline(always)]
    pub fn normal(self, draw: u64) -> f32 {
        let mut sum = 0i64;
        let mut word = 0;
        while word < 3 {
            let b = self.bits(3 * draw + word);
            sum += ((b & 0xffff) + ((b >> 16) & 0xffff) + ((b >> 32) & 0xffff) + (b >> 48)) as i64;
            word += 1;
        }
        // Twelve times the mean of 0..=65535, and the standard deviation of the sum, sqrt(12 * (2^32 - 1) / 12).
        (sum - 12 * 65_535 / 2) as f32 / 65_536.0
    }
}

impl CounterRng {
    /// Fisher and Yates' shuffle of `items`: the same order for the same seed, whoever calls.
    pub fn shuffle<T>(self, items: &mut [T]) {
        let draws = self.at(0, 0);
        for i in (1..items.len()).rev() {
            let n = u32::try_from(i + 1).unwrap_or(u32::MAX);
            items.swap(i, draws.below(i as u64, n) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_in_mean_variance_and_buckets() {
        let rng = CounterRng::new(7, "test");
        let n = 100_000;
        let mut buckets = [0u32; 10];
        let (mut s, mut s2) = (0.0f64, 0.0f64);
        for v in 0..n {
            let d = rng.at(1, v);
            buckets[d.below(0, 10) as usize] += 1;
            let z = f64::from(d.normal(0));
            s += z;
            s2 += z * z;
        }
        for b in buckets {
            assert!((f64::from(b) - 1e4).abs() < 500.0, "{buckets:?}");
        }
        let mean = s / n as f64;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((s2 / n as f64 - 1.0).abs() < 0.03);
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let r = CounterRng::new(1, "a");
        let base = r.at(0, 0).bits(0);
        for other in [
            CounterRng::new(2, "a").at(0, 0).bits(0),
            CounterRng::new(1, "b").at(0, 0).bits(0),
            r.at(1, 0).bits(0),
            r.at(0, 1).bits(0),
            r.at(0, 0).bits(1),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn bounds_and_permutation() {
        let d = CounterRng::new(3, "x").at(0, 0);
        assert_eq!(d.below(0, 0), 0);
        assert_eq!(d.below(5, 1), 0);
        for i in 0..1000 {
            let u = d.unit(i);
            assert!((0.0..1.0).contains(&u));
        }
        let mut v: Vec<u32> = (0..100).collect();
        CounterRng::new(3, "x").shuffle(&mut v);
        let mut sorted = v.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_ne!(v, sorted);
    }
}
