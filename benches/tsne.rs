//! t-SNE: affinities, iterations by each way of repulsion, and all steps together.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::{groups, id, pools};
use planisphere_core::Matrix;
use planisphere_fixtures::digits;
use planisphere_knn::Exact;
use planisphere_tsne::{Affinities, Affinity, Init, Repulsion, Tsne};
use std::hint::black_box;

/// Iterations that are timed: time is proportional to their number while the map is as large.
const ITERATIONS: u32 = 20;
/// Neighbors of the default perplexity of 30.
const NEIGHBORS: usize = 90;

/// Digits, and as many rows as one step to the sizes that the fast ways are for.
fn data() -> [Matrix; 2] {
    [digits().0, groups(10_000, 32)]
}

fn affinities(c: &mut Criterion) {
    let mut group = c.benchmark_group("tsne/affinities");
    group.sample_size(10);
    for x in data() {
        let neighbors = Exact::new(NEIGHBORS).fit(&x).expect("the data is finite");
        group.throughput(Throughput::Elements(x.rows() as u64));
        for pool in pools() {
            for (name, affinity) in
                [("perplexity", Affinity::default()), ("multiscale", Affinity::Multiscale(vec![5.0, 30.0]))]
            {
                let make = || Affinities::from_graph(black_box(&neighbors), &affinity).expect("distances are fine");
                group.bench_function(id(name, &x, &pool), |b| b.iter(|| pool.install(make)));
            }
        }
    }
    group.finish();
}

/// Iterations of a map that is spread out, as most are of a run: at the start all points are in one place.
fn layout(c: &mut Criterion) {
    let mut group = c.benchmark_group("tsne/layout");
    group.sample_size(10);
    for x in data() {
        let neighbors = Exact::new(NEIGHBORS).fit(&x).expect("the data is finite");
        group.throughput(Throughput::Elements(x.rows() as u64 * u64::from(ITERATIONS)));
        for dimensions in [2, 3] {
            let tsne = Tsne::new().n_components(dimensions);
            let spread = tsne.clone().early_exaggeration_iter(100).n_iter(100).repulsion(Repulsion::Auto);
            let spread = spread.fit_graph(&neighbors).expect("the layout converges").into_embedding();
            for (name, repulsion) in ways(dimensions) {
                let tsne = tsne.clone().early_exaggeration_iter(0).n_iter(ITERATIONS).repulsion(repulsion);
                let tsne = tsne.init(Init::Given(spread.clone()));
                for pool in pools() {
                    let go = || tsne.fit_graph(black_box(&neighbors)).expect("the layout converges");
                    let name = format!("affinities and {ITERATIONS} iterations, {name}, {dimensions} dimensions");
                    group.bench_function(id(&name, &x, &pool), |b| b.iter(|| pool.install(go)));
                }
            }
        }
    }
    group.finish();
}

/// The ways of repulsion that there are in so many dimensions.
fn ways(dimensions: usize) -> Vec<(&'static str, Repulsion)> {
    let mut ways = vec![("exact", Repulsion::Exact), ("barnes-hut", Repulsion::BARNES_HUT)];
    if dimensions < 3 {
        ways.push(("fft", Repulsion::FFT));
    }
    ways
}

fn fit(c: &mut Criterion) {
    let mut group = c.benchmark_group("tsne/fit");
    group.sample_size(10);
    let x = digits().0;
    group.throughput(Throughput::Elements(x.rows() as u64));
    for (name, repulsion) in ways(2) {
        let tsne = Tsne::new().keep_vectors(false).repulsion(repulsion);
        for pool in pools() {
            let go = || tsne.fit(black_box(&x)).expect("the data is finite");
            group.bench_function(id(name, &x, &pool), |b| b.iter(|| pool.install(go)));
        }
    }
    group.finish();
}

criterion_group!(benches, affinities, layout, fit);
criterion_main!(benches);
