//! Nearest neighbors of each row: `neighbors vectors.npy --k 15 --metric cosine --out graph`.

use clap::Parser;
use planisphere::core::{Context, Stage};
use planisphere::dataset::{TableReader, write_npy, write_npy_ids};
use planisphere::knn::{Method, Metric};
use planisphere_examples::{Common, Failure, input, progress::Bars, report::RunReport, run};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Finds the k nearest other rows of each row, ascending by (distance, id)
#[derive(Parser, Debug)]
#[command(name = "neighbors", version)]
struct Cli {
    /// Vectors: .npy, or a table with vector columns
    input: PathBuf,
    /// Neighbors of each row, the row itself not counted
    #[arg(long, default_value_t = 15)]
    k: usize,
    #[arg(long, help = Metric::NAMES.join(", "), default_value_t = Metric::Euclidean)]
    metric: Metric,
    /// How to search: auto, exact, approx, or approx:RECALL
    #[arg(long, value_name = "METHOD", default_value_t = Method::Auto)]
    knn: Method,
    /// Writes PREFIX.ids.npy (n × k, i32) and PREFIX.dists.npy (n × k, f32)
    #[arg(long, value_name = "PREFIX")]
    out: String,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|cli: Cli| {
        cli.common.check_outputs([Path::new(&cli.out)])?;
        let mut report = RunReport::start("neighbors", &cli.common);
        let mut bars = Bars::new(cli.common.quiet);
        let mut cx = Context::new().threads(cli.common.threads()).observer(&mut bars);
        let table = input::read_table(&TableReader::new(), &cli.input, &mut cx)?;
        let Some(x) = table.vectors() else {
            return Err(Failure::Usage(format!("{} has texts, not vectors; run embed first", cli.input.display())));
        };
        let graph = input::staged(&mut cx, Stage::Neighbors, |cx| {
            Ok(cli.knn.fit_with(cli.k, &cli.metric, cli.common.seed, x, cx)?)
        })?;
        input::staged(&mut cx, Stage::Write, |_| {
            let dists = planisphere::core::MatrixView::new(graph.n(), graph.k(), graph.dists())?;
            write_npy_ids(format!("{}.ids.npy", cli.out), graph.n(), graph.k(), graph.ids())?;
            Ok(write_npy(format!("{}.dists.npy", cli.out), dists)?)
        })?;
        (report.n, report.d) = (x.rows(), x.cols());
        report.parameter("k", cli.k);
        report.parameter("metric", cli.metric.to_string());
        report.parameter("knn", cli.knn.to_string());
        report.finish(&cli.common, &cx.take_report())
    })
}
