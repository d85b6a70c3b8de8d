//! Times of principal component analysis: `pca mnist70k.npy titles20k.npy`.
//!
//! Fits and scores each file with 2 and 50 components, by each solver. Prints a Markdown table with medians of seconds, to be
//! compared with `PCA(k, svd_solver=…).fit_transform(x)` of scikit-learn for the same f32 rows and threads.

#![allow(clippy::print_stdout)] // the table is what this program is for

use clap::Parser;
use planisphere_core::{Context, Threads};
use planisphere_dataset::TableReader;
use planisphere_pca::{Pca, Solver};
use std::path::PathBuf;
use std::time::Instant;

/// Times principal component analysis
#[derive(Parser, Debug)]
#[command(name = "pca", version)]
struct Cli {
    /// Vectors (.npy)
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    #[arg(long, value_delimiter = ',', default_value = "2,50")]
    components: Vec<usize>,
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs, of which the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Also by the singular values of the data
    #[arg(long)]
    full: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cli = Cli::parse();
    let mut solvers = vec![("covariance_eigh", Solver::CovarianceEigh), ("randomized", Solver::randomized())];
    if cli.full {
        solvers.push(("full", Solver::Full));
    }
    println!("| data | solver | components | median s | fastest s |\n|---|---|---|---|---|");
    for input in &cli.inputs {
        let table = TableReader::new().read(input)?;
        let x = table.vectors().ok_or("a .npy file holds vectors")?;
        for (name, solver) in &solvers {
            for &k in &cli.components {
                let pca = Pca::new(k).solver(*solver);
                let mut seconds = Vec::with_capacity(cli.runs);
                for _ in 0..cli.runs.max(1) {
                    let start = Instant::now();
                    pca.fit_with(x, &mut Context::new().threads(Threads::Exactly(cli.threads)))?;
                    seconds.push(start.elapsed().as_secs_f64());
                }
                seconds.sort_by(f64::total_cmp);
                let (median, fastest) = (seconds[seconds.len() / 2], seconds[0]);
                let shape = format!("{} × {}", x.rows(), x.cols());
                println!("| {}, {shape} | {name} | {k} | {median:.3} | {fastest:.3} |", input.display());
            }
        }
    }
    Ok(())
}
