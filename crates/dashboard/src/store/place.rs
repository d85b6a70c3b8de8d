//! Where a database is.

use super::error::{Error, Result};
use super::options::StoreOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::str::FromStr;
use std::time::Duration;

/// How to connect to a database.
pub(super) enum Place {
    File(SqliteConnectOptions),
    /// A database in memory lives as long as its only connection.
    Memory(SqliteConnectOptions),
    Server(PgConnectOptions),
}

impl Place {
    /// Reads "sqlite:PATH", a bare path, "sqlite::memory:" and "postgres://...". Gives its name for messages, too.
    pub(super) fn parse(url: &str, options: &StoreOptions) -> Result<(Self, String)> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The reasons of the parser do not quote the address.
            let server = PgConnectOptions::from_str(url).map_err(|e| Error::Url { reason: e.to_string() })?;
            let host = match server.get_socket() {
                Some(folder) => folder.display().to_string(),
                None => server.get_host().to_owned(),
            };
            let database = server.get_database().unwrap_or_else(|| server.get_username());
            let name = format!("postgres://{}@{host}:{}/{database}", server.get_username(), server.get_port());
            return Ok((Self::Server(server), name));
        }
        if let Some((scheme, _)) = url.split_once("://")
            && scheme != "sqlite"
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        {
            let reason = format!("`{scheme}` is not known; known are sqlite:PATH, a path, and postgres://");
            return Err(Error::Url { reason });
        }
        let file = match url.strip_prefix("sqlite:") {
            Some(_) => SqliteConnectOptions::from_str(url).map_err(|e| Error::Url { reason: e.to_string() })?,
            None => SqliteConnectOptions::new().filename(url),
        };
        let busy = options.wait.min(Duration::from_secs(5));
        let file = file.busy_timeout(busy).foreign_keys(true).synchronous(SqliteSynchronous::Full);
        // Rows come from a thread of the driver: as many at a time.
        let file = file.row_buffer_size(512);
        if url == "sqlite::memory:" || url == "sqlite://:memory:" {
            return Ok((Self::Memory(file.shared_cache(false).filename(":memory:").in_memory(true)), url.to_owned()));
        }
        let name = file.get_filename().display().to_string();
        if name.is_empty() {
            return Err(Error::Url { reason: "it names no file".to_owned() });
        }
        if name.contains('\0') {
            return Err(Error::Url { reason: "it holds the character NUL".to_owned() });
        }
        // A file that is to be read only is neither made nor changed to another journal.
        let read_only = url.starts_with("sqlite:") && url.contains("mode=ro");
        let file = if read_only { file } else { file.create_if_missing(true).journal_mode(SqliteJournalMode::Wal) };
        Ok((Self::File(file), name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::postgres::PgSslMode;

    #[test]
    fn addresses() {
        let parse = |url: &str| Place::parse(url, &StoreOptions::new());
        let name = |url: &str| parse(url).map(|(_, name)| name);
        assert_eq!(name("a b?.db").as_deref(), Ok("a b?.db"));
        assert_eq!(name("sqlite:x.db?mode=ro").as_deref(), Ok("x.db"));
        assert_eq!(name("sqlite:///tmp/x.db").as_deref(), Ok("/tmp/x.db"));
        assert!(matches!(parse("sqlite::memory:"), Ok((Place::Memory(_), _))));
        let url = "postgres://ann:s3cret@example.org:5433/project?sslmode=require";
        assert_eq!(name(url).as_deref(), Ok("postgres://ann@example.org:5433/project"));
        let Ok((Place::Server(server), _)) = parse(url) else { panic!("a server") };
        assert!(matches!(server.get_ssl_mode(), PgSslMode::Require));
        for bad in
            ["postgres://ann:s3cret@host:port/x", "postgres://ann:s3cret@[::1/x", "mysql://a:s3cret@b/c", "", "sqlite:"]
        {
            let error = name(bad).unwrap_err();
            assert!(matches!(error, Error::Url { .. }), "{bad}: {error:?}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }
}
