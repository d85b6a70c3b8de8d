//! Selected items to the front of a queue: `reorder queue.json selections.json`.

use clap::Parser;
use planisphere::queue_reorder::{Request, Response};
use planisphere_examples::{Failure, run};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Puts selected items in front of an annotation queue, the groups taken in turn by priority, and prints what the
/// dashboard's interface answers, with the new queue as `order`, and what is left of it to do as `remaining`
#[derive(Parser, Debug)]
#[command(name = "reorder", version)]
struct Cli {
    /// The queue: a JSON array of ids
    queue: PathBuf,
    /// The selections, as a page saves them: {"selections":[{"instance_ids":["A"],"priority":1}],"interleave":true}
    selections: PathBuf,
    /// Items that are finished and not to be handed out again: a JSON array of ids
    #[arg(long, value_name = "FILE")]
    finished: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    response: Response,
    order: Vec<String>,
    /// The order without what is finished.
    remaining: Vec<String>,
}

fn main() -> ExitCode {
    run(|cli: Cli| {
        let queue = ids(&cli.queue)?;
        let finished = cli.finished.as_deref().map_or(Ok(Vec::new()), ids)?;
        let request = Request::from_json(&read(&cli.selections)?).map_err(|e| in_file(&cli.selections, &e))?;
        let done = request.reorder(&queue, &finished)?;
        let answer = Answer { response: Response::from(&done), order: done.ordering, remaining: done.remaining };
        print(&serde_json::to_string_pretty(&answer)?)
    })
}

fn ids(path: &Path) -> Result<Vec<String>, Failure> {
    serde_json::from_str(&read(path)?).map_err(|e| in_file(path, &format!("not a JSON array of ids: {e}")))
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
