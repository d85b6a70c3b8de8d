//! A PostgreSQL server for tests, in a folder of its own.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A server that stops, and whose folder goes, when it is dropped.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    server: Option<Child>,
    databases: AtomicUsize,
}

impl Postgres {
    /// Starts a server. `None`, said loudly, where PostgreSQL is not installed, unless
    /// `PLANISPHERE_NEEDS_POSTGRES` is set.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("PLANISPHERE_NEEDS_POSTGRES").is_none(), "{test}: no initdb and postgres");
            // Not eprintln!, which the test harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: PostgreSQL (initdb, postgres) is not installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("planisphere-postgres").tempdir().unwrap();
        if is_root() {
            // The server refuses to run as root.
            let done = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(done.success(), "chown postgres: is there such a user?");
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut it = Self { programs, folder, port, server: None, databases: AtomicUsize::new(0) };
        let data = it.data();
        let options = ["-A", "trust", "-U", "planisphere", "-E", "UTF8", "--locale=C", "--no-sync", "-D"];
        let done = it.command("initdb").args(options).arg(&data).stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "initdb: {}", String::from_utf8_lossy(&done.stderr));
        it.restart();
        Some(it)
    }

    /// The address of a new, empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The address of a database, with a password, which the server does not ask for.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://planisphere:s3cret@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL in a database, and gives what it prints.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let (port, host) = (self.port.to_string(), "127.0.0.1");
        let args = [
            "-h",
            host,
            "-p",
            &port,
            "-U",
            "planisphere",
            "-d",
            database,
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ];
        let done = Command::new(self.programs.join("psql")).args(args).stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }

    /// Kills the server and all its processes, as a crash of the machine would (less the loss of what the system has
    /// not written yet).
    pub(crate) fn kill(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        // The first line of this file is the process, of which the others are children.
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let process = file.lines().next().unwrap();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", process]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let mut kill = Command::new("kill");
        kill.arg("-9").arg(process).args(children.split_whitespace()).stderr(Stdio::null());
        let _ = kill.status();
        let _ = server.wait();
    }

    /// Starts the server again, after [`Postgres::kill`].
    pub(crate) fn restart(&mut self) {
        let _ = std::fs::remove_file(self.data().join("postmaster.pid"));
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.server = Some(command.spawn().unwrap());
        let started = Instant::now();
        loop {
            let port = self.port.to_string();
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &port]);
            if ready.status().is_ok_and(|status| status.success()) {
                return;
            }
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(60), "the server does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|done| done.stdout.trim_ascii() == b"0")
}

/// The folder of the programs: that of Debian's newest version, or one of PATH.
fn programs() -> Option<PathBuf> {
    let complete =
        |folder: &PathBuf| ["initdb", "postgres", "psql", "pg_isready"].iter().all(|p| folder.join(p).is_file());
    let version = |folder: &Path| folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut debian: Vec<PathBuf> = debian.filter_map(|e| Some(e.ok()?.path().join("bin"))).collect();
    debian.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.into_iter().chain(std::env::split_paths(&path)).find(complete)
}
