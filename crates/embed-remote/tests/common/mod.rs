//! An HTTP/1.1 server on this machine that does what a test wants, right or wrong.

#![allow(dead_code, reason = "each test file uses a part of it")]

use planisphere_embed_remote::{RemoteEncoder, RemoteOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// How many came before it.
    pub(crate) nth: usize,
    /// Request line and headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn inputs(&self) -> Vec<String> {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        json["input"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect()
    }
}

/// The connection of a request, to answer on.
pub(crate) struct Reply<'a> {
    stream: &'a mut TcpStream,
    over: &'a AtomicBool,
    close: bool,
}

impl Reply<'_> {
    /// Sends bytes as they are. Errors do not matter: the client may be gone.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// A status with headers and a body of known length.
    pub(crate) fn status(&mut self, status: u16, headers: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        self.raw(format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        self.raw(body);
    }

    pub(crate) fn ok(&mut self, body: impl AsRef<[u8]>) {
        self.status(200, "Content-Type: application/json\r\n", body);
    }

    /// A body in chunks of so many bytes.
    pub(crate) fn chunked(&mut self, body: &[u8], size: usize) {
        self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for chunk in body.chunks(size) {
            self.raw(format!("{:x}\r\n", chunk.len()).as_bytes());
            self.raw(chunk);
            self.raw(b"\r\n");
        }
        self.raw(b"0\r\n\r\n");
    }

    /// The right answer.
    pub(crate) fn vectors(&mut self, request: &Received) {
        self.ok(answer(&request.inputs()));
    }

    /// Closes the connection after this answer.
    pub(crate) fn close(&mut self) {
        self.close = true;
    }

    /// Says nothing until the test is over.
    pub(crate) fn hang(&mut self) {
        while !self.over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.close = true;
    }
}

/// A server, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn new(handler: impl Fn(&Received, &mut Reply<'_>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            connections: Arc::default(),
            over: Arc::default(),
        };
        let (received, connections, over) =
            (Arc::clone(&server.received), Arc::clone(&server.connections), Arc::clone(&server.over));
        let handler = Arc::new(handler);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                connections.fetch_add(1, Ordering::Relaxed);
                let (handler, received, over) = (Arc::clone(&handler), Arc::clone(&received), Arc::clone(&over));
                std::thread::spawn(move || serve(stream, &*handler, &received, &over));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn encoder(&self, options: RemoteOptions) -> RemoteEncoder {
        RemoteEncoder::new(&self.url(), "model-1", options).unwrap()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    handler: &dyn Fn(&Received, &mut Reply<'_>),
    received: &Mutex<Vec<Received>>,
    over: &AtomicBool,
) {
    let Ok(mut reader) = stream.try_clone().map(BufReader::new) else { return };
    // Head and body of an answer are two writes: without this, the second would wait for 40 ms.
    let _ = stream.set_nodelay(true);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let request = {
            let mut all = received.lock().unwrap();
            let request = Received { nth: all.len(), head, body: String::from_utf8(body).unwrap() };
            all.push(request.clone());
            request
        };
        let mut reply = Reply { stream: &mut stream, over, close: false };
        handler(&request, &mut reply);
        if reply.close {
            return;
        }
    }
}

/// The vector that the server has for a text: exact in `f32`.
pub(crate) fn vector(text: &str) -> Vec<f32> {
    let sum = crc32fast::hash(text.as_bytes());
    vec![(sum >> 16) as f32, -((sum & 0xffff) as f32) / 65536.0, text.len() as f32 + 0.25]
}

pub(crate) fn item(index: usize, text: &str) -> String {
    format!(r#"{{"object":"embedding","index":{index},"embedding":{:?}}}"#, vector(text))
}

pub(crate) fn list(items: &[String]) -> String {
    format!(r#"{{"object":"list","data":[{}],"model":"m","usage":{{"total_tokens":3}}}}"#, items.join(","))
}

pub(crate) fn answer(texts: &[String]) -> String {
    list(&texts.iter().enumerate().map(|(i, t)| item(i, t)).collect::<Vec<_>>())
}

pub(crate) fn texts(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("text number {i}")).collect()
}

/// Options with short times.
pub(crate) fn quick() -> RemoteOptions {
    RemoteOptions::new()
        .timeout(Duration::from_secs(10))
        .first_wait(Duration::from_millis(1))
        .longest_wait(Duration::from_millis(200))
        .longest_asked_wait(Duration::from_millis(200))
        .retries(2)
}

/// Checks that row `i` is the vector of text `i`.
pub(crate) fn check_rows<S: AsRef<str>>(x: &planisphere_core::Matrix, texts: &[S]) {
    assert_eq!((x.rows(), x.cols()), (texts.len(), 3));
    for (i, text) in texts.iter().enumerate() {
        assert_eq!(x.row(i), vector(text.as_ref()), "row {i}");
    }
}
