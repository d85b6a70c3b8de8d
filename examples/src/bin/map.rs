//! A table of texts or vectors in, an interactive map out:
//! `map messages.csv --text text --label label --out map.html`. With `--save-model` a map is kept, for `place` to put
//! further rows on it.

use clap::{Args, Parser, ValueEnum};
use planisphere::core::{Context, KnnGraph, Matrix, Stage};
use planisphere::dataset::{Table, TableReader, write_atomic, write_map_csv, write_npy};
use planisphere::knn::{self, Exact, Metric, quality};
use planisphere::pca::Pca;
use planisphere::umap::{Init, Labels, Umap, UmapModel};
use planisphere::viz_spec::{Figure, Page, ScatterMap};
use planisphere_examples::{Common, Failure, Given, input, progress::Bars, report::RunReport, run_given, say};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Makes a map of texts or vectors: embed, find neighbors, project, draw
#[derive(Parser, Debug)]
#[command(name = "map", version)]
struct Cli {
    /// A table (.csv .tsv .jsonl) with a text column or columns embedding_1 … embedding_d, or vectors (.npy)
    input: PathBuf,
    /// Column with the texts to embed; without it, vectors are used if there are any
    #[arg(long, value_name = "COL")]
    text: Option<String>,
    /// Column with the ids [default: id if there is one, else row numbers]
    #[arg(long, value_name = "COL")]
    id: Option<String>,
    /// Column with the labels that color the map [default: that of --supervise, or label if there is one]
    #[arg(long, value_name = "COL")]
    label: Option<String>,
    /// For texts: `builtin`, a sentence-transformers folder, or a static model file
    #[arg(long, value_name = "NAME|DIR", default_value = "builtin")]
    model: String,
    /// How to project; repeatable, for several maps side by side, in which what is selected in one is so in all
    #[arg(long, value_enum, default_value = "umap")]
    method: Vec<Method>,
    /// Dimensions of the map
    #[arg(long, value_name = "2|3", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
    n_components: u8,
    #[arg(long, help = format!("{} [default: cosine for texts, euclidean for vectors]", Metric::NAMES.join(", ")))]
    metric: Option<Metric>,
    /// Neighbors of each row, the row itself counted: more shows more of the whole, fewer more detail
    #[arg(long, value_name = "N", default_value_t = 15)]
    n_neighbors: usize,
    /// How neighbors are searched: auto, exact, approx, or approx:RECALL
    #[arg(long, value_name = "METHOD", default_value_t = knn::Method::Auto)]
    knn: knn::Method,
    /// Score the maps: trustworthiness, continuity, neighbors kept, label accuracy (in the report, and on stderr)
    #[arg(long)]
    quality: bool,
    /// Where to write the map, repeatable; the ending says what: .html (page), .json (Plotly figure), .csv, .npy. Pages and
    /// figures show the maps of all methods; with several, .csv and .npy get the method's name in front of the ending
    #[arg(long, value_name = "FILE", required_unless_present = "save_model")]
    out: Vec<PathBuf>,
    /// Keep the fitted UMAP, with the vectors, for `place` to put further rows on the map
    #[arg(long, value_name = "FILE")]
    save_model: Option<PathBuf>,
    #[command(flatten)]
    umap: UmapFlags,
    #[command(flatten)]
    common: Common,
}

/// umap-learn's parameters, with its defaults. What they may be is checked by the library.
#[derive(Args, Debug)]
#[command(next_help_heading = "UMAP")]
struct UmapFlags {
    /// Column with classes that the map shall follow: rows of one are drawn together; empty cells are unlabeled rows
    #[arg(long, visible_alias = "target", value_name = "COL")]
    supervise: Option<String>,
    /// How much the classes count against the data, from 0 to 1
    #[arg(long, value_name = "X", default_value_t = 0.5, requires = "supervise")]
    target_weight: f64,
    /// How close points may lie, from 0 (tight groups) to --spread
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    min_dist: f64,
    /// Scale of the map: the distance over which closeness fades
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    spread: f64,
    /// Passes of the layout [default: 500 up to 10,000 rows, 200 above]
    #[arg(long, value_name = "N")]
    n_epochs: Option<u32>,
    /// Where the points start
    #[arg(long, value_enum, default_value_t = Start::Spectral)]
    init: Start,
    /// Step size at the start; it falls to 0
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    learning_rate: f32,
    /// Random rows that each sampled edge pushes away
    #[arg(long, value_name = "N", default_value_t = 5)]
    negative_sample_rate: u32,
    /// Weight of repulsion against attraction
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    repulsion_strength: f32,
    /// Neighbors, possibly a fraction, that count as fully connected to each row
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    local_connectivity: f64,
    /// From 1, where either end of an edge keeps it, to 0, where it takes both
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    set_op_mix_ratio: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    Umap,
    Pca,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Start {
    Spectral,
    Pca,
    Random,
}

/// Rows that trustworthiness is measured on.
const QUALITY_SAMPLE: usize = 5000;

fn main() -> ExitCode {
    run_given(|cli: Cli, given| {
        check_flags(&cli, &given)?;
        let mut report = RunReport::start("map", &cli.common);
        let mut bars = Bars::new(cli.common.quiet);
        let mut cx = Context::new().threads(cli.common.threads()).observer(&mut bars);

        let (table, embedded) = read(&cli, &mut cx)?;
        let metric = cli.metric.clone().unwrap_or(if embedded.is_some() { Metric::Cosine } else { Metric::Euclidean });
        let Some(vectors) = embedded.as_ref().or(table.vectors()) else {
            return Err(Failure::Usage(format!("{} has neither texts nor vectors", cli.input.display())));
        };
        (report.n, report.d) = (vectors.rows(), vectors.cols());
        note_parameters(&cli, &metric, embedded.is_some(), &mut report);

        let classes = classes(&cli, &table, &mut cx)?;
        let (mut maps, mut model) = (Vec::new(), None);
        for &method in &methods(&cli) {
            let y = match method {
                Method::Umap => {
                    let fitted = umap(&cli, &metric, vectors, classes.as_ref(), &mut cx)?;
                    match &cli.save_model {
                        Some(_) => model.insert(fitted).embedding().clone(),
                        None => fitted.into_embedding(),
                    }
                }
                Method::Pca => Pca::new(cli.n_components.into()).fit_with(vectors, &mut cx)?.into_embedding(),
            };
            maps.push((method, y));
        }
        input::staged(&mut cx, Stage::Write, |_| {
            if let (Some(path), Some(model)) = (&cli.save_model, &model) {
                model.save(path)?;
            }
            cli.out.iter().try_for_each(|out| write(&cli, out, &table, &maps))
        })?;
        if cli.quality {
            score(&cli, &metric, vectors, &table, &maps, &mut report, &mut cx)?;
        }
        report.finish(&cli.common, &cx.take_report())
    })
}

/// Bad file names and flags that would be passed over in silence are told before the work, not after it.
fn check_flags(cli: &Cli, given: &Given) -> Result<(), Failure> {
    for out in &cli.out {
        if !["html", "json", "csv", "npy"].contains(&ending(out)) {
            let line = format!("--out {}: must end in .html, .json, .csv or .npy", out.display());
            return Err(Failure::Usage(line));
        }
        if cli.save_model.as_ref() == Some(out) {
            return Err(Failure::Usage(format!("--save-model {}: --out has the same name", out.display())));
        }
    }
    if !cli.method.contains(&Method::Umap) {
        let flag = given.first_among(&["save_model", "n_neighbors", "knn"]).or_else(|| given.first_of::<UmapFlags>());
        if let Some(flag) = flag {
            return Err(Failure::Usage(format!("{flag} is for --method umap")));
        }
        if !cli.quality && given.first_among(&["metric"]).is_some() {
            return Err(Failure::Usage("--metric is for --method umap and for --quality".to_owned()));
        }
    }
    cli.common.check_outputs(cli.out.iter().chain(&cli.save_model).map(PathBuf::as_path))
}

fn ending(path: &Path) -> &str {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default()
}

/// The methods asked for, each once.
fn methods(cli: &Cli) -> Vec<Method> {
    let mut all = cli.method.clone();
    let mut seen = Vec::new();
    all.retain(|m| {
        !seen.contains(m) && {
            seen.push(*m);
            true
        }
    });
    all
}

/// The table, and the vectors of its texts if they are to be embedded.
fn read(cli: &Cli, cx: &mut Context<'_>) -> Result<(Table, Option<Matrix>), Failure> {
    let table = input::read_table(&reader(cli, cli.label.as_ref().or(cli.umap.supervise.as_ref())), &cli.input, cx)?;
    let embedded = input::embedded(&table, &cli.model, cx)?;
    Ok((table, embedded))
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

fn note_parameters(cli: &Cli, metric: &Metric, embedded: bool, report: &mut RunReport) {
    let names: Vec<&str> = methods(cli).into_iter().map(name).collect();
    report.parameter("method", names);
    report.parameter("n_components", cli.n_components);
    report.parameter("metric", metric.to_string());
    report.parameter("n_neighbors", cli.n_neighbors);
    let flags = &cli.umap;
    report.parameter("min_dist", flags.min_dist);
    report.parameter("spread", flags.spread);
    report.parameter("n_epochs", flags.n_epochs);
    report.parameter("init", format!("{:?}", flags.init).to_lowercase());
    report.parameter("learning_rate", flags.learning_rate);
    report.parameter("negative_sample_rate", flags.negative_sample_rate);
    report.parameter("repulsion_strength", flags.repulsion_strength);
    report.parameter("local_connectivity", flags.local_connectivity);
    report.parameter("set_op_mix_ratio", flags.set_op_mix_ratio);
    if let Some(column) = &flags.supervise {
        report.parameter("supervise", column);
        report.parameter("target_weight", flags.target_weight);
    }
    report.parameter("knn", cli.knn.to_string());
    if embedded {
        report.parameter("model", &cli.model);
    }
}

fn name(method: Method) -> &'static str {
    match method {
        Method::Umap => "umap",
        Method::Pca => "pca",
    }
}

fn umap(
    cli: &Cli,
    metric: &Metric,
    x: &Matrix,
    classes: Option<&Labels>,
    cx: &mut Context<'_>,
) -> Result<UmapModel, Failure> {
    let flags = &cli.umap;
    let mut umap = Umap::new()
        .n_components(cli.n_components.into())
        .metric(metric.clone())
        .n_neighbors(cli.n_neighbors)
        .knn(cli.knn)
        .keep_vectors(cli.save_model.is_some())
        .target_weight(flags.target_weight)
        .min_dist(flags.min_dist)
        .spread(flags.spread)
        .learning_rate(flags.learning_rate)
        .negative_sample_rate(flags.negative_sample_rate)
        .repulsion_strength(flags.repulsion_strength)
        .local_connectivity(flags.local_connectivity)
        .set_op_mix_ratio(flags.set_op_mix_ratio)
        .seed(cli.common.seed)
        .init(match flags.init {
            Start::Spectral => Init::Spectral,
            Start::Pca => Init::Pca,
            Start::Random => Init::Random,
        });
    if let Some(n) = flags.n_epochs {
        umap = umap.n_epochs(n);
    }
    Ok(match classes {
        Some(classes) => umap.fit_supervised_with(x, classes, cx)?,
        None => umap.fit_with(x, cx)?,
    })
}

/// Scores every map against the vectors.
fn score(
    cli: &Cli,
    metric: &Metric,
    x: &Matrix,
    table: &Table,
    maps: &[(Method, Matrix)],
    report: &mut RunReport,
    cx: &mut Context<'_>,
) -> Result<(), Failure> {
    let k = 15.min(x.rows().saturating_sub(1) / 2);
    if k == 0 {
        say(&format!("warning: --quality needs at least 3 rows, there are {}; no scores", x.rows()));
        return Ok(());
    }
    let graph = |m: &Matrix, metric: &Metric, cx: &mut Context<'_>| -> Result<KnnGraph, Failure> {
        Ok(Exact::new(k).metric(metric.clone()).fit_with(m, cx)?)
    };
    input::staged(cx, Stage::Quality, |cx| {
        let truth = graph(x, metric, cx)?;
        for (method, y) in maps {
            let near = graph(y, &Metric::Euclidean, cx)?;
            let (sample, seed) = (QUALITY_SAMPLE, cli.common.seed);
            let mut scores = BTreeMap::new();
            scores.insert("trustworthiness", quality::trustworthiness_with(x, y, k, metric.clone(), sample, seed, cx)?);
            scores.insert("continuity", quality::continuity_with(x, y, k, metric.clone(), sample, seed, cx)?);
            scores.insert("neighbors_kept", near.recall(&truth)?);
            if let Some(labels) = table.labels().filter(|l| l.iter().any(Option::is_some)) {
                scores.insert("label_accuracy", quality::label_accuracy(&near, labels)?);
            }
            report.quality.insert(name(*method).to_owned(), scores);
        }
        Ok(())
    })?;
    if !cli.common.quiet {
        show(report);
    }
    Ok(())
}

fn show(report: &RunReport) {
    for (method, scores) in &report.quality {
        let text: Vec<String> = scores.iter().map(|(k, v)| format!("{k} {v:.4}")).collect();
        say(&format!("{method}: {}", text.join(", ")));
    }
}

fn write(cli: &Cli, out: &Path, table: &Table, maps: &[(Method, Matrix)]) -> Result<(), Failure> {
    match ending(out) {
        "html" => {
            let title = cli.input.file_stem().map_or_else(|| "map".into(), |s| s.to_string_lossy().into_owned());
            let page = Page::new().title(title).figure("Map", figure(table, maps)?);
            return Ok(write_atomic(out, |w| page.write(w).map_err(std::io::Error::other))?);
        }
        "json" => {
            let figure = figure(table, maps)?;
            return Ok(write_atomic(out, |w| figure.write_json(w).map_err(std::io::Error::other))?);
        }
        _ => {}
    }
    for (method, y) in maps {
        let out = if maps.len() == 1 {
            out.to_owned()
        } else {
            out.with_extension(format!("{}.{}", name(*method), ending(out)))
        };
        match ending(&out) {
            "npy" => write_npy(&out, y.view())?,
            _ => write_map_csv(&out, table.ids(), table.labels(), y.view())?,
        }
    }
    Ok(())
}

/// All maps, side by side.
fn figure(table: &Table, maps: &[(Method, Matrix)]) -> Result<Figure, Failure> {
    let maps: Vec<_> = maps.iter().map(|(method, y)| (heading(*method), y.view())).collect();
    Ok(ScatterMap::new().side_by_side(&maps, table.ids(), table.labels(), table.texts())?)
}

/// The name of a method over its map.
fn heading(method: Method) -> &'static str {
    match method {
        Method::Umap => "UMAP",
        Method::Pca => "PCA",
    }
}
