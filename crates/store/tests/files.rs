//! Files are what was written, whole, or an error that says what they are instead.

use planisphere_store::{Error, Format, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const LISTS: Format = Format::new("planisphere-test-list", "test list", 2);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    name: String,
    scale: f64,
}

fn header() -> Header {
    // Quotes and braces that a search for the start of the header could trip over, and a number with many digits.
    Header { name: "{\"version\":9,\"checksum\":1 ünïcode".to_owned(), scale: 0.1 + 0.2 }
}

type Content = (Header, Vec<u8>, Vec<i8>, Vec<u32>, Vec<u64>, Vec<f32>, Vec<f64>);

fn content() -> Content {
    (
        header(),
        vec![0, 255],
        vec![-128, 127],
        vec![u32::MAX],
        vec![u64::MAX, 1],
        vec![-0.0, f32::MIN_POSITIVE, 1.5],
        vec![f64::MAX, f64::NEG_INFINITY],
    )
}

fn bytes() -> Vec<u8> {
    let (header, a, b, c, d, e, f) = content();
    let arrays = BTreeMap::from([
        ("a", Tensor::new(&[2], &a)),
        ("b", Tensor::new(&[1, 2], &b)),
        ("c", Tensor::new(&[1], &c)),
        ("d", Tensor::new(&[2], &d)),
        ("e", Tensor::new(&[3], &e)),
        ("f", Tensor::new(&[2, 1, 1], &f)),
        ("none", Tensor::new::<f32>(&[0, 7], &[])),
    ]);
    LISTS.encode(&header, &arrays).unwrap()
}

fn read(bytes: &[u8]) -> Result<Content, Error> {
    LISTS.from_bytes(bytes, |header: Header, arrays| {
        assert!(arrays.has("none") && !arrays.has("some"));
        assert_eq!((arrays.shape::<2>("none")?, arrays.take::<f32>("none", &[0, 7])?), ([0, 7], vec![]));
        Ok((
            header,
            arrays.take("a", &[2])?,
            arrays.take("b", &[1, 2])?,
            arrays.take("c", &[1])?,
            arrays.take("d", &[2])?,
            arrays.finite("e", &[3])?,
            arrays.take("f", &[2, 1, 1])?,
        ))
    })
}

#[test]
fn what_is_written_is_read() {
    let bytes = bytes();
    assert_eq!(read(&bytes).unwrap(), content());
    assert!(bytes == self::bytes(), "the same each time");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.list");
    std::fs::write(&path, b"something else").unwrap();
    LISTS.save(&path, &bytes).unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes);
    assert_eq!(LISTS.load(&path, |h: Header, _| Ok(h)).unwrap(), header());
    let mut written = Vec::new();
    LISTS.write_to(&mut written, &bytes).unwrap();
    assert_eq!(LISTS.read_from(&written[..], |h: Header, _| Ok(h)).unwrap(), header());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    // Nothing is left of a file that cannot be written.
    let kind = |to: &std::path::Path| match LISTS.save(to, &bytes).unwrap_err() {
        Error::Io { kind, .. } => kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(folder.path()), std::io::ErrorKind::IsADirectory);
    assert_eq!(kind(&folder.path().join("none/a.list")), std::io::ErrorKind::NotFound);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn arrays_that_are_not_as_asked_are_told() {
    let says = |ask: &dyn Fn(&planisphere_store::Arrays<'_>) -> Result<(), String>| {
        LISTS.from_bytes(&bytes(), |_: Header, arrays| ask(arrays)).unwrap_err().to_string()
    };
    let start = "the data is a damaged test list: ";
    for (got, want) in [
        (says(&|a| a.shape::<1>("x").map(|_| ())), "there is no array \"x\""),
        (says(&|a| a.shape::<1>("b").map(|_| ())), "array \"b\" has 2 dimensions, not 1"),
        (says(&|a| a.take::<f32>("x", &[1]).map(|_| ())), "there is no array \"x\""),
        (says(&|a| a.take::<i8>("a", &[2]).map(|_| ())), "array \"a\" is U8 [2], not I8 [2]"),
        (says(&|a| a.take::<u8>("a", &[3]).map(|_| ())), "array \"a\" is U8 [2], not U8 [3]"),
        (says(&|_| Err("too old".to_owned())), "too old"),
    ] {
        assert_eq!(got, format!("{start}{want}"));
    }
    let infinite = [1.0, f32::INFINITY];
    let bytes = LISTS.encode(&header(), &BTreeMap::from([("x", Tensor::new(&[2], &infinite))])).unwrap();
    let e = LISTS.from_bytes(&bytes, |_: Header, a| a.finite("x", &[2])).unwrap_err();
    assert_eq!(e.to_string(), format!("{start}array \"x\" holds inf at 1"));
    let wrong = BTreeMap::from([("x", Tensor::new(&[3], &infinite))]);
    assert!(matches!(LISTS.encode(&header(), &wrong), Err(Error::Io { .. })));
}

#[test]
fn other_files_are_told_apart() {
    let good = bytes();
    assert!(matches!(read(b""), Err(Error::Foreign { what: "test list", .. })));
    let other = Format::new("planisphere-test-lists", "other", 1).encode(&header(), &BTreeMap::new()).unwrap();
    assert!(matches!(read(&other), Err(Error::Foreign { .. })));
    let newer = Format::new("planisphere-test-list", "test list", 3).encode(&header(), &BTreeMap::new()).unwrap();
    let e = read(&newer).unwrap_err();
    assert!(matches!(e, Error::Newer { version: 3, newest: 2, .. }), "{e}");
    let older = Format::new("planisphere-test-list", "test list", 1).encode(&header(), &BTreeMap::new()).unwrap();
    assert_eq!(LISTS.from_bytes(&older, |h: Header, _| Ok(h)).unwrap(), header());
    for len in 60..good.len() {
        assert!(matches!(read(&good[..len]), Err(Error::Damaged { .. })), "{len}");
    }
    let missing = LISTS.load("no such folder/a.list", |h: Header, _| Ok(h));
    assert!(matches!(missing, Err(Error::Io { kind: std::io::ErrorKind::NotFound, .. })));
}

#[test]
fn no_flipped_bit_is_taken() {
    let good = bytes();
    let mut bytes = good.clone();
    let mut taken = 0;
    for bit in 0..8 * good.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        match read(&bytes) {
            // White space that became other white space.
            Ok(read) => {
                assert_eq!(read, content(), "bit {bit}");
                taken += 1;
            }
            Err(Error::Foreign { .. } | Error::Damaged { .. } | Error::Newer { .. }) => {}
            Err(other) => panic!("bit {bit}: {other:?}"),
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(taken < 50, "{taken}");
}

#[cfg(unix)]
#[test]
fn a_model_that_is_replaced_keeps_its_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("a.list"), folder.path().join("link"));
    LISTS.save(&file, &bytes()).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.list", &link).unwrap();
    let other = LISTS.encode(&header(), &BTreeMap::new()).unwrap();
    LISTS.save(&link, &other).unwrap();
    assert!(link.is_symlink() && std::fs::read(&file).unwrap() == other);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
