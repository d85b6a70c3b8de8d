//! A server for tests, over real connections.

#![allow(dead_code, reason = "each test uses some of it")]

use planisphere_dashboard::config::{Config, Secret};
use planisphere_dashboard::maps::MapsOptions;
use planisphere_dashboard::server::{App, Embed, serve};
use planisphere_dashboard::store::{NewItem, Store, StoreOptions};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The key of all these servers.
pub(crate) const KEY: &str = "the-key-of-the-tests-0123456789";

/// A server, its runtime, and the file of its store.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) app: App,
    runtime: Option<tokio::runtime::Runtime>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
    pub(crate) folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text))
    }

    /// The body, if the status is the one expected.
    #[track_caller]
    pub(crate) fn of(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The cookie that it sets, as a client sends it back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").expect("a cookie").split(';').next().unwrap_or_default().to_owned()
    }
}

/// A configuration from YAML.
pub(crate) fn config(yaml: &str) -> Config {
    Config::parse(yaml, planisphere_dashboard::config::Format::Yaml).unwrap()
}

/// Items of these ids, with texts and small vectors.
pub(crate) fn items(ids: impl IntoIterator<Item = String>) -> Vec<NewItem> {
    let item = |(i, id): (usize, String)| {
        let data = json!({"id": id, "text": format!("text of {id}"), "length": i});
        let vector = (0..4).map(|j| ((i * 7 + j * 3) % 11) as f32 + 0.1 * i as f32).collect();
        NewItem { id, data: data.as_object().unwrap().clone(), vector: Some(vector) }
    };
    ids.into_iter().enumerate().map(item).collect()
}

impl Server {
    /// Serves `item_001` to `item_020`.
    pub(crate) fn new(yaml: &str) -> Self {
        Self::with(config(yaml), items((1..=20).map(|i| format!("item_{i:03}"))), None)
    }

    pub(crate) fn with(config: Config, items: Vec<NewItem>, encoder: Option<Arc<dyn Embed>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::in_folder(folder, config, items, encoder)
    }

    /// On the store that is in a folder already, if there is one.
    pub(crate) fn in_folder(
        folder: tempfile::TempDir,
        config: Config,
        items: Vec<NewItem>,
        encoder: Option<Arc<dyn Embed>>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let url = format!("sqlite:{}", folder.path().join("project.db").display());
        let (app, listener) = runtime.block_on(async {
            let store = Store::open(&url, StoreOptions::default()).await.unwrap();
            store.add_items(items).await.unwrap();
            let app = App::new(store, config, &Secret::new(KEY), encoder, MapsOptions::new()).await.unwrap();
            (app, TcpListener::bind("127.0.0.1:0").await.unwrap())
        });
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = app.clone();
        let served = runtime.spawn(async move {
            serve(served, listener, async { stopped.await.unwrap_or(()) }).await.unwrap();
        });
        Self { address, app, runtime: Some(runtime), stop: Some(stop), served: Some(served), folder }
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(future)
    }

    /// Asks it to stop; [`Server::wait`] tells when it has.
    pub(crate) fn begin_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits until it has stopped, and closes the store.
    pub(crate) fn wait(mut self) -> tempfile::TempDir {
        let served = self.served.take().unwrap();
        let runtime = self.runtime.take().unwrap();
        runtime.block_on(async {
            served.await.unwrap();
            self.app.clone().close().await;
        });
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        runtime.shutdown_timeout(Duration::from_secs(5));
        folder
    }

    pub(crate) fn stop(mut self) -> tempfile::TempDir {
        self.begin_stop();
        self.wait()
    }

    /// Any request.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(bytes) => agent.run(request.body(bytes).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap();
        let headers = answer.headers().iter();
        let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap_or_default().to_owned())).collect();
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&text).into_owned() }
    }

    /// A request by whoever has the key.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[("X-API-Key", KEY)], None)
    }

    /// A request with a body by whoever has the key.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("X-API-Key", KEY), ("Content-Type", "application/json")];
        self.ask(method, path, &headers, Some(body.to_string().as_bytes()))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body)
    }

    /// The bytes that come back for these, as far as they come within some seconds.
    pub(crate) fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The status line of an answer to a request without body, whose path is sent as it is.
    pub(crate) fn raw_status(&self, method: &str, path: &str, headers: &str) -> u16 {
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", self.address);
        let answer = self.raw(&request);
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok());
        status.unwrap_or_else(|| panic!("{path}: {answer:?}"))
    }

    /// A session, as a cookie.
    pub(crate) fn login(&self) -> String {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = self.ask("POST", "/admin/login", &form, Some(format!("key={KEY}").as_bytes()));
        assert_eq!((answer.status, answer.header("location")), (303, Some("/admin")), "{}", answer.text);
        answer.cookie()
    }
}
