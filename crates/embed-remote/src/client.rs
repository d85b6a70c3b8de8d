//! One request, one answer: HTTP without any idea of what is sent.

use crate::endpoint::{Endpoint, target};
use crate::failure::Failure;
use crate::message::{LIMIT, Said};
use crate::options::RemoteOptions;
use crate::retry::retry_after;
use std::io::{ErrorKind, Read};
use ureq::http::{HeaderMap, Request, header};
use ureq::{Agent, Body};

/// An agent for a server: the connections that may be used again.
pub(crate) fn agent(endpoint: &Endpoint, options: &RemoteOptions) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(endpoint.https)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(options.timeout))
        .max_idle_connections(options.concurrency)
        .max_idle_connections_per_host(options.concurrency)
        .user_agent(concat!("planisphere-embed-remote/", env!("CARGO_PKG_VERSION")));
    // A proxy of the environment is not asked for this machine: keys are sent there in the clear.
    let config = if endpoint.loopback { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// Sends `body` and gives the body of a good answer, which may have at most `limit` bytes.
pub(crate) fn post(
    agent: &Agent,
    endpoint: &Endpoint,
    headers: &HeaderMap,
    body: &[u8],
    limit: u64,
) -> Result<Vec<u8>, Failure> {
    let mut request = Request::post(endpoint.uri.clone()).body(body).map_err(|e| broken(e.into()))?;
    request.headers_mut().clone_from(headers);
    let mut answer = agent.run(request).map_err(broken)?;
    let status = answer.status();
    if status.is_success() {
        return whole(answer.body_mut(), limit);
    }
    if status.is_redirection() {
        let location = answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
        return Err(Failure::Redirect { status: status.as_u16(), target: target(location, &endpoint.uri) });
    }
    let retry_after = retry_after(answer.headers());
    let said = Said::read(&beginning(answer.body_mut()));
    Err(Failure::Status { status: status.as_u16(), said, retry_after })
}

fn whole(body: &mut Body, limit: u64) -> Result<Vec<u8>, Failure> {
    let too_long = || Failure::response(format!("longer than {limit} bytes"));
    if body.content_length().is_some_and(|n| n > limit) {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    let mut reader = body.with_config().limit(u64::MAX).reader().take(limit.saturating_add(1));
    reader.read_to_end(&mut bytes).map_err(|e| broken(e.into()))?;
    if bytes.len() as u64 > limit { Err(too_long()) } else { Ok(bytes) }
}

/// The first bytes of an error answer, one more than are looked at. Those that cannot be read do not matter: the status is known.
fn beginning(body: &mut Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = body.with_config().limit(u64::MAX).reader().take(LIMIT as u64 + 1).read_to_end(&mut bytes);
    bytes
}

fn broken(e: ureq::Error) -> Failure {
    use ureq::Error as E;
    let reason = e.to_string();
    match e {
        E::Timeout(_) => Failure::Timeout,
        E::Io(e) => match e.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::Timeout,
            ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable => Failure::Connect { reason, again: true },
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::WriteZero => Failure::Cut { reason },
            ErrorKind::NotConnected | ErrorKind::UnexpectedEof | ErrorKind::Interrupted => {
                Failure::Transport { reason, again: true }
            }
            // Certificates and other parts of TLS are `InvalidData`.
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::PermissionDenied | ErrorKind::Unsupported => {
                Failure::Connect { reason, again: false }
            }
            // A name that is unknown for now, or for good, has no kind of its own, and neither have too many open files.
            _ => Failure::Connect { reason, again: true },
        },
        // A proxy that has no way to the server at the moment says so.
        E::ConnectionFailed | E::ConnectProxyFailed(_) => Failure::Connect { reason, again: true },
        E::HostNotFound | E::Tls(_) | E::Rustls(_) | E::Pem(_) | E::TlsRequired | E::InvalidProxyUrl => {
            Failure::Connect { reason, again: false }
        }
        // Cut off, by a server or a gateway that closed the connection early.
        E::Decompress(_, e) if e.kind() == ErrorKind::UnexpectedEof => Failure::Response { reason, again: true },
        E::Protocol(_) | E::LargeResponseHeader(..) | E::Decompress(..) => Failure::response(reason),
        _ => Failure::Transport { reason, again: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn what_may_pass_is_tried_again() {
        use ureq::Error as E;
        let again = |e: E| broken(e).may_pass();
        // EAI_AGAIN has no kind; EMFILE, ENOBUFS and EINTR.
        assert!(again(E::Io(io::Error::other("failed to lookup address information"))));
        #[cfg(unix)]
        assert!(again(E::Io(io::Error::from_raw_os_error(24))));
        for kind in [ErrorKind::OutOfMemory, ErrorKind::Interrupted, ErrorKind::ConnectionReset, ErrorKind::TimedOut] {
            assert!(again(E::Io(kind.into())), "{kind}");
        }
        assert!(again(E::ConnectProxyFailed("proxy server responded 503".into())));
        assert!(again(E::Decompress("gzip", ErrorKind::UnexpectedEof.into())));
        assert!(!again(E::Decompress("gzip", ErrorKind::InvalidInput.into())));
        for kind in [ErrorKind::InvalidData, ErrorKind::InvalidInput, ErrorKind::PermissionDenied] {
            assert!(!again(E::Io(kind.into())), "{kind}");
        }
        assert!(!again(E::HostNotFound));
        assert!(!again(E::Tls("no")));
        assert!(!again(E::BadUri("x".into())));
    }
}
