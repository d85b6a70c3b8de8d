//! Texts in, vectors out: what is sent, and that every vector comes to its row.

mod common;

use base64::Engine;
use common::{Received, Reply, Server, answer, check_rows, item, list, quick, texts, vector};
use planisphere_core::{Context, Event, Warning};
use planisphere_embed_remote::{Error, RemoteEncoder, RemoteOptions, VectorEncoding};
use std::ops::ControlFlow;
use std::sync::Barrier;
use std::time::Duration;

fn honest(request: &Received, reply: &mut Reply<'_>) {
    reply.vectors(request);
}

fn json(request: &Received) -> serde_json::Value {
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn a_request_is_what_the_api_wants() {
    let server = Server::new(honest);
    let encoder = server.encoder(quick());
    assert_eq!(encoder.dim(), None);
    let x = encoder.encode(&["a \"quoted\" text\n", "naïve ☃"]).unwrap();
    check_rows(&x, &["a \"quoted\" text\n", "naïve ☃"]);
    assert_eq!(encoder.dim(), Some(3));

    let [request] = &server.received()[..] else { panic!("one request") };
    let head = request.head.to_ascii_lowercase();
    assert!(head.starts_with("post /v1/embeddings http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
    let expected = serde_json::json!({"model": "model-1", "input": ["a \"quoted\" text\n", "naïve ☃"]});
    assert_eq!(json(request), expected);
}

#[test]
fn options_are_sent() {
    let server = Server::new(honest);
    let options = quick()
        .dimensions(3)
        .prefix("query: ")
        .encoding(VectorEncoding::Base64)
        .api_key("sk-geheim")
        .header("X-Team", "stars");
    let encoder = server.encoder(options);
    assert_eq!(encoder.dim(), Some(3));
    check_rows(&encoder.encode(&["a", ""]).unwrap(), &["query: a", "query: "]);
    let [request] = &server.received()[..] else { panic!("one request") };
    let expected = serde_json::json!(
        {"model": "model-1", "input": ["query: a", "query: "], "encoding_format": "base64", "dimensions": 3}
    );
    assert_eq!(json(request), expected);
    let head = request.head.to_ascii_lowercase();
    assert!(head.contains("\r\nauthorization: bearer sk-geheim\r\n"), "{head}");
    assert!(head.contains("\r\nx-team: stars\r\n"), "{head}");
    assert!(!head.lines().next().unwrap().contains("geheim"));
}

#[test]
fn base64_and_lists_are_understood_in_one_answer() {
    let server = Server::new(|request, reply| {
        let items: Vec<String> = (request.inputs().iter().enumerate())
            .map(|(i, text)| {
                let bytes: Vec<u8> = vector(text).iter().flat_map(|v| v.to_le_bytes()).collect();
                let engine = base64::engine::general_purpose::STANDARD;
                let coded = engine.encode(bytes);
                match i % 3 {
                    0 => item(i, text),
                    1 => format!(r#"{{"index":{i},"embedding":"{coded}"}}"#),
                    _ => {
                        format!(r#"{{"index":{i},"embedding":"{}"}}"#, coded.trim_end_matches('=').replace('/', "\\/"))
                    }
                }
            })
            .collect();
        reply.ok(list(&items));
    });
    let texts = texts(40);
    check_rows(&server.encoder(quick()).encode(&texts).unwrap(), &texts);
}

#[test]
fn vectors_are_placed_by_index() {
    let server = Server::new(|request, reply| {
        let mut items: Vec<String> = request.inputs().iter().enumerate().map(|(i, t)| item(i, t)).collect();
        items.reverse();
        items.rotate_left(3);
        reply.ok(list(&items));
    });
    let texts = texts(30);
    check_rows(&server.encoder(quick()).encode(&texts).unwrap(), &texts);
}

#[test]
fn vectors_without_index_are_in_order() {
    let server = Server::new(|request, reply| {
        let items: Vec<String> =
            request.inputs().iter().map(|t| format!(r#"{{"embedding":{:?},"index":null}}"#, vector(t))).collect();
        reply.ok(list(&items));
    });
    let texts = texts(5);
    check_rows(&server.encoder(quick()).encode(&texts).unwrap(), &texts);
}

#[test]
fn batches_come_to_their_rows_whatever_the_order_of_the_answers() {
    for concurrency in [1, 2, 3, 8] {
        let server = Server::new(|request, reply| {
            // The earlier ones of each group of four take longer.
            std::thread::sleep(Duration::from_millis(12 - 4 * (request.nth as u64 % 4).min(3)));
            reply.vectors(request);
        });
        let texts = texts(50);
        let encoder = server.encoder(quick().batch_size(4).concurrency(concurrency));
        check_rows(&encoder.encode(&texts).unwrap(), &texts);
        let received = server.received();
        assert_eq!(received.len(), 13);
        assert!(received.iter().all(|r| r.inputs().len() == 4 || r.inputs().len() == 2));
        assert!(server.connections() <= concurrency, "{} connections for {concurrency}", server.connections());
    }
}

#[test]
fn requests_overlap_and_connections_are_used_again() {
    // Nobody has an answer before all have asked.
    let all = Barrier::new(8);
    let server = Server::new(move |request, reply| {
        if request.nth < 8 {
            all.wait();
        }
        reply.vectors(request);
    });
    let texts = texts(8);
    let encoder = server.encoder(quick().timeout(Duration::from_secs(60)).batch_size(1).concurrency(8));
    encoder.encode(&texts).unwrap();
    assert_eq!(server.received().len(), 8);
    let before = server.connections();
    encoder.clone().encode(&texts[..1]).unwrap();
    assert_eq!(server.connections(), before);
}

#[test]
fn bodies_may_come_in_chunks_or_until_the_end_of_the_connection() {
    let server = Server::new(|request, reply| {
        let body = answer(&request.inputs());
        if request.nth.is_multiple_of(2) {
            reply.chunked(body.as_bytes(), 7);
        } else {
            reply.raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            reply.raw(body.as_bytes());
            reply.close();
        }
    });
    let texts = texts(12);
    check_rows(&server.encoder(quick().batch_size(3).concurrency(1)).encode(&texts).unwrap(), &texts);
}

/// A gzip file with one stored block, which needs no compressor.
fn gzip(data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(len.to_le_bytes());
    out.extend((!len).to_le_bytes());
    out.extend(data);
    out.extend(crc32fast::hash(data).to_le_bytes());
    out.extend(u32::from(len).to_le_bytes());
    out
}

#[test]
fn compressed_answers_are_read() {
    let server = Server::new(|request, reply| {
        assert!(request.head.to_ascii_lowercase().contains("accept-encoding: gzip"));
        reply.status(200, "Content-Encoding: gzip\r\n", gzip(answer(&request.inputs()).as_bytes()));
    });
    let texts = texts(3);
    check_rows(&server.encoder(quick()).encode(&texts).unwrap(), &texts);
}

#[test]
fn vectors_are_scaled_on_request() {
    let server = Server::new(|_, reply| {
        reply.ok(r#"{"data":[{"embedding":[3,4]},{"embedding":[0,0]},{"embedding":[3e38,3e38]}]}"#)
    });
    let x = server.encoder(quick().normalize(true)).encode(&["a", "b", "c"]).unwrap();
    let half = 0.5f32.sqrt();
    assert_eq!(x.data(), &[0.6, 0.8, 0.0, 0.0, half, half]);
    let x = server.encoder(quick()).encode(&["a", "b", "c"]).unwrap();
    assert_eq!(x.data(), &[3.0, 4.0, 0.0, 0.0, 3e38, 3e38]);
}

#[test]
fn blank_texts_are_not_sent() {
    let server = Server::new(honest);
    let encoder = server.encoder(quick().batch_size(2));
    let mut done = Vec::new();
    let mut watch = |e: &Event<'_>| {
        if let Event::Progress { done: d, total } = e {
            done.push((*d, *total));
        }
        ControlFlow::Continue(())
    };
    let mut cx = Context::new().observer(&mut watch);
    let x = encoder.encode_with(&["a", "", "b", " \t\n", "c"], &mut cx).unwrap();
    assert_eq!(cx.report().warnings, [Warning::EmptyRows { rows: 2, first: 1 }]);
    drop(cx);
    assert_eq!((x.row(0), x.row(2), x.row(4)), (&vector("a")[..], &vector("b")[..], &vector("c")[..]));
    assert_eq!((x.row(1), x.row(3)), (&[0.0; 3][..], &[0.0; 3][..]));
    let mut sent: Vec<String> = server.received().iter().flat_map(Received::inputs).collect();
    sent.sort();
    assert_eq!(sent, ["a", "b", "c"]);
    assert_eq!(done.first(), Some(&(2, 5)));
    assert_eq!(done.last(), Some(&(5, 5)));
    assert!(done.is_sorted());

    let x = encoder.encode(&["", " "]).unwrap();
    assert_eq!((x.rows(), x.cols(), x.data()), (2, 3, &[0.0; 6][..]));
    assert_eq!(server.received().len(), 2);
}

#[test]
fn no_texts_need_no_server() {
    let none: [&str; 0] = [];
    let encoder = RemoteEncoder::new("https://nowhere.invalid/v1", "m", RemoteOptions::new()).unwrap();
    let x = encoder.encode(&none).unwrap();
    assert_eq!((x.rows(), x.cols()), (0, 0));
    let encoder = RemoteEncoder::new("https://nowhere.invalid/v1", "m", RemoteOptions::new().dimensions(7)).unwrap();
    let x = encoder.encode(&none).unwrap();
    assert_eq!((x.rows(), x.cols()), (0, 7));
    let x = encoder.encode(&["", ""]).unwrap();
    assert_eq!((x.rows(), x.cols()), (2, 7));
}

#[test]
fn a_fingerprint_has_all_that_matters_and_nothing_else() {
    let make = |url: &str, model: &str, options| RemoteEncoder::new(url, model, options).unwrap().fingerprint();
    let base = make("https://host/v1", "m", quick());
    for same in [
        make("https://HOST/v1/", "m", quick().api_key("sk-geheim").batch_size(1).concurrency(9).retries(0)),
        make("https://host/v1/embeddings", "m", quick().encoding(VectorEncoding::Base64)),
    ] {
        assert_eq!(same, base);
    }
    let others = [
        make("https://host/v2", "m", quick()),
        make("http://host/v1", "m", quick()),
        make("https://host/v1", "m2", quick()),
        make("https://host/v1", "m\" \"", quick()),
        make("https://host/v1", "m", quick().dimensions(3)),
        make("https://host/v1", "m", quick().prefix("q")),
        make("https://host/v1", "m", quick().normalize(true)),
        // By which a gateway may choose the model.
        make("https://host/v1", "m", quick().header("x-model", "geheim")),
        make("https://host/v1", "m", quick().header("x-model", "geheim2")),
        make("https://host/v1", "m", quick().header("x-models", "geheim")),
        make("https://host/v1", "m", quick().header("x-model", "geheim").header("x-a", "b")),
        make("https://host/v1", "m", quick().header("x-model", "geheim").header("x-model", "b")),
        make("https://host/v1", "m", quick().header("x-model", "b").header("x-model", "geheim")),
    ];
    assert!(others.iter().all(|other| !other.contains("geheim")), "{others:?}");
    let same = make("https://host/v1", "m", quick().header("X-A", "b").header("X-Model", "geheim"));
    assert_eq!(same, others[10]);
    for (i, other) in others.iter().enumerate() {
        assert_ne!(*other, base);
        assert!(!others[..i].contains(other));
    }
}

#[test]
fn values_that_cannot_be_are_refused_before_anything_is_sent() {
    let refused = |options: RemoteOptions| match RemoteEncoder::new("https://host/v1", "m", options) {
        Err(Error::InvalidParam { param, .. }) => param,
        other => panic!("{other:?}"),
    };
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(refused(quick().batch_size(0)), "batch_size");
    assert_eq!(refused(quick().batch_size(2049)), "batch_size");
    RemoteEncoder::new("https://host/v1", "m", quick().batch_size(2048)).unwrap();
    assert_eq!(refused(quick().concurrency(0)), "concurrency");
    assert_eq!(refused(quick().concurrency(257)), "concurrency");
    assert_eq!(refused(quick().timeout(Duration::ZERO)), "timeout");
    assert_eq!(refused(quick().timeout(Duration::MAX)), "timeout");
    assert_eq!(refused(quick().first_wait(day * 2)), "first_wait");
    assert_eq!(refused(quick().longest_wait(Duration::MAX)), "longest_wait");
    assert_eq!(refused(quick().longest_asked_wait(Duration::MAX)), "longest_asked_wait");
    assert_eq!(refused(quick().dimensions(0)), "dimensions");
    assert_eq!(refused(quick().api_key("")), "api_key");
    assert_eq!(refused(quick().api_key("a\nb")), "api_key");
    assert_eq!(refused(quick().api_key("schlüssel")), "api_key");
    assert_eq!(refused(quick().header("no name", "v")), "header");
    assert_eq!(refused(quick().header("x-a", "a\r\nb: c")), "header");
    assert_eq!(refused(quick().header("Content-Length", "1")), "header");
    assert_eq!(refused(quick().api_key("k").header("AUTHORIZATION", "v")), "header");
    for model in ["", " "] {
        let refused = RemoteEncoder::new("https://host/v1", model, quick());
        assert!(matches!(refused, Err(Error::InvalidParam { param: "model", .. })), "{refused:?}");
    }
}
