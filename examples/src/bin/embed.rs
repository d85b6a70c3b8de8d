//! Texts to vectors: `embed texts.csv --text title --out vectors.npy`.

use clap::{Parser, ValueEnum};
use planisphere::core::{Context, Stage};
use planisphere::dataset::{TableReader, write_npy};
use planisphere::embed::{EncoderOptions, LoadOptions, Precision};
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
    /// Tokens that a thread computes at once: more takes more memory, and changes no vector
    #[arg(long, value_name = "N")]
    batch_tokens: Option<usize>,
    /// Put the model's prompt of this name before every text
    #[arg(long, value_name = "NAME", conflicts_with = "prefix")]
    prompt: Option<String>,
    /// Put this before every text
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// Folder of the dense head, of models that have several
    #[arg(long, value_name = "FOLDER")]
    head: Option<String>,
    /// What the layers of a transformer compute with: int8 is faster on machines with AVX-512 VNNI, and nearly as good
    #[arg(long, value_enum, default_value_t = Numbers::F32)]
    precision: Numbers,
    /// Keep the first N values of each vector
    #[arg(long, value_name = "N")]
    dimensions: Option<usize>,
    /// Read at most N tokens of a text [default: the model's limit]
    #[arg(long, value_name = "N")]
    max_seq_length: Option<usize>,
    /// Where to write the vectors
    #[arg(long, value_name = "VECTORS.npy")]
    out: PathBuf,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Numbers {
    F32,
    Int8,
}

fn main() -> ExitCode {
    run(|cli: Cli| {
        if cli.out.extension().is_none_or(|e| e != "npy") {
            return Err(Failure::Usage(format!("--out {}: must end in .npy", cli.out.display())));
        }
        cli.common.check_outputs([cli.input.as_path()], [cli.out.as_path()])?;
        let mut report = RunReport::start("embed", &cli.common);
        let mut bars = Bars::new(cli.common.quiet);
        let mut cx = Context::new().threads(cli.common.threads()).observer(&mut bars);
        let texts = texts(&cli, &mut cx)?;
        let encoder = input::load_model(&cli.model, &cli.load(), cli.options(), &mut cx)?;
        let vectors = input::encode(&encoder, &texts, &mut cx)?;
        input::staged(&mut cx, Stage::Write, |_| Ok(write_npy(&cli.out, vectors.view())?))?;
        (report.n, report.d) = (vectors.rows(), vectors.cols());
        report.parameter("model", encoder.name());
        report.parameter("prompt", &cli.prompt);
        report.parameter("prefix", &cli.prefix);
        report.parameter("max_seq_length", encoder.max_seq_length());
        report.finish(&cli.common, &cx.take_report())
    })
}

impl Cli {
    fn load(&self) -> LoadOptions {
        let load = LoadOptions::new().precision(match self.precision {
            Numbers::F32 => Precision::F32,
            Numbers::Int8 => Precision::Int8,
        });
        match &self.head {
            Some(head) => load.head(head),
            None => load,
        }
    }

    fn options(&self) -> EncoderOptions {
        let mut options = EncoderOptions::new();
        if let Some(n) = self.batch_tokens {
            options = options.batch_tokens(n);
        }
        if let Some(name) = &self.prompt {
            options = options.prompt(name);
        }
        if let Some(text) = &self.prefix {
            options = options.prefix(text);
        }
        if let Some(n) = self.dimensions {
            options = options.dimensions(n);
        }
        if let Some(n) = self.max_seq_length {
            options = options.max_seq_length(n);
        }
        options
    }
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
