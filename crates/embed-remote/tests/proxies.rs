//! Proxies are read from the environment of the process: these tests run themselves again in one with a proxy.

mod common;

use common::{Server, check_rows, quick};
use planisphere_embed_remote::{Error, RemoteEncoder};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const KEY: &str = "sk-geheim-0123456789";
const INSIDE: &str = "PLANISPHERE_TEST_URL";
const VARIABLES: [&str; 6] = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// The URL for a test that runs inside.
fn inside() -> Option<String> {
    std::env::var(INSIDE).ok()
}

/// Runs a test again, with these variables alone of those about proxies.
fn again(test: &str, url: &str, proxies: &[(&str, &str)]) {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env(INSIDE, url);
    for name in VARIABLES.iter().chain(&["NO_PROXY", "no_proxy"]) {
        command.env_remove(name);
    }
    let inside = command.envs(proxies.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&inside.stdout);
    assert!(inside.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_proxy_is_not_asked_for_this_machine() {
    if let Some(url) = inside() {
        let encoder = RemoteEncoder::new(&url, "m", quick().retries(0).api_key(KEY)).unwrap();
        encoder.encode(&["a"]).unwrap();
        return;
    }
    let server = Server::new(|request, reply| reply.vectors(request));
    let proxy = Server::new(|_, reply| reply.status(502, "", ""));
    let address = proxy.url().replace("/v1", "");
    let proxies = VARIABLES.map(|name| (name, address.as_str()));
    again("a_proxy_is_not_asked_for_this_machine", &server.url(), &proxies);
    // Nor is it an error that it cannot be used.
    again("a_proxy_is_not_asked_for_this_machine", &server.url(), &VARIABLES.map(|name| (name, "quic://proxy")));
    assert_eq!((server.received().len(), proxy.connections()), (2, 0));
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error() {
    if let Some(url) = inside() {
        let error = RemoteEncoder::new(&url, "m", quick().retries(0).api_key(KEY)).unwrap_err();
        assert!(matches!(&error, Error::InvalidParam { param: "HTTPS_PROXY", .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("geheim"), "{error:?}");
        return;
    }
    for proxy in ["quic://user:geheim@proxy:1", "http://us er:geheim@proxy", "http://"] {
        // An empty one counts for nothing, and one that is asked later does not help.
        let proxies = [("ALL_PROXY", ""), ("HTTPS_PROXY", proxy), ("HTTP_PROXY", "http://proxy:3128")];
        again("a_proxy_that_cannot_be_used_is_an_error", "https://host/v1", &proxies);
    }
}

/// A SOCKS 5 proxy that leads everybody to one place, and counts.
fn socks(to: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (to, seen) = (to.clone(), Arc::clone(&seen));
            std::thread::spawn(move || lead(client, &to, &seen));
        }
    });
    (format!("socks5://{address}"), count)
}

fn lead(mut client: TcpStream, to: &str, seen: &AtomicUsize) -> std::io::Result<()> {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting)?;
    client.read_exact(&mut vec![0; greeting[1].into()])?;
    client.write_all(&[5, 0])?;
    // Connect, by an address of IPv4.
    let mut wish = [0; 10];
    client.read_exact(&mut wish)?;
    assert_eq!(wish, [5, 1, 0, 1, 192, 0, 2, 1, 0, 80]);
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    seen.fetch_add(1, Ordering::Relaxed);
    let mut server = TcpStream::connect(to)?;
    let (mut from, mut back) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut back));
    std::io::copy(&mut client, &mut server).map(drop)
}

#[test]
fn a_socks_proxy_is_used() {
    if let Some(url) = inside() {
        let encoder = RemoteEncoder::new(&url, "m", quick().retries(0)).unwrap();
        check_rows(&encoder.encode(&["a", "b"]).unwrap(), &["a", "b"]);
        return;
    }
    let server = Server::new(|request, reply| reply.vectors(request));
    let (proxy, count) = socks(server.url().replace("http://", "").replace("/v1", ""));
    // An address that is nobody's.
    again("a_socks_proxy_is_used", "http://192.0.2.1/v1", &[("ALL_PROXY", &proxy)]);
    assert_eq!((server.received().len(), count.load(Ordering::Relaxed)), (1, 1));
}
