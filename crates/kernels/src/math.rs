//! Elementary functions by polynomials: the same bits on every platform, and code that the compiler can vectorize.
//!
//! Call them inside a [`Kernel`](crate::Kernel) so that multiply-adds are instructions.

/// log₂ x for finite `x` > 0; absolute error below 1e-7 plus that of the rounding of the result. Subnormal numbers are
/// taken as the smallest normal one.
///
/// The argument is split into exponent and a fraction in [√½, √2); log₂(1 + t) = t·Q(t) with Q of degree 8, fitted to be
/// near minimax.
#[allow(clippy::approx_constant)] // coefficients of a fit, which only happen to lie near constants
#[inline(always)]
pub fn log2(x: f32) -> f32 {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let x = x.max(f32::MIN_POSITIVE);
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF);
    let exponent = (shifted as i32) >> 23;
    let t = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF)) - 1.0;
    let t2 = t * t;
    let t4 = t2 * t2;
    // Estrin's scheme: four short chains instead of a long one.
    let a = (-0.721_347_2f32).mul_add(t, 1.442_695);
    let b = (-0.360_716_26f32).mul_add(t, 0.480_910_27);
    let c = (-0.238_675_73f32).mul_add(t, 0.287_939_1);
    let d = (-0.208_933_56f32).mul_add(t, 0.215_212_35);
    let low = b.mul_add(t2, a);
    let high = d.mul_add(t2, c);
    let q = t4.mul_add(0.129_263_74, high).mul_add(t4, low);
    q.mul_add(t, exponent as f32)
}

/// 2ˣ; relative error below 1e-7 for results in the normal range. Arguments below −126 give 2⁻¹²⁶, those above 127 give
/// 2¹²⁷.
#[allow(clippy::approx_constant)] // as in `log2`
#[inline(always)]
pub fn exp2(x: f32) -> f32 {
    let x = x.clamp(-126.0, 127.0);
    // Adding 1.5 · 2²³ rounds to the nearest whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x + ROUND;
    let f = x - (shifted - ROUND);
    let exponent = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let f2 = f * f;
    let a = 0.693_147_2f32.mul_add(f, 1.0);
    let b = 0.055_503_286f32.mul_add(f, 0.240_226_46);
    let c = 0.001_339_993_2f32.mul_add(f, 0.009_618_489);
    let high = f2.mul_add(0.000_153_458_36, c);
    let p = high.mul_add(f2, b).mul_add(f2, a);
    f32::from_bits((p.to_bits() as i32).wrapping_add(exponent << 23) as u32)
}

/// xʸ for finite `x` > 0; relative error about 1e-7 · (1 + |y log₂ x|).
#[inline(always)]
pub fn pow(x: f32, y: f32) -> f32 {
    exp2(y * log2(x))
}

/// eˣ in f32; relative error below 2e-7 for results in the normal range. Arguments below −87.3 give about 1e-38, those above
/// 88 give e⁸⁸.
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // What the rounding of log₂ e and of the product leave out.
    const REST: f32 = 1.925_963_e-8;
    let x = x.clamp(-88.0, 88.0);
    let t = x * LOG2_E;
    let lost = x.mul_add(REST, x.mul_add(LOG2_E, -t));
    exp2(t) * lost.mul_add(std::f32::consts::LN_2, 1.0)
}

/// The error function in f32; absolute error below 3e-7. Abramowitz & Stegun, formula 7.1.26.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / 0.327_591_1f32.mul_add(a, 1.0);
    let p = 1.061_405_4f32.mul_add(t, -1.453_152);
    let p = p.mul_add(t, 1.421_413_7);
    let p = p.mul_add(t, -0.284_496_74);
    let p = p.mul_add(t, 0.254_829_6) * t;
    (-p).mul_add(exp_f32(-(a * a)), 1.0).copysign(x)
}

/// eˣ in f64; relative error below 1e-14. Arguments below −700 give 0, those above 700 give e⁷⁰⁰, NaN gives NaN.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    const LOG2_E: f64 = std::f64::consts::LOG2_E;
    // ln 2 in two parts, so that n · ln 2 is taken off without loss.
    const LN2_HI: f64 = 0.693_147_180_369_123_8;
    const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let below = x < -700.0;
    // Not `min`, which would turn NaN into a number.
    let x = if x > 700.0 { 700.0 } else { x };
    let shifted = x.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = (-n).mul_add(LN2_LO, (-n).mul_add(LN2_HI, x));
    // Taylor's series to the 12th power: |r| ≤ 0.347, so the rest is below 2e-16.
    let mut p = 1.0 / 479_001_600.0;
    for c in [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = r.mul_add(p, c);
    }
    // n from the low bits, and 0 chosen at the end: neither keeps a loop from being vectorized, as a conversion to i64 or
    // an early return would.
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let e = p * f64::from_bits(n.wrapping_add(1023) << 52);
    if below { 0.0 } else { e }
}

/// Natural logarithm of a normal, finite `x` > 0 in f64; relative error below 1e-14, absolute below 1e-15 near 1. Not for
/// hot loops: it is [`log2`] of f32 refined by two steps of Halley's method with [`exp`].
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    // The exponent is taken off first, so that the fraction fits f32.
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let fraction = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let mut y = f64::from(log2(fraction as f32)) * std::f64::consts::LN_2;
    for _ in 0..2 {
        let e = exp(y);
        y += 2.0 * (fraction - e) / (fraction + e);
    }
    (exponent as f64).mul_add(std::f64::consts::LN_2, y)
}

/// arcsin x in f64 for `x` from 0 to 1; relative error below 1e-11.
///
/// Up to ½ by Taylor's series, above by arcsin x = π/2 − 2 arcsin √((1 − x) / 2).
#[inline(always)]
pub fn asin(x: f64) -> f64 {
    let high = x > 0.5;
    let z = if high { 0.5 * (1.0 - x) } else { x * x };
    let s = if high { z.sqrt() } else { x };
    // Both arguments are at most ½, where the 18th term is below 1e-12.
    let mut p = 0.0;
    for c in [
        0.004_240_907_093_679_363,
        0.004_660_143_486_915_096,
        0.005_153_309_682_319_905,
        0.005_740_037_670_841_924,
        0.006_447_210_311_889_649,
        0.007_312_525_873_598_845_4,
        0.008_390_335_809_616_815,
        0.009_761_609_529_194_078,
        0.011_551_800_896_139_705,
        0.013_964_843_75,
        0.017_352_764_423_076_924,
        0.022_372_159_090_909_092,
        0.030_381_944_444_444_444,
        0.044_642_857_142_857_144,
        0.075,
        0.166_666_666_666_666_66,
    ] {
        p = z.mul_add(p, c);
    }
    let r = (s * z).mul_add(p, s);
    if high { (-2.0f64).mul_add(r, std::f64::consts::FRAC_PI_2) } else { r }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_and_erf_in_single_precision() {
        for i in -8700..=8800 {
            let x = i as f32 * 0.01;
            let e = (f64::from(exp_f32(x)) / f64::from(x).exp() - 1.0).abs();
            assert!(e < 2e-7, "exp {x}: {e:e}");
        }
        assert!(exp_f32(-1e30) < 1.2e-38 && exp_f32(f32::NEG_INFINITY) < 1.2e-38);
        // erf x = 2/√π ∫ exp(−t²), by Simpson's rule.
        let exact = |x: f64| {
            let h = x / 2000.0;
            let f = |i: u32| (-(h * f64::from(i)).powi(2)).exp();
            let sum: f64 = (0..1000).map(|i| f(2 * i) + 4.0 * f(2 * i + 1) + f(2 * i + 2)).sum();
            sum * h / 3.0 * std::f64::consts::FRAC_2_SQRT_PI
        };
        for i in -500..=500 {
            let x = i as f32 * 0.01;
            let e = (f64::from(erf(x)) - exact(x.into())).abs();
            assert!(e < 3e-7, "erf {x}: {e:e}");
        }
        assert_eq!((erf(30.0), erf(-1e20)), (1.0, -1.0));
    }

    use crate::{Kernel, Simd};

    struct Table<'a>(&'a [f32], &'a mut Vec<u32>);
    impl Kernel for Table<'_> {
        type Output = ();
        #[inline(always)]
        fn run<const ROWS: usize>(self) {
            for &x in self.0 {
                self.1.push(log2(x).to_bits());
                self.1.push(exp2(x - 4.0).to_bits());
                self.1.push(pow(x, 0.895).to_bits());
                self.1.push(exp(f64::from(x) - 5.0) as u32);
                self.1.push(asin(f64::from(x).min(1.0)).to_bits() as u32);
            }
        }
    }

    fn arguments() -> Vec<f32> {
        (0..40_000).map(|i| 1e-9 * 1.0012f32.powi(i)).filter(|x| x.is_finite() && *x < 1e12).collect()
    }

    #[test]
    fn close_to_f64() {
        for x in arguments() {
            let e = (f64::from(log2(x)) - f64::from(x).log2()).abs();
            assert!(e < 1.5e-7 + f64::from(x).log2().abs() * 1.2e-7, "log2 {x}: {e}");
            let y = f64::from(x).powf(0.895);
            let p = f64::from(pow(x, 0.895));
            assert!((p / y - 1.0).abs() < 4e-6, "pow {x}: {p} {y}");
        }
        for i in -12_600..12_700 {
            let x = i as f32 / 100.0;
            let y = f64::from(x).exp2();
            assert!((f64::from(exp2(x)) / y - 1.0).abs() < 2e-7, "exp2 {x}");
        }
        for i in -69_900..69_900 {
            let x = f64::from(i) / 100.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-14, "exp {x}");
        }
    }

    #[test]
    fn asin_is_close() {
        for i in 0..=100_000 {
            let x = f64::from(i) / 100_000.0;
            let (got, want) = (asin(x), x.asin());
            assert!((got - want).abs() <= 1e-11 * want, "{x}: {got} {want}");
        }
        assert_eq!(asin(1.0), std::f64::consts::FRAC_PI_2);
        assert_eq!(asin(1e-200), 1e-200);
    }

    #[test]
    fn ln_is_close() {
        for i in -300..300 {
            for f in [1.0, 1.0001, 1.3, 1.7, 1.9999] {
                let x = f * 10f64.powi(i);
                assert!((ln(x) - x.ln()).abs() <= 1e-15 + 4e-16 * x.ln().abs(), "{x}");
            }
        }
    }

    #[test]
    fn edges() {
        assert_eq!(log2(1.0), 0.0);
        assert_eq!(log2(8.0), 3.0);
        assert_eq!(log2(0.0), -126.0);
        assert_eq!(exp2(0.0), 1.0);
        assert_eq!(exp2(-1e9), f32::MIN_POSITIVE);
        assert!(exp2(1e9).is_finite());
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1e9), 0.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert!(exp(f64::NAN).is_nan());
        assert_eq!(pow(1.0, 0.895), 1.0);
    }

    #[test]
    fn all_levels_give_the_same_bits() {
        let x = arguments();
        let all: Vec<Vec<u32>> = Simd::available()
            .into_iter()
            .map(|s| {
                let mut v = Vec::new();
                s.run(Table(&x, &mut v));
                v
            })
            .collect();
        for w in all.windows(2) {
            assert!(w[0] == w[1]);
        }
    }
}
