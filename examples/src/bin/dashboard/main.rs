//! Serves an annotation project: `dashboard items.csv`.

mod flags;
mod items;
mod signals;

use flags::Cli;
use planisphere::core::Context;
use planisphere_dashboard::config::{Backend, Config};
use planisphere_dashboard::maps::MapsOptions;
use planisphere_dashboard::server::{App, Embed, FoundKey, KeySource, serve};
use planisphere_dashboard::store::{Store, StoreOptions};
use planisphere_examples::{Failure, run, say};
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    run(|cli: Cli| {
        let config = cli.config()?;
        log_to_stderr(cli.quiet);
        if !cli.quiet {
            config.warnings.iter().for_each(|w| say(&format!("warning: {w}")));
        }
        // One for the requests at least, whatever computes.
        let workers = usize::from(cli.threads.unwrap_or(0)).max(2);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if cli.threads.is_some() {
            runtime.worker_threads(workers);
        }
        runtime.enable_all().build()?.block_on(project(&cli, config))
    })
}

/// What goes wrong while it runs; `RUST_LOG` asks for more or less.
fn log_to_stderr(quiet: bool) {
    let default = if quiet { "error" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // Colors are for those who look, not for files.
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colors).init();
}

async fn project(cli: &Cli, config: Config) -> Result<(), Failure> {
    let address = cli.address(&config)?;
    if !address.ip().to_canonical().is_loopback() && !cli.quiet {
        say(&format!("warning: others can connect to {address}; put a proxy with TLS before it, see --help"));
    }
    // Before anything is changed: a port that is taken is the most common mistake.
    let listener = TcpListener::bind(address).await.map_err(|e| Failure::Run(format!("{address}: {e}").into()))?;
    let database = config.server.database.clone();
    let folder = folder_of(&database);
    let store = Store::open(&database, StoreOptions::default()).await?;
    let found = FoundKey::find(&config, |name| std::env::var(name).ok(), &folder)?;
    let encoder = encoder(cli, &config)?;
    items::import(cli, &config, &store, encoder.as_ref()).await?;
    let mut options = MapsOptions::new();
    if !database.contains("://") {
        options = options.models_folder(format!("{database}.models"));
    }
    if let Some(threads) = cli.threads {
        options = options.threads(threads.into());
    }
    let app = App::new(store, config, &found.key, encoder, options).await?;
    tell(cli, listener.local_addr()?, &found)?;
    let waiting = app.clone();
    tokio::spawn(async move {
        if let Err(e) = waiting.embed_missing().await {
            say(&format!("warning: {e}"));
        }
    });
    let served = serve(app.clone(), listener, signals::asked_to_stop()).await;
    app.close().await;
    Ok(served?)
}

/// The line that says where the dashboard is.
fn tell(cli: &Cli, address: SocketAddr, found: &FoundKey) -> Result<(), Failure> {
    let key = match (&found.source, cli.print_key) {
        (_, true) => format!("the key is {}", found.key.expose()),
        (KeySource::Created(path), false) => format!("its key was made and is in {}", path.display()),
        (source, false) => format!("its key is in {source}"),
    };
    let mut out = std::io::stdout();
    writeln!(out, "http://{address}/admin; {key}").and_then(|()| out.flush())?;
    Ok(())
}

/// What turns texts into vectors, unless vectors come with the items.
fn encoder(cli: &Cli, config: &Config) -> Result<Option<Arc<dyn Embed>>, Failure> {
    if !matches!(config.embeddings.backend, Backend::Auto | Backend::Text) {
        return Ok(None);
    }
    let mut flags = cli.encode.clone();
    if flags.cache.is_none() {
        flags.cache = config.embeddings.cache_dir.as_ref().map(|folder| folder.join("vectors.cache"));
    }
    let model = cli.model.as_deref().or(config.embeddings.model.as_deref()).unwrap_or("builtin");
    let mut cx = Context::new();
    Ok(Some(flags.load(model, &mut cx)?.into_embed().into()))
}

/// The folder of a database in a file; the current one for others.
fn folder_of(database: &str) -> PathBuf {
    let path = Path::new(database.strip_prefix("sqlite:").unwrap_or(database));
    let parent = path.parent().filter(|_| !database.contains("://")).unwrap_or(Path::new(""));
    if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() }
}
