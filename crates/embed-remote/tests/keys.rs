//! Keys are sent where they belong, and are seen nowhere.

mod common;

use common::{Server, quick};
use planisphere_embed_remote::{Error, RemoteEncoder, RemoteOptions};

const KEY: &str = "sk-geheim-0123456789";

#[track_caller]
fn hidden(text: String) {
    assert!(!text.contains("geheim"), "{text}");
}

/// Checks that the key is in no way of printing an error.
#[track_caller]
fn hidden_in(e: &Error) {
    hidden(format!("{e} {e:?} {e:#?}"));
    let mut source = std::error::Error::source(e);
    while let Some(e) = source {
        hidden(format!("{e} {e:?}"));
        source = e.source();
    }
}

#[test]
fn debug_shows_no_key() {
    let options = RemoteOptions::new().api_key(KEY).header("x-token", KEY);
    hidden(format!("{options:?} {options:#?}"));
    let encoder = RemoteEncoder::new("https://host/v1", "m", options).unwrap();
    hidden(format!("{encoder:?} {encoder:#?} {} {} {}", encoder.url(), encoder.name(), encoder.fingerprint()));
}

#[test]
fn a_key_that_the_server_repeats_is_taken_out() {
    let escaped: String = KEY.bytes().map(|b| format!("\\u{b:04x}")).collect();
    let bodies = [
        format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}."}}}}"#),
        format!(r#"{{"error":"{escaped}"}}"#),
        r#"{"error":"sk-ge\u0000heim-01234\u200b56789"}"#.to_owned(),
        format!("<html>Bearer {KEY}</html>"),
        format!("{}{KEY}", "x".repeat(290)),
        // Where bodies are cut.
        format!("{}{KEY}", " ".repeat(2000 - 9)),
        format!("{}{KEY}", " ".repeat(65536 - 9)),
        format!(r#"{}{{"error":"{KEY}"}}"#, " ".repeat(65536 - 19)),
    ];
    for status in [200, 101, 307, 400, 401, 402, 403, 404, 413, 422, 429, 500] {
        for body in bodies.clone() {
            let server = Server::new(move |_, reply| {
                reply.status(status, &format!("Location: https://{KEY}.evil.com/{KEY}\r\nRetry-After: 9\r\n"), &body);
                reply.close();
            });
            let encoder = server.encoder(quick().retries(0).api_key(KEY));
            let error = encoder.encode(&["a"]).unwrap_err();
            hidden_in(&error);
            assert!(server.received()[0].head.contains(&format!("Bearer {KEY}\r\n")));
        }
    }
}

#[test]
fn a_key_in_an_answer_that_is_no_good_is_taken_out() {
    for body in [
        format!(r#"{{"data":"{KEY}"}}"#),
        format!(r#"{{"data":[{{"embedding":"{KEY}"}}]}}"#),
        format!(r#"{{"data":[{{"embedding":["{KEY}"]}}]}}"#),
        format!(r#"{{"message":"{KEY}"}}"#),
        KEY.to_owned(),
    ] {
        let server = Server::new(move |_, reply| reply.ok(&body));
        let error = server.encoder(quick().retries(0).api_key(KEY)).encode(&["a"]).unwrap_err();
        assert!(matches!(error, Error::Response { .. }), "{error:?}");
        hidden_in(&error);
    }
    let server = Server::new(|_, reply| {
        reply.raw(format!("HTTP/1.1 {KEY}\r\n{KEY}\r\n\r\n").as_bytes());
        reply.close();
    });
    hidden_in(&server.encoder(quick().retries(0).api_key(KEY)).encode(&["a"]).unwrap_err());
}

#[test]
fn refused_keys_and_urls_are_not_shown() {
    let long = format!("{KEY}{KEY}");
    for (url, options) in [
        ("https://host/v1".to_owned(), RemoteOptions::new().api_key(format!("{KEY}\n"))),
        ("https://host/v1".to_owned(), RemoteOptions::new().api_key_from_env(KEY)),
        ("https://host/v1".to_owned(), RemoteOptions::new().api_key_from_env("hf_AbCdEf0123456789geheim")),
        ("https://host/v1".to_owned(), RemoteOptions::new().header("x-token", format!("{KEY}\r\n"))),
        (format!("https://host/{KEY}/v1"), RemoteOptions::new().api_key(KEY)),
        (format!("https://host/{KEY}/v1"), RemoteOptions::new().header("x-token", format!("Bearer {KEY}"))),
        (format!("https://host/v1?api-key={KEY}"), RemoteOptions::new()),
        (format!("https://user:{KEY}@host/v1"), RemoteOptions::new()),
        ("http://host/v1".to_owned(), RemoteOptions::new().api_key(KEY)),
        (format!("http://host/{long}"), RemoteOptions::new().api_key(long)),
    ] {
        let error = RemoteEncoder::new(&url, "m", options.clone()).unwrap_err();
        assert!(matches!(error, Error::InvalidParam { .. }), "{error:?}");
        hidden_in(&error);
        hidden(format!("{options:?}"));
    }
}

#[test]
fn keys_come_from_the_environment() {
    // Variables that every run of tests under cargo has: setting one is not safe beside other threads.
    let name = std::env::var("CARGO_PKG_NAME").unwrap();
    let server = Server::new(|request, reply| reply.vectors(request));
    server.encoder(quick().api_key_from_env("CARGO_PKG_NAME")).encode(&["a"]).unwrap();
    assert!(server.received()[0].head.contains(&format!("Bearer {name}\r\n")));

    let unset = "PLANISPHERE_KEY_THAT_IS_NOT_SET";
    let error = RemoteEncoder::new("https://host/v1", "m", RemoteOptions::new().api_key_from_env(unset)).unwrap_err();
    assert!(matches!(&error, Error::MissingKey { variable } if variable == unset), "{error:?}");
    assert!(error.to_string().contains(unset));
    // What may be a key in the wrong place is not shown.
    for key in ["geheim", "geheim_0123456789_0123456789"] {
        let options = RemoteOptions::new().api_key_from_env(key);
        hidden(format!("{options:?}"));
        let error = RemoteEncoder::new("https://host/v1", "m", options).unwrap_err();
        assert!(matches!(&error, Error::MissingKey { variable } if variable == "***"), "{error:?}");
    }
    // The description has spaces, which no key has.
    let options = RemoteOptions::new().api_key_from_env("CARGO_PKG_DESCRIPTION");
    let error = RemoteEncoder::new("https://host/v1", "m", options).unwrap_err();
    assert!(matches!(error, Error::InvalidParam { param: "api_key_from_env", .. }), "{error:?}");
    assert!(!error.to_string().contains("vectors"), "{error}");
}

#[test]
fn plain_http_is_for_this_machine() {
    let make = |url: &str, options| RemoteEncoder::new(url, "m", options);
    for secret in [RemoteOptions::new().api_key(KEY), RemoteOptions::new().header("x-token", KEY)] {
        for url in ["http://host/v1", "http://10.0.0.1:80/v1", "http://localhost.evil.com/v1"] {
            let refused = make(url, secret.clone());
            assert!(matches!(refused, Err(Error::InvalidParam { param: "base_url", .. })), "{refused:?}");
            make(url, secret.clone().allow_plain_http(true)).unwrap();
            make(url, RemoteOptions::new()).unwrap();
        }
        for url in ["https://host/v1", "http://localhost:1/v1", "http://127.0.0.1/v1", "http://[::1]:8080/v1"] {
            make(url, secret.clone()).unwrap();
        }
    }
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::new(|request, reply| reply.vectors(request));
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/embeddings?token=geheim", elsewhere.url());
        let server = Server::new({
            let location = location.clone();
            move |_, reply| reply.status(status, &format!("Location: {location}\r\n"), "")
        });
        let error = server.encoder(quick().api_key(KEY)).encode(&["a"]).unwrap_err();
        hidden_in(&error);
        match error {
            Error::Redirect { status: s, target, request } => {
                assert_eq!((s, request.tries), (status, 1));
                assert_eq!(format!("{target}/v1"), elsewhere.url());
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(server.received().len(), 1);
    }
    assert!(elsewhere.received().is_empty());
}
