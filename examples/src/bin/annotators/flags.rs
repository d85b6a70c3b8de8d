//! The command line.

use clap::{Parser, ValueEnum};
use planisphere::labels_mace::{
    Annotations, Duplicates, MatrixReader, VoteReader, read_controls_path, read_label_priors_path,
};
use planisphere_examples::{Common, Failure};
use std::path::{Path, PathBuf};

/// Finds the labels of items that annotators disagree on, and whom of them to trust
#[derive(Parser, Debug)]
#[command(name = "annotators", version)]
pub(crate) struct Cli {
    /// Votes: a CSV with an item a line and an annotator a column, where an empty cell is no vote; with --item, --annotator or
    /// --label, or as .tsv or .jsonl, a vote a line
    pub(crate) input: PathBuf,
    /// How labels are found
    #[arg(long, default_value = "mace")]
    pub(crate) method: Method,
    /// MACE by expectation maximization instead of variational Bayes
    #[arg(long)]
    pub(crate) em: bool,
    /// Prior count of guesses of each annotator (MACE, variational Bayes)
    #[arg(long, value_name = "X", default_value_t = 0.5)]
    pub(crate) alpha: f64,
    /// Prior count of labels that each annotator knew (MACE, variational Bayes)
    #[arg(long, value_name = "X", default_value_t = 0.5)]
    pub(crate) beta: f64,
    /// Added to counts (MACE with --em, Dawid-Skene) [default: 0.01 divided by the number of labels; Dawid-Skene: 0]
    #[arg(long, value_name = "X")]
    pub(crate) smoothing: Option<f64>,
    /// Iterations of each restart [default: 50 for MACE, else those of the method]
    #[arg(long, value_name = "N")]
    pub(crate) iterations: Option<usize>,
    /// Random starts, of which the likeliest is kept (MACE)
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) restarts: usize,
    /// End a restart when the likelihood changes by at most this share (MACE)
    #[arg(long, value_name = "X")]
    pub(crate) tolerance: Option<f64>,
    /// Labels of items that are known, one a line, empty lines for the others (MACE)
    #[arg(long, value_name = "FILE")]
    pub(crate) controls: Option<PathBuf>,
    /// How frequent labels are: a label, a tab and a weight a line (MACE)
    #[arg(long, value_name = "FILE")]
    pub(crate) priors: Option<PathBuf>,
    /// Tell only the labels of this share of the items, of those that are surest
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) threshold: f64,
    /// Tell all labels of an item with their probabilities
    #[arg(long)]
    pub(crate) distribution: bool,
    /// Write the entropy of each item, too
    #[arg(long)]
    pub(crate) entropies: bool,
    /// Write a line of names at the top of each file
    #[arg(long)]
    pub(crate) headers: bool,
    /// Labels are numbers: tell means, weighted by competence
    #[arg(long)]
    pub(crate) continuous: bool,
    /// True labels, one a line: print how many are right
    #[arg(long, value_name = "FILE")]
    pub(crate) test: Option<PathBuf>,
    /// The first line of the matrix names the annotators
    #[arg(long)]
    pub(crate) named: bool,
    /// Column of the items, for a vote a line
    #[arg(long, value_name = "COLUMN")]
    pub(crate) item: Option<String>,
    /// Column of the annotators, for a vote a line
    #[arg(long, value_name = "COLUMN")]
    pub(crate) annotator: Option<String>,
    /// Column of the labels, for a vote a line
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// What counts if somebody labeled an item twice, for a vote a line
    #[arg(long, default_value = "error")]
    pub(crate) duplicates: Repeated,
    /// What to write: files as MACE's programs do (PREFIX.prediction, PREFIX.competence, PREFIX.entropies), or all in one JSON
    /// (PREFIX.json, or printed)
    #[arg(long, default_value = "files")]
    pub(crate) format: Format,
    /// How files are called [default: prediction, competence, entropies]
    #[arg(long, alias = "out")]
    pub(crate) prefix: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// Annotators know or guess (Hovy and others 2013)
    Mace,
    /// Each annotator confuses labels in an own way (Dawid and Skene 1979)
    DawidSkene,
    /// Annotators are able, items are difficult (Whitehill and others 2009)
    Glad,
    /// Votes count by how often their annotator agrees with the majority
    WeightedMajority,
    /// All votes count the same
    Majority,
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |v| v.get_name()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Repeated {
    /// Neither: it is an error
    Error,
    /// The first vote
    First,
    /// The last vote
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// As the programs of MACE
    Files,
    /// One JSON
    Json,
}

impl Cli {
    /// Flags that would be passed over in silence, and values that the programs of MACE refuse.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let wrong = |line: String| Err(Failure::Usage(line));
        if !(0.0..=1.0).contains(&self.threshold) {
            return wrong(format!("--threshold {}: threshold not between 0.0 and 1.0", self.threshold));
        }
        if !(1..=1000).contains(&self.restarts) {
            return wrong(format!("--restarts {}: restarts not between 1 and 1000", self.restarts));
        }
        if let Some(n) = self.iterations.filter(|n| !(1..=1000).contains(n)) {
            return wrong(format!("--iterations {n}: iterations not between 1 and 1000"));
        }
        if let Some(x) = self.smoothing.filter(|x| x.is_nan() || *x < 0.0) {
            return wrong(format!("--smoothing {x}: smoothing less than 0.0"));
        }
        let only_mace = [
            ("em", self.em),
            ("controls", self.controls.is_some()),
            ("priors", self.priors.is_some()),
            ("tolerance", self.tolerance.is_some()),
            ("continuous", self.continuous),
        ];
        if self.method != Method::Mace
            && let Some((flag, _)) = only_mace.iter().find(|f| f.1)
        {
            return wrong(format!("--{flag} is for --method mace"));
        }
        let smooths = match self.method {
            Method::Mace => self.em,
            method => method == Method::DawidSkene,
        };
        if self.smoothing.is_some() && !smooths {
            return wrong("--smoothing is for --em, or for --method dawid-skene".to_owned());
        }
        if self.iterations.is_some() && matches!(self.method, Method::Majority | Method::WeightedMajority) {
            return wrong(format!("--iterations: --method {} has none", self.method));
        }
        if self.named && self.vote_a_line() {
            return wrong("--named is for a matrix, with an annotator a column".to_owned());
        }
        if self.duplicates != Repeated::Error && !self.vote_a_line() {
            return wrong("--duplicates is for a vote a line; a matrix has one cell for each".to_owned());
        }
        Ok(())
    }

    fn vote_a_line(&self) -> bool {
        let ending = self.input.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let named = self.item.is_some() || self.annotator.is_some() || self.label.is_some();
        named || ["tsv", "jsonl", "ndjson"].contains(&ending)
    }

    /// The votes.
    pub(crate) fn read(&self) -> Result<Annotations, Failure> {
        if !self.vote_a_line() {
            return Ok(MatrixReader::new().headers(self.named).read_path(&self.input)?);
        }
        let mut reader = VoteReader::new().duplicates(match self.duplicates {
            Repeated::Error => Duplicates::Error,
            Repeated::First => Duplicates::First,
            Repeated::Last => Duplicates::Last,
        });
        if let Some(column) = &self.item {
            reader = reader.item(column);
        }
        if let Some(column) = &self.annotator {
            reader = reader.annotator(column);
        }
        if let Some(column) = &self.label {
            reader = reader.label(column);
        }
        Ok(reader.read_path(&self.input)?)
    }

    /// (item, label) of the controls.
    pub(crate) fn known(&self, votes: &Annotations) -> Result<Vec<(String, String)>, Failure> {
        let Some(path) = &self.controls else { return Ok(Vec::new()) };
        let lines = read_controls_path(path)?;
        if lines.len() > votes.n_items() {
            let (lines, items) = (lines.len(), votes.n_items());
            let line = format!("{}: number of lines does not match: {lines}, expected {items}", path.display());
            return Err(Failure::Run(line.into()));
        }
        let named = votes.items().zip(lines).filter_map(|(item, label)| Some((item.to_owned(), label?)));
        Ok(named.collect())
    }

    /// (label, weight) of the priors.
    pub(crate) fn weights(&self) -> Result<Option<Vec<(String, f64)>>, Failure> {
        Ok(self.priors.as_ref().map(read_label_priors_path).transpose()?)
    }

    /// Where a file goes: `PREFIX.part`, or `part`.
    pub(crate) fn file(&self, part: &str) -> PathBuf {
        self.prefix.as_ref().map_or_else(|| PathBuf::from(part), |prefix| PathBuf::from(format!("{prefix}.{part}")))
    }

    /// All files that are going to be written.
    pub(crate) fn outputs(&self) -> Vec<PathBuf> {
        match self.format {
            Format::Json => self.prefix.iter().map(|_| self.file("json")).collect(),
            Format::Files => {
                let mut files = vec![self.file("prediction")];
                files.extend((self.method != Method::Majority).then(|| self.file("competence")));
                files.extend(self.entropies.then(|| self.file("entropies")));
                files
            }
        }
    }

    /// Whether annotators have names of their own, rather than the numbers of their columns.
    pub(crate) fn has_names(&self) -> bool {
        self.named || self.vote_a_line()
    }

    /// The input as it is called in messages.
    pub(crate) fn shown(&self) -> &Path {
        &self.input
    }
}
