//! UMAP: each step alone, and all of them.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::{groups, id, noise, pools};
use planisphere_core::CancelToken;
use planisphere_fixtures::digits;
use planisphere_knn::Exact;
use planisphere_umap::{Init, Umap, find_ab, graph, laplacian_eigenvectors};
use std::hint::black_box;

/// Epochs of the layout alone: time is proportional to their number.
const EPOCHS: u32 = 20;

fn steps(c: &mut Criterion) {
    let mut group = c.benchmark_group("umap/steps");
    group.sample_size(10);
    for x in [digits().0, groups(10_000, 32)] {
        let neighbors = Exact::new(14).fit(&x).expect("the data is finite");
        let fuzzy = graph::fuzzy_graph(&neighbors, 1.0, 1.0).expect("the graph fits");
        let start = noise(x.rows(), 2);
        for pool in pools() {
            group.throughput(Throughput::Elements(x.rows() as u64));
            group.bench_function(id("smooth_knn", &x, &pool), |b| {
                b.iter(|| {
                    pool.install(|| graph::smooth_knn(black_box(&neighbors), 1.0, 1.0).expect("the graph is sound"))
                });
            });
            group.bench_function(id("fuzzy_graph", &x, &pool), |b| {
                b.iter(|| {
                    pool.install(|| graph::fuzzy_graph(black_box(&neighbors), 1.0, 1.0).expect("the graph fits"))
                });
            });
            // Rows that are moved.
            group.throughput(Throughput::Elements(x.rows() as u64 * u64::from(EPOCHS)));
            let layout = Umap::new().n_epochs(EPOCHS).init(Init::Given(start.clone())).ab(1.577, 0.895);
            group.bench_function(id(&format!("graph and {EPOCHS} epochs"), &x, &pool), |b| {
                b.iter(|| pool.install(|| layout.fit_graph(black_box(&neighbors)).expect("the layout converges")));
            });
        }
        group.throughput(Throughput::Elements(x.rows() as u64));
        for pool in pools() {
            group.bench_function(id("laplacian_eigenvectors", &x, &pool), |b| {
                let token = CancelToken::new();
                let solve = || laplacian_eigenvectors(black_box(&fuzzy), 2, 42, &token);
                b.iter(|| pool.install(|| solve().expect("the graph is connected")));
            });
        }
    }
    group.finish();
    c.bench_function("umap/find_ab", |b| b.iter(|| find_ab(black_box(1.0), black_box(0.1))));
}

fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("umap/fit");
    group.sample_size(10);
    for x in [digits().0, groups(5_000, 128)] {
        group.throughput(Throughput::Elements(x.rows() as u64));
        for pool in pools() {
            group.bench_function(id("defaults", &x, &pool), |b| {
                b.iter(|| {
                    pool.install(|| Umap::new().keep_vectors(false).fit(black_box(&x)).expect("the data is finite"))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, steps, whole);
criterion_main!(benches);
