//! Tables that tell tokens where they stand. By functions of a library rather than of the platform: they are the same everywhere.

use planisphere_kernels::attention::{Bias, Rotation};

/// Cosines and sines of all places up to some length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Turns {
    /// For `length` places and heads of `width` values: place p turns pair i by p · θ^(−2i / width). With a stretch s the base
    /// is s θ, and all frequencies are divided by s^(2 / width): NTK-aware scaling as GTE's reference has it.
    pub(crate) fn new(length: usize, width: usize, (theta, stretch): (f64, f64)) -> Self {
        let half = width / 2;
        let base = if stretch > 1.0 { theta * stretch } else { theta };
        // In f32, where the references compute it.
        let frequency = |i: usize| {
            let f = (1.0 / libm::pow(base, (2 * i) as f64 / width as f64)) as f32;
            f / libm::pow(stretch, 2.0 / width as f64) as f32
        };
        let frequencies: Vec<f32> = (0..half).map(frequency).collect();
        let angles = (0..length).flat_map(|p| frequencies.iter().map(move |f| f64::from(p as f32 * f)));
        let (cos, sin) = angles.map(|a| (libm::cos(a) as f32, libm::sin(a) as f32)).unzip();
        Self { cos, sin }
    }

    pub(crate) fn as_rotation(&self) -> Rotation<'_> {
        Rotation { cos: &self.cos, sin: &self.sin }
    }
}

/// What is added to scores by distance, head by head, from −far to far.
#[derive(Clone, Debug)]
pub(crate) struct Distances {
    values: Vec<f32>,
    far: usize,
}

impl Distances {
    /// −slope · distance (Press, Smith & Lewis 2022). Slopes are powers of 2 from 2^(−8/n) to 2⁻⁸ for n heads; if n is no
    /// power of 2, those of the next smaller power, and then every second one of the next larger.
    pub(crate) fn linear(heads: usize, length: usize) -> Self {
        let of = |n: usize| (1..=n).map(move |h| libm::exp2f(-8.0 * h as f32 / n as f32));
        let most = heads.next_power_of_two();
        let slopes: Vec<f32> = if most == heads {
            of(heads).collect()
        } else {
            of(most / 2).chain(of(most).step_by(2)).take(heads).collect()
        };
        Self::by(length, slopes.into_iter().map(|slope| move |d: i64| -slope * d.unsigned_abs() as f32))
    }

    /// Learned values (`buckets` × `heads`) for buckets of the key's place less the query's, as MPNet has them: half of the
    /// buckets for each side, of which half are for one distance each and the others for ranges that grow up to 128.
    pub(crate) fn buckets(values: &[f32], heads: usize, length: usize) -> Self {
        let buckets = values.len() / heads;
        Self::by(length, (0..heads).map(|h| move |d: i64| values[bucket(d, buckets) * heads + h]))
    }

    /// Nothing within `reach`, to either side and for every head, and `beyond` behind it.
    pub(crate) fn within(reach: usize, beyond: f32, length: usize) -> Self {
        Self::by(length, [move |d: i64| if d.unsigned_abs() <= reach as u64 { 0.0 } else { beyond }].into_iter())
    }

    fn by<F: Fn(i64) -> f32>(length: usize, heads: impl Iterator<Item = F>) -> Self {
        let far = length.saturating_sub(1);
        let values = heads.flat_map(|f| (-(far as i64)..=far as i64).map(f).collect::<Vec<_>>()).collect();
        Self { values, far }
    }

    pub(crate) fn as_bias(&self) -> Bias<'_> {
        Bias { values: &self.values, far: self.far }
    }
}

/// The bucket of a key that stands `distance` behind the query.
fn bucket(distance: i64, buckets: usize) -> usize {
    const FARTHEST: f32 = 128.0;
    let half = buckets / 2;
    let side = if distance > 0 { half } else { 0 };
    let (d, exact) = (distance.unsigned_abs() as usize, half / 2);
    if d < exact {
        return side + d;
    }
    let share = libm::logf(d as f32 / exact as f32) / libm::logf(FARTHEST / exact as f32);
    side + (exact + (share * (half - exact) as f32) as usize).min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_of_any_number_of_heads() {
        let slopes = |heads: usize| -> Vec<f32> {
            let d = Distances::linear(heads, 2);
            assert!(d.values.chunks(3).all(|v| v[0] == v[2] && v[1] == 0.0));
            d.values.chunks(3).map(|v| -v[0]).collect()
        };
        assert_eq!(slopes(8), [0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015_625, 0.007_812_5, 0.003_906_25]);
        let of_12 = slopes(12);
        assert_eq!(of_12[..8], slopes(8));
        assert!((of_12[8] - 0.5f32.sqrt()).abs() < 1e-7 && (of_12[11] - 0.125 * 0.5f32.sqrt()).abs() < 1e-7);
    }

    /// Those of `MPNetEncoder.relative_position_bucket` of transformers.
    #[test]
    fn buckets_of_distances() {
        let got = [0, -1, -7, -8, -9, -15, -16, -64, -127, -128, -1000, 1, 8, 127, 1000].map(|d| bucket(d, 32));
        assert_eq!(got, [0, 1, 7, 8, 8, 9, 10, 14, 15, 15, 15, 17, 24, 31, 31]);
    }

    #[test]
    fn turns_by_place() {
        let t = Turns::new(3, 4, (100.0, 1.0));
        assert_eq!(t.cos[..2], [1.0, 1.0]);
        assert!((t.cos[2] - 1f32.cos()).abs() < 1e-7 && (t.sin[5] - 0.2f32.sin()).abs() < 1e-7);
        let stretched = Turns::new(2, 4, (100.0, 4.0));
        // Frequencies 1 / 2 and 1 / (20 · 2).
        assert!((stretched.sin[2] - 0.5f32.sin()).abs() < 1e-7 && (stretched.sin[3] - 0.025f32.sin()).abs() < 1e-7);
    }
}
