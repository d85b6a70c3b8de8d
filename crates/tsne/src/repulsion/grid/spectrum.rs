//! The kernel between nodes, as its Fourier transform.

use super::shape::{Axis, ORDER};
use realfft::RealFftPlanner;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

/// The transform of the kernel, less a constant, and without what splines add at both ends.
///
/// Splines smooth what they interpolate: their values at the nodes are (1/6, 2/3, 1/6), with the transform
/// (2 + cos ω) / 3. Dividing by it, once for the sources and once for the targets, makes the result equal the kernel
/// wherever both lie on nodes.
///
/// The constant is the kernel's value at the far corner of the grid. It does not change forces, and without it the
/// differences that forces are made of would be lost in a map that is still small, where the kernel is 1 nearly everywhere.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    /// What was taken off the kernel.
    pub(super) constant: f64,
    /// For each frequency of the second axis those of the first, from 0 to half of its length.
    values: Vec<f32>,
    half: usize,
    /// The kernel between nodes that lie 0 to 3 rows and columns apart, counted as often as there are such pairs of
    /// directions: what a point's own spline feels of itself.
    pub(super) near: [[f32; ORDER]; ORDER],
}

impl Spectrum {
    /// For the kernel (1 + d²/α)^(−α) of nodes `spacing` apart along `rows` and, if there is one, `cols`.
    pub(super) fn new(alpha: f64, spacing: f64, rows: Axis, cols: Option<Axis>) -> Self {
        let (length, width) = (rows.padded, cols.map_or(1, |c| c.padded));
        let far = (spacing * spacing) * ((length / 2).pow(2) + (width / 2).pow(2)) as f64;
        let constant = kernel(alpha, far);
        // The kernel is even, so its transform is real, and half of the first axis is enough.
        let half = length / 2 + 1;
        let value = |i: usize, j: usize| {
            let d2 = spacing * spacing * ((i * i) + (j * j)) as f64;
            difference(alpha, d2, far)
        };
        let columns = width / 2 + 1;
        let mut values = vec![0f32; columns * half];
        let across = RealFftPlanner::<f64>::new().plan_fft_forward(width.max(2));
        let mut spectra = vec![0f64; half * columns];
        let mut line = across.make_input_vec();
        let mut out = across.make_output_vec();
        for i in 0..half {
            if width == 1 {
                spectra[i] = value(i, 0);
                continue;
            }
            for (j, v) in line.iter_mut().enumerate() {
                *v = value(i, j.min(width - j));
            }
            // The lengths are the plan's own.
            let _ = across.process(&mut line, &mut out);
            for (to, from) in spectra[i * columns..(i + 1) * columns].iter_mut().zip(&out) {
                *to = from.re;
            }
        }
        let along = FftPlanner::<f64>::new().plan_fft_forward(length);
        let mut line = vec![Complex::new(0.0, 0.0); length];
        let norm = 1.0 / (length * width) as f64;
        for j in 0..columns {
            for (i, v) in line.iter_mut().enumerate() {
                *v = Complex::new(spectra[i.min(length - i) * columns + j], 0.0);
            }
            along.process(&mut line);
            let smooth = if width == 1 { 1.0 } else { smoothing(j, width) };
            for (i, (to, from)) in values[j * half..(j + 1) * half].iter_mut().zip(&line).enumerate() {
                let both = smoothing(i, length) * smooth;
                *to = (from.re * norm / (both * both)) as f32;
            }
        }
        let near = near(&values, length, width);
        Self { constant, values, half, near }
    }

    /// Multiplies the transform of column `j`, all frequencies of the first axis, by that of the kernel.
    #[inline(always)]
    pub(super) fn apply(&self, j: usize, line: &mut [Complex<f32>]) {
        let values = &self.values[j * self.half..(j + 1) * self.half];
        let n = line.len();
        let (front, back) = line.split_at_mut(self.half);
        for (v, k) in front.iter_mut().zip(values) {
            *v *= k;
        }
        for (v, k) in back.iter_mut().zip(values[1..].iter().take(n - self.half).rev()) {
            *v *= k;
        }
    }
}

/// Back from frequencies to the nodes nearest to the origin.
fn near(values: &[f32], length: usize, width: usize) -> [[f32; ORDER]; ORDER] {
    let half = length / 2 + 1;
    let once = |i: usize, n: usize| if i == 0 || 2 * i == n { 1.0 } else { 2.0 };
    let wave = |i: usize, n: usize, m: usize| {
        let turn = (i * m % n) as f64 / n as f64;
        once(i, n) * libm::cos(std::f64::consts::TAU * turn)
    };
    let along: Vec<[f64; ORDER]> = (0..half).map(|i| std::array::from_fn(|m| wave(i, length, m))).collect();
    let mut near = [[0f64; ORDER]; ORDER];
    for (j, line) in values.chunks_exact(half).enumerate() {
        let mut sums = [0f64; ORDER];
        for (&v, waves) in line.iter().zip(&along) {
            for (sum, wave) in sums.iter_mut().zip(waves) {
                *sum += f64::from(v) * wave;
            }
        }
        for (m, sum) in sums.iter().enumerate() {
            let others = if width == 1 { 1 } else { ORDER };
            for (n, near) in near[m].iter_mut().enumerate().take(others) {
                *near += sum * wave(j, width, n);
            }
        }
    }
    let sides = |m: usize| if m == 0 { 1.0 } else { 2.0 };
    std::array::from_fn(|m| std::array::from_fn(|n| (near[m][n] * sides(m) * sides(n)) as f32))
}

/// Transform of a cubic spline's values at the nodes.
fn smoothing(i: usize, length: usize) -> f64 {
    (2.0 + libm::cos(std::f64::consts::TAU * i as f64 / length as f64)) / 3.0
}

fn kernel(alpha: f64, d2: f64) -> f64 {
    libm::exp(-alpha * libm::log1p(d2 / alpha))
}

/// The kernel at `d2` less that at `far`, without cancellation.
fn difference(alpha: f64, d2: f64, far: f64) -> f64 {
    if alpha == 1.0 {
        return (far - d2) / ((1.0 + d2) * (1.0 + far));
    }
    kernel(alpha, far) * libm::expm1(alpha * libm::log1p((far - d2) / (alpha + d2)))
}
