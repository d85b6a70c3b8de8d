//! Kernels, on one thread: each SIMD level of this machine.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::noise;
use planisphere_kernels::linear::{Half, HalfLinear, Linear, QuantizedLinear, QuantizedRows, Store};
use planisphere_kernels::{Kernel, Simd, codes, eigen, math, panel, rows, sum, tiles};
use std::hint::black_box;

/// Rows that a query meets: with the longest ones 12 MB, more than a second-level cache holds.
const ROWS: usize = 4096;
/// Lengths of rows: digits, MiniLM, larger sentence encoders.
const COLUMNS: [usize; 3] = [64, 384, 768];

fn one_to_many(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels/one to many");
    for d in COLUMNS {
        let (x, q) = (noise(ROWS, d), noise(1, d));
        let mut out = vec![0.0; ROWS];
        group.throughput(Throughput::Elements((ROWS * d) as u64));
        for simd in Simd::available() {
            let shape = format!("{ROWS} x {d}, {:?}", simd.level());
            group.bench_function(BenchmarkId::new("squared_euclidean_to_rows", &shape), |b| {
                b.iter(|| rows::squared_euclidean_to_rows(simd, black_box(q.row(0)), x.view(), &mut out));
            });
            group.bench_function(BenchmarkId::new("dot_to_rows", &shape), |b| {
                b.iter(|| rows::dot_to_rows(simd, black_box(q.row(0)), x.view(), &mut out));
            });
        }
    }
    group.finish();
}

/// The shape in which exact search asks for products: 128 queries against 1024 rows.
fn block_to_block(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels/block to block");
    for d in COLUMNS {
        let (a, b) = (noise(128, d), noise(1024, d));
        let mut out = vec![0.0; 128 * 1024];
        group.throughput(Throughput::Elements((128 * 1024 * d) as u64));
        group.bench_function(BenchmarkId::new("dot_panel", format!("128 x 1024 x {d}")), |bench| {
            bench.iter(|| panel::dot_panel(black_box(a.view()), b.view(), &mut out));
        });
        for simd in Simd::available() {
            let shape = format!("128 x 1024 x {d}, {:?}", simd.level());
            group.bench_function(BenchmarkId::new("squared_euclidean_block", shape), |bench| {
                bench.iter(|| rows::squared_euclidean_block(simd, black_box(a.view()), b.view(), &mut out));
            });
            let shape = format!("128 x 1024 x {d}, {:?}", simd.level());
            group.bench_function(BenchmarkId::new("dot_tiles", shape), |bench| {
                bench.iter(|| tiles::dot_tiles(simd, black_box(a.view()), b.view(), &mut out));
            });
        }
    }
    group.finish();
}

/// Layers of transformers: the shapes of MiniLM, and the larger one of BERT.
fn layers(c: &mut Criterion) {
    const ROWS: usize = 128;
    let mut group = c.benchmark_group("kernels/linear layers");
    for (inputs, outputs) in [(384, 1152), (384, 384), (384, 1536), (1536, 384), (768, 3072)] {
        let (weight, x) = (noise(outputs, inputs), noise(ROWS, inputs));
        let mut out = vec![0.0; ROWS * outputs];
        let full = Linear::new(inputs, outputs, weight.data(), None);
        let half = HalfLinear::new(Half::F16, inputs, outputs, weight.data(), None);
        let bytes = QuantizedLinear::new(inputs, outputs, weight.data(), None);
        let (mut panel, mut rows) = (Vec::new(), QuantizedRows::default());
        // Multiply-adds count twice, as is usual.
        group.throughput(Throughput::Elements((2 * ROWS * inputs * outputs) as u64));
        for simd in Simd::available() {
            let shape = format!("{ROWS} x {inputs} x {outputs}, {:?}", simd.level());
            group.bench_function(BenchmarkId::new("f32", &shape), |b| {
                b.iter(|| full.apply(simd, black_box(x.data()), &mut out, Store::Replace));
            });
            group.bench_function(BenchmarkId::new("f16", &shape), |b| {
                b.iter(|| half.apply(simd, black_box(x.data()), &mut out, Store::Replace, &mut panel));
            });
            group.bench_function(BenchmarkId::new("int8", &shape), |b| {
                b.iter(|| bytes.apply(simd, black_box(x.data()), &mut out, Store::Replace, &mut rows));
            });
        }
    }
    group.finish();
}

/// Screening of coded rows: 192 queries against a panel of 64, as sweeps do it.
fn screening(c: &mut Criterion) {
    const QUERIES: usize = 192;
    let mut group = c.benchmark_group("kernels/codes");
    for stride in [96, 128, 384] {
        let byte = |i: usize| (i.wrapping_mul(2_654_435_761) >> 7) as i8 / 2;
        let queries: Vec<i8> = (0..QUERIES * stride).map(byte).collect();
        let rows: Vec<i8> = (0..codes::PANEL * stride).map(|i| byte(i + 7)).collect();
        let mut packed = vec![0u8; codes::PANEL * stride];
        codes::pack(&rows, stride, &mut packed);
        let sums: Vec<i32> = queries.chunks(stride).map(|r| r.iter().map(|&b| i32::from(b)).sum()).collect();
        let (ones, limits) = ([1f32; QUERIES], [f32::MIN; QUERIES]);
        let (scales, none) = ([1f32; codes::PANEL], [f32::MIN; codes::PANEL]);
        let mut masks = vec![0u64; QUERIES];
        group.throughput(Throughput::Elements((QUERIES * rows.len()) as u64));
        for simd in Simd::available() {
            let shape = format!("{QUERIES} x 64 x {stride}, {:?}", simd.level());
            group.bench_function(BenchmarkId::new("screen", shape), |bench| {
                bench.iter(|| {
                    let queries = codes::Queries {
                        codes: black_box(&queries),
                        stride,
                        factors: &ones,
                        norms: &ones,
                        sums: &sums,
                        limits: &limits,
                    };
                    let panel = codes::Panel { codes: &packed, scales: &scales, norms: &scales, limits: &none };
                    codes::screen(simd, queries, panel, &mut masks, &mut []);
                });
            });
        }
    }
    group.finish();
}

/// A function of `math`, over a slice.
struct Each<'a, F>(F, &'a [f32], &'a mut [f32]);

impl<F: Fn(f32) -> f32> Kernel for Each<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for (o, &v) in self.2.iter_mut().zip(self.1) {
            *o = (self.0)(v);
        }
    }
}

/// As in the curve of a layout: a fixed exponent.
#[inline(always)]
fn power(v: f32) -> f32 {
    math::pow(v, 0.79)
}

fn elementary(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels/math");
    let mut x = noise(1, 4096).into_vec();
    x.iter_mut().for_each(|v| *v = v.abs() + 0.01);
    let mut out = vec![0.0; x.len()];
    group.throughput(Throughput::Elements(x.len() as u64));
    for simd in Simd::available() {
        let level = format!("{} numbers, {:?}", x.len(), simd.level());
        group.bench_function(BenchmarkId::new("log2", &level), |b| {
            b.iter(|| simd.run(Each(math::log2, black_box(&x), &mut out)));
        });
        group.bench_function(BenchmarkId::new("exp2", &level), |b| {
            b.iter(|| simd.run(Each(math::exp2, black_box(&x), &mut out)));
        });
        group.bench_function(BenchmarkId::new("pow", &level), |b| {
            b.iter(|| simd.run(Each(power, black_box(&x), &mut out)));
        });
    }
    group.finish();
}

fn sums_and_eigenvectors(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels/f64");
    let x = noise(1, 1 << 20).into_vec();
    group.throughput(Throughput::Elements(x.len() as u64));
    group.bench_function(BenchmarkId::new("sum_f64", x.len()), |b| {
        b.iter(|| sum::sum_f64(x.len(), |i| f64::from(black_box(&x)[i])));
    });
    group.sample_size(10);
    for n in [64, 256] {
        let x: Vec<f64> = noise(2 * n, n).data().iter().map(|&v| f64::from(v)).collect();
        let mut gram = vec![0.0; n * n];
        eigen::add_gram(2 * n, n, &x, &mut gram);
        group.throughput(Throughput::Elements((n * n) as u64));
        group.bench_function(BenchmarkId::new("symmetric", format!("{n} x {n}")), |b| {
            b.iter(|| eigen::symmetric(n, black_box(&gram)).expect("a Gram matrix has eigenvectors"));
        });
    }
    group.finish();
}

criterion_group!(benches, layers, one_to_many, block_to_block, screening, elementary, sums_and_eigenvectors);
criterion_main!(benches);
