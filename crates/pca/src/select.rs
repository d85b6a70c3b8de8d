//! How many components to keep.

use planisphere_kernels::math::ln;

/// Variances below this are none to Minka's estimate, which knows no scale.
const NONE: f64 = 1e-15;

/// The least number of components that explain more than `share` of the variance; all for 1, with or without variance.
pub(crate) fn explaining(variances: &[f64], share: f64) -> usize {
    if share >= 1.0 {
        // Not by the sum, which reaches the total before components without variance, or passes it by rounding.
        return variances.len();
    }
    let below = cumulated(variances, variances.iter().sum()).into_iter().filter(|c| *c <= share).count();
    (below + 1).min(variances.len())
}

/// Shares of `total` that the first components have together; 0 if there is no variance.
pub(crate) fn cumulated(variances: &[f64], total: f64) -> Vec<f64> {
    let mut sum = 0.0;
    let share = |v: &f64| {
        sum += if total > 0.0 { v / total } else { 0.0 };
        sum
    };
    variances.iter().map(share).collect()
}

/// Minka's estimate of the dimension (2000, equation 78), from 1 to d − 1 (1 if d is 1): the rank under which the data is most likely, by
/// Laplace's method.
///
/// The double sum over pairs of eigenvalues differs from one rank to the next by few terms, so that all ranks take d² operations
/// together.
pub(crate) fn minka(variances: &[f64], rows: usize) -> usize {
    let d = variances.len();
    let n = rows as f64;
    let pi = std::f64::consts::PI;
    let mut best = (f64::NEG_INFINITY, 1);
    // Of the first `rank` variances: their logarithms; with each later one, ln(sᵢ − sⱼ) over all pairs; ln(1/sⱼ − 1/sᵢ) over pairs
    // among them; and the prior of the rotation.
    let (mut logs, mut apart, mut inverse, mut prior) = (0.0, 0.0, 0.0, 0.0);
    let gap = |a: f64| ln(a.max(f64::MIN_POSITIVE));
    for rank in 1..d {
        let i = rank - 1;
        let s = variances[i];
        if s < NONE {
            break;
        }
        logs += ln(s);
        apart += variances[rank..].iter().map(|&t| gap(s - t)).sum::<f64>();
        inverse += variances[..i].iter().map(|&t| gap(1.0 / s - 1.0 / t)).sum::<f64>();
        let free = (d - i) as f64 / 2.0;
        prior += libm::lgamma(free) - ln(pi) * free;
        let (k, rest) = (rank as f64, (d - rank) as f64);
        let v = (variances[rank..].iter().sum::<f64>() / rest).max(NONE);
        let to_rest: f64 = variances[..rank].iter().map(|&t| gap(1.0 / v - 1.0 / t)).sum::<f64>() * rest;
        let m = d as f64 * k - k * (k + 1.0) / 2.0;
        let hessian = apart + inverse + to_rest + ln(n) * m;
        let evidence = prior - k * ln(2.0) - n / 2.0 * (logs + ln(v) * rest) + ln(2.0 * pi) * (m + k) / 2.0
            - hessian / 2.0
            - k * ln(n) / 2.0;
        if evidence > best.0 {
            best = (evidence, rank);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_the_variance() {
        let variances = [4.0, 3.0, 2.0, 1.0];
        for (share, want) in [(1e-9, 1), (0.39, 1), (0.4, 2), (0.69, 2), (0.95, 4), (1.0, 4)] {
            assert_eq!(explaining(&variances, share), want, "{share}");
        }
        assert_eq!(explaining(&[0.0, 0.0], 0.5), 2);
        assert_eq!(explaining(&[5.0], 1.0), 1);
        // These shares add up to a little more than 1 before the end.
        let over = [4.0, 3.0, 3.0, 3.0, 0.0, 0.0];
        assert!(cumulated(&over, over.iter().sum())[3] > 1.0);
        assert_eq!(explaining(&over, 1.0), over.len());
    }

    #[test]
    fn dimensions_that_scikit_learn_sees() {
        let cases = planisphere_fixtures::golden_json("pca_more.json")["minka"].clone();
        for case in cases.as_array().unwrap() {
            let variances: Vec<f64> = case["variances"].as_array().unwrap().iter().filter_map(|v| v.as_f64()).collect();
            let rows = case["n"].as_u64().unwrap() as usize;
            assert_eq!(minka(&variances, rows) as u64, case["dimension"].as_u64().unwrap());
        }
        for hopeless in [&[1.0, 1.0, 1.0][..], &[0.0, 0.0], &[3.0], &[1e-300, 1e-300]] {
            assert!((1..=hopeless.len()).contains(&minka(hopeless, 10)));
        }
    }
}
