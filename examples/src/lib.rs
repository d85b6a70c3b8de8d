//! What the example programs share: flags, exit codes, progress bars, reports, and how inputs are read.
//!
//! Exit codes: 0, 2 for bad usage, 1 for a run that failed; with one line on stderr that says why.

pub mod input;
pub mod progress;
pub mod report;

use clap::{Args, Parser};
use planisphere::core::Threads;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Flags that every program has.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Threads to use; all cores unless given. Never changes the result
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "General")]
    pub threads: Option<u16>,
    /// Seed of everything random; the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "General")]
    pub seed: u64,
    /// Write a JSON report of the run: seconds of each stage, peak memory, parameters, warnings
    #[arg(long, value_name = "FILE.json", help_heading = "General")]
    pub report: Option<PathBuf>,
    /// No progress bars and no warnings
    #[arg(long, short, help_heading = "General")]
    pub quiet: bool,
}

impl Common {
    /// Checks what can be known about outputs before the work: `outputs` and the report have a folder to stand in, and are
    /// none themselves.
    ///
    /// # Errors
    /// [`Failure::Usage`] names the output.
    pub fn check_outputs<'a>(&'a self, outputs: impl IntoIterator<Item = &'a Path>) -> Result<(), Failure> {
        for out in outputs.into_iter().chain(self.report.as_deref()) {
            let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !folder.is_dir() {
                return Err(Failure::Usage(format!("{}: there is no folder {}", out.display(), folder.display())));
            }
            if out.is_dir() {
                return Err(Failure::Usage(format!("{}: is a folder, not a file", out.display())));
            }
        }
        Ok(())
    }

    /// The threads for a context.
    pub fn threads(&self) -> Threads {
        self.threads.map_or(Threads::Current, |n| Threads::Exactly(n.into()))
    }
}

/// Why a program ends early. Not an error type itself, so that `?` turns any error into it.
#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense: exit code 2.
    Usage(String),
    /// The run failed: exit code 1.
    Run(Box<dyn std::error::Error + Send + Sync>),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(e: E) -> Self {
        Self::Run(Box::new(e))
    }
}

/// Parses the command line, runs the program, and turns what happens into an exit code and one line on stderr.
pub fn run<Cli: Parser>(program: impl FnOnce(Cli) -> Result<(), Failure>) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) if e.use_stderr() => return fail(&usage_line(&e), 2),
        Err(e) => {
            // --help and --version. A closed pipe is no error worth a message.
            let _ = e.print();
            return ExitCode::SUCCESS;
        }
    };
    match program(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(line)) => fail(&line, 2),
        Err(Failure::Run(e)) => fail(&e.to_string(), 1),
    }
}

fn fail(line: &str, code: u8) -> ExitCode {
    say(&format!("error: {}", line.replace('\n', " ")));
    ExitCode::from(code)
}

/// A line on stderr. Nobody reading it is no reason to fail.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// clap's message without the usage that follows it, in one line.
fn usage_line(e: &clap::Error) -> String {
    let text = e.render().to_string();
    let message = text.split("\n\nUsage:").next().unwrap_or(&text);
    let message = message.split("\n\nFor more information").next().unwrap_or(message);
    let words: Vec<&str> = message.trim_start_matches("error: ").split_whitespace().collect();
    format!("{} (--help explains all flags)", words.join(" "))
}
