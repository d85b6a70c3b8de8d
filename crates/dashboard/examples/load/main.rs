//! Loads a server with many clients, and checks afterwards that the store has what they were told.
//!
//! ```text
//! cargo build --release -p planisphere-examples --bin dashboard
//! cargo run --release -p planisphere-dashboard --example load -- target/release/dashboard --seconds 120
//! cargo run --release -p planisphere-dashboard --example load -- target/release/dashboard --seconds 60 --kill 10
//! ```
//!
//! It starts the program itself, in a folder of its own, and connects to it over the loopback. Each client asks for the
//! map, the next item, annotates it, and reorders the queue now and then, and keeps a log of what it sent and what was
//! acknowledged. At the end the store is opened and compared with the logs: everything acknowledged is there, once, and
//! nothing that nobody sent. With `--kill N` the program is killed (SIGKILL) N times on the way and started again.

#![allow(clippy::print_stdout, reason = "a program that reports")]

mod check;
mod client;
mod figures;
mod program;

use clap::Parser;
use client::{Log, Shared};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Loads a dashboard with many clients, and checks that no write was lost or done twice
#[derive(Parser)]
struct Cli {
    /// The program, `dashboard`
    program: PathBuf,
    /// Number of items
    #[arg(long, default_value_t = 20_000)]
    items: usize,
    /// Number of clients
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// How long, at most 600
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Kill the program so often on the way
    #[arg(long, default_value_t = 0)]
    kill: u32,
    /// Method of the map: umap, tsne or pca
    #[arg(long, default_value = "umap")]
    method: String,
    /// Where the project is kept [default: SQLite in a temporary folder]
    #[arg(long)]
    database: Option<String>,
}

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            println!("FAILED: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let database = cli.database.clone().unwrap_or_else(|| folder.path().join("load.db").display().to_string());
    program::write_project(folder.path(), cli.items, &cli.method)?;
    let start = Instant::now();
    let mut server = program::Program::start(&cli.program, folder.path(), &database, true)?;
    println!("{} items, first start: {:.1} s", cli.items, start.elapsed().as_secs_f64());
    let shared = Shared::new(server.address(), cli.items, cli.kill > 0);
    let start = Instant::now();
    client::first_map(&shared)?;
    println!("first map ({}): {:.1} s", cli.method, start.elapsed().as_secs_f64());

    let seconds = Duration::from_secs(cli.seconds);
    let start = Instant::now();
    let logs: Vec<Log> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..cli.clients)
            .map(|number| {
                scope.spawn({
                    let shared = &shared;
                    move || client::run(number, shared)
                })
            })
            .collect();
        let killed = (1..=cli.kill).try_for_each(|round| {
            // At moments that nothing is in step with.
            let share = seconds.as_secs_f64() / f64::from(cli.kill + 1);
            std::thread::sleep(Duration::from_secs_f64(share * (0.6 + 0.07 * f64::from(round * 7 % 11))));
            server.kill()?;
            server = program::Program::start(&cli.program, folder.path(), &database, false)?;
            shared.moved(server.address());
            Ok(())
        });
        std::thread::sleep(seconds.saturating_sub(start.elapsed()));
        shared.over.store(true, Ordering::Relaxed);
        let logs = clients.into_iter().map(|c| c.join().map_err(|_| "a client panicked".into())).collect::<Result<_>>();
        killed.and(logs)
    })?;
    let took = start.elapsed();
    server.stop()?;
    figures::print(&logs, took);
    check::check(&database, &logs, cli.kill > 0)
}
