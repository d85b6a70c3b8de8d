//! Neighbor search and the scores that are made from it.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::{groups, id, pools};
use planisphere_dataset::TableReader;
use planisphere_fixtures::digits;
use planisphere_knn::{Approx, Exact, Metric, quality};
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

/// Exact and approximate search of the vectors in the file that the environment variable `PLANISPHERE_VECTORS` names, by
/// `PLANISPHERE_METRIC`.
#[allow(clippy::print_stderr)] // a benchmark that is skipped says so
fn files(c: &mut Criterion) {
    let Ok(path) = std::env::var("PLANISPHERE_VECTORS") else {
        eprintln!("knn/file: skipped, PLANISPHERE_VECTORS names no .npy file");
        return;
    };
    let metric: Metric =
        std::env::var("PLANISPHERE_METRIC").map_or(Metric::Euclidean, |m| m.parse().expect("a metric"));
    let table = TableReader::new().read(&path).expect("the file is readable");
    let x = table.vectors().expect("the file has vectors");
    let mut group = c.benchmark_group("knn/file");
    group.sample_size(10);
    for pool in pools() {
        let (exact, approx) = (Exact::new(15).metric(metric.clone()), Approx::new(15).metric(metric.clone()));
        group.bench_function(id("exact", x, &pool), |b| b.iter(|| pool.install(|| exact.fit(black_box(x)))));
        group.bench_function(id("approx 0.98", x, &pool), |b| b.iter(|| pool.install(|| approx.fit(black_box(x)))));
    }
    group.finish();
}

/// Approximate search of groups that overlap.
fn approx(c: &mut Criterion) {
    let mut group = c.benchmark_group("knn/approx");
    group.sample_size(10);
    for x in [groups(20_000, 64), groups(50_000, 64)] {
        group.throughput(Throughput::Elements(x.rows() as u64));
        for pool in pools() {
            for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
                let search = Approx::new(15).metric(metric.clone());
                group.bench_function(id(&metric.to_string(), &x, &pool), |b| {
                    b.iter(|| pool.install(|| search.fit(black_box(&x)).expect("the data is finite")));
                });
            }
        }
    }
    group.finish();
}

/// Exact search by every metric that takes no parameters, of rows that all are defined for.
fn metrics(c: &mut Criterion) {
    let mut group = c.benchmark_group("knn/metrics");
    group.sample_size(10);
    let mut x = groups(3000, 128);
    x.data_mut().iter_mut().for_each(|v| *v = v.abs());
    let globe = {
        let mut g = groups(3000, 2);
        g.data_mut().iter_mut().for_each(|v| *v *= 0.1);
        g
    };
    for metric in Metric::ALL {
        let x = if *metric == Metric::Haversine { &globe } else { &x };
        group.throughput(Throughput::Elements((x.rows() * x.rows()) as u64));
        let search = Exact::new(15).metric(metric.clone());
        group.bench_function(metric.name(), |b| b.iter(|| search.fit(black_box(x)).expect("all are defined for it")));
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

criterion_group!(benches, exact, approx, metrics, files, scores);
criterion_main!(benches);
