//! Further rows on a map that is there: `map old.csv --text text --save-model map.model --out map.html`, then
//! `place map.model new.csv --text text --out new.csv`.

use clap::Parser;
use planisphere::core::{Context, Matrix, Stage};
use planisphere::dataset::{Table, write_map_csv, write_npy};
use planisphere_examples::encode::EncodeFlags;
use planisphere_examples::model::{Model, NotPlaced};
use planisphere_examples::{Common, Failure, input, progress::Bars, report::RunReport, run};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Places new rows on a map that `map --save-model` kept, next to the rows that they are near to. The map stays as it is,
/// and each row lands where it would alone. The seed is the model's
#[derive(Parser, Debug)]
#[command(name = "place", version)]
struct Cli {
    /// The model that `map --save-model` wrote
    model: PathBuf,
    /// The new rows: a table (.csv .tsv .jsonl) with a text column or columns embedding_1 … embedding_d, or vectors (.npy)
    input: PathBuf,
    /// Column with the texts to embed; without it, vectors are used if there are any
    #[arg(long, value_name = "COL")]
    text: Option<String>,
    /// Column with the ids [default: id if there is one, else row numbers]
    #[arg(long, value_name = "COL")]
    id: Option<String>,
    /// Column with labels, to be written along [default: label if there is one]
    #[arg(long, value_name = "COL")]
    label: Option<String>,
    /// For texts, what the map's own were embedded by: `builtin`, a sentence-transformers folder, or a static model file
    #[arg(long, value_name = "NAME|DIR", default_value = "builtin")]
    embed_model: String,
    /// Where to write the positions, repeatable; the ending says what: .csv (id, label if there are any, x, y) or .npy
    #[arg(long, value_name = "FILE", required = true)]
    out: Vec<PathBuf>,
    #[command(flatten)]
    encode: EncodeFlags,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|cli: Cli| {
        check_flags(&cli)?;
        let mut report = RunReport::start("place", &cli.common);
        let mut bars = Bars::new(cli.common.quiet);
        let mut cx = Context::new().threads(cli.common.threads()).observer(&mut bars);

        let model = input::staged(&mut cx, Stage::Load, |_| Model::load(&cli.model))?;
        note_parameters(&model, &mut report)?;
        let reader = input::reader(cli.text.as_ref(), cli.id.as_ref(), cli.label.as_ref());
        let table = input::read_table(&reader, &cli.input, &mut cx)?;
        let embedded = input::embedded(&table, &cli.embed_model, &cli.encode, &mut cx)?;
        let Some(vectors) = embedded.as_ref().or(table.vectors()) else {
            return Err(Failure::Usage(format!("{} has neither texts nor vectors", cli.input.display())));
        };
        (report.n, report.d) = (vectors.rows(), vectors.cols());
        if embedded.is_some() {
            cli.encode.note(&cli.embed_model, &mut report);
        }

        let placed = model.transform(vectors, &mut cx).map_err(|e| in_files(&cli, embedded.is_some(), e))?;
        input::staged(&mut cx, Stage::Write, |_| cli.out.iter().try_for_each(|out| write(out, &table, &placed)))?;
        report.finish(&cli.common, &cx.take_report())
    })
}

/// Bad file names are told before the work, not after it.
fn check_flags(cli: &Cli) -> Result<(), Failure> {
    for out in &cli.out {
        if !out.extension().is_some_and(|e| e == "csv" || e == "npy") {
            return Err(Failure::Usage(format!("--out {}: must end in .csv or .npy", out.display())));
        }
    }
    let read = [cli.input.as_path(), cli.model.as_path()];
    cli.common.check_outputs(read, cli.out.iter().chain(&cli.encode.cache).map(PathBuf::as_path))
}

/// What the map was made with, as far as it matters for new rows.
fn note_parameters(model: &Model, report: &mut RunReport) -> Result<(), Failure> {
    report.parameter("method", model.method());
    for (name, value) in model.parameters()? {
        match (name, value.as_u64()) {
            ("seed", Some(seed)) => report.seed = seed,
            _ => report.parameter(name, value),
        }
    }
    report.parameter("map_rows", model.embedding().rows());
    Ok(())
}

/// What is wrong, in terms of the files that it is wrong in.
fn in_files(cli: &Cli, embedded: bool, error: NotPlaced) -> Failure {
    let (model, input) = (cli.model.display(), cli.input.display());
    let line = match error {
        NotPlaced::NoVectors => format!("{model} was saved without the vectors that new rows are compared with"),
        NotPlaced::Columns { expected, got } if embedded => format!(
            "the embedding model {} makes vectors of {got} columns, the map in {model} was made from {expected}",
            cli.embed_model
        ),
        NotPlaced::Columns { expected, got } => {
            format!("{input} has vectors of {got} columns, the map in {model} was made from {expected}")
        }
        NotPlaced::Other(other) => return other,
    };
    Failure::Run(line.into())
}

fn write(out: &Path, table: &Table, placed: &Matrix) -> Result<(), Failure> {
    if out.extension().is_some_and(|e| e == "npy") {
        return Ok(write_npy(out, placed.view())?);
    }
    Ok(write_map_csv(out, table.ids(), table.labels(), placed.view())?)
}
