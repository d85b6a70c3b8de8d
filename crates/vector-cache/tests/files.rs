//! Files that are something else, damaged, in use, or not to be had.

mod common;

use common::{embed, matrix, never, texts};
use planisphere_core::{CancelToken, Context};
use planisphere_vector_cache::{CacheOptions, EncodeError, Error, ModelKey, VectorCache};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

fn fails(path: &Path) -> Error {
    match VectorCache::open_with(path, &CacheOptions::new().wait(Duration::from_millis(20))) {
        Err(error) => {
            // Alone or in the system's words, the path is always told.
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            error
        }
        Ok(_) => panic!("{} was opened", path.display()),
    }
}

#[test]
fn what_is_no_cache_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a file");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".repeat(400);
    for bytes in [&png[..], b"x", b"planisphere", &[0; 10_000], b"redb\x1a\x0a\xa9\x0d\x0a and more"] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(fails(&path), Error::Foreign { .. }));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    assert!(matches!(fails(folder.path()), Error::Foreign { .. }));
    let Error::Io { kind, .. } = fails(&folder.path().join("no/where")) else { panic!() };
    assert_eq!(kind, ErrorKind::NotFound);
    assert!(matches!(fails(&path.join("under a file")), Error::Io { .. }));
    let Err(Error::InvalidParam { param, .. }) = VectorCache::open_with(&path, &CacheOptions::new().batch(0)) else {
        panic!()
    };
    assert_eq!(param, "batch");

    // Not even when it took the place of a cache that was open.
    let own = folder.path().join("v.cache");
    let cache = VectorCache::open(&own).unwrap();
    fs::write(&own, &png).unwrap();
    assert!(matches!(cache.clear(), Err(Error::Foreign { .. })));
    assert!(matches!(cache.forget(&ModelKey::new("m")), Err(Error::Foreign { .. })));
    assert_eq!(fs::read(&own).unwrap(), png);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        assert!(matches!(fails(&pipe), Error::Foreign { .. }));
    }
    assert!(matches!(fails(Path::new("/dev/null")), Error::Foreign { .. }));
}

#[test]
fn later_formats_truncated_and_damaged_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.cache");
    let model = ModelKey::new("m");
    let all = texts(0..500);
    let cache = VectorCache::open(&path).unwrap();
    cache.encode(&model, &all, embed(&model)).unwrap();
    let bytes = fs::read(&path).unwrap();

    let mut later = bytes.clone();
    later[16] = 2;
    fs::write(&path, &later).unwrap();
    assert!(matches!(fails(&path), Error::Newer { version: 2, known: 1, .. }));
    assert!(matches!(cache.clear(), Err(Error::Newer { .. })));

    // Nothing at all is a new cache; all else that is shorter is damaged.
    for len in [1, 15, 16, 100, 511, 512, 4096, 8196, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..len]).unwrap();
        let error = fails(&path);
        assert!(matches!(error, Error::Damaged { .. }) || len < 16, "{len}: {error}");
        assert!(matches!(cache.encode(&model, &all, never), Err(EncodeError::Cache(e)) if e == error));
    }
    fs::write(&path, b"").unwrap();
    assert_eq!(VectorCache::open(&path).unwrap().len().unwrap(), 0);

    // A damaged block is told where it is read; the rest of the program goes on with a cleared cache.
    let mut bad = bytes.clone();
    let value = common::vector(&model, "text number 3")[7].to_le_bytes();
    let at = bytes.windows(4).rposition(|w| w == value).unwrap();
    bad[at + 2] ^= 16;
    fs::write(&path, &bad).unwrap();
    let r = cache.encode(&model, &all, never);
    let Err(EncodeError::Cache(Error::Damaged { problem, .. })) = r else { panic!("{r:?}") };
    assert!(problem.contains("checksum"), "{problem}");
    cache.clear().unwrap();
    let cached = cache.encode(&model, &all, embed(&model)).unwrap();
    assert_eq!((cached.vectors, cached.report.computed), (matrix(&model, &all), 500));
}

/// Where the checksum of its block is right, as when memory was at fault before the block was written.
#[test]
fn a_damaged_value_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.cache");
    let model = ModelKey::new("m");
    let all = texts(0..500);
    let cache = VectorCache::open(&path).unwrap();
    cache.encode(&model, &all, embed(&model)).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let value = common::vector(&model, "text number 77")[7].to_le_bytes();
    let at = bytes.windows(4).rposition(|w| w == value).unwrap();
    bytes[at] ^= 1;
    let block = (at - 4096) / 4100;
    let start = 4096 + block * 4100;
    let mut sum = crc32fast::Hasher::new();
    sum.update(&(block as u64 + 1).to_le_bytes());
    sum.update(&bytes[start..start + 4096]);
    bytes[start + 4096..start + 4100].copy_from_slice(&sum.finalize().to_le_bytes());
    fs::write(&path, &bytes).unwrap();

    let cached = cache.encode(&model, &all, embed(&model)).unwrap();
    assert_eq!(cached.vectors, matrix(&model, &all));
    let r = cached.report;
    assert_eq!((r.hits, r.computed, r.damaged), (499, 1, 1));
    let cached = cache.encode(&model, &all, never).unwrap();
    assert_eq!((cached.vectors, cached.report.hits), (matrix(&model, &all), 500));
    assert_eq!(cache.len().unwrap(), 500);
}

#[test]
fn a_file_that_is_in_use_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.cache");
    let cache = VectorCache::open_with(&path, &CacheOptions::new().wait(Duration::from_millis(50))).unwrap();
    let model = ModelKey::new("m");
    cache.encode(&model, &["a"], embed(&model)).unwrap();

    let other = File::open(&path).unwrap();
    other.lock().unwrap();
    let start = Instant::now();
    let Err(Error::Busy { waited, .. }) = cache.len() else { panic!() };
    assert!(waited >= Duration::from_millis(50) && start.elapsed() < Duration::from_secs(20), "{waited:?}");
    assert!(matches!(cache.encode(&model, &["a"], never), Err(EncodeError::Cache(Error::Busy { .. }))));
    assert!(matches!(cache.clear(), Err(Error::Busy { .. })));
    assert!(matches!(fails(&path), Error::Busy { .. }));
    other.unlock().unwrap();

    // Readers do not keep each other out, only those who write.
    other.lock_shared().unwrap();
    assert_eq!(cache.len().unwrap(), 1);
    assert_eq!(cache.encode(&model, &["a"], never).unwrap().report.hits, 1);
    assert!(matches!(cache.forget(&model), Err(Error::Busy { .. })));
    drop(other);
    assert_eq!(cache.forget(&model).unwrap(), 1);
}

#[test]
fn waiting_ends_with_the_lock_or_by_cancellation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.cache");
    let cache = VectorCache::open_with(&path, &CacheOptions::new().wait(Duration::from_secs(600))).unwrap();
    let model = ModelKey::new("m");
    let hold = || {
        let file = File::open(&path).unwrap();
        file.lock().unwrap();
        file
    };
    let after = |work: Box<dyn FnOnce() + Send>| {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(60));
            work();
            Instant::now()
        })
    };
    // A look at the lock every 16 ms; the rest is for machines that are busy.
    let in_time = |since: Instant| assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    let file = hold();
    let thread = after(Box::new(move || drop(file)));
    assert_eq!(cache.encode(&model, &["a"], embed(&model)).unwrap().report.computed, 1);
    in_time(thread.join().unwrap());

    let _file = hold();
    let token = CancelToken::new();
    let other = token.clone();
    let thread = after(Box::new(move || other.cancel()));
    let r = cache.encode_with(&model, &["a"], &mut Context::new().cancel(&token), never);
    assert!(matches!(r, Err(EncodeError::Cancelled(_))), "{r:?}");
    in_time(thread.join().unwrap());
}

#[test]
fn what_took_the_place_of_a_cache_is_not_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.cache");
    let cache = VectorCache::open_with(&path, &CacheOptions::new().wait(Duration::from_secs(600))).unwrap();
    let file = File::open(&path).unwrap();
    // It is still a cache while others read it, and something else by the time that they are done.
    file.lock_shared().unwrap();
    let clearing = std::thread::spawn(move || cache.clear());
    std::thread::sleep(Duration::from_millis(100));
    fs::write(&path, "something else").unwrap();
    drop(file);
    let r = clearing.join().unwrap();
    assert!(matches!(r, Err(Error::Foreign { .. })), "{r:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "something else");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.cache");
    let model = ModelKey::new("m");
    VectorCache::open(&path).unwrap().encode(&model, &["a"], embed(&model)).unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let before = fs::read(&path).unwrap();
    mode(&path, 0o444);
    mode(folder.path(), 0o555);
    let cache = VectorCache::open(&path).unwrap();
    assert_eq!(cache.encode(&model, &["a"], never).unwrap().vectors, matrix(&model, &["a"]));
    assert_eq!(cache.len().unwrap(), 1);
    assert_eq!(fs::read(&path).unwrap(), before);
    // Whoever is allowed everything cannot be refused.
    if File::options().write(true).open(&path).is_err() {
        // Before anything is computed.
        let r = cache.encode(&model, &["b"], never);
        assert!(
            matches!(&r, Err(EncodeError::Cache(Error::Io { kind, .. })) if *kind == ErrorKind::PermissionDenied),
            "{r:?}"
        );
        assert!(matches!(fails(&folder.path().join("new.cache")), Error::Io { .. }));
    }
    mode(folder.path(), 0o755);
}
