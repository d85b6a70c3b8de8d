//! How much, how often, and by which name.

use crate::http::{KEY, Server};
use serde_json::json;

#[test]
fn every_answer_has_the_headers() {
    let server = Server::new("");
    for answer in [
        server.ask("GET", "/admin", &[], None),
        server.ask("GET", "/admin/api/info", &[], None),
        server.get("/admin/api/info"),
        server.get("/admin/api/nothing"),
        server.ask("GET", "/nothing", &[], None),
    ] {
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self' 'unsafe-eval';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.split(';').any(|p| p.contains("script-src") && p.contains("unsafe-inline")));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn bodies_end_somewhere() {
    let server = Server::new("server: {body_limit: 2048}");
    let long = json!({"annotator": "x".repeat(4000)});
    for path in ["queue/next", "queue/annotate", "items", "embedding_viz/reorder", "embedding_viz/refresh"] {
        let answer = server.post(&format!("/admin/api/{path}"), &long);
        assert_eq!(answer.of(413), json!({"error": "the body is too long"}), "{path}");
    }
    assert_eq!(server.send("PUT", "/admin/api/groups", &long).status, 413);
    // Also one that does not say how long it is.
    let chunk = "x".repeat(1000);
    let chunks: String = (0..5).map(|_| format!("3e8\r\n{chunk}\r\n")).collect();
    let head = format!(
        "POST /admin/api/queue/next HTTP/1.1\r\nhost: {}\r\nx-api-key: {KEY}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        server.address
    );
    let answer = server.raw(&format!("{head}{chunks}0\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(server.post("/admin/api/queue/next", &json!({"annotator": "a"})).status, 200);
}

#[test]
fn bodies_are_json() {
    let server = Server::new("");
    let send = |body: &[u8]| server.ask("POST", "/admin/api/queue/next", &[("X-API-Key", KEY)], Some(body));
    assert_eq!(send(b"").of(400), json!({"error": "No JSON data provided"}));
    for wrong in [
        &b"{bad"[..],
        b"[]",
        b"null",
        b"7",
        b"{\"annotator\": \"\xff\"}",
        b"{\"annotator\": 7}",
        b"{\"annotator\": \"\"}",
        b"{\"annotator\": \" \"}",
        b"{\"annotator\": \"a\\nb\"}",
        b"{}",
        b"{\"annotator\": \"a\", \"x\": 1}",
    ] {
        let answer = send(wrong);
        assert!(answer.of(400)["error"].is_string(), "{wrong:?}");
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(send(deep.as_bytes()).status, 400);
    assert_eq!(server.get("/admin/api/queue?limit=x").of(400)["error"], "limit must be an integer from 0 to 10000");
    assert_eq!(server.get("/admin/api/queue?offset=-1").status, 400);
    assert!(server.get("/admin/api/queue?limit=1&limit=2").of(400)["error"].is_string());
}

#[test]
fn who_asks_too_often_waits() {
    let server = Server::new("server: {rate_limit: 5}");
    let answers: Vec<_> = (0..12).map(|_| server.get("/admin/api/info")).collect();
    let late = answers.iter().find(|a| a.status == 429).expect("one that is refused");
    assert_eq!(late.json()["error"], "Too many requests");
    let wait: u64 = late.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait));
    std::thread::sleep(std::time::Duration::from_secs(wait));
    assert_eq!(server.get("/admin/api/info").status, 200);
}

#[test]
fn keys_cannot_be_tried_for_long() {
    let server = Server::new("server: {failed_logins: 3}");
    let session = server.login();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let tries: Vec<u16> =
        (0..4).map(|i| server.ask("POST", "/admin/login", &form, Some(format!("key={i}").as_bytes())).status).collect();
    assert_eq!(tries, [403, 403, 403, 429]);
    // Not even the right one is told apart now; sessions go on.
    let right = server.get("/admin/api/info");
    assert!(right.status == 429 && right.header("retry-after").is_some());
    assert_eq!(server.ask("GET", "/admin/api/info", &[("Cookie", &session)], None).status, 200);
}

#[test]
fn names_of_strangers_are_refused() {
    let server = Server::new("server: {hosts: [maps.example]}");
    let status = |host: &str| {
        let answer = server.raw(&format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    for own in ["localhost", "127.0.0.1:8000", "[::1]:1", "maps.example", "Maps.Example:443"] {
        assert_eq!(status(own), "200", "{own}");
    }
    for other in ["evil.example", "127.0.0.1.evil.example", "maps.example.evil", ""] {
        assert_eq!(status(other), "421", "{other}");
    }
    let absolute =
        server.raw("GET http://evil.example/healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert!(absolute.starts_with("HTTP/1.1 421"), "{absolute}");
}

#[test]
fn answers_are_compressed_for_those_who_can_read_that() {
    let server = Server::new("");
    let head = format!(
        "GET /admin/api/queue HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nx-api-key: {KEY}\r\n",
        server.address
    );
    assert!(server.raw(&format!("{head}accept-encoding: gzip\r\n\r\n")).contains("content-encoding: gzip"));
    assert!(!server.raw(&format!("{head}\r\n")).contains("content-encoding"));
}
