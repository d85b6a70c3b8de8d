//! Selected items to the front of a queue: `reorder queue.json selections.json`.

use clap::Parser;
use planisphere::queue_reorder::{Request, Response, apply};
use planisphere_examples::{Failure, run};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Puts selected items in front of an annotation queue, the groups taken in turn by priority, and prints what the
/// dashboard's interface answers, with the new queue as `order`
#[derive(Parser, Debug)]
#[command(name = "reorder", version)]
struct Cli {
    /// The queue: a JSON array of ids
    queue: PathBuf,
    /// The selections, as a page saves them: {"selections":[{"instance_ids":["A"],"priority":1}],"interleave":true}
    selections: PathBuf,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    response: Response,
    order: Vec<String>,
}

fn main() -> ExitCode {
    run(|cli: Cli| {
        let queue: Vec<String> = serde_json::from_str(&read(&cli.queue)?)
            .map_err(|e| in_file(&cli.queue, &format!("not a JSON array of ids: {e}")))?;
        let request = Request::from_json(&read(&cli.selections)?).map_err(|e| in_file(&cli.selections, &e))?;
        let selected = request.order()?;
        let answer = Answer { response: request.respond()?, order: apply(&queue, &selected) };
        print(&serde_json::to_string_pretty(&answer)?)
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| in_file(path, &e))
}

fn in_file(path: &Path, what: &dyn std::fmt::Display) -> Failure {
    Failure::Run(format!("{}: {what}", path.display()).into())
}

fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{text}") {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        r => Ok(r?),
    }
}
