//! The files that go with annotations: controls, key, label priors.

use super::lines::{Lines, at};
use super::{ReadProblem, from_path, whole};
use crate::error::Result;
use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

/// Reads control items: one line an item, with its label if it is one, empty if not.
///
/// Spaces around a label do not count, a byte order mark is skipped, lines end in `\n` or `\r\n`, and the last one need not end.
///
/// ```
/// use planisphere_labels_mace::read_controls;
/// assert_eq!(read_controls("NOUN\n\nVERB\n".as_bytes())?, [Some("NOUN".to_owned()), None, Some("VERB".to_owned())]);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
///
/// # Errors
/// [`Error::Read`](crate::Error::Read): a file without a line, or bytes that are not UTF-8, with the line.
pub fn read_controls(reader: impl BufRead) -> Result<Vec<Option<String>>> {
    let mut lines = Lines::new(reader);
    let mut labels = Vec::new();
    while let Some(line) = lines.next()? {
        labels.push(Some(line.trim()).filter(|l| !l.is_empty()).map(str::to_owned));
    }
    if labels.is_empty() { Err(whole(ReadProblem::Empty)) } else { Ok(labels) }
}

/// Reads control items from the file at `path`, see [`read_controls`].
///
/// # Errors
/// As [`read_controls`], with the path; also if the file cannot be opened.
pub fn read_controls_path(path: impl AsRef<Path>) -> Result<Vec<Option<String>>> {
    from_path(path.as_ref(), read_controls)
}

/// Reads the right labels of all items: one line an item, empty where the label is not known. The format of the MACE programs'
/// test files.
///
/// # Errors
/// As [`read_controls`].
pub fn read_key(reader: impl BufRead) -> Result<Vec<Option<String>>> {
    read_controls(reader)
}

/// Reads the right labels from the file at `path`, see [`read_key`].
///
/// # Errors
/// As [`read_key`], with the path; also if the file cannot be opened.
pub fn read_key_path(path: impl AsRef<Path>) -> Result<Vec<Option<String>>> {
    read_controls_path(path)
}

/// Reads weights of labels: a line is a label, a tab and a number of at least 0. Blank lines are skipped. The weights are given
/// as they stand there; they need not have the sum 1.
///
/// ```
/// use planisphere_labels_mace::read_label_priors;
/// let priors = read_label_priors("NOUN\t30\nVERB\t12.5\n".as_bytes())?;
/// assert_eq!(priors, [("NOUN".to_owned(), 30.0), ("VERB".to_owned(), 12.5)]);
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
///
/// # Errors
/// [`Error::Read`](crate::Error::Read) with the line: no tab, no label, a weight that is not a finite number of at least 0, a
/// label that was there before, bytes that are not UTF-8; or a file without weights, or with weights of 0 only.
pub fn read_label_priors(reader: impl BufRead) -> Result<Vec<(String, f64)>> {
    let mut lines = Lines::new(reader);
    let mut priors: Vec<(String, f64)> = Vec::new();
    let mut known: HashMap<String, u64> = HashMap::new();
    loop {
        let number = lines.line() + 1;
        let Some(line) = lines.next()? else { break };
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |problem| Err(at(number, problem));
        let Some((label, weight)) = line.rsplit_once('\t') else { return wrong(ReadProblem::NoTab) };
        let (label, weight) = (label.trim(), weight.trim());
        if label.is_empty() {
            return wrong(ReadProblem::Missing { column: "label".to_owned() });
        }
        let Some(number_of) = weight.parse().ok().filter(|w: &f64| w.is_finite() && *w >= 0.0) else {
            return wrong(ReadProblem::Weight { value: weight.to_owned() });
        };
        if let Some(first) = known.insert(label.to_owned(), number) {
            return wrong(ReadProblem::SameLabel { label: label.to_owned(), first });
        }
        // Adding 0 makes -0 the same as 0.
        priors.push((label.to_owned(), number_of + 0.0));
    }
    if priors.is_empty() {
        return Err(whole(ReadProblem::Empty));
    }
    if priors.iter().all(|p| p.1 == 0.0) { Err(whole(ReadProblem::NoWeight)) } else { Ok(priors) }
}

/// Reads weights of labels from the file at `path`, see [`read_label_priors`].
///
/// # Errors
/// As [`read_label_priors`], with the path; also if the file cannot be opened.
pub fn read_label_priors_path(path: impl AsRef<Path>) -> Result<Vec<(String, f64)>> {
    from_path(path.as_ref(), read_label_priors)
}
