//! The program `embed`, and what the other programs share with it: vectors that are kept, ways of encoding, and what is refused.

mod common;

use common::{Folder, done, fixture, refused};
use std::path::Path;

const EMBED: &str = env!("CARGO_BIN_EXE_embed");
const MAP: &str = env!("CARGO_BIN_EXE_map");

fn decisions(report: impl AsRef<Path>) -> String {
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    report["decisions"].to_string()
}

#[test]
fn vectors_are_kept() {
    let f = Folder::new();
    let (cache, report) = (f.at("vectors.cache"), f.at("report.json"));
    let texts: Vec<String> = (0..40).map(|i| format!("line number {}", i % 30)).collect();
    let some = f.file("some.txt", texts[..20].join("\n"));
    let all = f.file("all.txt", texts.join("\n"));
    let bert = fixture("tiny-bert/bert");
    for name in ["builtin", &bert] {
        let (plain, kept) = (f.at("plain.npy"), f.at("kept.npy"));
        done(EMBED, &[&all, "--model", name, "--out", &plain]);
        let with = |input: &str, more: &[&str], told: &str| {
            done(
                EMBED,
                &[&[input, "--model", name, "--cache", &cache, "--out", &kept, "--report", &report], more].concat(),
            );
            assert!(decisions(&report).contains(told), "{}", decisions(&report));
        };
        with(&some, &[], "20 of 20 computed");
        with(&all, &[], "10 of 40 computed");
        assert!(std::fs::read(&plain).unwrap() == std::fs::read(&kept).unwrap(), "{name}");
        with(&all, &["--threads", "1", "--batch-tokens", "9"], "0 of 40 computed");
        assert!(std::fs::read(&plain).unwrap() == std::fs::read(&kept).unwrap(), "{name}");
        // Other options are other vectors.
        with(&all, &["--prefix", "query: "], "30 of 40 computed");
    }
    // The same for a map of the texts, and no other file is taken for a cache.
    let messages = fixture("messages.csv");
    let map = ["--text", "text", "--method", "pca", "--out"];
    let (one, two) = (f.at("one.npy"), f.at("two.npy"));
    done(MAP, &[&[&messages[..]], &map[..], &[&one, "--cache", &cache]].concat());
    done(MAP, &[&[&messages[..]], &map[..], &[&two, "--cache", &cache, "--report", &report]].concat());
    assert!(decisions(&report).contains("0 of 600 computed"));
    assert!(std::fs::read(one).unwrap() == std::fs::read(&two).unwrap());
    let png = f.file("not.cache", b"\x89PNG\r\n\x1a\n and so on");
    refused(&f, EMBED, &[&all, "--cache", &png, "--out", &two], 1, &["not.cache"]);
    refused(&f, EMBED, &[&all, "--cache", &all, "--out", &two], 2, &["would be lost"]);
    refused(&f, EMBED, &[&all, "--cache", &two, "--out", &two], 2, &["written twice"]);
}

#[test]
fn ways_of_encoding() {
    let f = Folder::new();
    let out = f.at("v.npy");
    let long = f.file("long.txt", format!("short\n{}\n", "words and ".repeat(300)));
    let mut seen = Vec::new();
    for (name, flags) in [
        ("tiny-bert/stella", &[][..]),
        ("tiny-bert/stella", &["--precision", "bf16"]),
        ("tiny-bert/stella", &["--precision", "int8"]),
        ("tiny-bert/stella", &["--head", "2_Dense_40"]),
        ("tiny-bert/stella", &["--prompt", "s2p_query"]),
        ("tiny-bert/stella", &["--dimensions", "5"]),
        ("tiny-bert/stella", &["--long-texts", "average"]),
        ("tiny-bert/stella", &["--long-texts", "average", "--overlap", "8"]),
        ("tiny-bert/stella", &["--max-seq-length", "9"]),
        ("tiny-static/plain", &[]),
        ("tiny-static/plain", &["--long-texts", "average"]),
    ] {
        done(EMBED, &[&[&long, "--model", &fixture(name), "--out", &out], flags].concat());
        seen.push(std::fs::read(&out).unwrap());
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "a flag changed nothing");
    // Half precision loses nothing where the files have no more.
    done(EMBED, &[&long, "--model", &fixture("tiny-bert/stella"), "--out", &out, "--precision", "f16"]);
    assert!(seen.contains(&std::fs::read(&out).unwrap()));

    let plain = fixture("tiny-static/plain");
    refused(&f, EMBED, &[&long, "--precision", "int8", "--out", &out], 2, &["builtin is not"]);
    refused(&f, EMBED, &[&long, "--model", &plain, "--precision", "int8", "--out", &out], 1, &["precision", "static"]);
    refused(&f, EMBED, &[&long, "--prompt", "query", "--out", &out], 1, &["no prompts"]);
    #[cfg(not(feature = "hub"))]
    refused(&f, EMBED, &[&long, "--model", "owner/name", "--out", &out], 2, &["owner/name", "--features hub"]);
    #[cfg(feature = "hub")]
    refused(
        &f,
        EMBED,
        &[&long, "--model", "owner/no-such", "--offline", "--out", &out],
        1,
        &["owner/no-such", "offline"],
    );
}

#[cfg(feature = "embed-remote")]
#[test]
fn vectors_of_a_server() {
    use std::io::{BufRead, BufReader, Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut size = 0;
            for line in reader.by_ref().lines().map_while(Result::ok).take_while(|l| !l.is_empty()) {
                if let Some(n) = line.to_lowercase().strip_prefix("content-length: ") {
                    size = n.parse().unwrap();
                }
            }
            let mut body = vec![0; size];
            reader.read_exact(&mut body).unwrap();
            let asked: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let data: Vec<_> = (asked["input"].as_array().unwrap().iter().enumerate())
                .map(|(i, t)| serde_json::json!({"index": i, "embedding": [t.as_str().unwrap().len(), 1.0]}))
                .collect();
            let answer = serde_json::json!({ "data": data }).to_string();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
            stream.write_all((head + &answer).as_bytes()).unwrap();
        }
    });
    let f = Folder::new();
    let (texts, out, cache, report) = (f.file("t.txt", "a\nbbb\n"), f.at("v.npy"), f.at("c"), f.at("r.json"));
    let args = [&texts, "--api", &url, "--model", "lengths", "--cache", &cache, "--report", &report, "--out", &out];
    done(EMBED, &args);
    let values = |path: &str| -> Vec<f32> {
        let bytes = std::fs::read(path).unwrap();
        bytes[bytes.len() - 16..].as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
    };
    assert_eq!(values(&out), [1.0, 1.0, 3.0, 1.0]);
    done(EMBED, &args);
    assert!(decisions(&report).contains("0 of 2 computed"));
    refused(
        &f,
        EMBED,
        &[&args[..], &["--api-key-env", "NO_SUCH_VARIABLE_HERE"]].concat(),
        1,
        &["NO_SUCH_VARIABLE_HERE"],
    );
    refused(&f, EMBED, &[&args[..], &["--precision", "int8"]].concat(), 2, &["--precision"]);
    refused(&f, EMBED, &[&texts, "--api", "ftp://x", "--model", "m", "--out", &out], 1, &["ftp"]);
}
