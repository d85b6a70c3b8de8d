//! What the benchmarks share: synthetic data, thread pools and names; and [`layouts`], a comparison that is a program of
//! its own. Nothing here reads a file.
//!
//! Each layer has a file of its own beside `Cargo.toml`. `cargo bench -p planisphere-benches --bench knn` measures one,
//! and `cargo bench -p planisphere-benches --bench knn -- --test` runs each benchmark of it once.

pub mod layouts;

use criterion::BenchmarkId;
use planisphere_core::{CounterRng, Matrix};
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
