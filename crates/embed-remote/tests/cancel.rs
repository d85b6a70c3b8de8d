//! A run can be stopped at any time, whatever the server does.

mod common;

use common::{Reply, Server, check_rows, quick, texts};
use planisphere_core::{CancelToken, Context, Event};
use planisphere_embed_remote::{Error, RemoteOptions};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Options under which nothing ends by itself during a test.
fn patient() -> RemoteOptions {
    let long = Duration::from_secs(600);
    RemoteOptions::new().timeout(long).first_wait(long).longest_wait(long).longest_asked_wait(long).batch_size(1)
}

#[test]
fn a_run_that_waits_is_cancelled_at_once() {
    let waits: [fn(&mut Reply<'_>); 4] = [
        |r| r.hang(),
        |r| {
            r.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
            r.hang();
        },
        // Between tries: by its own wait, or by the server's.
        |r| r.status(500, "", ""),
        |r| r.status(429, "Retry-After: 500\r\n", ""),
    ];
    for wait in waits {
        let server = Server::new(move |_, reply| wait(reply));
        let encoder = server.encoder(patient());
        let token = CancelToken::new();
        let (result, ended, cancelled) = std::thread::scope(|scope| {
            let canceller = scope.spawn(|| {
                // When one was sent, and its answer had the time to come.
                while server.received().is_empty() {
                    std::thread::sleep(Duration::from_millis(2));
                }
                std::thread::sleep(Duration::from_millis(60));
                token.cancel();
                Instant::now()
            });
            let result = encoder.encode_with(&texts(20), &mut Context::new().cancel(&token));
            (result, Instant::now(), canceller.join().unwrap())
        });
        assert!(matches!(result, Err(Error::Cancelled(_))), "{result:?}");
        let late = ended.saturating_duration_since(cancelled);
        assert!(late < Duration::from_secs(10), "{late:?}");
        // Nothing new begins: one request a thread was on its way, and none has a second one.
        std::thread::sleep(Duration::from_millis(50));
        let sent = server.received().len();
        assert!(sent <= 4, "{sent}");
    }
}

#[test]
fn a_cancelled_token_sends_nothing() {
    let server = Server::new(|request, reply| reply.vectors(request));
    let token = CancelToken::new();
    token.cancel();
    let result = server.encoder(quick()).encode_with(&["a"], &mut Context::new().cancel(&token));
    assert!(matches!(result, Err(Error::Cancelled(_))), "{result:?}");
    assert!(server.received().is_empty());
}

#[test]
fn an_observer_sees_progress_and_can_stop() {
    let server = Server::new(|request, reply| reply.vectors(request));
    let encoder = server.encoder(quick().batch_size(3).concurrency(2));
    let texts = texts(10);
    let mut seen = Vec::new();
    let mut watch = |e: &Event<'_>| {
        if let Event::Progress { done, total: 10 } = e {
            seen.push(*done);
        }
        ControlFlow::Continue(())
    };
    let x = encoder.encode_with(&texts, &mut Context::new().observer(&mut watch)).unwrap();
    check_rows(&x, &texts);
    assert_eq!((seen.first(), seen.last(), seen.len()), (Some(&0), Some(&10), 5));
    assert!(seen.is_sorted());

    let mut stop = |e: &Event<'_>| match e {
        Event::Progress { done: 1.., .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let result = encoder.encode_with(&texts, &mut Context::new().observer(&mut stop));
    assert!(matches!(result, Err(Error::Cancelled(_))), "{result:?}");
    // And the encoder still works.
    check_rows(&encoder.encode(&texts).unwrap(), &texts);
}

#[test]
fn a_cancelled_run_does_not_touch_another() {
    let server = Server::new(|request, reply| {
        if request.body.contains("hang") {
            reply.hang();
        } else {
            std::thread::sleep(Duration::from_millis(10));
            reply.vectors(request);
        }
    });
    let encoder = server.encoder(patient().retries(0).concurrency(1));
    let token = CancelToken::new();
    let hanging = std::thread::spawn({
        let (encoder, token) = (encoder.clone(), token.clone());
        move || encoder.encode_with(&["hang"], &mut Context::new().cancel(&token))
    });
    let texts = texts(12);
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        token.cancel();
    });
    check_rows(&encoder.encode(&texts).unwrap(), &texts);
    canceller.join().unwrap();
    assert!(matches!(hanging.join().unwrap(), Err(Error::Cancelled(_))));
}
