//! Answers that are wrong in every way.

mod common;

use common::{Server, answer, check_rows, item, list, quick, texts};
use planisphere_embed_remote::Error;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::{Arc, Mutex};

/// What an answer to two texts is refused for.
fn refused(body: impl Into<Vec<u8>>) -> String {
    let body = body.into();
    let server = Server::new(move |_, reply| reply.ok(&body));
    match server.encoder(quick().retries(0)).encode(&["a", "b"]) {
        Err(e @ Error::Response { .. }) => {
            assert!(e.to_string().contains("2 texts from row 0"), "{e}");
            let Error::Response { reason, .. } = e else { panic!("{e:?}") };
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_are_checked_fully() {
    let vectors =
        |a: &str, b: &str| format!(r#"{{"data":[{{"index":0,"embedding":{a}}},{{"index":1,"embedding":{b}}}]}}"#);
    for (body, reason) in [
        ("<!DOCTYPE html><html>Sign in</html>".to_owned(), "begins with: <!DOCTYPE html><html>Sign in</html>"),
        (String::new(), "EOF"),
        ("[]".into(), "it begins with: []"),
        ("{}".into(), "there is no `data`"),
        (r#"{"data":null}"#.into(), "there is no `data`"),
        (r#"{"error":{"message":"model is loading"}}"#.into(), "there is no `data`: model is loading"),
        (r#"{"data":[]}"#.into(), "0 vectors for 2 texts"),
        (list(&[item(0, "a")]), "1 vectors for 2 texts"),
        (list(&[item(0, "a"), item(1, "b"), item(2, "c")]), "3 vectors for 2 texts"),
        (list(&[item(0, "a"), item(0, "b")]), "index 0 is there twice"),
        (list(&[item(1, "a"), item(2, "b")]), "index 2 for 2 texts"),
        (list(&[item(0, "a"), item(usize::MAX, "b")]), "index 18446744073709551615 for 2 texts"),
        (list(&[item(0, "a"), r#"{"embedding":[1,2,3]}"#.into()]), "some vectors have an `index`"),
        (list(&[item(0, "a"), r#"{"index":-1,"embedding":[1,2,3]}"#.into()]), "invalid value: integer `-1`"),
        (list(&[item(0, "a"), r#"{"index":1}"#.into()]), "missing field `embedding`"),
        (vectors("[1,2]", "[1,2,3]"), "vectors of different lengths: 2 at index 0, 3 at index 1"),
        (vectors("[]", "[]"), "the vector of index 0 is empty"),
        (vectors("[1]", "[]"), "the vector of index 1 is empty"),
        (vectors("[1,2]", "[1,null]"), "invalid type: null"),
        (vectors("[1,2]", "null"), "invalid type: null"),
        (vectors("[1,2]", "[1,NaN]"), "line 1"),
        (vectors("[1,2]", "[1,\"2\"]"), "invalid type: string"),
        (vectors("[1,2]", "[1,[2]]"), "invalid type: sequence"),
        (vectors("[1,2]", "[1,-1e999]"), "number out of range"),
        (vectors("[1,2]", "{\"0\":1}"), "a list of numbers or a base64 string"),
        (vectors("[1,2]", "\"*\""), "not base64"),
        (vectors("[1,2]", "\"AAAA\""), "3 bytes of base64"),
        // NaN, as base64.
        (vectors("[1,2]", "\"AADAfwAAwH8=\""), "the vector of index 1 holds NaN, not a finite number"),
        (format!("{} trailing", list(&[item(0, "a"), item(1, "b")])), "trailing characters"),
        (r#"{"data":[],"data":[]}"#.into(), "duplicate field `data`"),
    ] {
        let got = refused(body.clone());
        assert!(got.contains(reason), "{body}: {got}");
        assert!(got.chars().count() <= 300);
    }
    // Beyond what `f32` holds: either way of refusing it is right.
    let got = refused(vectors("[1,2]", "[1,1e39]"));
    assert!(got.contains("not a finite number") || got.contains("out of range"), "{got}");
    // What the parser quotes is not shown again.
    let got = refused(format!("{}{}", " ".repeat(3000), r#"{"data":"what is \"quoted\" there"}"#));
    assert!(got.contains(r#"invalid type: string "…", expected"#) && !got.contains("there"), "{got}");
    // Only the beginning of a long answer is looked at for a message.
    let got = refused(format!(r#"{{"x":[{}0],"message":"geheim"}}"#, "[],".repeat(1 << 20)));
    assert!(got.starts_with("there is no `data`: {\"x\":[[],"), "{got}");
    assert!(refused(b"\xff\xfe\x00".to_vec()).contains("begins with"));
    assert!(refused("[".repeat(100_000)).contains("begins with"));
    assert!(refused(format!(r#"{{"x":{}"#, "[".repeat(100_000))).contains("begins with"));
}

#[test]
fn lengths_must_agree_between_batches_and_runs() {
    let server = Server::new(|request, reply| {
        let n = request.inputs().len();
        let numbers = vec!["1"; if request.nth == 0 { 2 } else { 3 }].join(",");
        reply.ok(list(&vec![format!(r#"{{"embedding":[{numbers}]}}"#); n]));
    });
    let encoder = server.encoder(quick().batch_size(2).concurrency(1));
    for _ in 0..2 {
        match encoder.encode(&texts(4)) {
            Err(Error::Response { reason, .. }) => {
                assert_eq!(reason, "vectors of 3 numbers, those of other texts have 2");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn dimensions_that_were_asked_for_must_come() {
    let server = Server::new(|request, reply| reply.vectors(request));
    match server.encoder(quick().dimensions(2)).encode(&["a"]) {
        Err(Error::Response { reason, .. }) => {
            assert!(reason.starts_with("vectors of 3 numbers, dimensions = 2 were asked for"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn garbage_instead_of_http_is_an_error() {
    for garbage in
        [&b"garbage\r\n\r\n"[..], b"\x00\x01\x02\x03\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n"]
    {
        let server = Server::new(move |_, reply| {
            reply.raw(garbage);
            reply.close();
        });
        let error = server.encoder(quick().retries(0)).encode(&["a"]).unwrap_err();
        assert!(matches!(error, Error::Response { .. } | Error::Transport { .. }), "{error:?}");
    }
}

#[test]
fn headers_without_end_are_an_error() {
    let server = Server::new(|_, reply| {
        reply.raw(b"HTTP/1.1 200 OK\r\n");
        while reply.raw(format!("X: {}\r\n", "x".repeat(1000)).as_bytes()) {}
        reply.close();
    });
    let error = server.encoder(quick().retries(0)).encode(&["a"]).unwrap_err();
    assert!(matches!(error, Error::Response { .. }), "{error:?}");
}

#[test]
fn bodies_without_end_are_cut_off() {
    // A length that is too large is refused unread.
    let server = Server::new(|_, reply| {
        reply.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
        reply.hang();
    });
    match server.encoder(quick()).encode(&["a"]) {
        Err(Error::Response { reason, request }) => {
            assert!(reason.starts_with("longer than "), "{reason}");
            assert_eq!(request.tries, 1);
        }
        other => panic!("{other:?}"),
    }
    // One without a length, once it is too long: 64 MiB and 256 KiB a text.
    let server = Server::new(|_, reply| {
        reply.raw(b"HTTP/1.1 200 OK\r\n\r\n");
        let block = vec![b' '; 1 << 20];
        while reply.raw(&block) {}
        reply.close();
    });
    match server.encoder(quick()).encode(&["a"]) {
        Err(Error::Response { reason, .. }) => {
            assert_eq!(reason, format!("longer than {} bytes", (64 << 20) + (256 << 10)))
        }
        other => panic!("{other:?}"),
    }
    // An error is read only as far as it may be shown.
    let server = Server::new(|_, reply| {
        reply.raw(b"HTTP/1.1 400 Bad\r\n\r\n");
        while reply.raw(&[b'x'; 4096]) {}
        reply.close();
    });
    match server.encoder(quick()).encode(&["a"]) {
        Err(Error::Rejected { message, .. }) => assert_eq!(message.chars().count(), 300),
        other => panic!("{other:?}"),
    }
}

/// Bytes, and answers with a few of their bytes changed: none may do harm, and an answer that is taken must be whole.
#[test]
fn whatever_comes_does_no_harm() {
    let body = Arc::new(Mutex::new(Vec::new()));
    let server = Server::new({
        let body = Arc::clone(&body);
        move |_, reply| {
            let body = body.lock().unwrap().clone();
            reply.ok(body);
        }
    });
    let encoder = server.encoder(quick().retries(0));
    let good = answer(&["a".into(), "b".into()]).into_bytes();
    let damaged = prop::collection::vec((0..good.len(), any::<u8>()), 1..4).prop_map(move |changes| {
        let mut bytes = good.clone();
        changes.into_iter().for_each(|(at, to)| bytes[at] = to);
        bytes
    });
    let anything = prop_oneof![prop::collection::vec(any::<u8>(), 0..200), damaged];
    let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    runner
        .run(&anything, |bytes| {
            *body.lock().unwrap() = bytes;
            match encoder.encode(&["a", "b"]) {
                Ok(x) => {
                    prop_assert_eq!(x.rows(), 2);
                    prop_assert!(x.cols() > 0 && x.view().check().is_ok());
                }
                Err(e) => prop_assert!(matches!(e, Error::Response { .. }), "{:?}", e),
            }
            Ok(())
        })
        .unwrap();
    // The server is as it was.
    *body.lock().unwrap() = answer(&["a".into(), "b".into()]).into_bytes();
    if encoder.dim().is_none_or(|d| d == 3) {
        check_rows(&encoder.encode(&["a", "b"]).unwrap(), &["a", "b"]);
    }
}
