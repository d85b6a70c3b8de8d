//! What the example programs share: flags, exit codes, progress bars, reports, and how inputs are read.
//!
//! Exit codes: 0, 2 for bad usage, 1 for a run that failed; with one line on stderr that says why.

pub mod encode;
pub mod input;
pub mod model;
pub mod progress;
pub mod report;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Parser};
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
    /// Checks what can be known about outputs before the work: `outputs` and the report have a folder to stand in, are none
    /// themselves, and are neither each other nor one of the `inputs`.
    ///
    /// # Errors
    /// [`Failure::Usage`] names the output.
    pub fn check_outputs<'a>(
        &'a self,
        inputs: impl IntoIterator<Item = &'a Path>,
        outputs: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), Failure> {
        let inputs: Vec<PathBuf> = inputs.into_iter().map(place_of).collect();
        let mut taken = Vec::new();
        for out in outputs.into_iter().chain(self.report.as_deref()) {
            let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !folder.is_dir() {
                return Err(Failure::Usage(format!("{}: there is no folder {}", out.display(), folder.display())));
            }
            if out.is_dir() {
                return Err(Failure::Usage(format!("{}: is a folder, not a file", out.display())));
            }
            let place = place_of(out);
            if inputs.contains(&place) {
                return Err(Failure::Usage(format!("{}: is read from, and would be lost", out.display())));
            }
            if taken.contains(&place) {
                return Err(Failure::Usage(format!("{}: would be written twice", out.display())));
            }
            taken.push(place);
        }
        Ok(())
    }

    /// The threads for a context.
    pub fn threads(&self) -> Threads {
        self.threads.map_or(Threads::Current, |n| Threads::Exactly(n.into()))
    }
}

/// The file that a path means, whether it is there or not: `a/../b` and a link to `b` are `b`.
fn place_of(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        path.file_name().map_or(folder.clone(), |name| folder.join(name))
    })
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

/// Which flags were written on the command line, rather than left at their defaults.
#[derive(Debug)]
pub struct Given(ArgMatches);

impl Given {
    /// The first of the flags of `Group` that was written, as `--flag`.
    pub fn first_of<Group: Args>(&self) -> Option<String> {
        let group = Group::augment_args(Command::new("group"));
        group.get_arguments().find(|a| self.wrote(a.get_id().as_str())).and_then(|a| a.get_long()).map(flag)
    }

    /// The first of these that was written; names are those of the fields, `n_neighbors` for `--n-neighbors`.
    pub fn first_among(&self, names: &[&str]) -> Option<String> {
        names.iter().find(|name| self.wrote(name)).map(|name| flag(&name.replace('_', "-")))
    }

    fn wrote(&self, id: &str) -> bool {
        // A name that is no argument was not written either.
        self.0.try_contains_id(id).unwrap_or(false) && self.0.value_source(id) == Some(ValueSource::CommandLine)
    }
}

fn flag(name: &str) -> String {
    format!("--{name}")
}

/// Parses the command line, runs the program, and turns what happens into an exit code and one line on stderr.
pub fn run<Cli: Parser>(program: impl FnOnce(Cli) -> Result<(), Failure>) -> ExitCode {
    run_given(|cli, _| program(cli))
}

/// [`run`] for a program that wants to know which flags were given.
pub fn run_given<Cli: Parser>(program: impl FnOnce(Cli, Given) -> Result<(), Failure>) -> ExitCode {
    let parsed = Cli::command().try_get_matches().and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut Cli::command()))?;
        Ok((cli, Given(matches)))
    });
    let (cli, given) = match parsed {
        Ok(parsed) => parsed,
        Err(e) if e.use_stderr() => return fail(&usage_line(&e), 2),
        Err(e) => {
            // --help and --version. A closed pipe is no error worth a message.
            let _ = e.print();
            return ExitCode::SUCCESS;
        }
    };
    match program(cli, given) {
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
