//! The program under load.

use crate::Result;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The key of the program.
pub(crate) const KEY: &str = "load-load-load-load-load-load-load";

/// How many annotators each item may have.
pub(crate) const ANNOTATORS: u32 = 3;

/// Dimensions of the vectors.
const DIMENSIONS: usize = 32;

pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
}

/// Writes the items, with vectors in ten clouds, and the configuration.
pub(crate) fn write_project(folder: &Path, items: usize, method: &str) -> Result<()> {
    let mut rows = String::new();
    // A fixed rule, so that all runs are alike.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f64 / (1 << 24) as f64
    };
    for i in 0..items {
        let cloud = i % 10;
        let vector: Vec<String> =
            (0..DIMENSIONS).map(|j| format!("{:.4}", uniform() + if j % 10 == cloud { 2.0 } else { 0.0 })).collect();
        let vector = vector.join(",");
        writeln!(
            rows,
            r#"{{"id":"item-{i}","text":"item {i} of cloud {cloud}","cloud":{cloud},"vector":[{vector}]}}"#
        )?;
    }
    std::fs::write(folder.join("items.jsonl"), rows)?;
    let config = format!(
        "annotation_schemes: [{{name: mood, annotation_type: radio, labels: [good, bad, neither]}}]
max_annotations_per_item: {ANNOTATORS}
embedding_visualization: {{sample_size: {items}, method: {method}, label_source: majority}}
mace: {{enabled: true, trigger_every_n: 2000}}
"
    );
    std::fs::write(folder.join("project.yaml"), config)?;
    Ok(())
}

impl Program {
    /// Starts it, and waits until it says where it listens.
    pub(crate) fn start(program: &Path, folder: &Path, database: &str, first: bool) -> Result<Self> {
        let mut command = Command::new(program);
        if first {
            command.arg(folder.join("items.jsonl"));
        }
        let mut child = command
            .arg("--config")
            .arg(folder.join("project.yaml"))
            .args(["--database", database, "--listen", "127.0.0.1:0"])
            .env("PLANISPHERE_ADMIN_API_KEY", KEY)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let address = line.strip_prefix("http://").and_then(|l| l.split('/').next()).and_then(|a| a.parse().ok());
        match address {
            Some(address) => Ok(Self { child, address }),
            None => {
                let _ = child.kill();
                Err(format!("the program does not say where it is: {line:?}").into())
            }
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGKILL: nothing is finished, nothing is flushed.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > Duration::from_secs(60) {
                self.child.kill()?;
                return Err("the program does not stop".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        println!("stopped within {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
