//! Scaling that changes no bit of a value.

/// The power of two that brings numbers of at most `max` into -1..1; 1 for 0.
pub(crate) fn power_of_two(max: f64) -> f64 {
    if max == 0.0 || !max.is_finite() {
        return 1.0;
    }
    let exponent = ((max.to_bits() >> 52) & 0x7ff) as i64 - 1023;
    // Of f32 values, whose differences lie far inside of what f64 can say.
    f64::from_bits(((1023 - (exponent + 1).clamp(-1000, 1000)) as u64) << 52)
}

/// The largest absolute value.
pub(crate) fn max_abs(values: &[f32]) -> f64 {
    f64::from(values.iter().fold(0f32, |m, v| m.max(v.abs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn into_the_unit_interval() {
        for max in [1e-45, 1e-30, 0.3, 0.5, 1.0, 1.5, 2.0, 3e38, 7e38] {
            let scaled = max * power_of_two(max);
            assert!((0.5..1.0).contains(&scaled), "{max}: {scaled}");
        }
        assert_eq!(power_of_two(0.0), 1.0);
    }
}
