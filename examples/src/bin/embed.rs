//! Texts to vectors: `embed texts.csv --text title --out vectors.npy`; with `--cache`, only those that are new.

use clap::Parser;
use planisphere::core::{Context, Stage};
use planisphere::dataset::{TableReader, write_npy};
use planisphere_examples::encode::EncodeFlags;
use planisphere_examples::{Common, Failure, input, progress::Bars, report::RunReport, run};
use std::path::PathBuf;
use std::process::ExitCode;

/// Turns texts into vectors: one row a text, as a .npy file of f32
#[derive(Parser, Debug)]
#[command(name = "embed", version)]
struct Cli {
    /// A table (.csv .tsv .jsonl) with a text column, or a .txt file with a text a line
    input: PathBuf,
    /// Column with the texts [default: text]
    #[arg(long, value_name = "COL")]
    text: Option<String>,
    /// `builtin`, a sentence-transformers folder, or a static model file; with the feature hub also a name on the hub
    #[arg(long, value_name = "NAME|DIR", default_value = "builtin")]
    model: String,
    /// Where to write the vectors
    #[arg(long, value_name = "VECTORS.npy")]
    out: PathBuf,
    #[command(flatten)]
    encode: EncodeFlags,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|cli: Cli| {
        if cli.out.extension().is_none_or(|e| e != "npy") {
            return Err(Failure::Usage(format!("--out {}: must end in .npy", cli.out.display())));
        }
        cli.common
            .check_outputs([cli.input.as_path()], cli.encode.cache.as_deref().into_iter().chain([cli.out.as_path()]))?;
        let mut report = RunReport::start("embed", &cli.common);
        let mut bars = Bars::new(cli.common.quiet);
        let mut cx = Context::new().threads(cli.common.threads()).observer(&mut bars);
        let texts = texts(&cli, &mut cx)?;
        let source = cli.encode.load(&cli.model, &mut cx)?;
        let vectors = source.encode(&texts, &mut cx)?;
        input::staged(&mut cx, Stage::Write, |_| Ok(write_npy(&cli.out, vectors.view())?))?;
        (report.n, report.d) = (vectors.rows(), vectors.cols());
        cli.encode.note(&source.name, &mut report);
        report.finish(&cli.common, &cx.take_report())
    })
}

fn texts(cli: &Cli, cx: &mut Context<'_>) -> Result<Vec<String>, Failure> {
    if cli.input.extension().is_some_and(|e| e == "txt") {
        if let Some(column) = &cli.text {
            return Err(Failure::Usage(format!("--text {column}: a .txt file has no columns")));
        }
        return input::staged(cx, Stage::Read, |_| {
            let file = |e: &dyn std::fmt::Display| std::io::Error::other(format!("{}: {e}", cli.input.display()));
            let text = std::fs::read_to_string(&cli.input).map_err(|e| file(&e))?;
            Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).lines().map(str::to_owned).collect())
        });
    }
    let reader = TableReader::new().text(cli.text.as_deref().unwrap_or("text"));
    let table = input::read_table(&reader, &cli.input, cx)?;
    Ok(table.into_parts().texts.unwrap_or_default())
}
