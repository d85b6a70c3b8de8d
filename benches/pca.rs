//! Principal component analysis: tall, square and wide data.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::{groups, id, pools};
use planisphere_fixtures::digits;
use planisphere_pca::Pca;
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
