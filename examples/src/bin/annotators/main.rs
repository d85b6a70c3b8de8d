//! Labels from annotators who disagree, and whom to trust: `annotators votes.csv --prefix out`.
//!
//! Files and flags are those of the programs of MACE; others are told by `--method` and the columns.

mod fit;
mod flags;
mod write;

use flags::Cli;
use planisphere::core::{Context, Stage};
use planisphere::labels_mace::{Annotations, read_key_path};
use planisphere_examples::{Failure, input, progress::Bars, report::RunReport, run};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    run(|cli: Cli| {
        cli.check()?;
        let outputs = cli.outputs();
        let inputs = [Some(&cli.input), cli.controls.as_ref(), cli.priors.as_ref(), cli.test.as_ref()];
        let inputs = inputs.into_iter().flatten().map(PathBuf::as_path);
        cli.common.check_outputs(inputs, outputs.iter().map(PathBuf::as_path))?;
        let mut report = RunReport::start("annotators", &cli.common);
        let mut bars = Bars::new(cli.common.quiet);
        let mut cx = Context::new().threads(cli.common.threads()).observer(&mut bars);

        let votes = input::staged(&mut cx, Stage::Read, |_| cli.read())?;
        (report.n, report.d) = (votes.n_items(), votes.n_annotators());
        report.parameter("method", cli.method.to_string());
        report.parameter("labels", votes.n_labels());
        report.parameter("votes", votes.len());
        let gold = cli.test.as_ref().map(|path| gold(path, &votes)).transpose()?;
        let result = fit::fit(&cli, &votes, &mut cx)?;
        input::staged(&mut cx, Stage::Write, |_| write::write(&cli, &votes, &result, gold.as_deref()))?;
        report.finish(&cli.common, &cx.take_report())
    })
}

/// The key: a label a line, as many as there are items.
fn gold(path: &PathBuf, votes: &Annotations) -> Result<Vec<Option<String>>, Failure> {
    let key = read_key_path(path)?;
    if key.len() != votes.n_items() {
        let (lines, items) = (key.len(), votes.n_items());
        let line =
            format!("{}: number of lines in test file does not match: {lines}, expected {items}", path.display());
        return Err(Failure::Run(line.into()));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
