//! Files beside the project.

use crate::http::{KEY, Server, config, items};

fn server() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("media");
    std::fs::create_dir_all(root.join("sub dir")).unwrap();
    std::fs::write(root.join("a.png"), "0123456789").unwrap();
    std::fs::write(root.join("sub dir/b.svg"), "<svg onload=alert(1)>").unwrap();
    std::fs::write(root.join("page.html"), "<script>alert(1)</script>").unwrap();
    std::fs::write(root.join(".hidden"), "x").unwrap();
    std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("secret.txt"), root.join("link.txt")).unwrap();
        std::os::unix::fs::symlink(folder.path(), root.join("up")).unwrap();
    }
    let mut config = config("");
    config.media_root = Some(root);
    let server = Server::with(config, items(["x".to_owned()]), None);
    (folder, server)
}

#[test]
fn files_of_the_folder_are_served_and_run_nothing() {
    let (_folder, server) = server();
    let image = server.get("/media/a.png");
    assert_eq!((image.status, image.text.as_str()), (200, "0123456789"));
    assert_eq!(image.header("content-type"), Some("image/png"));
    let drawing = server.get("/media/sub%20dir/b.svg");
    assert_eq!(drawing.header("content-type"), Some("image/svg+xml"));
    assert!(drawing.header("content-security-policy").unwrap().contains("sandbox"));
    assert_eq!(server.get("/media/page.html").header("content-type"), Some("application/octet-stream"));
    assert_eq!(server.ask("GET", "/media/a.png", &[], None).status, 403);
}

#[test]
fn parts_of_files() {
    let (_folder, server) = server();
    let part = |range: &str| server.ask("GET", "/media/a.png", &[("X-API-Key", KEY), ("Range", range)], None);
    let middle = part("bytes=2-4");
    assert_eq!((middle.status, middle.text.as_str()), (206, "234"));
    assert_eq!(middle.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(part("bytes=-2").text, "89");
    assert_eq!(part("bytes=8-100").text, "89");
    assert_eq!(
        (part("bytes=20-").status, part("bytes=20-").header("content-range").map(String::from)),
        (416, Some("bytes */10".into()))
    );
    assert_eq!(part("lines=1-2").text, "0123456789");
}

#[test]
fn no_path_leads_out() {
    let (_folder, server) = server();
    let key = format!("x-api-key: {KEY}\r\n");
    for path in [
        "/media/../secret.txt",
        "/media/%2e%2e/secret.txt",
        "/media/..%2fsecret.txt",
        "/media/%2e%2e%2fsecret.txt",
        "/media/..%5csecret.txt",
        "/media/..\\secret.txt",
        "/media/sub%20dir/../../secret.txt",
        "/media//etc/passwd",
        "/media/%2fetc%2fpasswd",
        "/media/link.txt",
        "/media/up/secret.txt",
        "/media/.hidden",
        "/media/a.png%00",
        "/media/%252e%252e/secret.txt",
        "/media/",
        "/media/sub%20dir",
        "/media/C:%5cx",
        "/media/....//secret.txt",
        "/media/%c0%ae%c0%ae/secret.txt",
        "/media/file:%2f%2f%2fetc%2fpasswd",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e%2fCargo.toml",
    ] {
        let status = server.raw_status("GET", path, &key);
        assert!(status == 404 || status == 400, "{path}: {status}");
    }
    assert_eq!(server.raw_status("GET", "/media/a.png", &key), 200);
}

#[test]
fn without_a_folder_there_are_no_files() {
    let server = Server::new("");
    assert_eq!(server.get("/media/a.png").status, 404);
}
