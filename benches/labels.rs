//! Labels from annotators, and orders of a queue.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::{groups, pools, votes};
use planisphere_labels_mace::{DawidSkene, Krippendorff, Level, Mace, MaceStream, MajorityVote, Method};
use planisphere_queue_reorder::{FarthestFirst, KMeans, Reorder, Selection};
use std::hint::black_box;

fn models(c: &mut Criterion) {
    let mut group = c.benchmark_group("labels");
    group.sample_size(10);
    for (items, annotators) in [(10_000, 100), (100_000, 1_000)] {
        let votes = votes(items, annotators, 4, 10);
        group.throughput(Throughput::Elements(votes.len() as u64));
        for pool in pools() {
            let name = |model: &str| {
                let size = format!("{} votes, {} threads", votes.len(), pool.current_num_threads());
                BenchmarkId::new(model, size)
            };
            let mut bench = |model: &str, fit: &(dyn Fn() + Sync)| {
                group.bench_function(name(model), |b| b.iter(|| pool.install(fit)));
            };
            for (model, method) in [("MACE, variational", Method::VB), ("MACE, EM", Method::EM)] {
                let mace = Mace::new().method(method);
                bench(model, &|| drop(black_box(mace.fit(black_box(&votes)).expect("the votes are sound"))));
            }
            bench("Dawid-Skene", &|| drop(black_box(DawidSkene::new().fit(&votes).expect("the votes are sound"))));
            bench("majority", &|| drop(black_box(MajorityVote::new().fit(&votes).expect("the votes are sound"))));
            bench("alpha", &|| {
                black_box(Krippendorff::new(Level::Nominal).measure(&votes).expect("the votes are sound"));
            });
        }
    }
    group.finish();
}

/// One more vote on a hundred thousand items.
fn streams(c: &mut Criterion) {
    let mut group = c.benchmark_group("stream");
    group.sample_size(20);
    let votes = votes(100_000, 1_000, 4, 10);
    let mut stream = MaceStream::fit(Mace::new().restarts(1).iterations(5), votes).expect("the votes are sound");
    let mut labels = ["0", "1"].into_iter().cycle();
    group.bench_function("a vote and an update", |b| {
        b.iter(|| {
            let label = labels.next().unwrap_or_default();
            stream.set("77", "somebody", label).expect("the label is known");
            stream.update();
        });
    });
    group.bench_function("a sweep", |b| b.iter(|| stream.sweep(1)));
    group.finish();
}

fn orders(c: &mut Criterion) {
    let mut group = c.benchmark_group("order");
    group.sample_size(10);
    let x = groups(5_000, 64);
    for pool in pools() {
        let name = |order: &str| BenchmarkId::new(order, format!("5000 x 64, {} threads", pool.current_num_threads()));
        group.bench_function(name("k-means of 20"), |b| {
            b.iter(|| pool.install(|| KMeans::new(20).n_init(1).fit(black_box(&x)).expect("the data is finite")));
        });
        group.bench_function(name("farthest first, 200"), |b| {
            b.iter(|| {
                pool.install(|| FarthestFirst::new().limit(200).rank(black_box(&x), &[]).expect("the data is finite"))
            });
        });
    }
    let ids: Vec<u32> = (0..100_000).collect();
    let selections: Vec<Selection<u32>> = ids.chunks(10_000).map(|c| Selection::new(c.iter().copied())).collect();
    group.bench_function("ten groups of 10,000 in turn", |b| {
        b.iter(|| Reorder::new().order(black_box(&selections)).expect("priorities are finite"));
    });
    group.finish();
}

criterion_group!(benches, models, streams, orders);
criterion_main!(benches);
