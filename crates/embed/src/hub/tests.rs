use super::*;
use planisphere_core::{CancelToken, Event};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;

/// Nobody listens on port 1.
const NOWHERE: &str = "http://127.0.0.1:1";

fn options(cache: &Path, endpoint: &str) -> HubOptions {
    HubOptions::new().cache_dir(cache).endpoint(endpoint).offline(false)
}

fn get(options: &HubOptions) -> Result<PathBuf> {
    fetch("owner/name", None, options, &mut Context::new())
}

fn cache_with_model() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("models--owner--name");
    let snapshot = model.join("snapshots").join("abc");
    std::fs::create_dir_all(&snapshot).unwrap();
    std::fs::create_dir_all(model.join("refs")).unwrap();
    std::fs::write(model.join("refs").join("main"), "abc").unwrap();
    std::fs::write(snapshot.join("config.json"), "{}").unwrap();
    (dir, snapshot)
}

#[test]
fn the_cache_serves_when_the_hub_cannot() {
    let (dir, snapshot) = cache_with_model();
    for offline in [true, false] {
        assert_eq!(get(&options(dir.path(), NOWHERE).offline(offline)).unwrap(), snapshot);
    }
}

#[test]
fn without_hub_and_cache_there_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    for (offline, part) in [(true, "offline"), (false, "check the name and the network")] {
        let start = Instant::now();
        match get(&options(dir.path(), NOWHERE).offline(offline)) {
            Err(Error::Hub { id, reason }) => assert!(id == "owner/name" && reason.contains(part), "{reason}"),
            other => panic!("{other:?}"),
        }
        assert!(!offline || start.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn names_that_cannot_be_models_are_refused() {
    for id in ["", "a/b/c", "../etc", "a/", "a b", "a/b@", "a/b@../x", "/a", "http://x"] {
        assert!(matches!(parse(id, None), Err(Error::InvalidParam { param: "id", .. })), "{id}");
    }
    for id in ["bert-base-uncased", "owner/name_1.5", "owner/name@v1.0", "owner/name@refs/pr/3"] {
        assert!(parse(id, None).is_ok(), "{id}");
    }
    assert!(matches!(parse("a/b", Some("../x")), Err(Error::InvalidParam { .. })));
    assert!(matches!(parse("a/b@v1", Some("v2")), Err(Error::InvalidParam { param: "revision", .. })));
    assert_eq!(parse("a/b@v1", Some("v1")).unwrap().revision(), "v1");
    assert_eq!(parse("a/b", Some("v2")).unwrap().revision(), "v2");
}

#[test]
fn only_what_is_needed_is_downloaded() {
    let listed: BTreeSet<String> = [
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "model-00001-of-00002.safetensors",
        "pytorch_model.bin",
        "onnx/config.json",
        "1_Pooling/config.json",
        "2_Dense/config.json",
        "2_Dense/model.safetensors",
    ]
    .map(String::from)
    .into();
    assert_eq!(Vec::from_iter(wanted(&listed, "")), ["config.json", "model.safetensors", "tokenizer.json"]);
    let json = br#"[{"path": ""}, {"path": "."}, {"path": "1_Pooling"}, {"path": "2_Dense/"}]"#;
    assert_eq!(module_folders(json), ["1_Pooling/", "2_Dense/"]);
    assert_eq!(Vec::from_iter(wanted(&listed, "2_Dense/")), ["2_Dense/config.json", "2_Dense/model.safetensors"]);
    assert!(module_folders(b"not json").is_empty());
}

/// What the hub of a test says to a request for a path: status line and headers, and a body.
type Answer = Box<dyn Fn(&str) -> (String, Vec<u8>) + Send>;

/// A server on this machine; asked paths are noted. An answer whose head is empty is never sent.
fn serve(answer: Answer) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut open: Vec<TcpStream> = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let Some(Ok(first)) = lines.next() else { continue };
            let range = lines.map_while(Result::ok).take_while(|l| !l.is_empty()).find(|l| l.contains("bytes=0-0"));
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            let (head, body) = answer(&path);
            log.lock().unwrap().push(path);
            if head.is_empty() {
                // Kept open, and silent.
                open.push(stream);
                continue;
            }
            let (whole, body) = (body.len(), if range.is_some() { &body[..body.len().min(1)] } else { &body[..] });
            let sized = format!(
                "HTTP/1.1 {head}\r\nContent-Range: bytes 0-0/{whole}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(sized.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    (url, asked)
}

/// A hub that has one model, the files of a fixture, at a commit.
fn hub(folder: PathBuf, commit: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    serve(Box::new(move |path| {
        if path.starts_with("/api/models/owner/name/revision/") {
            let mut names = Vec::new();
            for sub in ["", "1_Pooling/", "2_Dense_16/", "2_Dense_40/"] {
                for entry in std::fs::read_dir(folder.join(sub)).into_iter().flatten() {
                    let entry = entry.unwrap();
                    if entry.file_type().unwrap().is_file() {
                        names.push(serde_json::json!({"rfilename": format!("{sub}{}", entry.file_name().display())}));
                    }
                }
            }
            let body = serde_json::json!({"siblings": names, "sha": commit}).to_string();
            return ("200 OK\r\nContent-Type: application/json".into(), body.into_bytes());
        }
        let file = path.splitn(6, '/').nth(5).unwrap_or_default();
        match std::fs::read(folder.join(file)) {
            Ok(body) => {
                let etag = blake3::hash(&body).to_hex();
                (format!("206 Partial Content\r\nETag: \"{etag}\"\r\nx-repo-commit: {commit}"), body)
            }
            Err(_) => ("404 Not Found".into(), Vec::new()),
        }
    }))
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

#[test]
fn a_model_comes_once_and_serves_offline() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = hub(fixture("tiny-bert/stella"), "c1");
    let options = options(dir.path(), &url);
    let mut last = (0, 1);
    let mut watch = |e: &Event<'_>| {
        if let Event::Progress { done, total } = e {
            assert!(done <= total);
            last = (*done, *total);
        }
        ControlFlow::Continue(())
    };
    let load = crate::LoadOptions::new().head("2_Dense_40");
    let mut cx = Context::new().observer(&mut watch);
    let e = crate::Encoder::from_hub_with("owner/name", &options, &load, &mut cx).unwrap();
    drop(cx);
    let size = |name: &str| std::fs::metadata(fixture("tiny-bert/stella").join(name)).unwrap().len();
    assert!(last.0 == last.1 && last.0 > size("model.safetensors") + size("tokenizer.json"), "{last:?}");
    assert!(last.0 < 2 * (size("model.safetensors") + size("tokenizer.json")), "{last:?}");
    assert_eq!((e.name(), e.dim(), e.prompts().count()), ("owner/name", 40, 2));
    let local = crate::Encoder::from_dir_with(fixture("tiny-bert/stella"), &load).unwrap();
    assert_eq!(e.fingerprint(), local.fingerprint());
    assert!(!asked.lock().unwrap().iter().any(|p| p.contains("README")));

    // Nothing but the listing is asked for again, and nothing at all offline, or with the hub gone.
    asked.lock().unwrap().clear();
    let first = get(&options).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);
    assert_eq!(get(&options.clone().offline(true)).unwrap(), first);
    assert_eq!(get(&options.clone().endpoint(NOWHERE)).unwrap(), first);
    assert_eq!(asked.lock().unwrap().len(), 1);

    // Another commit comes as a whole, but for files that it has in common with one that is there.
    let (url, asked) = hub(fixture("tiny-bert/gte"), "c2");
    let second = get(&options.clone().endpoint(url)).unwrap();
    assert!(first.ends_with("c1") && second.ends_with("c2"));
    assert_eq!(crate::Encoder::from_dir(second).unwrap().prompts().count(), 0);
    let count = |part: &str| asked.lock().unwrap().iter().filter(|p| p.contains(part)).count();
    // One look; to fetch takes another one, and the file itself.
    assert_eq!((count("/tokenizer_config.json"), count("/model.safetensors")), (1, 3));
    // A commit is found without a reference to it.
    let pinned = options.revision("c1").offline(true);
    assert_eq!(get(&pinned).unwrap(), first);
}

#[test]
fn an_interrupted_download_does_not_replace_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = hub(fixture("tiny-bert/gte"), "c1");
    let options = options(dir.path(), &url);
    let first = get(&options).unwrap();
    // The next commit has a file that cannot be had.
    let (url, _) = serve(Box::new(|path| {
        if path.starts_with("/api/") {
            let body = r#"{"siblings": [{"rfilename": "config.json"}, {"rfilename": "tokenizer.json"}], "sha": "c2"}"#;
            ("200 OK\r\nContent-Type: application/json".into(), body.into())
        } else if path.ends_with("config.json") {
            ("206 Partial Content\r\nETag: \"e\"\r\nx-repo-commit: c2".into(), b"{}".to_vec())
        } else {
            ("404 Not Found".into(), Vec::new())
        }
    }));
    assert!(matches!(get(&options.clone().endpoint(url)), Err(Error::Hub { .. })));
    assert_eq!(get(&options.offline(true)).unwrap(), first);
}

#[test]
fn names_from_the_hub_stay_in_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    for (sha, head) in [
        ("../../x", "ETag: \"e\"\r\nx-repo-commit: ../../x"),
        ("c1", "ETag: \"../../../e\"\r\nx-repo-commit: c1"),
        ("c1", "ETag: \"e\"\r\nx-repo-commit: c2"),
    ] {
        let (url, _) = serve(Box::new(move |path| {
            if path.starts_with("/api/") {
                let body = format!(r#"{{"siblings": [{{"rfilename": "config.json"}}], "sha": "{sha}"}}"#);
                ("200 OK\r\nContent-Type: application/json".into(), body.into_bytes())
            } else {
                (format!("206 Partial Content\r\n{head}"), b"{}".to_vec())
            }
        }));
        let e = get(&options(&dir.path().join("inner/cache"), &url)).unwrap_err();
        assert!(e.to_string().contains("cannot be one"), "{e}");
    }
    let names = |d: &Path| std::fs::read_dir(d).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    assert!(names(dir.path()).iter().all(|n| n == "inner"));
}

#[test]
fn what_is_wrong_with_the_hub_is_told() {
    let ok = |body: &'static [u8]| ("200 OK\r\nContent-Type: application/json".to_owned(), body.to_vec());
    let answers: [(&str, Answer); 5] = [
        ("404", Box::new(|_| ("404 Not Found".into(), Vec::new()))),
        ("401", Box::new(|_| ("401 Unauthorized".into(), Vec::new()))),
        ("", Box::new(move |_| ok(b"<html>"))),
        ("neither", Box::new(move |_| ok(br#"{"siblings": [], "sha": "x"}"#))),
        // No headers that tell of the file.
        ("config.json", Box::new(move |_| ok(br#"{"siblings": [{"rfilename": "config.json"}], "sha": "x"}"#))),
    ];
    for (part, answer) in answers {
        let dir = tempfile::tempdir().unwrap();
        let (url, _) = serve(answer);
        match get(&options(dir.path(), &url)) {
            Err(Error::Hub { reason, .. }) => assert!(reason.contains(part), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_silent_hub_ends_and_can_be_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = serve(Box::new(|_| (String::new(), Vec::new())));
    let options = options(dir.path(), &url);
    let quick = (Duration::from_millis(200), Duration::from_millis(100));
    match fetch_within("owner/name", None, &options, quick, &mut Context::new()) {
        Err(Error::Hub { reason, .. }) => assert!(reason.contains("nothing came for 0.2 s"), "{reason}"),
        other => panic!("{other:?}"),
    }
    // The cache serves, and the user is told.
    let (full, snapshot) = cache_with_model();
    let mut cx = Context::new();
    let options_of_full = self::options(full.path(), &url);
    assert_eq!(fetch_within("owner/name", None, &options_of_full, quick, &mut cx).unwrap(), snapshot);
    assert!(matches!(&cx.take_report().warnings[..], [Warning::Fallback { .. }]));
    let token = CancelToken::new();
    let later = token.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        later.cancel();
    });
    let start = Instant::now();
    let cancelled = fetch("owner/name", None, &options, &mut Context::new().cancel(&token));
    assert!(matches!(cancelled, Err(Error::Cancelled(_))) && start.elapsed() < Duration::from_secs(5));
}
