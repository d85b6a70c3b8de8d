//! Ways to optimize a layout, at equal numbers of epochs and so at equal times: `layouts vectors.npy --labels labels.txt`.
//!
//! One neighbor graph, one fuzzy graph, one start; then every candidate for every number of epochs. Prints a Markdown
//! table with the seconds of the layout alone and the scores of the map at 15 neighbors. The lines of one candidate are in
//! order of epochs, so equal times are found by reading across.

#![allow(clippy::print_stdout)] // the table is what this program is for

use clap::Parser;
use planisphere_benches::layouts::{Candidate, Problem};
use planisphere_core::{KnnGraph, Matrix};
use planisphere_dataset::{TableReader, write_npy};
use planisphere_knn::quality::{continuity, label_accuracy, neighbors_kept, trustworthiness};
use planisphere_knn::{Exact, Metric};
use rayon::ThreadPoolBuilder;
use std::error::Error;
use std::path::PathBuf;

/// Neighbors of a row on which maps are scored.
const K: usize = 15;
/// Neighbors that umap-learn finds by default, the row itself not counted.
const GRAPH_K: usize = 14;
/// Rows on which ranks are scored.
const SAMPLE: usize = 5000;

/// Compares ways to optimize a UMAP layout on one graph, from one start
#[derive(Parser, Debug)]
#[command(name = "layouts", version)]
struct Cli {
    /// Vectors (.npy)
    input: PathBuf,
    /// Labels, one a line; an empty line is no label
    #[arg(long, value_name = "FILE.txt")]
    labels: Option<PathBuf>,
    #[arg(long, default_value = "euclidean")]
    metric: Metric,
    /// Numbers of epochs
    #[arg(long, value_delimiter = ',', default_value = "50,100,200,500")]
    epochs: Vec<u32>,
    #[arg(long, value_delimiter = ',', value_parser = candidate, help = format!("Of {} [default: all]", names()))]
    candidates: Vec<Candidate>,
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs of each candidate, with seeds from 1 up: scores are means, seconds are those of the fastest run
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Keep the start and the maps in this folder, as start.npy and CANDIDATE-EPOCHS-SEED.npy
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn candidate(name: &str) -> std::result::Result<Candidate, String> {
    let found = Candidate::ALL.into_iter().find(|c| c.name() == name);
    found.ok_or_else(|| format!("it is one of {}", names()))
}

fn names() -> String {
    Candidate::ALL.map(Candidate::name).join(", ")
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let pool = ThreadPoolBuilder::new().num_threads(cli.threads).build()?;
    pool.install(|| study(&cli))
}

fn study(cli: &Cli) -> Result<()> {
    let x = TableReader::new().read(&cli.input)?.into_parts().vectors.ok_or("the input has no vectors")?;
    let judge = Judge::new(cli, x)?;
    let problem = Problem::new(Exact::new(GRAPH_K).metric(cli.metric.clone()).fit(&judge.x)?, 42)?;
    println!("| candidate | epochs | seconds | trust | continuity | kept | accuracy |");
    println!("|---|---|---|---|---|---|---|");
    let line = |name: &str, epochs: u32, seconds: f64, scores: [f64; 4]| {
        let scores = scores.map(|s| format!("{s:.4}")).join(" | ");
        println!("| {name} | {epochs} | {seconds:.3} | {scores} |");
    };
    line("start", 0, 0.0, judge.scores(problem.start())?);
    if let Some(folder) = &cli.out {
        write_npy(folder.join("start.npy"), problem.start().view())?;
    }
    let all = Candidate::ALL.to_vec();
    for &candidate in if cli.candidates.is_empty() { &all } else { &cli.candidates } {
        for &epochs in &cli.epochs {
            let (mut fastest, mut means) = (f64::INFINITY, [0.0; 4]);
            for seed in 1..=cli.seeds {
                let (y, seconds) = problem.run(candidate, epochs, seed)?;
                fastest = fastest.min(seconds);
                for (mean, score) in means.iter_mut().zip(judge.scores(&y)?) {
                    *mean += score / cli.seeds as f64;
                }
                if let Some(folder) = &cli.out {
                    write_npy(folder.join(format!("{}-{epochs}-{seed}.npy", candidate.name())), y.view())?;
                }
            }
            line(candidate.name(), epochs, fastest, means);
        }
    }
    Ok(())
}

/// What maps are scored against.
struct Judge {
    x: Matrix,
    metric: Metric,
    truth: KnnGraph,
    labels: Vec<Option<String>>,
}

impl Judge {
    fn new(cli: &Cli, x: Matrix) -> Result<Self> {
        let text = cli.labels.as_ref().map(std::fs::read_to_string).transpose()?.unwrap_or_default();
        let labels: Vec<_> = text.lines().map(|l| (!l.is_empty()).then(|| l.to_owned())).collect();
        if cli.labels.is_some() && labels.len() != x.rows() {
            return Err(format!("there are {} labels for {} rows", labels.len(), x.rows()).into());
        }
        let truth = Exact::new(K).metric(cli.metric.clone()).fit(&x)?;
        Ok(Self { x, metric: cli.metric.clone(), truth, labels })
    }

    /// Trustworthiness, continuity, neighbors kept, and accuracy of labels (NaN without labels).
    fn scores(&self, y: &Matrix) -> planisphere_knn::Result<[f64; 4]> {
        Ok([
            trustworthiness(&self.x, y, K, self.metric.clone(), SAMPLE, 42)?,
            continuity(&self.x, y, K, self.metric.clone(), SAMPLE, 42)?,
            neighbors_kept(&self.truth, y)?,
            if self.labels.is_empty() { f64::NAN } else { label_accuracy(&Exact::new(K).fit(y)?, &self.labels)? },
        ])
    }
}
