//! How wide a Gaussian around a row has to be, and what it gives its neighbors.

use planisphere_kernels::math;

/// Gaps that are worked on together.
const LANES: usize = 8;
/// How close the entropy has to come to its target.
const TOLERANCE: f64 = 1e-10;
/// A step in ln β after which the entropy is within the tolerance: the error of the next is about its cube.
const LAST_STEP: f64 = 2e-4;
/// The longest step in ln β, until it was taken.
const LONG_STEP: f64 = 2.0;
/// Steps at most. Halving in ln β alone takes less than 50.
const STEPS: usize = 100;
/// Below this β all weights are equal, as the entropy goes.
const WIDEST: f64 = 1e-9;
/// At the smallest gap times this, a weight is nothing.
const NOTHING: f64 = 750.0;
/// The β of a Gaussian that only reaches the nearest neighbor: beyond what any two different distances in f32 call for.
const NARROWEST: f64 = 1e200;

/// A perplexity, and the entropy that it asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    perplexity: f64,
    entropy: f64,
}

impl Target {
    pub(super) fn new(perplexity: f64) -> Self {
        Self { perplexity, entropy: math::ln(perplexity) }
    }
}

/// A row at work: how much farther than the nearest its neighbors are.
pub(super) struct Row {
    k: usize,
    /// d² − d₀², in parts of the largest one (all 0 if that is 0). Places beyond the last neighbor hold 0.
    gaps: Vec<[f64; LANES]>,
    /// The largest gap, before it became 1.
    largest: f64,
    /// d₀² in the same unit.
    nearest: f64,
    /// How many are as near as the nearest.
    ties: usize,
    weights: Vec<[f64; LANES]>,
    one: Vec<[f64; LANES]>,
    betas: Vec<f64>,
}

/// Σ exp(−βx), and the first three moments of x under these weights.
struct Moments {
    sum: f64,
    mean: f64,
    variance: f64,
    third: f64,
}

impl Row {
    /// For rows of `k` neighbors.
    pub(super) fn new(k: usize) -> Self {
        let blocks = k.div_ceil(LANES);
        let zeros = vec![[0.0; LANES]; blocks];
        let (gaps, weights) = (zeros.clone(), zeros.clone());
        Self { k, gaps, largest: 0.0, nearest: 0.0, ties: 0, weights, one: zeros, betas: Vec::new() }
    }

    /// Takes the distances to `k` neighbors, ascending and at least 0.
    #[inline(always)]
    pub(super) fn load(&mut self, dists: &[f32]) {
        let (near, far) = (f64::from(dists[0]), f64::from(dists[self.k - 1]));
        self.largest = (far - near) * (far + near);
        let unit = if self.largest > 0.0 { 1.0 / self.largest } else { 0.0 };
        self.nearest = near * near * unit;
        self.ties = 0;
        for (p, &d) in dists[..self.k].iter().enumerate() {
            let d = f64::from(d);
            self.gaps[p / LANES][p % LANES] = (d - near) * (d + near) * unit;
            self.ties += usize::from(d <= near);
        }
    }

    /// Weights of the Gaussian with exp(−beta · d²).
    #[inline(always)]
    pub(super) fn fixed(&mut self, beta: f64) {
        self.clear();
        // Both bounded, so that there is no 0 · ∞.
        self.add((beta * self.largest).min(NARROWEST), None);
    }

    /// Weights of the mean of the probabilities at each of `targets`.
    #[inline(always)]
    pub(super) fn mean(&mut self, targets: &[Target]) {
        self.clear();
        for &target in targets {
            let beta = self.beta(target);
            self.add(beta, None);
        }
    }

    /// Weights of the mean of the densities at each of `targets`.
    #[inline(always)]
    pub(super) fn mixture(&mut self, targets: &[Target]) {
        self.clear();
        self.betas.clear();
        let mut highest = f64::NEG_INFINITY;
        for &target in targets {
            let beta = self.beta(target);
            highest = highest.max(self.height(beta));
            self.betas.push(beta);
        }
        for h in 0..self.betas.len() {
            let beta = self.betas[h];
            self.add(beta, Some(math::exp(self.height(beta) - highest)));
        }
    }

    /// ln of the density at the nearest neighbor, but for a constant.
    #[inline(always)]
    fn height(&self, beta: f64) -> f64 {
        0.5 * math::ln(beta.max(1.0 / NARROWEST)) - beta * self.nearest
    }

    /// Writes the weights of the neighbors, scaled to add up to 1.
    #[inline(always)]
    pub(super) fn write(&mut self, out: &mut [f32]) {
        clear_beyond(self.k, &mut self.weights);
        let unit = 1.0 / sum(&self.weights);
        for (p, out) in out[..self.k].iter_mut().enumerate() {
            *out = (self.weights[p / LANES][p % LANES] * unit) as f32;
        }
    }

    #[inline(always)]
    fn clear(&mut self) {
        for w in &mut self.weights {
            *w = [0.0; LANES];
        }
    }

    /// Adds a Gaussian of the given height at the nearest neighbor, or one that adds up to 1.
    #[inline(always)]
    fn add(&mut self, beta: f64, height: Option<f64>) {
        for (e, gaps) in self.one.iter_mut().zip(&self.gaps) {
            for l in 0..LANES {
                e[l] = math::exp(-(beta * gaps[l]));
            }
        }
        clear_beyond(self.k, &mut self.one);
        let height = match height {
            Some(height) => height,
            None => 1.0 / sum(&self.one),
        };
        for (w, e) in self.weights.iter_mut().zip(&self.one) {
            for l in 0..LANES {
                w[l] = height.mul_add(e[l], w[l]);
            }
        }
    }

    /// The β with which the entropy H(β) = ln Σ exp(−βx) + β⟨x⟩ is the target's.
    ///
    /// H falls from ln k at 0 to the ln of the number of ties. In a neighborhood of d dimensions it is about a line of slope
    /// −d / 2 in ln β, in which Halley's method needs four evaluations from a start where the Gaussian is wide: there,
    /// H ≈ ln k − β² Var x / 2.
    #[inline(always)]
    fn beta(&self, target: Target) -> f64 {
        if target.perplexity <= self.ties as f64 {
            return NARROWEST;
        }
        let k = self.k as f64;
        if target.perplexity >= k {
            return 0.0;
        }
        // Not all are ties, so there is a gap above 0.
        let least = self.gaps[self.ties / LANES][self.ties % LANES];
        let (mut low, mut high) = (WIDEST, NOTHING / least);
        let start = (2.0 * (math::ln(k) - target.entropy) / self.moments(0.0).variance).sqrt();
        let mut beta = if start > low && start < high { start } else { (low * high).sqrt() };
        let mut longest = LONG_STEP;
        for _ in 0..STEPS {
            let m = self.moments(beta);
            let error = beta.mul_add(m.mean, math::ln(m.sum)) - target.entropy;
            if error.abs() <= TOLERANCE {
                break;
            }
            if error > 0.0 {
                low = beta;
            } else {
                high = beta;
            }
            // First and second derivative with ln β.
            let fall = beta * beta * m.variance;
            let bend = (beta * m.third).mul_add(beta * beta, -2.0 * fall);
            let newton = error / fall;
            // Far from the target the second derivative says little, and could hold the search where it is.
            let halley = newton / (1.0 - 0.5 * newton * bend / fall).clamp(0.5, 2.0);
            let step = if halley.is_finite() { halley.clamp(-longest, longest) } else { 0.0 };
            if step.abs() == longest {
                longest *= 2.0;
            }
            let next = beta * math::exp(step);
            let inside = next > low && next < high;
            if inside && step.abs() < LAST_STEP {
                return next;
            }
            // Both ends are above 0 and far from overflow: the middle in ln β.
            beta = if inside { next } else { low.sqrt() * high.sqrt() };
        }
        beta
    }

    #[inline(always)]
    fn moments(&self, beta: f64) -> Moments {
        let (mut s0, mut s1, mut s2, mut s3) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
        // Each place beyond the last neighbor will add exp(0).
        for s in &mut s0[LANES - (self.gaps.len() * LANES - self.k)..] {
            *s = -1.0;
        }
        for gaps in &self.gaps {
            for l in 0..LANES {
                let x = gaps[l];
                let e = math::exp(-(beta * x));
                let (xe, xx) = (x * e, x * x);
                s0[l] += e;
                s1[l] += xe;
                s2[l] = xx.mul_add(e, s2[l]);
                s3[l] = xx.mul_add(xe, s3[l]);
            }
        }
        let sum = tree(s0);
        let (mean, second, third) = (tree(s1) / sum, tree(s2) / sum, tree(s3) / sum);
        let variance = (-mean).mul_add(mean, second);
        let third = (2.0 * mean * mean - 3.0 * second).mul_add(mean, third);
        Moments { sum, mean, variance, third }
    }
}

#[inline(always)]
fn clear_beyond(k: usize, blocks: &mut [[f64; LANES]]) {
    if let Some(last) = blocks.last_mut()
        && !k.is_multiple_of(LANES)
    {
        for w in &mut last[k % LANES..] {
            *w = 0.0;
        }
    }
}

#[inline(always)]
fn sum(blocks: &[[f64; LANES]]) -> f64 {
    let mut lanes = [0.0; LANES];
    for b in blocks {
        for l in 0..LANES {
            lanes[l] += b[l];
        }
    }
    tree(lanes)
}

#[inline(always)]
fn tree(s: [f64; LANES]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}
