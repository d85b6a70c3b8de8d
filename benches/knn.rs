//! Neighbor search and the scores that are made from it.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::{groups, id, pools};
use planisphere_fixtures::digits;
use planisphere_knn::{Exact, Metric, quality};
use std::hint::black_box;

fn exact(c: &mut Criterion) {
    let mut group = c.benchmark_group("knn/exact");
    group.sample_size(10);
    for x in [digits().0, groups(5_000, 384), groups(20_000, 64)] {
        // Pairs of rows.
        group.throughput(Throughput::Elements((x.rows() * x.rows()) as u64));
        for pool in pools() {
            for metric in [Metric::Euclidean, Metric::Cosine] {
                let search = Exact::new(15).metric(metric.clone());
                group.bench_function(id(metric.name(), &x, &pool), |b| {
                    b.iter(|| pool.install(|| search.fit(black_box(&x)).expect("the data is finite")));
                });
            }
        }
    }
    group.finish();
}

fn scores(c: &mut Criterion) {
    let mut group = c.benchmark_group("knn/quality");
    group.sample_size(10);
    let (x, labels) = digits();
    let labels: Vec<Option<String>> = labels.into_iter().map(Some).collect();
    // The first two columns of the groups stand in for a map.
    let (large, map) = (groups(5_000, 384), groups(5_000, 2));
    let graph = Exact::new(15).fit(&x).expect("the digits are finite");
    for pool in pools() {
        let (metric, all) = (Metric::Euclidean, usize::MAX);
        group.bench_function(id("trustworthiness", &large, &pool), |b| {
            b.iter(|| pool.install(|| quality::trustworthiness(black_box(&large), &map, 15, metric.clone(), all, 42)));
        });
        group.bench_function(id("continuity", &large, &pool), |b| {
            b.iter(|| pool.install(|| quality::continuity(black_box(&large), &map, 15, metric.clone(), all, 42)));
        });
        group.bench_function(id("label_accuracy", &x, &pool), |b| {
            b.iter(|| pool.install(|| quality::label_accuracy(black_box(&graph), &labels)));
        });
    }
    group.finish();
}

criterion_group!(benches, exact, scores);
criterion_main!(benches);
