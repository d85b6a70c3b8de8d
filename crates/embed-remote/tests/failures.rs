//! Every class of error, what is tried again, and what is halved.

mod common;

use common::{Received, Reply, Server, answer, check_rows, quick, texts};
use planisphere_embed_remote::{Error, RemoteEncoder};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A server that gives this status every time.
fn always(status: u16, headers: &'static str, body: &'static str) -> Server {
    Server::new(move |_, reply| reply.status(status, headers, body))
}

#[test]
fn statuses_have_their_classes() {
    use Error as E;
    type Class = fn(&Error) -> bool;
    let quota = r#"{"error":{"message":"pay","code":"insufficient_quota"}}"#;
    let cases: [(u16, &'static str, u32, Class); 19] = [
        (400, "{}", 1, |e| matches!(e, E::Rejected { .. })),
        (401, "{}", 1, |e| matches!(e, E::Unauthorized { .. })),
        (402, "{}", 1, |e| matches!(e, E::Quota { .. })),
        (403, "{}", 1, |e| matches!(e, E::Unauthorized { .. })),
        (404, "{}", 1, |e| matches!(e, E::NotFound { .. })),
        (405, "{}", 1, |e| matches!(e, E::Rejected { .. })),
        (408, "{}", 3, |e| matches!(e, E::Rejected { .. })),
        (409, "{}", 3, |e| matches!(e, E::Rejected { .. })),
        (413, "{}", 1, |e| matches!(e, E::TooLarge { .. })),
        (422, "{}", 1, |e| matches!(e, E::Rejected { .. })),
        (425, "{}", 3, |e| matches!(e, E::Rejected { .. })),
        (429, "{}", 3, |e| matches!(e, E::RateLimited { retry_after: None, .. })),
        (429, quota, 1, |e| matches!(e, E::Quota { .. })),
        (500, "{}", 3, |e| matches!(e, E::Server { .. })),
        (501, "{}", 1, |e| matches!(e, E::Server { .. })),
        (502, "<html>", 3, |e| matches!(e, E::Server { .. })),
        (503, "", 3, |e| matches!(e, E::Server { .. })),
        (504, "{}", 3, |e| matches!(e, E::Server { .. })),
        (304, "", 1, |e| matches!(e, E::Redirect { .. })),
    ];
    for (status, body, tries, class) in cases {
        let server = always(status, "", body);
        let error = server.encoder(quick()).encode(&["a"]).unwrap_err();
        assert!(class(&error), "{status}: {error:?}");
        assert_eq!(server.received().len(), tries as usize, "{status}");
        let text = error.to_string();
        assert!(text.contains(&format!("{}/embeddings", server.url())) && text.contains(&status.to_string()), "{text}");
    }
}

#[test]
fn errors_tell_where_and_what() {
    let server = Server::new(|request, reply| {
        if request.inputs().contains(&"text number 7".to_owned()) {
            reply.status(400, "", r#"{"error":{"message":"  bad\u001b[0m\n text  "}}"#);
        } else {
            reply.vectors(request);
        }
    });
    match server.encoder(quick().batch_size(3).concurrency(1)).encode(&texts(20)) {
        Err(e @ Error::Rejected { .. }) => {
            let url = format!("{}/embeddings", server.url());
            assert_eq!(e.to_string(), format!("{url} (3 texts from row 6): rejected, status 400: bad[0m text"));
            let Error::Rejected { request, status: 400, message } = e else { panic!("{e:?}") };
            assert_eq!((request.url, request.row, request.texts, request.tries), (url, 6, 3, 1));
            assert_eq!(message, "bad[0m text");
        }
        other => panic!("{other:?}"),
    }
    // Nothing new is sent after the error: two batches were good, the third was not.
    assert_eq!(server.received().len(), 3);
}

#[test]
fn rows_in_errors_count_blank_texts() {
    let server = always(400, "", "no");
    match server.encoder(quick()).encode(&["", "", "a", "", "b"]) {
        Err(Error::Rejected { request, .. }) => assert_eq!((request.row, request.texts), (2, 2)),
        other => panic!("{other:?}"),
    }
}

/// A stored block of 1000 bytes, of which 9 are there.
const HALF_A_GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\xe8\x03\x17\xfc{\"data\":[";

#[test]
fn failures_that_pass_are_passed_over() {
    let texts = texts(10);
    let failures: [fn(&mut Reply<'_>); 10] = [
        |r| r.status(500, "", "{}"),
        |r| r.status(503, "Retry-After: 0\r\n", "soon"),
        |r| r.status(429, "retry-after-ms: 10\r\n", "{}"),
        |r| r.close(),
        |r| {
            r.raw(b"HTTP/1.1 200 OK\r\nContent-");
            r.close();
        },
        |r| {
            r.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"data\":[");
            r.close();
        },
        |r| {
            r.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"data\":[\r\n");
            r.close();
        },
        // Closed early, without a way to tell from HTTP alone.
        |r| {
            r.raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"data\":[");
            r.close();
        },
        // Compressed, and cut off before or after its length was written.
        |r| r.status(200, "Content-Encoding: gzip\r\n", HALF_A_GZIP),
        |r| {
            r.raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n");
            r.raw(HALF_A_GZIP);
            r.close();
        },
    ];
    for (i, fail) in failures.into_iter().enumerate() {
        let server = Server::new(
            move |request: &Received, reply: &mut Reply<'_>| {
                if request.nth < 2 { fail(reply) } else { reply.vectors(request) }
            },
        );
        let encoder = server.encoder(quick().concurrency(1));
        match encoder.encode(&texts) {
            Ok(x) => check_rows(&x, &texts),
            Err(e) => panic!("{i}: {e}"),
        }
        assert_eq!(server.received().len(), 3, "{i}");
    }
}

#[test]
fn retry_after_is_waited_for_by_all() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let server = Server::new({
        let times = Arc::clone(&times);
        move |request, reply| {
            times.lock().unwrap().push(Instant::now());
            if request.nth == 0 {
                reply.status(429, "retry-after-ms: 1200\r\n", "{}");
            } else {
                // The one that is sent beside the first has its answer after the pause began.
                std::thread::sleep(Duration::from_millis(if request.nth == 1 { 600 } else { 0 }));
                reply.vectors(request);
            }
        }
    });
    let texts = texts(10);
    // Longer than the client waits by itself.
    let options = quick().longest_asked_wait(Duration::from_secs(5)).batch_size(2).concurrency(2);
    check_rows(&server.encoder(options).encode(&texts).unwrap(), &texts);
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 6);
    assert!(times[2..].iter().all(|t| *t - times[0] >= Duration::from_millis(1190)), "{times:?}");
}

#[test]
fn a_wait_that_is_too_long_is_an_error() {
    for (status, headers, least) in [
        (429, "Retry-After: 3600\r\n", 3600),
        (503, "Retry-After: 1\r\n", 1),
        (429, "Date: Fri, 15 May 2015 15:34:21 GMT\r\nRetry-After: Fri, 15 May 2015 16:34:21 GMT\r\n", 3600),
    ] {
        let server = always(status, headers, r#"{"error":{"message":"slow down"}}"#);
        let error = server.encoder(quick()).encode(&["a"]).unwrap_err();
        match &error {
            Error::RateLimited { request, status: s, message, retry_after } => {
                assert_eq!((*s, message.as_str(), request.tries), (status, "slow down", 1));
                assert_eq!(*retry_after, Some(Duration::from_secs(least)));
            }
            other => panic!("{other:?}"),
        }
        assert!(error.to_string().contains(&format!("tried again in {least}s")), "{error}");
        assert_eq!(server.received().len(), 1);
    }
}

#[test]
fn a_server_that_hangs_times_out() {
    let hangs: [fn(&mut Reply<'_>); 3] = [
        |r| r.hang(),
        |r| {
            r.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");
            r.hang();
        },
        |r| {
            r.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while r.raw(b"1\r\n \r\n") {
                std::thread::sleep(Duration::from_millis(2));
            }
            r.close();
        },
    ];
    for hang in hangs {
        let server = Server::new(move |_, reply| hang(reply));
        let timeout = Duration::from_millis(120);
        let start = Instant::now();
        match server.encoder(quick().timeout(timeout).retries(1)).encode(&["a"]) {
            Err(Error::Timeout { request, timeout: t }) => assert_eq!((request.tries, t), (2, timeout)),
            other => panic!("{other:?}"),
        }
        let took = start.elapsed();
        assert!(took >= 2 * timeout && took < Duration::from_secs(5), "{took:?}");
    }
}

#[test]
fn a_connection_that_always_breaks_is_an_error() {
    let server = Server::new(|_, reply| {
        reply.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");
        reply.close();
    });
    match server.encoder(quick()).encode(&["a"]) {
        Err(Error::Transport { request, .. }) => assert_eq!(request.tries, 3),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_there_is_an_error() {
    // The port of a connection: nobody listens there, and nobody else can.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let address = connection.local_addr().unwrap();
    let encoder = RemoteEncoder::new(&format!("http://{address}"), "m", quick()).unwrap();
    match encoder.encode(&["a"]) {
        Err(Error::Connect { request, .. }) => assert_eq!(request.tries, 3),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_without_tls_is_an_error() {
    // The greeting of TLS has no line ends to wait for: a server of its own, which answers with plain text.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        while let Ok((mut stream, _)) = listener.accept() {
            let mut hello = [0; 1024];
            let _ = stream.read(&mut hello);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            // Read to the end, so that the answer is not lost with a reset.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let encoder = RemoteEncoder::new(&format!("https://{address}"), "m", quick().api_key("sk-1")).unwrap();
    match encoder.encode(&["a"]) {
        Err(Error::Connect { request, .. }) => assert_eq!(request.tries, 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn batches_that_are_too_large_are_halved() {
    let server = Server::new(|request, reply| {
        if request.body.len() > 200 {
            reply.status(413, "", "Failed to buffer the request body: length limit exceeded");
        } else {
            reply.vectors(request);
        }
    });
    let texts = texts(100);
    check_rows(&server.encoder(quick().batch_size(32).concurrency(2)).encode(&texts).unwrap(), &texts);

    let received = server.received();
    let refused = received.iter().filter(|r| r.body.len() > 200).count();
    // What is too large is learned: not every batch goes all the way down.
    assert!(refused <= 8, "{refused} of {} refused", received.len());
}

#[test]
fn a_limit_that_the_server_tells_is_kept() {
    for status in [400, 413, 422] {
        let server = Server::new(move |request, reply| {
            let n = request.inputs().len();
            if n > 10 {
                let message = format!("batch size {n} > maximum allowed batch size 10");
                reply.status(status, "", format!(r#"{{"error":"{message}","error_type":"Validation"}}"#));
            } else {
                reply.vectors(request);
            }
        });
        let texts = texts(64);
        check_rows(&server.encoder(quick().batch_size(32).concurrency(1)).encode(&texts).unwrap(), &texts);
        let sizes: Vec<usize> = server.received().iter().map(|r| r.inputs().len()).collect();
        assert_eq!(sizes, [32, 10, 10, 10, 2, 10, 10, 10, 2]);
    }
}

#[test]
fn too_many_tokens_in_one_request_are_halved() {
    let server = Server::new(|request, reply| {
        if request.inputs().len() > 3 {
            let error = r#"{"error":{"message":"Requested 300032 tokens, max 300000 tokens per request",
                "type":"max_tokens_per_request","code":"max_tokens_per_request"}}"#;
            reply.status(400, "", error);
        } else {
            reply.vectors(request);
        }
    });
    let texts = texts(10);
    check_rows(&server.encoder(quick()).encode(&texts).unwrap(), &texts);
}

#[test]
fn a_single_text_that_is_too_large_is_named() {
    let server = Server::new(|request, reply| {
        if request.body.contains("number 13") {
            reply.status(413, "", r#"{"error":"too long"}"#);
        } else {
            reply.vectors(request);
        }
    });
    match server.encoder(quick().batch_size(8)).encode(&texts(20)) {
        Err(e @ Error::TooLarge { .. }) => {
            assert!(e.to_string().contains("the text at row 13 is too large"), "{e}");
            let Error::TooLarge { request, status, message } = e else { panic!("{e:?}") };
            assert_eq!((request.row, request.texts, status, message.as_str()), (13, 1, 413, "too long"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_that_contradicts_itself_comes_to_an_end() {
    for body in [
        "batch size 2 > maximum allowed batch size 100",
        "batch size 2 > maximum allowed batch size 2",
        "batch size 2 > maximum allowed batch size 0",
    ] {
        let server = always(413, "", body);
        match server.encoder(quick()).encode(&texts(9)) {
            Err(Error::TooLarge { request, .. }) => assert_eq!((request.row, request.texts), (0, 1)),
            other => panic!("{other:?}"),
        }
        assert!(server.received().len() <= 5);
    }
}

#[test]
fn an_error_ends_the_run_beside_requests_that_hang() {
    let server = Server::new(|request, reply| {
        if request.body.contains("number 0") {
            std::thread::sleep(Duration::from_millis(20));
            reply.status(401, "", r#"{"error":"no"}"#);
        } else {
            reply.hang();
        }
    });
    let start = Instant::now();
    let error = server.encoder(quick().batch_size(1)).encode(&texts(8)).unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn an_error_leaves_the_encoder_usable() {
    let server =
        Server::new(
            |request, reply| {
                if request.nth == 0 { reply.status(400, "", "no") } else { reply.ok(answer(&request.inputs())) }
            },
        );
    let encoder = server.encoder(quick());
    encoder.encode(&["a"]).unwrap_err();
    check_rows(&encoder.encode(&["a"]).unwrap(), &["a"]);
}
