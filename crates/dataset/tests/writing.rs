//! What is written can be read, is complete or absent, and leaves nothing else behind.

use planisphere_core::Matrix;
use planisphere_dataset::{Error, TableReader, Vectors, write_atomic, write_map_csv, write_npy, write_npy_ids};
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::Path;

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|&s| s.to_owned()).collect()
}

#[test]
fn arrays_have_the_bytes_of_numpy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.npy");
    let m = Matrix::from_rows([[1.0f32, -2.5], [1e-45, f32::MAX], [0.0, 3.0]]).unwrap();
    write_npy(&path, m.view()).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"\x93NUMPY\x01\0"));
    let header = bytes.len() - 24;
    assert_eq!(header % 16, 0);
    let dict = String::from_utf8_lossy(&bytes[10..header]);
    assert!(dict.contains("'<f4'") && dict.contains("(3, 2"), "{dict}");
    assert_eq!(&bytes[header..header + 8], [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0]);
    assert_eq!(TableReader::new().read(&path).unwrap().vectors(), Some(&m));

    write_npy_ids(&path, 2, 2, &[0, 1, 70_000, i32::MAX as u32]).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(String::from_utf8_lossy(&bytes[10..128.min(bytes.len())]).contains("'<i4'"));
    assert_eq!(bytes[bytes.len() - 8..], [0x70, 0x11, 1, 0, 0xff, 0xff, 0xff, 0x7f]);
    assert_eq!(entries(folder.path()), ["m.npy"]);
}

#[test]
fn lists_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for (rows, cols) in [(2, 2), (usize::MAX, 2)] {
        let e = write_npy_ids(&path, rows, cols, &[1, 2, 3]).unwrap_err();
        assert!(matches!(e, Error::Lengths { what: "row ids", got: 3, .. }), "{e:?}");
    }
    let e = write_npy_ids(&path, 1, 2, &[1, 1 << 31]).unwrap_err();
    assert!(matches!(e, Error::IdTooLarge { at: 1, id: 0x8000_0000, .. }), "{e:?}");
    let map = Matrix::zeros(2, 2);
    let e = write_map_csv(&path, &strings(&["a"]), None, map.view()).unwrap_err();
    assert!(matches!(e, Error::Lengths { what: "ids", expected: 2, got: 1, .. }), "{e:?}");
    let e = write_map_csv(&path, &strings(&["a", "b"]), Some(&[None]), map.view()).unwrap_err();
    assert!(matches!(e, Error::Lengths { what: "labels", expected: 2, got: 1, .. }), "{e:?}");
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn maps_have_as_many_axes_as_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.csv");
    for (cols, header) in [(1, "id,x"), (2, "id,x,y"), (3, "id,x,y,z"), (4, "id,x1,x2,x3,x4")] {
        write_map_csv(&path, &strings(&["a"]), None, Matrix::zeros(1, cols).view()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{header}\na{}\n", ",0.0".repeat(cols)));
    }
}

proptest! {
    #[test]
    fn maps_are_read_back_to_the_bit(
        points in proptest::collection::vec(any::<u32>().prop_map(f32::from_bits), 1..12),
        label in "[\"\\r\\n,a-c é]{0,6}",
    ) {
        let points: Vec<f32> = points.into_iter().map(|v| if v.is_finite() { v } else { 0.5 }).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.csv");
        let map = Matrix::from_vec(points.len(), 1, points.clone()).unwrap();
        let ids: Vec<String> = (0..points.len()).map(|i| format!("{label}{i}")).collect();
        let labels: Vec<Option<String>> = (0..points.len()).map(|i| (i % 2 == 0).then(|| label.clone())).collect();
        write_map_csv(&path, &ids, Some(&labels), map.view()).unwrap();
        // The column `x` is no numbered one, so it is renamed for reading.
        let content = fs::read_to_string(&path).unwrap().replacen(",x\n", ",x1\n", 1);
        fs::write(&path, content).unwrap();
        let table = TableReader::new().vectors(Vectors::Prefix("x".into())).read(&path).unwrap();
        prop_assert_eq!(table.ids(), &ids);
        for (read, written) in table.labels().unwrap().iter().zip(&labels) {
            prop_assert_eq!(read.as_deref(), written.as_deref().filter(|l| !l.trim().is_empty()));
        }
        for (read, written) in table.vectors().unwrap().data().iter().zip(&points) {
            prop_assert_eq!(read.to_bits(), written.to_bits());
        }
    }
}

#[test]
fn failures_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.html");
    let fail = |w: &mut dyn Write| {
        w.write_all(&[b'x'; 1 << 20])?;
        Err(std::io::Error::other("no more"))
    };
    let e = write_atomic(&path, fail).unwrap_err();
    assert!(matches!(&e, Error::Write { source, .. } if source.to_string() == "no more"), "{e:?}");
    assert!(entries(folder.path()).is_empty());
    fs::write(&path, "old").unwrap();
    assert!(write_atomic(&path, fail).is_err());
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), entries(folder.path()).len()), ("old", 1));
    write_atomic(&path, |w| w.write_all(b"new")).unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), entries(folder.path()).len()), ("new", 1));
}

#[test]
fn places_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let (file, sub) = (folder.path().join("file"), folder.path().join("sub"));
    fs::write(&file, "").unwrap();
    fs::create_dir(&sub).unwrap();
    let write = |path: &Path| write_atomic(path, |w| w.write_all(b"x")).unwrap_err();
    let e = write(&folder.path().join("none/x.csv"));
    assert!(matches!(&e, Error::NoFolder { folder, .. } if folder.ends_with("none")), "{e:?}");
    assert!(matches!(write(&file.join("x.csv")), Error::NoFolder { .. }));
    assert!(matches!(write(&sub), Error::IsFolder { .. }));
    assert!(matches!(write(Path::new("/")), Error::IsFolder { .. }));
    assert!(matches!(write(Path::new("")), Error::IsFolder { .. }));
    assert!(matches!(write(&folder.path().join("none/..")), Error::IsFolder { .. }));
    assert_eq!(entries(folder.path()), ["file", "sub"]);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_as_a_plain_create_has_them() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o7777;
    let write = |name: &str| write_atomic(folder.path().join(name), |w| w.write_all(b"x")).unwrap();
    fs::File::create(folder.path().join("plain")).unwrap();
    write("new");
    assert_eq!(mode("new"), mode("plain"));

    fs::set_permissions(folder.path().join("plain"), fs::Permissions::from_mode(0o640)).unwrap();
    write("plain");
    assert_eq!((mode("plain"), fs::read(folder.path().join("plain")).unwrap()), (0o640, b"x".to_vec()));

    fs::write(folder.path().join("target"), "old").unwrap();
    symlink("target", folder.path().join("link")).unwrap();
    write("link");
    assert!(folder.path().join("link").is_symlink());
    assert_eq!(fs::read(folder.path().join("target")).unwrap(), b"x");
    // A device is written to, not replaced.
    let device = Path::new("/dev/null");
    write_atomic(device, |w| w.write_all(b"x")).unwrap();
    assert!(!fs::metadata(device).unwrap().is_file());
}
