//! Names and values as databases keep them.

use super::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// By what a name is found: its hash, because an index of PostgreSQL takes no more than 2704 bytes.
pub(super) type Key = [u8; 32];

/// The key of a name. `what` it names is for the message.
pub(super) fn key(what: &'static str, text: &str) -> Result<Key> {
    if text.contains('\0') {
        return Err(Error::Nul { what, text: text.to_owned() });
    }
    Ok(of(text))
}

/// The key of a name that is only looked up: those that cannot be stored are not found.
pub(super) fn of(text: &str) -> Key {
    *blake3::hash(text.as_bytes()).as_bytes()
}

/// JSON as text. It holds no NUL, which JSON writes as an escape.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    let damaged = |e: serde_json::Error| Error::Damaged { what: "JSON to write".to_owned(), reason: e.to_string() };
    serde_json::to_string(value).map_err(damaged)
}

/// JSON that was stored; `what` tells whose it is.
pub(super) fn parsed<T: DeserializeOwned>(text: &str, what: impl FnOnce() -> String) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Damaged { what: what(), reason: e.to_string() })
}

/// As [`parsed`], of any JSON.
pub(super) fn value(text: &str, what: impl FnOnce() -> String) -> Result<Value> {
    parsed(text, what)
}

/// Milliseconds since 1970; times before it are 1970.
pub(super) fn millis(time: std::time::SystemTime) -> i64 {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The time of milliseconds since 1970.
pub(super) fn time(millis: i64) -> std::time::SystemTime {
    let since = std::time::Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    std::time::UNIX_EPOCH.checked_add(since).unwrap_or(std::time::UNIX_EPOCH)
}
