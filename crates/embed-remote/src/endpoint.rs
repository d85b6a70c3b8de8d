//! The URL that requests go to.

use crate::error::{Result, invalid};
use crate::secret::Secrets;
use std::net::IpAddr;
use ureq::http::Uri;

/// A checked URL: http or https, a host, no credentials, no query.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) uri: Uri,
    pub(crate) https: bool,
    /// Whether the host is this machine for certain.
    pub(crate) loopback: bool,
}

impl Endpoint {
    /// The endpoint of a base URL, or of the URL of the endpoint itself.
    pub(crate) fn new(base: &str, secrets: &Secrets) -> Result<Self> {
        let refuse = |reason: &str| Err(invalid("base_url", secrets.clean(&shown(base)), reason));
        // `Uri` drops a fragment without a word.
        if base.contains(['?', '#']) {
            return refuse("must have no query and no fragment");
        }
        let uri = match base.parse::<Uri>() {
            Ok(uri) => uri,
            Err(e) => return refuse(&format!("not a URL: {e}")),
        };
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return refuse("must begin with http:// or https://"),
        };
        let Some(authority) = uri.authority().filter(|a| !a.host().is_empty()) else {
            return refuse("must have a host");
        };
        if authority.as_str().contains('@') {
            return refuse("must have no credentials; give a key with api_key_from_env or api_key");
        }
        let host = authority.host();
        // A port that is no number from 1 to 65535 would be taken as none.
        let port = &authority.as_str()[host.len()..];
        if !port.is_empty() && authority.port_u16().is_none_or(|p| p == 0) {
            return refuse("must have a port from 1 to 65535, or none");
        }
        let path = uri.path().trim_end_matches('/');
        let last = if path.ends_with("/embeddings") { "" } else { "/embeddings" };
        let scheme = if https { "https" } else { "http" };
        let whole = format!("{scheme}://{}{path}{last}", authority.as_str().to_ascii_lowercase());
        match whole.parse() {
            Ok(uri) => Ok(Self { https, loopback: is_loopback(host), uri }),
            Err(e) => refuse(&format!("not a URL: {e}")),
        }
    }
}

/// A URL that may be wrong in any way, without what may be secret about it: credentials and query.
fn shown(url: &str) -> String {
    // A password may have any character: up to the last `@`, wherever that is.
    let (scheme, rest) = match url.rfind('@') {
        Some(at) => (url[..at].find("://").map_or("", |i| &url[..i + 3]), &url[at + 1..]),
        None => ("", url),
    };
    format!("{scheme}{}", rest.split(['?', '#']).next().unwrap_or_default())
}

fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Scheme and host of where a redirect points, for an error.
pub(crate) fn target(location: Option<&str>, from: &Uri) -> String {
    let Some(location) = location else { return "nowhere".into() };
    let uri = location.parse::<Uri>().ok();
    let authority = uri.as_ref().and_then(Uri::authority).or(from.authority());
    let scheme = uri.as_ref().and_then(Uri::scheme_str).or(from.scheme_str()).unwrap_or_default();
    let host = authority.map_or("", |a| a.as_str().rsplit('@').next().unwrap_or_default());
    // `//host/path` keeps the scheme, but is no `Uri`.
    match location.strip_prefix("//").and_then(|rest| rest.split('/').next()) {
        Some(host) => format!("{scheme}://{}", host.rsplit('@').next().unwrap_or_default()),
        None => format!("{scheme}://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn endpoint(base: &str) -> Result<Endpoint> {
        Endpoint::new(base, &Secrets::default())
    }

    #[test]
    fn bases_become_endpoints() {
        for (base, url) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/embeddings"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1/embeddings"),
            ("HTTP://LocalHost:8080", "http://localhost:8080/embeddings"),
            ("http://localhost:8080//", "http://localhost:8080/embeddings"),
            ("http://[::1]:80/v1/embeddings", "http://[::1]:80/v1/embeddings"),
            ("http://h/V1/embeddings/", "http://h/V1/embeddings"),
            ("http://h/my-embeddings", "http://h/my-embeddings/embeddings"),
        ] {
            assert_eq!(endpoint(base).unwrap().uri.to_string(), url);
        }
    }

    #[test]
    fn this_machine_is_known_for_certain_only() {
        for (base, loopback) in [
            ("http://localhost/v1", true),
            ("http://LOCALHOST:1/v1", true),
            ("http://127.0.0.1/v1", true),
            ("http://127.9.9.9:1/v1", true),
            ("http://[::1]:1/v1", true),
            ("http://localhost.evil.com/v1", false),
            ("http://127.0.0.1.evil.com/v1", false),
            ("http://10.0.0.1/v1", false),
            ("http://0.0.0.0/v1", false),
            ("http://[::2]/v1", false),
        ] {
            assert_eq!(endpoint(base).unwrap().loopback, loopback, "{base}");
        }
    }

    #[test]
    fn other_urls_are_refused_without_showing_secrets() {
        for base in [
            "",
            "api.openai.com/v1",
            "/v1",
            "ftp://host/v1",
            "file:///etc/passwd",
            "http://",
            "http:///v1",
            "http://:80/v1",
            "http://host:0/v1",
            "http://host:99999/v1",
            "http://host:/v1",
            "http://ho st/v1",
            "http://host/v1?api_key=geheim",
            "http://host/v1#geheim",
            "https://user:geheim@host/v1",
            "https://geheim@host/v1",
            "https://user:p/geheim@host/v1",
            "https://user:p?geheim@host/v1",
            "user:geheim@host",
            "user:geheim@host://x",
            "http://host\r\n/v1",
        ] {
            match endpoint(base) {
                Err(e @ Error::InvalidParam { param: "base_url", .. }) => {
                    assert!(!format!("{e} {e:?}").contains("geheim"), "{e}");
                }
                other => panic!("{base}: {other:?}"),
            }
        }
    }

    #[test]
    fn targets_are_hosts() {
        let from: Uri = "http://here:1/v1/embeddings".parse().unwrap();
        for (location, expected) in [
            (None, "nowhere"),
            (Some("https://there/x?key=1"), "https://there"),
            (Some("https://user:pw@there:2/x"), "https://there:2"),
            (Some("//user@there/x"), "http://there"),
            (Some("/v2/embeddings"), "http://here:1"),
            (Some("\u{1}"), "http://here:1"),
        ] {
            assert_eq!(target(location, &from), expected);
        }
    }
}
