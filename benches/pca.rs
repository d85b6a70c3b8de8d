//! Principal component analysis: tall, square and wide data.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::{groups, id, pools};
use planisphere_fixtures::digits;
use planisphere_pca::{IncrementalPca, Pca, Solver};
use std::hint::black_box;

fn fit(c: &mut Criterion) {
    let mut group = c.benchmark_group("pca/fit");
    group.sample_size(10);
    // Up to 384 columns by the covariance matrix; more columns than rows by a decomposition of the data itself.
    for x in [digits().0, groups(20_000, 64), groups(5_000, 384), groups(200, 384)] {
        group.throughput(Throughput::Elements((x.rows() * x.cols()) as u64));
        for pool in pools() {
            group.bench_function(id("two components", &x, &pool), |b| {
                b.iter(|| pool.install(|| Pca::new(2).fit(black_box(&x)).expect("the data is finite")));
            });
        }
    }
    // Few components and many, of more columns than the covariance is made of in one piece; approximately, and by batches.
    let x = groups(5_000, 768);
    for pool in pools() {
        let mut bench = |name: &str, fit: &(dyn Fn() + Sync)| {
            group.bench_function(id(name, &x, &pool), |b| b.iter(|| pool.install(fit)));
        };
        for (name, pca) in [
            ("50 components", Pca::new(50)),
            ("full, 50 components", Pca::new(50).solver(Solver::Full)),
            ("randomized, 50 components", Pca::new(50).solver(Solver::randomized())),
        ] {
            bench(name, &|| drop(black_box(pca.fit(&x).expect("the data is finite"))));
        }
        let pca = IncrementalPca::new(10).batch_size(1000);
        bench("incremental, 10 components", &|| drop(black_box(pca.fit(&x).expect("the data is finite"))));
    }
    group.finish();
}

fn transform(c: &mut Criterion) {
    let mut group = c.benchmark_group("pca/transform");
    let x = groups(5_000, 384);
    let model = Pca::new(50).fit(&x).expect("the data is finite");
    group.sample_size(20);
    group.throughput(Throughput::Elements((x.rows() * x.cols()) as u64));
    for pool in pools() {
        group.bench_function(id("50 components", &x, &pool), |b| {
            b.iter(|| pool.install(|| model.transform(black_box(&x)).expect("the data is finite")));
        });
    }
    group.finish();
}

criterion_group!(benches, fit, transform);
criterion_main!(benches);
