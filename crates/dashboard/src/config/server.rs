//! The block `server`.

use super::block::Block;
use super::error::{Error, Result, Warning};
use std::net::SocketAddr;
use std::time::Duration;

/// How the program answers.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the project is kept: a file, `sqlite:FILE` or `postgres://...`.
    pub database: String,
    /// Longest body of a request, in bytes.
    pub body_limit: usize,
    /// Requests a second from one address; 0 is no limit.
    pub rate_limit: u32,
    /// Wrong keys a minute from one address.
    pub failed_logins: u32,
    /// Names that requests may have in `Host`, besides those of this machine; for proxies. Any, if it listens to others
    /// and there are none.
    pub hosts: Vec<String>,
    /// Whether the last address in `X-Forwarded-For` is that of the client, because there is a proxy that writes it.
    pub behind_proxy: bool,
    /// How long a session lasts.
    pub session: Duration,
    /// How long an answer may take that computes nothing.
    pub timeout: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            database: "planisphere.db".into(),
            body_limit: 32 << 20,
            rate_limit: 10_000,
            failed_logins: 30,
            hosts: Vec::new(),
            behind_proxy: false,
            session: Duration::from_secs(7 * 24 * 3600),
            timeout: Duration::from_secs(60),
        }
    }
}

impl ServerConfig {
    pub(super) fn read(block: &Block<'_>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let d = Self::default();
        let address = "an address and a port, such as '127.0.0.1:8000'";
        let listen = match block.string("listen")? {
            None => d.listen,
            Some(s) => s.parse().map_err(|_| Error::invalid(block.key("listen"), address))?,
        };
        let least = 1024;
        let body_limit =
            block.integer("body_limit", least..=1 << 40, d.body_limit, || format!("an integer >= {least} (bytes)"))?;
        let config = Self {
            listen,
            database: block.string("database")?.unwrap_or(d.database),
            body_limit,
            rate_limit: block.at_least("rate_limit", 0, d.rate_limit)?,
            failed_logins: block.at_least("failed_logins", 1, d.failed_logins)?,
            hosts: block.strings("hosts")?,
            behind_proxy: block.bool("behind_proxy", d.behind_proxy)?,
            session: Duration::from_secs(60 * u64::from(block.at_least("session_minutes", 1, 7 * 24 * 60)?)),
            timeout: Duration::from_secs(u64::from(block.at_least("timeout_seconds", 1, 60)?)),
        };
        warnings.extend(block.unknown());
        Ok(config)
    }
}
