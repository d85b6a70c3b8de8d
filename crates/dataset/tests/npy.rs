//! NumPy files made by hand, byte for byte.

use planisphere_core::Matrix;
use planisphere_dataset::{Error, Format, NpyBlocks, Result, Table, TableReader};
use proptest::prelude::*;

/// A .npy file of version 1 with this header and these values.
fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    raw([1, 0], &format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"), data)
}

fn raw(version: [u8; 2], dict: &str, data: &[u8]) -> Vec<u8> {
    let length_bytes = if version[0] == 1 { 2 } else { 4 };
    let mut text = dict.to_owned();
    while !(8 + length_bytes + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut file = b"\x93NUMPY".to_vec();
    file.extend(version);
    file.extend(&(text.len() as u32).to_le_bytes()[..length_bytes]);
    file.extend(text.as_bytes());
    file.extend(data);
    file
}

/// Reads from a stream, and from a file whose length is known; both must agree.
fn read(bytes: &[u8]) -> Result<Table> {
    let streamed = TableReader::new().read_from(bytes, Format::Npy, "in.npy");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.npy");
    std::fs::write(&path, bytes).unwrap();
    let read = TableReader::new().read(&path);
    match (&streamed, &read) {
        (Ok(a), Ok(b)) => assert_eq!(a, b),
        (Err(a), Err(b)) => assert_eq!(std::mem::discriminant(a), std::mem::discriminant(b), "{a:?}, {b:?}"),
        _ => panic!("{streamed:?}, {read:?}"),
    }
    if let Err(e) = &streamed {
        let message = e.to_string();
        assert!(message.starts_with("in.npy: ") && !message.contains('\n'), "{message}");
    }
    streamed
}

/// The bytes of `values` in the type and order of a file.
macro_rules! bytes {
    ($values:expr, $t:ty) => {
        $values.iter().flat_map(|&v| (v as $t).to_le_bytes()).collect::<Vec<u8>>()
    };
}

#[test]
fn every_type_in_both_orders() {
    // Rows 1 2 3 and 4 5 100, by rows and by columns.
    let (by_rows, by_cols) = ([1i8, 2, 3, 4, 5, 100], [1i8, 4, 2, 5, 3, 100]);
    let half = |values: [i8; 6]| -> Vec<u8> {
        values.iter().flat_map(|&v| half::f16::from_f32(f32::from(v)).to_le_bytes()).collect()
    };
    for (descr, rows, cols) in [
        ("|i1", bytes!(by_rows, i8), bytes!(by_cols, i8)),
        ("|u1", bytes!(by_rows, u8), bytes!(by_cols, u8)),
        ("<u1", bytes!(by_rows, u8), bytes!(by_cols, u8)),
        ("<i2", bytes!(by_rows, i16), bytes!(by_cols, i16)),
        ("<u2", bytes!(by_rows, u16), bytes!(by_cols, u16)),
        ("<i4", bytes!(by_rows, i32), bytes!(by_cols, i32)),
        ("<u4", bytes!(by_rows, u32), bytes!(by_cols, u32)),
        ("<i8", bytes!(by_rows, i64), bytes!(by_cols, i64)),
        ("<u8", bytes!(by_rows, u64), bytes!(by_cols, u64)),
        ("<f2", half(by_rows), half(by_cols)),
        ("<f4", bytes!(by_rows, f32), bytes!(by_cols, f32)),
        ("<f8", bytes!(by_rows, f64), bytes!(by_cols, f64)),
    ] {
        let expected = Matrix::from_rows([[1.0f32, 2.0, 3.0], [4.0, 5.0, 100.0]]).unwrap();
        for (fortran, data) in [(false, &rows), (true, &cols)] {
            let table = read(&npy(&format!("'{descr}'"), fortran, "(2, 3)", data)).unwrap();
            assert_eq!(table.vectors(), Some(&expected), "{descr} {fortran}");
            assert_eq!(table.ids(), ["0", "1"]);
        }
    }
    let table = read(&npy("'|b1'", false, "(2, 2)", &[1, 0, 0, 1])).unwrap();
    assert_eq!(table.vectors().unwrap().data(), [1.0, 0.0, 0.0, 1.0]);
    let extremes = [f32::MAX, f32::MIN, 1e-45, -0.0];
    let table = read(&npy("'<f4'", false, "(4, 1)", &bytes!(extremes, f32))).unwrap();
    assert!(table.vectors().unwrap().data().iter().zip(extremes).all(|(a, b)| a.to_bits() == b.to_bits()));
    let signed = [i16::MIN, -1];
    let table = read(&npy("'<i2'", false, "(1, 2)", &bytes!(signed, i16))).unwrap();
    assert_eq!(table.vectors().unwrap().data(), [-32768.0, -1.0]);
}

#[test]
fn versions() {
    let dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }";
    for version in [[1, 0], [2, 0], [3, 0]] {
        assert_eq!(read(&raw(version, dict, &1f32.to_le_bytes())).unwrap().vectors().unwrap().data(), [1.0]);
    }
    for version in [[4, 0], [1, 1], [0, 0]] {
        let e = read(&raw(version, dict, &1f32.to_le_bytes())).unwrap_err();
        assert!(matches!(&e, Error::NpyHeader { reason, .. } if reason.contains("version")), "{e:?}");
    }
}

/// More values than a block, so that columns and blocks cross.
#[test]
fn large_in_fortran_order() {
    let (rows, cols) = (1003, 37);
    let by_cols: Vec<u8> =
        (0..cols).flat_map(|c| (0..rows).map(move |r| (r * cols + c) as f32)).flat_map(f32::to_le_bytes).collect();
    let table = read(&npy("'<f4'", true, "(1003, 37)", &by_cols)).unwrap();
    assert!(table.vectors().unwrap().data().iter().enumerate().all(|(i, &v)| v == i as f32));
}

#[test]
fn values_that_are_not_finite_are_found_where_they_are() {
    let mut values = vec![0.5f64; 30_000];
    for (at, bad) in [(0, f64::NAN), (8191, f64::INFINITY), (8192, 1e39), (29_999, -1e300)] {
        values[at] = bad;
        for (fortran, place) in [(false, (at / 3, at % 3)), (true, (at % 10_000, at / 10_000))] {
            match read(&npy("'<f8'", fortran, "(10000, 3)", &bytes!(values, f64))) {
                Err(Error::NpyNonFinite { row, column, value, .. }) => {
                    assert_eq!((row, column), place);
                    assert!(value == bad || (value.is_nan() && bad.is_nan()), "{value}");
                }
                other => panic!("{other:?}"),
            }
        }
        values[at] = 0.5;
    }
    let e = read(&npy("'<f2'", false, "(1, 2)", &[0, 0, 0, 0x7c])).unwrap_err();
    assert!(matches!(e, Error::NpyNonFinite { row: 0, column: 1, value: f64::INFINITY, .. }), "{e:?}");
}

#[test]
fn blocks_are_the_rows_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.npy");
    let open = |bytes: &[u8], rows| {
        std::fs::write(&path, bytes).unwrap();
        NpyBlocks::open(&path, rows)
    };
    let values: Vec<i16> = (0..35).collect();
    let whole = npy("'<i2'", false, "(7, 5)", &bytes!(values, i16));
    for rows in [0, 1, 2, 3, 7, 8, usize::MAX] {
        let blocks = open(&whole, rows).unwrap();
        assert_eq!((blocks.rows(), blocks.cols()), (7, 5));
        assert_eq!(blocks.size_hint().1, Some(7usize.div_ceil(rows.max(1))));
        let all: Vec<Matrix> = blocks.map(Result::unwrap).collect();
        assert!(all.iter().rev().skip(1).all(|b| b.rows() == rows.max(1)));
        let data: Vec<f32> = all.iter().flat_map(|b| b.data().to_vec()).collect();
        assert!(data.iter().enumerate().all(|(i, &v)| v == i as f32) && data.len() == 35);
    }
    assert!(matches!(open(&npy("'<i2'", true, "(7, 5)", &bytes!(values, i16)), 2), Err(Error::NpyShape { .. })));
    assert!(matches!(open(&whole[..whole.len() - 1], 2), Err(Error::NpyTruncated { .. })));
    let mut bad: Vec<f32> = vec![1.0; 12];
    bad[7] = f32::NAN;
    let mut blocks = open(&npy("'<f4'", false, "(4, 3)", &bytes!(bad, f32)), 2).unwrap();
    assert!(blocks.next().unwrap().is_ok());
    assert!(matches!(blocks.next(), Some(Err(Error::NpyNonFinite { row: 2, column: 1, .. }))));
    assert!(blocks.next().is_none());
    // The file shrinks while it is read.
    let long = vec![0.5f64; 3 * 4000];
    let mut blocks = open(&npy("'<f8'", false, "(4000, 3)", &bytes!(long, f64)), 1000).unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(50_000).unwrap();
    assert!((0..2).all(|_| blocks.next().unwrap().is_ok()));
    assert!(matches!(blocks.next(), Some(Err(Error::NpyTruncated { got, expected: 96_000, .. })) if got < 50_000));
    assert!(blocks.next().is_none());
}

#[test]
fn what_cannot_be_read() {
    let four = bytes!([1, 2, 3, 4], f32);
    let error = |bytes: Vec<u8>| read(&bytes).unwrap_err();
    for (descr, name) in [
        ("'>f4'", ">f4"),
        ("'<c8'", "<c8"),
        ("'<U3'", "<U3"),
        ("'|O'", "|O"),
        ("'<f16'", "<f16"),
        ("'<M8[ns]'", "<M8[ns]"),
        ("[('a', '<f4'), ('b', '<f4')]", "record"),
        ("'\\n'", "\n"),
    ] {
        let e = error(npy(descr, false, "(2, 2)", &four));
        assert!(matches!(&e, Error::NpyDtype { dtype, .. } if dtype == name), "{e:?}");
    }
    for (shape, sizes) in [("()", vec![]), ("(4,)", vec![4]), ("(2, 2, 1)", vec![2, 2, 1]), ("(4, 0)", vec![4, 0])] {
        let e = error(npy("'<f4'", false, shape, &four));
        assert!(matches!(&e, Error::NpyShape { shape, .. } if *shape == sizes), "{e:?}");
    }
    assert!(matches!(error(npy("'<f4'", false, "(0, 4)", &[])), Error::NoRows { .. }));
    for bad in [&b"\x93NUMPZ\x01\0"[..], b"PK\x03\x04", b"\x93NUM", b"id,text\na,b\n"] {
        assert!(matches!(read(bad), Err(Error::NpyMagic { .. })), "{bad:?}");
    }
    for descr in ["", "'<f4", "f4", "None, 'x'"] {
        let e = error(npy(descr, false, "(2, 2)", &four));
        assert!(matches!(&e, Error::NpyHeader { .. }), "{descr}: {e:?}");
    }
}

#[test]
fn sizes_that_the_file_does_not_have() {
    let four = bytes!([1, 2, 3, 4], f32);
    for fortran in [false, true] {
        let whole = npy("'<f4'", fortran, "(2, 2)", &four);
        assert!(read(&whole).is_ok());
        for cut in 1..whole.len() {
            match read(&whole[..cut]) {
                Err(Error::NpyTruncated { rows: 2, cols: 2, expected: 16, got, .. }) => {
                    assert_eq!(got as usize, cut + 16 - whole.len());
                }
                Err(Error::NpyMagic { .. }) => assert!(cut < 6),
                Err(Error::NpyHeader { .. }) => assert!((6..whole.len() - 16).contains(&cut)),
                other => panic!("{cut}: {other:?}"),
            }
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert!(matches!(read(&longer), Err(Error::NpyTrailing { rows: 2, cols: 2, .. })));
        // Nothing of this size is allocated: the test would not end.
        for shape in ["(1000000000, 1000000000)", "(1, 2305843009213693951)", "(2305843009213693951, 1)"] {
            let e = read(&npy("'|u1'", fortran, shape, &four)).unwrap_err();
            assert!(matches!(e, Error::NpyTruncated { got: 16, .. }), "{e:?}");
        }
        for shape in ["(9223372036854775807, 3)", "(18446744073709551615, 18446744073709551615)"] {
            let e = read(&npy("'<f8'", fortran, shape, &four)).unwrap_err();
            assert!(matches!(e, Error::NpyShape { .. }), "{e:?}");
        }
    }
    let mut huge = b"\x93NUMPY\x02\0".to_vec();
    huge.extend(u32::MAX.to_le_bytes());
    assert!(matches!(read(&huge), Err(Error::NpyHeader { reason, .. }) if reason.contains("4294967295")));
    let nested = format!("{{'descr': {}'<f4'", "[".repeat(5000));
    assert!(matches!(read(&raw([1, 0], &nested, &[])), Err(Error::NpyHeader { .. })));
}

proptest! {
    /// Headers with a few bytes changed are understood or refused, but never a panic or a long wait.
    #[test]
    fn damaged_files_do_not_panic(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        printable: bool,
    ) {
        let mut file = npy("'<f4'", false, "(2, 2)", &bytes!([1, 2, 3, 4], f32));
        for (at, byte) in &changes {
            let at = at.index(file.len());
            file[at] = if printable { b"'\"()[]{}:,0123456789<>|fiubTFx+-.eEjL \\"[usize::from(*byte) % 39] } else { *byte };
        }
        if let Err(e) = TableReader::new().read_from(&file[..], Format::Npy, "in") {
            prop_assert!(!e.to_string().contains('\n'), "{}", e);
        }
    }
}
