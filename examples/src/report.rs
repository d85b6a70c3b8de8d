//! The report of a run.

use crate::{Common, Failure};
use planisphere::core::{Report, Stage};
use planisphere::dataset::write_atomic;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Instant;

/// What `--report` writes.
#[derive(Debug, Serialize)]
pub struct RunReport {
    program: &'static str,
    version: &'static str,
    /// Rows.
    pub n: usize,
    /// Columns of the vectors.
    pub d: usize,
    /// The seed of the command line, unless the program has it from elsewhere.
    pub seed: u64,
    threads: usize,
    seconds: f64,
    /// Seconds of each stage, all its runs together.
    stages: BTreeMap<String, f64>,
    /// Largest resident memory of the process, where the system tells (Linux).
    peak_rss_bytes: Option<u64>,
    /// The parameters, as far as they are the program's own.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    warnings: Vec<String>,
    /// What was chosen, and why.
    decisions: Vec<String>,
    /// Quality of each map, where it was asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub quality: BTreeMap<String, BTreeMap<&'static str, f64>>,
    /// What methods tell of their maps, by method.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub results: BTreeMap<String, serde_json::Value>,
    #[serde(skip)]
    start: Instant,
}

impl RunReport {
    /// Starts the clock.
    pub fn start(program: &'static str, common: &Common) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            program,
            version: env!("CARGO_PKG_VERSION"),
            n: 0,
            d: 0,
            seed: common.seed,
            threads: common.threads.map_or(cores, usize::from),
            seconds: 0.0,
            stages: BTreeMap::new(),
            peak_rss_bytes: None,
            parameters: serde_json::Map::new(),
            warnings: Vec::new(),
            decisions: Vec::new(),
            quality: BTreeMap::new(),
            results: BTreeMap::new(),
            start: Instant::now(),
        }
    }

    /// Notes a parameter.
    pub fn parameter(&mut self, name: &str, value: impl Serialize) {
        self.parameters.insert(name.to_owned(), serde_json::json!(value));
    }

    /// Notes something that a method tells of its map.
    pub fn result(&mut self, method: &str, name: &str, value: impl Serialize) {
        let told = self.results.entry(method.to_owned()).or_insert_with(|| serde_json::json!({}));
        told[name] = serde_json::json!(value);
    }

    /// Notes the seconds of a stage that ran outside of a context.
    pub fn stage(&mut self, stage: Stage, seconds: f64) {
        *self.stages.entry(stage.to_string()).or_default() += seconds;
    }

    /// Takes in what the stages told, and writes the file if one was asked for.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self, common: &Common, told: &Report) -> Result<(), Failure> {
        for s in &told.stages {
            self.stage(s.stage, s.seconds);
        }
        self.warnings = told.warnings.iter().map(ToString::to_string).collect();
        self.decisions = told.decisions.iter().map(|d| format!("{}: {} ({})", d.what, d.choice, d.reason)).collect();
        self.seconds = self.start.elapsed().as_secs_f64();
        self.peak_rss_bytes = peak_rss();
        if let Some(path) = &common.report {
            write_atomic(path, |w| {
                serde_json::to_writer_pretty(&mut *w, &self)?;
                w.write_all(b"\n")
            })?;
        }
        Ok(())
    }
}

/// The high-water mark of resident memory.
fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}
