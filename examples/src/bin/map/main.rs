//! A table of texts or vectors in, an interactive map out:
//! `map messages.csv --text text --label label --out map.html`. With several methods, `--method pca --method tsne --method
//! umap`, their maps stand side by side. With `--save-model` a map is kept, for `place` to put further rows on it.

mod flags;
mod project;
mod score;
mod write;

use flags::Cli;
use planisphere::core::{Context, KnnGraph, Matrix, Stage};
use planisphere::dataset::{Table, TableReader};
use planisphere::knn::Metric;
use planisphere::umap::Labels;
use planisphere_examples::{Failure, input, progress::Bars, report::RunReport, run_given};
use std::process::ExitCode;

fn main() -> ExitCode {
    run_given(|cli: Cli, given| {
        cli.check(&given)?;
        project::check(&cli)?;
        let mut report = RunReport::start("map", &cli.common);
        let mut bars = Bars::new(cli.common.quiet);
        let mut cx = Context::new().threads(cli.common.threads()).observer(&mut bars);

        let (table, embedded) = read(&cli, &mut cx)?;
        let metric = cli.metric.clone().unwrap_or(if embedded.is_some() { Metric::Cosine } else { Metric::Euclidean });
        let Some(vectors) = embedded.as_ref().or(table.vectors()) else {
            return Err(Failure::Usage(format!("{} has neither texts nor vectors", cli.input.display())));
        };
        (report.n, report.d) = (vectors.rows(), vectors.cols());
        cli.note(&metric, embedded.is_some(), &mut report);

        let classes = classes(&cli, &table, &mut cx)?;
        let (maps, models) = project::project(&cli, &metric, vectors, classes.as_ref(), &mut report, &mut cx)?;
        let near = neighbors(&cli, &metric, vectors, &mut cx)?;
        input::staged(&mut cx, Stage::Write, |_| {
            write::save(&cli, &models)?;
            cli.out.iter().try_for_each(|out| write::write(&cli, out, &table, &maps, near.as_ref()))
        })?;
        if cli.quality {
            score::score(&cli, &metric, vectors, &table, &maps, &mut report, &mut cx)?;
        }
        report.finish(&cli.common, &cx.take_report())
    })
}

/// The table, and the vectors of its texts if they are to be embedded.
fn read(cli: &Cli, cx: &mut Context<'_>) -> Result<(Table, Option<Matrix>), Failure> {
    let table = input::read_table(&reader(cli, cli.label.as_ref().or(cli.umap.supervise.as_ref())), &cli.input, cx)?;
    let embedded = input::embedded(&table, &cli.model, &cli.encode, cx)?;
    Ok((table, embedded))
}

/// The nearest neighbors that a page shows of each point: those in the vectors, not on a map.
fn neighbors(cli: &Cli, metric: &Metric, x: &Matrix, cx: &mut Context<'_>) -> Result<Option<KnnGraph>, Failure> {
    let k = write::NEIGHBORS.min(x.rows().saturating_sub(1));
    if k == 0 || !cli.out.iter().any(|out| flags::ending(out) == "html") {
        return Ok(None);
    }
    Ok(Some(cli.knn.unwrap_or_default().fit_with(k, metric, cli.common.seed, x, cx)?))
}

fn reader(cli: &Cli, label: Option<&String>) -> TableReader {
    input::reader(cli.text.as_ref(), cli.id.as_ref(), label)
}

/// The classes that supervise the map.
fn classes(cli: &Cli, table: &Table, cx: &mut Context<'_>) -> Result<Option<Labels>, Failure> {
    let Some(column) = &cli.umap.supervise else { return Ok(None) };
    let same = cli.label.as_ref().is_none_or(|label| label == column);
    // A reader takes one column of labels. If another one colors the map, the table is read once more.
    let other = if same { None } else { Some(input::read_table(&reader(cli, Some(column)), &cli.input, cx)?) };
    let labels = other.as_ref().unwrap_or(table).labels();
    Ok(labels.map(|labels| Labels::from_strs(labels.iter().map(Option::as_deref))))
}
