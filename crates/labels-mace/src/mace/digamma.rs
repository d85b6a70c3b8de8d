//! The function that variational updates are made of.

/// `exp(ψ(x))` for `x > 0`, with ψ the digamma function, as `y exp(e)` with the pair (y, e): for small `x` it is less than
/// any double.
///
/// ψ(x) = ψ(x + n) − Σ 1/(x + k) takes the argument to at least 10, where
/// ψ(y) = ln y − 1/(2y) − Σ B₂ₖ/(2k y²ᵏ) (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18) needs seven terms. `ln y` is not
/// computed: `exp` gives it back.
fn parts(x: f64) -> (f64, f64) {
    let mut y = x;
    let mut below = 0.0;
    while y < 10.0 {
        below += 1.0 / y;
        y += 1.0;
    }
    let r = 1.0 / (y * y);
    let tail = r
        * (1.0 / 12.0
            - r * (1.0 / 120.0
                - r * (1.0 / 252.0
                    - r * (1.0 / 240.0 - r * (1.0 / 132.0 - r * (691.0 / 32760.0 - r * (1.0 / 12.0)))))));
    (y, -0.5 / y - tail - below)
}

/// `exp(ψ(x))`, ready to be divided by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpDigamma(f64, f64);

impl ExpDigamma {
    pub(crate) fn of(x: f64) -> Self {
        let (y, e) = parts(x);
        Self(y, e)
    }
}

/// `exp(ψ(x) − ψ(all))`, also where both functions are less than any double.
pub(crate) fn ratio(x: f64, all: ExpDigamma) -> f64 {
    let (y, e) = parts(x);
    y / all.0 * libm::exp(e - all.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy.special.digamma 1.17.
    #[test]
    fn equal_to_scipy() {
        let values = [
            (0.5, -1.963_510_026_021_423_4),
            (1.0, -0.577_215_664_901_532_9),
            (1.461_632_144_968_362_2, -9.241e-17),
            (2.5, 0.703_156_640_645_243_2),
            (9.999_999, 2.251_752_483_900_38),
            (10.0, 2.251_752_589_066_721),
            (10.5, 2.303_001_034_297_686_5),
            (1000.0, 6.907_255_195_648_812),
            (1e8, 18.420_680_738_952_367),
        ];
        for (x, psi) in values {
            let (y, e) = parts(x);
            let got = y.ln() + e;
            assert!((got - psi).abs() <= 4e-15 * psi.abs().max(1.0), "{x}: {got} {psi}");
        }
    }

    #[test]
    fn small_arguments_have_a_ratio() {
        // ψ(x) is -1/x - 0.577 + … there.
        assert_eq!(ratio(1e-6, ExpDigamma::of(1e-6)), 1.0);
        assert!((ratio(1e-3, ExpDigamma::of(2e-3)).ln() + 500.0).abs() < 0.01);
        assert_eq!(ratio(1e-6, ExpDigamma::of(1e-5)), 0.0);
        assert!(ratio(1e100, ExpDigamma::of(2e100)) == 0.5);
    }
}
