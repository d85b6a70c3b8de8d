//! The proxy that the environment names.

use crate::error::{Result, invalid};
use ureq::Proxy;

/// Variables that name a proxy, in the order in which the HTTP client asks them.
const VARIABLES: [&str; 6] = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// Refuses an environment that names a proxy which cannot be used: the HTTP client would do without, and texts and keys would go
/// where somebody did not want them to.
pub(crate) fn check() -> Result<()> {
    let named = VARIABLES.into_iter().find_map(|variable| {
        let value = std::env::var_os(variable).filter(|value| !value.is_empty())?;
        Some((variable, value))
    });
    match named {
        Some((variable, value)) if !value.to_str().is_some_and(is_usable) => {
            // The value may hold a password.
            let reason = "the variable names a proxy that cannot be used; it must be host:port, or a URL of http, https, \
                          socks4, socks4a, socks5 or socks5h";
            Err(invalid(variable, "***", reason))
        }
        _ => Ok(()),
    }
}

fn is_usable(proxy: &str) -> bool {
    Proxy::new(proxy).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_that_can_be_used() {
        for proxy in [
            "proxy:3128",
            "http://proxy:3128",
            "http://user:word@proxy:3128/",
            "https://proxy",
            "socks4://proxy",
            "socks5://user:word@proxy:1080",
            "socks5h://proxy",
        ] {
            assert!(is_usable(proxy), "{proxy}");
        }
        for proxy in [" ", "ftp://proxy", "http://", "quic://proxy:1", "http://pro xy", "http://us er@proxy"] {
            assert!(!is_usable(proxy), "{proxy}");
        }
    }
}
