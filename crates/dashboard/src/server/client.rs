//! Who asks, and by which name.

use axum::extract::{ConnectInfo, Request};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Uri};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address of the client.
pub(super) fn address(request: &Request, behind_proxy: bool) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    if !behind_proxy {
        return peer;
    }
    // The proxy adds the address that it sees at the end; what stands before it is what the client claims.
    let list = request.headers().get_all("x-forwarded-for").iter().next_back().and_then(|v| v.to_str().ok());
    list.and_then(|l| l.rsplit(',').next()).and_then(|a| a.trim().parse().ok()).unwrap_or(peer)
}

/// The name by which the server was called, with its port.
pub(super) fn authority(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let called = uri.authority().map(|a| a.as_str());
    called.or_else(|| headers.get(HOST)?.to_str().ok()).map(str::to_ascii_lowercase)
}

/// A name without its port, and without the brackets of IPv6.
fn name(authority: &str) -> &str {
    if let Some(v6) = authority.strip_prefix('[') {
        return v6.split(']').next().unwrap_or_default();
    }
    authority.rsplit_once(':').map_or(authority, |(name, _)| name)
}

/// Whether a server that listens to this machine alone may be called so. Others are names of strangers that were made to
/// mean this machine, so that a page of theirs can read what the server says.
pub(super) fn is_own_name(authority: &str) -> bool {
    let name = name(authority);
    let is_loopback = name.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    is_loopback || name == "localhost" || name.ends_with(".localhost")
}

/// Whether it is one of the names that were given, with or without a port.
pub(super) fn is_one_of(authority: &str, hosts: &[String]) -> bool {
    hosts.iter().any(|h| h.eq_ignore_ascii_case(authority) || h.eq_ignore_ascii_case(name(authority)))
}

/// Whether a request comes from a page of this server. False if nothing says so.
pub(super) fn is_same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(ORIGIN).and_then(|o| o.to_str().ok()) else { return false };
    let origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    origin.is_some() && origin.map(str::to_ascii_lowercase) == authority(headers, uri)
}

/// Whether the client, or a proxy before the server, speaks TLS. Saying so wrongly hurts only whoever says it.
pub(super) fn is_https(headers: &HeaderMap) -> bool {
    let starts = |name: &str, with: &str| headers.get(name).is_some_and(|v| v.as_bytes().starts_with(with.as_bytes()));
    starts("x-forwarded-proto", "https") || starts("origin", "https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (axum::http::HeaderName::from_static(k), v.parse().unwrap())).collect()
    }

    #[test]
    fn own_names() {
        for own in
            ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:80", "127.8.9.1", "a.localhost", "[::ffff:127.0.0.1]"]
        {
            assert!(is_own_name(own), "{own}");
        }
        for other in ["evil.example", "localhost.evil.example:80", "10.0.0.1", "", "[2001:db8::1]:80", "127.0.0.1.evil"]
        {
            assert!(!is_own_name(other), "{other}");
        }
        let hosts = ["Maps.example".to_owned(), "a.example:8443".to_owned()];
        assert!(is_one_of("maps.example:443", &hosts) && is_one_of("maps.example", &hosts));
        assert!(is_one_of("a.example:8443", &hosts) && !is_one_of("a.example", &hosts));
    }

    #[test]
    fn csrf_matrix_of_origins() {
        let uri: Uri = "/x".parse().unwrap();
        for (pairs, same) in [
            (&[("host", "a:1"), ("sec-fetch-site", "same-origin")][..], true),
            (&[("host", "a:1"), ("sec-fetch-site", "cross-site"), ("origin", "http://a:1")], false),
            (&[("host", "a:1"), ("sec-fetch-site", "same-site")], false),
            (&[("host", "a:1"), ("sec-fetch-site", "none")], false),
            (&[("host", "a:1"), ("origin", "http://a:1")], true),
            (&[("host", "A:1"), ("origin", "https://a:1")], true),
            (&[("host", "a:1"), ("origin", "http://a:2")], false),
            (&[("host", "a:1"), ("origin", "null")], false),
            (&[("host", "a:1"), ("origin", "a:1")], false),
            (&[("host", "a:1")], false),
            (&[], false),
        ] {
            assert_eq!(is_same_origin(&headers(pairs), &uri), same, "{pairs:?}");
        }
    }

    #[test]
    fn forwarded_addresses_count_behind_a_proxy_only() {
        let of = |forwarded: &str, behind| {
            let mut request = Request::builder().header("x-forwarded-for", forwarded).body(().into()).unwrap();
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 5))));
            address(&request, behind).to_string()
        };
        assert_eq!(of("6.6.6.6, 1.2.3.4", true), "1.2.3.4");
        assert_eq!(of("1.2.3.4", false), "10.0.0.1");
        assert_eq!(of("nonsense", true), "10.0.0.1");
    }
}
