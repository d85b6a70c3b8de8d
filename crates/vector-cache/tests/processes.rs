//! Several processes with one file, and processes that are killed.

mod common;

use common::{embed, matrix, texts};
use planisphere_core::{Context, Matrix};
use planisphere_vector_cache::{CacheOptions, Error, ModelKey, VectorCache};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FILE: &str = "VECTOR_CACHE_TEST_FILE";
const TEXTS: &str = "VECTOR_CACHE_TEST_TEXTS";
const BATCH: &str = "VECTOR_CACHE_TEST_BATCH";

fn model() -> ModelKey {
    ModelKey::new("of several processes")
}

/// What the processes that the other tests start do; nothing in a run of the tests.
#[test]
fn child() {
    let (Ok(file), Ok(range), Ok(batch)) = (std::env::var(FILE), std::env::var(TEXTS), std::env::var(BATCH)) else {
        return;
    };
    let (from, to) = range.split_once("..").unwrap();
    let all = texts(from.parse().unwrap()..to.parse().unwrap());
    let cache = VectorCache::open_with(file, &CacheOptions::new().batch(batch.parse().unwrap())).unwrap();
    let cached = cache.encode(&model(), &all, embed(&model())).unwrap();
    assert_eq!(cached.vectors, matrix(&model(), &all));
}

fn start(file: &Path, range: std::ops::Range<usize>, batch: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child"])
        .env(FILE, file)
        .env(TEXTS, format!("{}..{}", range.start, range.end))
        .env(BATCH, batch.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Number of vectors that are there, all of them right. The file itself is not touched.
fn check(file: &Path, all: &[String]) -> usize {
    let copy: PathBuf = file.with_extension("copy");
    std::fs::copy(file, &copy).unwrap();
    let cache = VectorCache::open(&copy).unwrap();
    let mut computed = 0;
    let cached = cache
        .encode(&model(), all, |missing: &[&str], _: &mut Context<'_>| {
            computed += missing.len();
            Ok::<Matrix, Error>(matrix(&model(), missing))
        })
        .unwrap();
    assert_eq!(cached.vectors, matrix(&model(), all));
    assert_eq!((cached.report.computed, cached.report.damaged), (computed, 0));
    assert_eq!(cache.len().unwrap(), all.len() as u64);
    cached.report.hits
}

#[test]
fn several_processes_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("v.cache");
    // All at once, the making of the file included, with texts that overlap.
    let children: Vec<_> = (0..4).map(|i| start(&file, i * 100..i * 100 + 250, 30 + i)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(check(&file, &texts(0..550)), 550);
}

#[test]
fn a_killed_process_leaves_what_it_saved() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("v.cache");
    // So many that no child ends by itself: a batch costs some milliseconds.
    let (all, batch) = (texts(0..60_000), 50);
    let written = || std::fs::metadata(&file).and_then(|meta| meta.modified()).ok();
    let (mut before, mut grew) = (0, 0);
    for round in 0..20u64 {
        let last = written();
        let mut child = start(&file, 0..all.len(), batch);
        // Some while they start and make the file, most in the midst of writing.
        if round >= 5 {
            let deadline = Instant::now() + Duration::from_secs(30);
            while written() == last && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        std::thread::sleep(Duration::from_millis(round * round * 37 % 61));
        child.kill().unwrap();
        child.wait().unwrap();
        if !file.exists() {
            continue;
        }
        let opened = Instant::now();
        let n = VectorCache::open(&file).unwrap().len().unwrap() as usize;
        assert!(opened.elapsed() < Duration::from_secs(5), "{:?}", opened.elapsed());
        assert!(n >= before && n.is_multiple_of(batch), "{n} after {before}");
        // All that is there is the beginning.
        assert_eq!(check(&file, &all[..n + 10]), n);
        grew += usize::from(n > before);
        before = n;
    }
    assert!(grew > 0, "all were killed before they saved anything");
    let rest = texts(before.saturating_sub(500)..before + 500);
    let cache = VectorCache::open(&file).unwrap();
    assert_eq!(cache.encode(&model(), &rest, embed(&model())).unwrap().vectors, matrix(&model(), &rest));
    assert_eq!(check(&file, &all[..before + 500]), before + 500);
}
