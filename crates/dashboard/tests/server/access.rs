//! Keys, sessions, and requests of other sites.

use crate::http::{Answer, KEY, Server};
use serde_json::json;

const STATS: &str = "/admin/api/embedding_viz/stats";

fn refused(answer: &Answer) {
    assert_eq!(answer.of(403), json!({"error": "Admin access required"}));
}

#[test]
fn ht_01_03_05_31_keys_and_sessions() {
    let server = Server::new("");
    let ask = |headers: &[(&str, &str)]| server.ask("GET", STATS, headers, None);
    refused(&ask(&[]));
    for query in ["api_key", "key", "X-API-Key"] {
        refused(&server.ask("GET", &format!("{STATS}?{query}={KEY}"), &[], None));
    }
    refused(&ask(&[("Authorization", &format!("Bearer {KEY}"))]));
    for name in ["x-api-key", "X-API-KEY", "X-Api-Key"] {
        assert!(ask(&[(name, KEY)]).of(200)["enabled"].is_boolean());
    }
    for wrong in ["wrong", "", &KEY[..KEY.len() - 1], &format!("{KEY}x"), &KEY.to_uppercase()] {
        refused(&ask(&[("X-API-Key", wrong)]));
    }
    // The key opens a session at /admin, and by the form.
    let visited = server.ask("GET", "/admin", &[("X-API-Key", KEY)], None);
    assert_eq!(visited.status, 200);
    for session in [visited.cookie(), server.login()] {
        assert_eq!(ask(&[("Cookie", &session)]).status, 200);
        assert_eq!(ask(&[("Cookie", &format!("a=b; {session}; c=d"))]).status, 200);
        // A wrong header beats a good session.
        refused(&ask(&[("Cookie", &session), ("X-API-Key", "wrong")]));
        refused(&ask(&[("Cookie", &session.replace("session=", "session=x"))]));
    }
    for cookie in [
        "planisphere_session=",
        "planisphere_session",
        "planisphere_sessionx=1",
        ";;;=",
        "planisphere_session=\u{1F600}",
    ] {
        refused(&ask(&[("Cookie", cookie)]));
    }
}

#[test]
fn the_cookie_cannot_be_read_or_taken_along() {
    let server = Server::new("");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = server.ask("POST", "/admin/login", &form, Some(format!("key={KEY}").as_bytes()));
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["planisphere_session=", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=604800"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    assert_eq!(answer.cookie().split('=').nth(1).unwrap().len(), 43);
    let https = [form[0], ("X-Forwarded-Proto", "https")];
    let answer = server.ask("POST", "/admin/login", &https, Some(format!("key={KEY}").as_bytes()));
    assert!(answer.header("set-cookie").unwrap().ends_with("; Secure"));
    // The database has the hash alone.
    let token = answer.cookie().split('=').nth(1).unwrap().to_owned();
    let folder = server.stop();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|w| w == token.as_bytes()));
    }
}

#[test]
fn the_login_page_and_the_way_out() {
    let server = Server::new("annotation_task_name: '</title><script>alert(1)</script>'");
    let page = server.ask("GET", "/admin", &[], None);
    assert!(page.status == 200 && page.text.contains("/admin/login") && !page.text.contains("<script>alert"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let wrong = server.ask("POST", "/admin/login", &form, Some(b"key=wrong"));
    assert!(wrong.status == 403 && wrong.text.contains("/admin/login") && wrong.header("set-cookie").is_none());
    assert_eq!(server.ask("POST", "/admin/login", &[], Some(b"key")).status, 400);
    assert_eq!(server.ask("GET", "/", &[], None).header("location"), Some("/admin"));
    let session = server.login();
    let host = format!("http://{}", server.address);
    let out = [("Cookie", session.as_str()), ("Origin", host.as_str())];
    assert_eq!(server.ask("GET", "/admin", &[("Cookie", &session)], None).status, 200);
    assert_eq!(server.ask("POST", "/admin/logout", &out[..1], None).status, 403);
    let answer = server.ask("POST", "/admin/logout", &out, None);
    assert!(answer.status == 303 && answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    refused(&server.ask("GET", STATS, &[("Cookie", &session)], None));
}

#[test]
fn sessions_outlive_the_program_and_end() {
    let server = Server::new("");
    let session = server.login();
    let folder = server.stop();
    let server = Server::in_folder(folder, crate::http::config("server: {session_minutes: 1}"), Vec::new(), None);
    assert_eq!(server.ask("GET", STATS, &[("Cookie", &session)], None).status, 200);
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(1);
    let hash = *blake3::hash(session.split_once('=').unwrap().1.as_bytes()).as_bytes();
    server.block_on(server.app.store().add_session(&hash, past)).unwrap();
    refused(&server.ask("GET", STATS, &[("Cookie", &session)], None));
}

#[test]
fn changes_by_cookie_come_from_own_pages_only() {
    let server = Server::new("");
    let session = server.login();
    let own = format!("http://{}", server.address);
    let json = ("Content-Type", "application/json");
    let post = |headers: &[(&str, &str)]| {
        let headers: Vec<_> = [("Cookie", session.as_str())].into_iter().chain(headers.iter().copied()).collect();
        server.ask("POST", "/admin/api/queue/release", &headers, Some(br#"{"annotator": "a"}"#)).status
    };
    for (headers, status) in [
        (&[json, ("Origin", own.as_str())][..], 200),
        (&[json, ("Sec-Fetch-Site", "same-origin")], 200),
        (&[("Content-Type", "application/json; charset=utf-8"), ("Sec-Fetch-Site", "same-origin")], 200),
        (&[json], 403),
        (&[json, ("Origin", "http://evil.example")], 403),
        (&[json, ("Origin", "null")], 403),
        (&[json, ("Sec-Fetch-Site", "cross-site"), ("Origin", own.as_str())], 403),
        (&[json, ("Sec-Fetch-Site", "same-site")], 403),
        (&[json, ("Sec-Fetch-Site", "none")], 403),
        (&[("Content-Type", "text/plain"), ("Origin", own.as_str())], 415),
        (&[("Content-Type", "application/x-www-form-urlencoded"), ("Origin", own.as_str())], 415),
        (&[("Origin", own.as_str())], 415),
    ] {
        assert_eq!(post(headers), status, "{headers:?}");
    }
    // The key itself is nothing that a page of a stranger has.
    let by_key = server.ask("POST", "/admin/api/queue/release", &[("X-API-Key", KEY)], Some(br#"{"annotator": "a"}"#));
    assert_eq!(by_key.status, 200);
    let form = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", "http://evil.example")];
    assert_eq!(server.ask("POST", "/admin/login", &form, Some(format!("key={KEY}").as_bytes())).status, 403);
}

#[test]
fn every_path_below_the_api_asks_for_the_key() {
    let server = Server::new("media_root: .");
    for (method, path) in [
        ("GET", "/admin/api"),
        ("GET", "/admin/api/"),
        ("GET", "/admin/api/nothing"),
        ("PATCH", "/admin/api/queue"),
        ("GET", "/admin/api/embedding_viz/data"),
        ("POST", "/admin/api/embedding_viz/refresh"),
        ("POST", "/admin/api/embedding_viz/reorder"),
        ("GET", "/admin/api/embedding_viz/column"),
        ("GET", "/admin/api/jobs/1"),
        ("GET", "/admin/api/events"),
        ("GET", "/admin/api/neighbors"),
        ("GET", "/admin/api/mace/overview"),
        ("GET", "/admin/api/mace/predictions"),
        ("POST", "/admin/api/mace/trigger"),
        ("POST", "/admin/api/queue/next"),
        ("POST", "/admin/api/queue/annotate"),
        ("POST", "/admin/api/queue/release"),
        ("POST", "/admin/api/queue/undo"),
        ("POST", "/admin/api/queue/redo"),
        ("GET", "/admin/api/queue"),
        ("GET", "/admin/api/queue/reorders"),
        ("GET", "/admin/api/items/item_001"),
        ("POST", "/admin/api/items"),
        ("GET", "/admin/api/search"),
        ("GET", "/admin/api/groups"),
        ("PUT", "/admin/api/groups"),
        ("GET", "/admin/api/progress"),
        ("GET", "/admin/api/settings"),
        ("PUT", "/admin/api/settings"),
        ("GET", "/admin/api/schemes"),
        ("GET", "/admin/api/info"),
        ("GET", "/media/x.png"),
        ("HEAD", "/admin/api/progress"),
        ("OPTIONS", "/admin/api/progress"),
    ] {
        assert_eq!(server.raw_status(method, path, ""), 403, "{method} {path}");
    }
    assert_eq!(server.get("/admin/api/nothing").of(404), json!({"error": "Not found"}));
    assert_eq!(server.get("/admin/api").of(404), json!({"error": "Not found"}));
    let wrong = server.send("DELETE", "/admin/api/embedding_viz/stats", &json!({}));
    assert!(wrong.status == 405 && wrong.header("content-type").unwrap().starts_with("text/html"), "{}", wrong.text);
    assert!(wrong.header("allow").is_some());
    assert_eq!(server.ask("GET", "/healthz", &[], None).of(200), json!({"status": "ok"}));
    assert_eq!(server.ask("GET", "/nothing", &[], None).status, 404);
}
