//! Annotations, and what goes with them, from files.

mod jsonl;
mod lines;
mod lists;
mod matrix;
mod problem;
mod votes;

pub use lists::{
    read_controls, read_controls_path, read_key, read_key_path, read_label_priors, read_label_priors_path,
};
pub use matrix::MatrixReader;
pub use problem::ReadProblem;
pub use votes::{Duplicates, VoteReader};

use crate::error::{Error, Result};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Reads the file at `path` with `read`, and names it in errors.
fn from_path<T>(path: &Path, read: impl FnOnce(BufReader<File>) -> Result<T>) -> Result<T> {
    let named = |line, problem| Error::Read { file: Some(path.to_owned()), line, problem };
    let file = File::open(path).map_err(|source| named(None, ReadProblem::Open { source }))?;
    read(BufReader::with_capacity(1 << 16, file)).map_err(|e| match e {
        Error::Read { file: None, line, problem } => named(line, problem),
        other => other,
    })
}

/// A problem of the file as a whole.
fn whole(problem: ReadProblem) -> Error {
    Error::Read { file: None, line: None, problem }
}

/// Gives a refused vote the line that it stands on.
fn refused(line: u64) -> impl Fn(Error) -> Error {
    move |source| lines::at(line, ReadProblem::Refused { source: Box::new(source) })
}
