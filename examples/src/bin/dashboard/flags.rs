//! The command line.

use clap::Parser;
use planisphere_dashboard::config::Config;
use planisphere_examples::Failure;
use planisphere_examples::encode::EncodeFlags;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serves an annotation project: a map of the items, what annotators said of them, and who gets what next.
///
/// Items come from INPUT or from the data_files of the configuration, and are added to those that the database has. The
/// first start makes a key, which opens the page and the API.
///
/// The program speaks HTTP and listens to this machine alone. To let others in, put a proxy with TLS before it that passes
/// Host on and sets X-Forwarded-For, and set server.hosts to its name and server.behind_proxy to true.
#[derive(Parser, Debug)]
#[command(name = "dashboard", version)]
pub(crate) struct Cli {
    /// Items to add: .csv, .tsv or .jsonl with a column of texts. Known items get the columns that the file has
    pub(crate) input: Option<PathBuf>,
    /// What the project is: .yaml or .toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The column with the texts [default: text, or that of the configuration]
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// The column with the ids [default: id, or that of the configuration]
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Vectors of the items of INPUT, one row an item
    #[arg(long, value_name = "FILE.npy", requires = "input")]
    pub(crate) vectors: Option<PathBuf>,
    /// What texts are embedded by: builtin, a folder, a file, or a name [default: builtin, or that of the configuration]
    #[arg(long, value_name = "NAME|DIR")]
    pub(crate) model: Option<String>,
    /// Where the project is kept: a file of SQLite, or postgres://USER:PASSWORD@HOST/NAME [default: planisphere.db]
    #[arg(long, value_name = "FILE|URL")]
    database: Option<String>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Threads that compute maps; all cores unless given. Never changes them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Print the key itself, not where it is
    #[arg(long)]
    pub(crate) print_key: bool,
    /// No warnings
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) encode: EncodeFlags,
}

impl Cli {
    /// The configuration with what the command line has in its place.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(path) => Config::load(path).map_err(|e| Failure::Usage(e.to_string()))?,
            None => Config::default(),
        };
        if let Some(column) = &self.text {
            config.item_properties.text_key = column.clone();
        }
        if let Some(column) = &self.id {
            config.item_properties.id_key = column.clone();
        }
        if let Some(database) = &self.database {
            config.server.database = database.clone();
        }
        Ok(config)
    }

    /// Where to listen. Only the command line can open the program to others.
    pub(crate) fn address(&self, config: &Config) -> Result<SocketAddr, Failure> {
        let address = self.listen.unwrap_or(config.server.listen);
        if self.listen.is_none() && !address.ip().to_canonical().is_loopback() {
            let why = "lets others connect: say so on the command line";
            return Err(Failure::Usage(format!("server.listen = {address} {why}, --listen {address}")));
        }
        Ok(address)
    }
}
