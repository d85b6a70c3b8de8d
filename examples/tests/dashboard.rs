//! The program `dashboard`: what it says, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn dashboard(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dashboard"));
    command.current_dir(folder).env_remove("PLANISPHERE_ADMIN_API_KEY").env_remove("POTATO_ADMIN_API_KEY");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it and waits for its line.
fn start(folder: &Path, arguments: &[&str]) -> (Child, String) {
    let mut child = dashboard(folder).args(arguments).args(["--listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

#[cfg(unix)]
fn stop(mut child: Child) -> (Option<i32>, String) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

/// The answer to a request with a key.
fn get(line: &str, path: &str, key: &str) -> String {
    let address = line.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {key}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn fails(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = dashboard(folder).args(arguments).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(stdout.is_empty() && said.lines().count() == 1, "{said}");
    (status.code(), said)
}

#[test]
#[cfg(unix)]
fn it_says_where_it_is_and_where_the_key_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("items.csv"), "key,says,n\na,an apple,1\nb,a pear,2\nc,a plum,3\n").unwrap();
    let columns = ["items.csv", "--text", "says", "--id", "key"];
    let (child, line) = start(folder.path(), &columns);
    let key = std::fs::read_to_string(folder.path().join("admin_api_key.txt")).unwrap();
    let key = key.trim();
    assert!(line.starts_with("http://127.0.0.1:") && line.contains("admin_api_key.txt"), "{line}");
    assert!(!line.contains(key));
    assert!(get(&line, "/admin/api/info", "another-secret").starts_with("HTTP/1.1 403"));
    let item = get(&line, "/admin/api/items/b", key);
    assert!(item.contains(r#""text":"a pear""#) && item.contains(r#""n":2"#), "{item}");
    let data = get(&line, "/admin/api/embedding_viz/data", key);
    assert_eq!(data.matches("\"instance_id\"").count(), 3, "{data}");
    let (code, said) = stop(child);
    // The log tells that somebody tried, and no key.
    assert_eq!((code, said.lines().count()), (Some(0), 1), "{said}");
    assert!(said.contains("wrong key") && said.contains("127.0.0.1"), "{said}");
    assert!(!said.contains(key) && !said.contains("another-secret") && !said.contains('\u{1b}'), "{said}");
    // The second time the items are known, and the key is the same.
    let (child, line) = start(folder.path(), &["--print-key"]);
    assert!(line.trim_end().ends_with(key), "{line}");
    assert!(get(&line, "/admin/api/progress", key).contains(r#""items":3"#));
    assert_eq!(stop(child).0, Some(0));
}

#[test]
#[cfg(unix)]
fn configurations_are_read_and_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("items.jsonl"),
        "{\"id\":\"x\",\"vector\":[1,2]}\n{\"id\":\"y\",\"vector\":[2,1]}\n",
    )
    .unwrap();
    let yaml = "data_files: [items.jsonl]\ntitel: x\nembeddings: {backend: custom}\nadmin_api_key: 0123456789abcdef0\n\
        diversity_ordering: {enabled: true}\n";
    std::fs::write(folder.path().join("p.yaml"), yaml).unwrap();
    let (child, line) = start(folder.path(), &["--config", "p.yaml", "--database", "other.db"]);
    assert!(line.ends_with("its key is in admin_api_key in the configuration\n"), "{line}");
    assert!(get(&line, "/admin/api/queue", "0123456789abcdef0").contains(r#""total":2"#));
    let (code, said) = stop(child);
    assert_eq!((code, said.as_str()), (Some(0), "warning: Unrecognized config key \"titel\" will be ignored\n"));
    assert!(folder.path().join("other.db").is_file() && !folder.path().join("admin_api_key.txt").exists());
}

#[test]
fn what_is_wrong_is_one_line_and_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("open.yaml"), "server: {listen: '0.0.0.0:0'}").unwrap();
    std::fs::write(here.join("bad.yaml"), "mace: {enabled: true, trigger_every_n: 0}").unwrap();
    std::fs::write(here.join("twice.csv"), "id,text\na,x\na,y\n").unwrap();
    let none = ["--listen", "127.0.0.1:0"];
    for (arguments, code, message) in [
        (
            &["--config", "open.yaml"][..],
            2,
            "server.listen = 0.0.0.0:0 lets others connect: say so on the command line",
        ),
        (&["--config", "bad.yaml"], 2, "bad.yaml: mace.trigger_every_n must be an integer >= 1"),
        (&["--config", "none.yaml"], 2, "none.yaml: No such file"),
        (&["--listen", "8000"], 2, "invalid value '8000'"),
        (&["twice.csv", none[0], none[1]], 1, "twice.csv, line 3: the id \"a\" is that of line 2"),
        (&["none.csv", none[0], none[1]], 1, "none.csv"),
    ] {
        let (found, said) = fails(here, arguments);
        assert!(found == Some(code) && said.starts_with("error: ") && said.contains(message), "{found:?} {said}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, said) = fails(here, &["--listen", &taken.local_addr().unwrap().to_string()]);
    assert!(code == Some(1) && said.contains("in use"), "{said}");
}
