//! How it ends.

use crate::http::{KEY, Server};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn streams_of_events_do_not_keep_it() {
    let mut server = Server::new("");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!("GET /admin/api/events HTTP/1.1\r\nhost: {}\r\nx-api-key: {KEY}\r\n\r\n", server.address);
    stream.write_all(head.as_bytes()).unwrap();
    let mut seen = Vec::new();
    let mut piece = [0; 1000];
    while !String::from_utf8_lossy(&seen).contains("event: changed") {
        let n = stream.read(&mut piece).unwrap();
        assert!(n > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend(&piece[..n]);
    }
    let idle = TcpStream::connect(server.address).unwrap();
    let start = Instant::now();
    server.begin_stop();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    let address = server.address;
    server.wait();
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
    drop(idle);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn what_was_accepted_is_there_after_a_restart() {
    let yaml = "annotation_schemes: [{name: mood, annotation_type: radio, labels: [good, bad]}]";
    let server = Server::new(yaml);
    let said = json!({"annotator": "ann", "instance_id": "item_003", "annotations": {"mood": "bad"}});
    server.post("/admin/api/queue/annotate", &said).of(200);
    server.post("/admin/api/embedding_viz/reorder", &json!({"selections": [{"instance_ids": ["item_009"]}]})).of(200);
    let groups = json!([{"name": "g", "instance_ids": ["item_001"]}]);
    server.send("PUT", "/admin/api/groups", &json!({"version": 0, "groups": groups})).of(200);
    server.send("PUT", "/admin/api/settings", &json!({"method": "pca"})).of(200);
    let folder = server.stop();
    let server = Server::in_folder(folder, crate::http::config(yaml), Vec::new(), None);
    let item = server.get("/admin/api/items/item_003").of(200);
    assert_eq!((&item["annotations"][0]["value"], &item["annotation_count"]), (&json!("bad"), &json!(1)));
    assert_eq!(server.get("/admin/api/queue?limit=2").of(200)["items"][0]["id"], "item_009");
    assert_eq!(server.get("/admin/api/groups").of(200), json!({"version": 1, "groups": groups}));
    assert_eq!(server.get("/admin/api/settings").of(200)["method"], "pca");
    assert_eq!(server.get("/admin/api/queue/reorders").of(200)["reorders"].as_array().unwrap().len(), 1);
}
