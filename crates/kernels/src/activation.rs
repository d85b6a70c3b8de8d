//! Nonlinear functions of neural networks, over slices.

use crate::math::{erf, exp_f32};
use crate::simd::{Kernel, Simd};

/// Values that are computed side by side.
const LANES: usize = 16;

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// x.
    Identity,
    /// max(x, 0).
    Relu,
    /// x Φ(x), Φ being the normal distribution: the exact form, by the error function (Hendrycks & Gimpel 2016).
    Gelu,
    /// Its approximation by tanh.
    GeluTanh,
    /// x / (1 + e⁻ˣ).
    Silu,
    /// The hyperbolic tangent.
    Tanh,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
}

/// Replaces each value by its image.
pub fn apply(simd: Simd, f: Activation, x: &mut [f32]) {
    match f {
        Activation::Identity => {}
        Activation::Relu => simd.run(Each { f: Relu, x }),
        Activation::Gelu => simd.run(Each { f: Gelu, x }),
        Activation::GeluTanh => simd.run(Each { f: GeluTanh, x }),
        Activation::Silu => simd.run(Each { f: Silu, x }),
        Activation::Tanh => simd.run(Each { f: Tanh, x }),
        Activation::Sigmoid => simd.run(Each { f: Sigmoid, x }),
    }
}

/// Gated units (Shazeer 2020): of each row of 2 `width` values, one half is mapped by `f` and multiplies the other one, into a
/// row of `width` values of `out`. The mapped half is the first one if `first`.
///
/// # Panics
/// If the lengths do not fit.
pub fn gate(simd: Simd, f: Activation, first: bool, width: usize, x: &[f32], out: &mut [f32]) {
    assert!(width > 0 && out.len().is_multiple_of(width) && x.len() == 2 * out.len(), "two values for each");
    for (x, out) in x.chunks_exact(2 * width).zip(out.chunks_exact_mut(width)) {
        let (a, b) = x.split_at(width);
        let (mapped, other) = if first { (a, b) } else { (b, a) };
        out.copy_from_slice(mapped);
        apply(simd, f, out);
        simd.run(Times { x: out, by: other });
    }
}

trait Function: Copy {
    fn at(self, x: f32) -> f32;
}

macro_rules! functions {
    ($($name:ident = |$x:ident| $value:expr;)*) => {$(
        #[derive(Clone, Copy)]
        struct $name;

        impl Function for $name {
            #[inline(always)]
            fn at(self, $x: f32) -> f32 {
                $value
            }
        }
    )*};
}

functions! {
    Relu = |x| x.max(0.0);
    Gelu = |x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
    GeluTanh = |x| x * Sigmoid.at(1.595_769 * (0.044_715 * x * x).mul_add(x, x));
    Silu = |x| x * Sigmoid.at(x);
    Tanh = |x| 2.0 * Sigmoid.at(2.0 * x) - 1.0;
    Sigmoid = |x| 1.0 / (1.0 + exp_f32(-x));
}

struct Each<'a, F> {
    f: F,
    x: &'a mut [f32],
}

impl<F: Function> Kernel for Each<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let (blocks, rest) = self.x.as_chunks_mut::<LANES>();
        for block in blocks {
            for v in block {
                *v = self.f.at(*v);
            }
        }
        for v in rest {
            *v = self.f.at(*v);
        }
    }
}

struct Times<'a> {
    x: &'a mut [f32],
    by: &'a [f32],
}

impl Kernel for Times<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for (x, by) in self.x.iter_mut().zip(self.by) {
            *x *= by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(f: Activation, x: f64) -> f64 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        match f {
            Activation::Identity => x,
            Activation::Relu => x.max(0.0),
            // By the series of erf, which converges everywhere.
            Activation::Gelu => {
                let z = x / std::f64::consts::SQRT_2;
                let (mut term, mut sum) = (z, z);
                for k in 1..200 {
                    term *= -z * z / f64::from(k);
                    sum += term / f64::from(2 * k + 1);
                }
                0.5 * x * (1.0 + sum * std::f64::consts::FRAC_2_SQRT_PI)
            }
            Activation::GeluTanh => {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
            }
            Activation::Silu => x * sigmoid(x),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => sigmoid(x),
        }
    }

    const ALL: [Activation; 7] = [
        Activation::Identity,
        Activation::Relu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Silu,
        Activation::Tanh,
        Activation::Sigmoid,
    ];

    #[test]
    fn near_the_formulas_and_equal_on_all_levels() {
        let x: Vec<f32> = (-501..=501).map(|i| i as f32 * 0.01).collect();
        for f in ALL {
            let mut want: Option<Vec<f32>> = None;
            for simd in Simd::available() {
                let mut y = x.clone();
                apply(simd, f, &mut y);
                for (y, x) in y.iter().zip(&x) {
                    assert!((f64::from(*y) - exact(f, (*x).into())).abs() < 1e-6, "{f:?} {x}: {y}");
                }
                assert!(want.get_or_insert(y.clone()) == &y, "{f:?} {simd:?}");
            }
            let mut far = [-1e30f32, 1e30, f32::NEG_INFINITY, -0.0, 90.0, -90.0];
            apply(Simd::detect(), f, &mut far);
            assert!(far[1] >= 0.99 && !far[0].is_nan() && far[4] >= 0.99 && far[5].is_finite(), "{f:?} {far:?}");
        }
    }

    #[test]
    fn gates() {
        let x = [1.0f32, -2.0, 10.0, 20.0, 3.0, 4.0, -1.0, -1.0];
        let mut out = [0.0; 4];
        gate(Simd::detect(), Activation::Relu, true, 2, &x, &mut out);
        assert_eq!(out, [10.0, 0.0, -3.0, -4.0]);
        gate(Simd::detect(), Activation::Relu, false, 2, &x, &mut out);
        assert_eq!(out, [10.0, -40.0, 0.0, 0.0]);
    }
}
