//! The environment variable that holds the key.

use crate::error::{Error, Result, invalid};
use crate::secret::Secret;

/// Names of that length may be keys.
const LONG: usize = 20;

fn has(name: &str, kind: fn(&u8) -> bool) -> bool {
    name.as_bytes().iter().any(kind)
}

/// Whether this can be the name of a variable, and is not for certain a key that was given in its place.
fn is_name(name: &str) -> bool {
    let fits = |(i, b): (usize, u8)| b == b'_' || b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit());
    let is_key = name.len() >= LONG && has(name, u8::is_ascii_lowercase) && has(name, u8::is_ascii_uppercase);
    !name.is_empty() && name.bytes().enumerate().all(fits) && !is_key
}

/// The name as it may be shown: not if it may be the key itself.
pub(crate) fn shown(name: &str) -> &str {
    let like_a_key = has(name, u8::is_ascii_lowercase) || (name.len() >= LONG && has(name, u8::is_ascii_digit));
    if is_name(name) && !like_a_key { name } else { "***" }
}

/// The key in the variable.
pub(crate) fn read(name: &str) -> Result<Secret> {
    if !is_name(name) {
        let reason = "not a name of an environment variable (letters of one case, digits and _); a key goes to api_key";
        return Err(invalid("api_key_from_env", "***", reason));
    }
    let missing = || Error::MissingKey { variable: shown(name).into() };
    match std::env::var_os(name).ok_or_else(missing)?.into_string() {
        Ok(key) if key.trim().is_empty() => Err(missing()),
        Ok(key) => Ok(Secret::new(key)),
        Err(_) => Err(invalid("api_key_from_env", shown(name), "the value of the variable is not text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_key_is_not_shown() {
        for name in ["OPENAI_API_KEY", "_KEY2", "A_LONG_NAME_OF_A_VARIABLE_WITHOUT_DIGITS"] {
            assert!(is_name(name));
            assert_eq!(shown(name), name);
        }
        // May be read, as it may be a name.
        for name in ["openai_api_key", "Key", "skgeheim", "sk_geheim_0123456789", "AKIAGEHEIM7EXAMPLE12"] {
            assert!(is_name(name));
            assert_eq!(shown(name), "***");
        }
        for name in ["", "sk-geheim", "1KEY", "hf_AbCdEf0123456789geheim", "KEY=geheim"] {
            assert!(!is_name(name));
            assert_eq!(shown(name), "***");
        }
    }
}
