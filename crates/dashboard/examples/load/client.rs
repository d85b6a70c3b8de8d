//! One client and its log.

use crate::Result;
use crate::program::KEY;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What all clients know.
pub(crate) struct Shared {
    address: Mutex<SocketAddr>,
    pub(crate) over: AtomicBool,
    items: usize,
    /// Whether requests may fail, because the program is killed.
    may_fail: bool,
}

impl Shared {
    pub(crate) fn new(address: SocketAddr, items: usize, may_fail: bool) -> Self {
        Self { address: Mutex::new(address), over: AtomicBool::new(false), items, may_fail }
    }

    pub(crate) fn moved(&self, address: SocketAddr) {
        *self.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = address;
    }

    fn address(&self) -> SocketAddr {
        *self.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Data,
    Next,
    Annotate,
    Reorder,
}

/// An annotation that was sent.
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) label: &'static str,
    pub(crate) acknowledged: bool,
}

/// What a client did.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) annotator: String,
    pub(crate) annotations: Vec<Sent>,
    /// Numbers of the reorders that were acknowledged.
    pub(crate) reorders: Vec<i64>,
    /// Reorders sent, acknowledged or not.
    pub(crate) reorders_sent: usize,
    pub(crate) times: Vec<(Kind, Duration)>,
    pub(crate) errors: Vec<String>,
    /// Requests that did not come through because the program was killed.
    pub(crate) lost: usize,
}

struct Client<'a> {
    shared: &'a Shared,
    agent: ureq::Agent,
    log: Log,
    etag: Option<String>,
    state: u64,
}

/// Asks for the map until it is there.
pub(crate) fn first_map(shared: &Shared) -> Result<()> {
    let mut client = Client::new(0, shared);
    client.data();
    match client.log.errors.pop() {
        Some(e) => Err(e.into()),
        None => Ok(()),
    }
}

pub(crate) fn run(number: usize, shared: &Shared) -> Log {
    let mut client = Client::new(number, shared);
    while !shared.over.load(Ordering::Relaxed) {
        match client.random(100) {
            0..=9 => client.data(),
            10..=14 => client.reorder(),
            _ => client.work(),
        }
    }
    client.log
}

impl<'a> Client<'a> {
    fn new(number: usize, shared: &'a Shared) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(600)))
            .build()
            .into();
        let log = Log { annotator: format!("client {number}"), ..Log::default() };
        Self { shared, agent, log, etag: None, state: (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 33) % below
    }

    /// The body of an answer of 200; `None` for 304 and for what did not come through.
    fn ask(&mut self, kind: Kind, method: &str, path: &str, body: Option<&Value>) -> Option<Vec<u8>> {
        let start = Instant::now();
        let url = format!("http://{}/admin/api/{path}", self.shared.address());
        let mut request = ureq::http::Request::builder().method(method).uri(url).header("X-API-Key", KEY);
        if let Some(etag) = self.etag.as_ref().filter(|_| kind == Kind::Data) {
            request = request.header("If-None-Match", etag);
        }
        let answer = match body {
            Some(body) => request
                .header("Content-Type", "application/json")
                .body(body.to_string())
                .map_err(ureq::Error::from)
                .and_then(|r| self.agent.run(r)),
            None => request.body(()).map_err(ureq::Error::from).and_then(|r| self.agent.run(r)),
        };
        let read = answer.and_then(|mut a| {
            let body = a.body_mut().with_config().limit(1 << 30).read_to_vec()?;
            Ok((a, body))
        });
        let (answer, body) = match read {
            Ok(read) => read,
            Err(e) => {
                if self.shared.may_fail {
                    self.log.lost += 1;
                    std::thread::sleep(Duration::from_millis(50));
                } else {
                    self.log.errors.push(format!("{kind:?}: {e}"));
                }
                return None;
            }
        };
        self.log.times.push((kind, start.elapsed()));
        match answer.status().as_u16() {
            200 => {
                if kind == Kind::Data {
                    self.etag = answer.headers().get("etag").and_then(|v| v.to_str().ok()).map(String::from);
                }
                Some(body)
            }
            304 => None,
            status => {
                let text = String::from_utf8_lossy(&body).chars().take(200).collect::<String>();
                self.log.errors.push(format!("{kind:?}: {status} {text}"));
                None
            }
        }
    }

    fn json(&mut self, kind: Kind, path: &str, body: &Value) -> Option<Value> {
        let bytes = self.ask(kind, "POST", path, Some(body))?;
        let value = serde_json::from_slice(&bytes);
        value.map_err(|e| self.log.errors.push(format!("{kind:?}: {e}"))).ok()
    }

    fn data(&mut self) {
        if let Some(body) = self.ask(Kind::Data, "GET", "embedding_viz/data", None) {
            // Not parsed: that would be a load on the machine that clients elsewhere are not.
            let points = body.windows(13).filter(|w| w == b"\"instance_id\"").count();
            if points != self.shared.items {
                self.log.errors.push(format!("Data: {points} points"));
            }
        }
    }

    fn reorder(&mut self) {
        let ids: Vec<String> = (0..20).map(|_| format!("item-{}", self.random(self.shared.items as u64))).collect();
        let half = ids.len() / 2;
        let groups =
            json!([{"instance_ids": ids[..half], "priority": 1}, {"instance_ids": ids[half..], "priority": 2}]);
        self.log.reorders_sent += 1;
        let answer = self.json(Kind::Reorder, "embedding_viz/reorder", &json!({"selections": groups}));
        if let Some(number) = answer.and_then(|a| a["reorder"].as_i64()) {
            self.log.reorders.push(number);
        }
    }

    fn work(&mut self) {
        let annotator = self.log.annotator.clone();
        let Some(next) = self.json(Kind::Next, "queue/next", &json!({"annotator": annotator})) else { return };
        let Some(id) = next["item"]["instance_id"].as_str() else {
            std::thread::sleep(Duration::from_millis(100));
            return;
        };
        let label = ["good", "bad", "neither"][self.random(3) as usize];
        // First the log: what is sent may be done without being acknowledged, but never the other way round.
        self.log.annotations.push(Sent { id: id.to_owned(), label, acknowledged: false });
        let body = json!({"annotator": annotator, "instance_id": id, "annotations": {"mood": label}});
        let answer = self.json(Kind::Annotate, "queue/annotate", &body);
        if let (Some(answer), Some(sent)) = (answer, self.log.annotations.last_mut()) {
            sent.acknowledged = answer["success"] == true;
        }
    }
}
