//! Nearest neighbors of each row: `neighbors vectors.npy --k 15 --metric cosine --out graph`; of other rows, from an index
//! that is kept: `neighbors vectors.npy --save-index v.index`, `neighbors v.index --queries new.npy --out found`.

use clap::Parser;
use planisphere::core::{Context, MatrixView, Stage};
use planisphere::dataset::{TableReader, write_npy, write_npy_ids};
use planisphere::knn::{Exact, Index, Method, Metric, Precomputed};
use planisphere_examples::{Common, Failure, input, progress::Bars, report::RunReport, run, say};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Finds the k nearest other rows of each row, or of the rows of another file, ascending by (distance, id)
#[derive(Parser, Debug)]
#[command(name = "neighbors", version)]
struct Cli {
    /// Vectors (.npy, or a table with vector columns), or an index that --save-index wrote (.index)
    input: PathBuf,
    /// Neighbors of each row, the row itself not counted
    #[arg(long, default_value_t = 15)]
    k: usize,
    #[arg(long, help = format!("{} [default: euclidean]", Metric::NAMES.join(", ")))]
    metric: Option<Metric>,
    /// How to search: auto, exact, approx, or approx:RECALL [default: auto]
    #[arg(long, value_name = "METHOD")]
    knn: Option<Method>,
    /// The input holds distances, n × n, instead of vectors
    #[arg(long, conflicts_with_all = ["metric", "queries", "save_index"])]
    precomputed: bool,
    /// Find the neighbors of these rows among those of the input, instead of the input's own
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// Keep an index of the input for later queries
    #[arg(long, value_name = "FILE.index")]
    save_index: Option<PathBuf>,
    /// Search exactly too, and tell the recall (in the report, and on stderr)
    #[arg(long, conflicts_with = "queries")]
    quality: bool,
    /// Writes PREFIX.ids.npy (n × k, i32) and PREFIX.dists.npy (n × k, f32)
    #[arg(long, value_name = "PREFIX", required_unless_present = "save_index")]
    out: Option<String>,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|cli: Cli| {
        check_flags(&cli)?;
        let graph = cli
            .out
            .iter()
            .flat_map(|prefix| ["ids", "dists"].map(|part| PathBuf::from(format!("{prefix}.{part}.npy"))));
        let outputs: Vec<PathBuf> = graph.chain(cli.save_index.clone()).collect();
        let inputs = std::iter::once(&cli.input).chain(&cli.queries).map(PathBuf::as_path);
        cli.common.check_outputs(inputs, outputs.iter().map(PathBuf::as_path))?;
        let mut report = RunReport::start("neighbors", &cli.common);
        let mut bars = Bars::new(cli.common.quiet);
        let mut cx = Context::new().threads(cli.common.threads()).observer(&mut bars);
        report.parameter("k", cli.k);
        if cli.queries.is_some() || cli.save_index.is_some() || is_index(&cli.input) {
            by_index(&cli, &mut report, &mut cx)?;
        } else {
            of_all(&cli, &mut report, &mut cx)?;
        }
        report.finish(&cli.common, &cx.take_report())
    })
}

/// Flags that would be passed over in silence.
fn check_flags(cli: &Cli) -> Result<(), Failure> {
    let wrong = |line: &str| Err(Failure::Usage(line.to_owned()));
    if cli.save_index.as_deref().is_some_and(|path| !is_index(path)) {
        return wrong("--save-index: the name must end in .index");
    }
    if cli.queries.is_some() && cli.out.is_none() {
        return wrong("--queries needs --out");
    }
    if cli.quality && (cli.precomputed || cli.save_index.is_some() || is_index(&cli.input)) {
        return wrong("--quality is for a search of vectors, without an index");
    }
    if is_index(&cli.input) && (cli.precomputed || cli.metric.is_some() || cli.knn.is_some()) {
        return wrong("an index has its metric and its method: --metric, --knn and --precomputed do not go with it");
    }
    Ok(())
}

fn is_index(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "index")
}

/// The input's own neighbors.
fn of_all(cli: &Cli, report: &mut RunReport, cx: &mut Context<'_>) -> Result<(), Failure> {
    let table = input::read_table(&TableReader::new(), &cli.input, cx)?;
    let Some(x) = table.vectors() else { return Err(no_vectors(&cli.input)) };
    (report.n, report.d) = (x.rows(), x.cols());
    let (metric, method) = choices(cli, report);
    let graph = input::staged(cx, Stage::Neighbors, |cx| {
        Ok(if cli.precomputed {
            Precomputed::new(cli.k).fit_with(x, cx)?
        } else {
            method.fit_with(cli.k, &metric, cli.common.seed, x, cx)?
        })
    })?;
    write(cli, graph.n(), graph.k(), graph.ids(), graph.dists(), cx)?;
    if cli.quality && !cli.precomputed {
        let truth = input::staged(cx, Stage::Quality, |cx| Ok(Exact::new(cli.k).metric(metric).fit_with(x, cx)?))?;
        let recall = graph.recall(&truth)?;
        report.quality.entry("neighbors".to_owned()).or_default().insert("recall", recall);
        if !cli.common.quiet {
            say(&format!("recall {recall:.4}"));
        }
    }
    Ok(())
}

/// Makes or loads an index, keeps it if it shall be kept, and asks it for the queries' neighbors, or the points' own.
fn by_index(cli: &Cli, report: &mut RunReport, cx: &mut Context<'_>) -> Result<(), Failure> {
    let index = if is_index(&cli.input) {
        input::staged(cx, Stage::Load, |_| Ok(Index::load(&cli.input)?))?
    } else {
        let table = input::read_table(&TableReader::new(), &cli.input, cx)?;
        let Some(x) = table.into_parts().vectors else { return Err(no_vectors(&cli.input)) };
        let (metric, method) = choices(cli, report);
        input::staged(cx, Stage::Neighbors, |cx| Ok(method.index_with(cli.k, &metric, cli.common.seed, x, cx)?))?
    };
    (report.n, report.d) = (index.len(), index.cols());
    if let Some(metric) = index.metric() {
        report.parameter("metric", metric.to_string());
    }
    if let Some(path) = &cli.save_index {
        input::staged(cx, Stage::Write, |_| Ok(index.save(path)?))?;
    }
    if let Some(path) = &cli.queries {
        let table = input::read_table(&TableReader::new(), path, cx)?;
        let Some(queries) = table.vectors() else { return Err(no_vectors(path)) };
        let found = input::staged(cx, Stage::Neighbors, |cx| Ok(index.query_with(queries, cli.k, cx)?))?;
        write(cli, found.len(), cli.k.min(index.len()), found.ids(), found.dists(), cx)?;
    } else if cli.out.is_some() {
        let graph = input::staged(cx, Stage::Neighbors, |cx| Ok(index.graph_with(cli.k, cx)?))?;
        write(cli, graph.n(), graph.k(), graph.ids(), graph.dists(), cx)?;
    }
    Ok(())
}

/// The metric and the method, noted in the report.
fn choices(cli: &Cli, report: &mut RunReport) -> (Metric, Method) {
    let (metric, method) = (cli.metric.clone().unwrap_or_default(), cli.knn.unwrap_or_default());
    if !cli.precomputed {
        report.parameter("metric", metric.to_string());
        report.parameter("knn", method.to_string());
    }
    (metric, method)
}

fn no_vectors(path: &Path) -> Failure {
    Failure::Usage(format!("{} has texts, not vectors; run embed first", path.display()))
}

fn write(cli: &Cli, n: usize, k: usize, ids: &[u32], dists: &[f32], cx: &mut Context<'_>) -> Result<(), Failure> {
    let Some(prefix) = &cli.out else { return Ok(()) };
    input::staged(cx, Stage::Write, |_| {
        write_npy_ids(format!("{prefix}.ids.npy"), n, k, ids)?;
        Ok(write_npy(format!("{prefix}.dists.npy"), MatrixView::new(n, k, dists)?)?)
    })
}
