//! The key that opens the dashboard.

use crate::config::{Config, Secret};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;

/// Environment variables that may hold the key, in this order.
pub const VARIABLES: [&str; 2] = ["PLANISPHERE_ADMIN_API_KEY", "POTATO_ADMIN_API_KEY"];

/// The name of the file that the key is kept in.
pub const KEY_FILE: &str = "admin_api_key.txt";

/// Where a key was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// `admin_api_key` in the configuration.
    Config,
    /// An environment variable.
    Variable(&'static str),
    /// A file.
    File(PathBuf),
    /// A file that was just created.
    Created(PathBuf),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config => f.write_str("admin_api_key in the configuration"),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::File(path) | Self::Created(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A key, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// The key.
    pub key: Secret,
    /// Where it was found.
    pub source: KeySource,
}

/// Why there is no key.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds nothing.
    #[error("{}: holds no key; delete it to have a new one made", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("no random bytes from the system: {reason}")]
    Random {
        /// Why.
        reason: String,
    },
}

impl FoundKey {
    /// The key of the configuration, else of the first of [`VARIABLES`] that `variable` knows (`std::env::var(..).ok()`),
    /// else of the file `admin_api_key.txt` in `folder`, which is created with 32 random bytes if it is not there.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn find(config: &Config, variable: impl Fn(&str) -> Option<String>, folder: &Path) -> Result<Self, KeyError> {
        if let Some(key) = &config.admin_api_key {
            return Ok(Self { key: key.clone(), source: KeySource::Config });
        }
        for name in VARIABLES {
            if let Some(key) = variable(name).map(|k| k.trim().to_owned()).filter(|k| !k.is_empty()) {
                return Ok(Self { key: Secret::new(key), source: KeySource::Variable(name) });
            }
        }
        Self::of_file(folder.join(KEY_FILE))
    }

    fn of_file(path: PathBuf) -> Result<Self, KeyError> {
        let error = |source| KeyError::File { path: path.clone(), source };
        let created = match fs::exists(&path).map_err(error)? {
            true => false,
            false => create(&path, &random_text()?).map_err(error)?,
        };
        let key = fs::read_to_string(&path).map_err(error)?.trim().to_owned();
        if key.is_empty() {
            return Err(KeyError::Empty { path });
        }
        let source = if created { KeySource::Created(path) } else { KeySource::File(path) };
        Ok(Self { key: Secret::new(key), source })
    }
}

/// Writes a file that only its owner can read. False if somebody else was faster: then theirs counts.
fn create(path: &Path, text: &str) -> io::Result<bool> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let written = file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all());
    // A link, unlike a new name, does not replace what is there; and whoever reads it finds all of it.
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    }
}

/// 32 random bytes.
pub(super) fn random() -> Result<[u8; 32], KeyError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| KeyError::Random { reason: e.to_string() })?;
    Ok(bytes)
}

/// 32 random bytes in URL-safe base64: 43 characters.
pub(super) fn random_text() -> Result<String, KeyError> {
    Ok(URL_SAFE_NO_PAD.encode(random()?))
}

/// A key that others are compared with. It is not kept itself.
#[derive(Clone, Copy)]
pub(super) struct KeyHash(blake3::Hash);

impl KeyHash {
    pub(super) fn of(key: &[u8]) -> Self {
        Self(blake3::hash(key))
    }

    /// Whether this is the key, in a time that does not tell how much of it is right.
    pub(super) fn is(&self, key: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(blake3::hash(key).as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        let both = |name: &str| VARIABLES.contains(&name).then(|| format!(" of {name}\n"));
        let second = |name: &str| both(name).filter(|_| name == VARIABLES[1]);
        let find = |config: &Config, variable: &dyn Fn(&str) -> Option<String>| {
            FoundKey::find(config, variable, folder.path()).unwrap()
        };
        let created = find(&config, &|_| Some(" \n".into()));
        assert_eq!(created.source, KeySource::Created(folder.path().join(KEY_FILE)));
        let again = find(&config, &|_| None);
        assert_eq!((&again.key, again.source), (&created.key, KeySource::File(folder.path().join(KEY_FILE))));
        assert_eq!(URL_SAFE_NO_PAD.decode(created.key.expose()).unwrap().len(), 32);
        assert_eq!(find(&config, &second).source, KeySource::Variable(VARIABLES[1]));
        let first = find(&config, &both);
        assert_eq!(
            (first.key.expose(), first.source),
            ("of PLANISPHERE_ADMIN_API_KEY", KeySource::Variable(VARIABLES[0]))
        );
        config.admin_api_key = Some(Secret::new("mine"));
        assert_eq!(find(&config, &both).source, KeySource::Config);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn only_the_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        FoundKey::find(&Config::default(), |_| None, folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn many_at_once_make_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        assert!(create(&path, "first").unwrap());
        assert!(!create(&path, "second").unwrap());
        assert_eq!(FoundKey::of_file(path.clone()).unwrap().key.expose(), "first");
        fs::write(&path, "\n").unwrap();
        assert!(matches!(FoundKey::of_file(path), Err(KeyError::Empty { .. })));
        let nowhere = FoundKey::of_file(folder.path().join("none").join(KEY_FILE));
        assert!(matches!(nowhere, Err(KeyError::File { .. })));
    }

    #[test]
    fn keys_are_compared_whole() {
        let key = KeyHash::of(b"abc");
        assert!(key.is(b"abc"));
        assert!(!key.is(b"ab") && !key.is(b"abcd") && !key.is(b""));
    }
}
