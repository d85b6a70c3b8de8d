//! What the benchmarks share: synthetic data, thread pools and names; and [`layouts`], a comparison that is a program of
//! its own. Nothing here reads a file.
//!
//! Each layer has a file of its own beside `Cargo.toml`. `cargo bench -p planisphere-benches --bench knn` measures one,
//! and `cargo bench -p planisphere-benches --bench knn -- --test` runs each benchmark of it once.

pub mod layouts;

use criterion::BenchmarkId;
use planisphere_core::{CounterRng, Matrix};
use planisphere_labels_mace::Annotations;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// n × d standard normal numbers.
pub fn noise(n: usize, d: usize) -> Matrix {
    let rng = CounterRng::new(42, "noise");
    let data = (0..n).flat_map(|i| (0..d as u64).map(move |j| rng.at(0, i as u64).normal(j))).collect();
    Matrix::from_vec(n, d, data).expect("n rows of d numbers were made")
}

/// n × d numbers in 20 round groups; row `i` is in group `i % 20`. With few columns the groups overlap, with hundreds they
/// stand apart.
pub fn groups(n: usize, d: usize) -> Matrix {
    let centers = noise(20, d);
    let mut x = noise(n, d);
    for i in 0..n {
        let center = centers.row(i % 20);
        x.row_mut(i).iter_mut().zip(center).for_each(|(v, c)| *v += 0.5 * c);
    }
    x
}

/// Votes of annotators, each of whom knows every label as often as another number in [0, 1) says, and else guesses: `each` an
/// item. Names are numbers.
pub fn votes(items: u32, annotators: u32, labels: u32, each: u32) -> Annotations {
    let rng = CounterRng::new(42, "votes");
    let step = annotators / each.max(1);
    let mut votes = Vec::with_capacity(items as usize * each as usize);
    for i in 0..items {
        let draws = rng.at(0, i.into());
        let (truth, first) = (draws.below(0, labels), draws.below(1, annotators));
        for v in 0..each {
            let annotator = (first + v * step) % annotators;
            let draw = 2 + 2 * u64::from(v);
            let knows = draws.unit(draw) < rng.at(1, annotator.into()).unit(0);
            votes.push((i, annotator, if knows { truth } else { draws.below(draw + 1, labels) }));
        }
    }
    Annotations::from_codes(items, annotators, labels, &votes).expect("each annotator comes once an item")
}

/// Pools of one thread and of as many as the machine has (one pool, if that is one).
pub fn pools() -> Vec<ThreadPool> {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, all];
    counts.dedup();
    counts
        .into_iter()
        .map(|n| ThreadPoolBuilder::new().num_threads(n).build().expect("the system can start a thread for each core"))
        .collect()
}

/// `algorithm/n x d, t threads`.
pub fn id(algorithm: &str, x: &Matrix, pool: &ThreadPool) -> BenchmarkId {
    BenchmarkId::new(algorithm, format!("{} x {}, {} threads", x.rows(), x.cols(), pool.current_num_threads()))
}
