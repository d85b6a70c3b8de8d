//! Batches that are too large without a word of the server about it.

mod common;

use common::{Server, answer, check_rows, quick, texts};
use planisphere_embed_remote::{Error, RemoteEncoder};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Bytes of a request that the server below takes.
const MOST: usize = 300_000;

/// A server that looks at the length of a request, and if it is too large answers with that much and hangs up, without reading
/// the request. Lengths are noted.
fn from_the_headers_alone(refusal: &'static [u8]) -> (String, Arc<Mutex<Vec<usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let lengths = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&lengths);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || serve(stream, refusal, &seen));
        }
    });
    (url, lengths)
}

fn serve(mut stream: TcpStream, refusal: &[u8], seen: &Mutex<Vec<usize>>) -> std::io::Result<()> {
    // So little at once that much of the request is unread when the connection is closed.
    let mut reader = BufReader::with_capacity(64, stream.try_clone()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.unwrap();
        seen.lock().unwrap().push(length);
        if length > MOST {
            return stream.write_all(refusal);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let texts: Vec<String> = serde_json::from_value(json["input"].clone()).unwrap();
        let body = answer(&texts);
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    }
}

#[test]
fn a_refusal_from_the_headers_alone_is_understood() {
    for refusal in [&b""[..], b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"] {
        let (url, lengths) = from_the_headers_alone(refusal);
        // Larger than what systems keep on the way, at first.
        let texts: Vec<String> = (0..64).map(|i| format!("{i} {}", "x".repeat(100_000 + i))).collect();
        let encoder = RemoteEncoder::new(&url, "m", quick().batch_size(32).concurrency(1)).unwrap();
        check_rows(&encoder.encode(&texts).unwrap(), &texts);
        let lengths = lengths.lock().unwrap();
        let refused = lengths.iter().filter(|&&n| n > MOST).count();
        // Twice in full, then in halves, once: the second batch is cut to size at once.
        assert!((3..=9).contains(&refused), "{refused} of {}", lengths.len());
        assert_eq!(lengths.iter().filter(|&&n| n <= MOST).count(), 32);
    }
}

#[test]
fn a_server_that_is_too_slow_for_a_batch_gets_a_smaller_one() {
    let server = Server::new(|request, reply| {
        std::thread::sleep(Duration::from_millis(100) * request.inputs().len() as u32);
        reply.vectors(request);
    });
    let texts = texts(16);
    let options = quick().timeout(Duration::from_millis(600)).batch_size(8).concurrency(1).retries(3);
    check_rows(&server.encoder(options).encode(&texts).unwrap(), &texts);
    let sizes: Vec<usize> = server.received().iter().map(|r| r.inputs().len()).collect();
    assert_eq!(sizes[..2], [8, 8]);
    // What is too slow is learned by the first half that is not.
    assert!(sizes[2..].iter().all(|&n| n <= 4), "{sizes:?}");
}

#[test]
fn a_server_that_never_answers_comes_to_an_end() {
    for (retries, expected) in [(0, vec![4]), (1, vec![4, 4, 2, 1]), (4, vec![4, 4, 2, 1, 1])] {
        let server = Server::new(|_, reply| reply.hang());
        let options = quick().timeout(Duration::from_millis(100)).retries(retries).concurrency(1);
        match server.encoder(options).encode(&texts(4)) {
            Err(Error::Timeout { request, .. }) => {
                assert_eq!((request.row, request.texts), (0, expected[expected.len() - 1]));
                assert_eq!(request.tries as usize, expected.len());
            }
            other => panic!("{other:?}"),
        }
        let sizes: Vec<usize> = server.received().iter().map(|r| r.inputs().len()).collect();
        assert!(sizes.len() <= expected.len() && expected.starts_with(&sizes[..1]), "{sizes:?}");
    }
}
