//! Whatever is wrong with a table is a typed error that says where, on one line.

use planisphere_dataset::{Error, Format, Result, Table, TableReader, Vectors};

fn read(reader: &TableReader, format: Format, content: impl AsRef<[u8]>) -> Result<Table> {
    reader.read_from(content.as_ref(), format, "in")
}

/// The error of a default reader, after checking its message.
fn error(format: Format, content: impl AsRef<[u8]>) -> Error {
    error_of(&TableReader::new(), format, content)
}

fn error_of(reader: &TableReader, format: Format, content: impl AsRef<[u8]>) -> Error {
    let content = content.as_ref();
    let e = read(reader, format, content)
        .expect_err(&format!("read without an error: {}", String::from_utf8_lossy(content)));
    let message = e.to_string();
    assert!(message.starts_with("in"), "no file: {message:?}");
    assert!(!message.contains(['\n', '\r']) && message.len() < 600, "not one line: {message:?}");
    e
}

macro_rules! assert_error {
    ($error:expr, $pattern:pat $(if $guard:expr)?) => {{
        let e = $error;
        assert!(matches!(&e, $pattern $(if $guard)?), "{e:?}");
    }};
}

#[test]
fn nothing_there() {
    for format in [Format::Csv, Format::Tsv, Format::Jsonl, Format::Npy] {
        assert_error!(error(format, ""), Error::Empty { .. });
    }
    for (format, blank) in [(Format::Csv, "\n\r\n\n"), (Format::Jsonl, " \n\t\r\n"), (Format::Csv, "\u{feff}")] {
        assert_error!(error(format, blank), Error::Empty { .. });
    }
    for header in ["id,text", "id,text\r\n", "\u{feff}id,text\n\n\n", "embedding_1\n"] {
        assert_error!(error(Format::Csv, header), Error::NoRows { .. });
    }
}

#[test]
fn encodings() {
    assert_error!(error(Format::Csv, b"\xff\xfea\0,\0"), Error::Encoding { encoding, .. } if encoding.contains("little"));
    assert_error!(error(Format::Jsonl, b"\xfe\xff\0{"), Error::Encoding { encoding, .. } if encoding.contains("big"));
    assert_error!(
        error(Format::Csv, b"id,text\na,ok\nb,caf\xe9\n"),
        Error::Utf8 { line: 3, column: Some(c), .. } if c == "text"
    );
    assert_error!(error(Format::Csv, b"id,te\xffxt\na,ok\n"), Error::Utf8 { line: 1, column: None, .. });
    assert_error!(
        error(Format::Jsonl, b"{\"text\":\"a\"}\n\n{\"text\":\"\xe9\"}\n"),
        Error::Utf8 { line: 3, column: None, .. }
    );
    // In a column that nobody reads it does not matter.
    assert_eq!(read(&TableReader::new(), Format::Csv, b"x,text\n\xe9,ok\n").unwrap().texts().unwrap(), ["ok"]);
}

#[test]
fn headers() {
    assert_error!(
        error(Format::Csv, "text,a,text\n1,2,3\n"),
        Error::DuplicateColumn { column, first: 1, second: 3, .. } if column == "text"
    );
    // Unnamed columns, as index columns often are, may be many.
    assert_eq!(read(&TableReader::new(), Format::Csv, ",,text\n1,2,x\n").unwrap().len(), 1);
    assert_error!(
        error_of(&TableReader::new().text("txet"), Format::Csv, "id,text\n1,2\n"),
        Error::UnknownColumn { role: "text", column, known, suggestion: Some(s), .. }
            if column == "txet" && known == &["id", "text"] && s == "text"
    );
    assert_error!(
        error_of(&TableReader::new().label("topic"), Format::Jsonl, "{\"text\":\"a\"}\n{\"text\":\"b\"}"),
        Error::UnknownColumn { role: "label", column, .. } if column == "topic"
    );
    assert_error!(
        error(Format::Csv, "id,embedding_1,embedding_3\n1,2,3\n"),
        Error::VectorGap { missing, .. } if missing == "embedding_2"
    );
    assert_error!(
        error(Format::Csv, "id,body\n1,2\n"),
        Error::NothingToRead { known, .. } if known == &["id", "body"]
    );
    assert_error!(error(Format::Jsonl, "{\"id\":1}"), Error::NothingToRead { known, .. } if known == &["id"]);
    assert_error!(error(Format::Jsonl, "{}"), Error::NothingToRead { known, .. } if known.is_empty());
    let wide: Vec<String> = (0..2000).map(|i| format!("column \"{i}\"\n{}", "x".repeat(99))).collect();
    let quoted: Vec<String> = wide.iter().map(|n| format!("\"{}\"", n.replace('"', "\"\""))).collect();
    let e = read(&TableReader::new(), Format::Csv, quoted.join(",") + "\n1").unwrap_err();
    assert!(matches!(&e, Error::NothingToRead { known, .. } if *known == wide));
    assert!(e.to_string().len() < 2000 && !e.to_string().contains('\n'), "{e}");
}

#[test]
fn ragged_rows_and_quotes() {
    assert_error!(error(Format::Csv, "id,text\na,b\nc\n"), Error::Ragged { line: 3, expected: 2, got: 1, .. });
    assert_error!(error(Format::Tsv, "id\ttext\na\tb\tc\n"), Error::Ragged { line: 2, expected: 2, got: 3, .. });
    assert_error!(error(Format::Csv, "id,text\na,\"b\nc,d\ne,f\n"), Error::UnclosedQuote { line: 2, .. });
    assert_error!(error(Format::Csv, "id,text\n\n\na,\"b\"\"\n\n\n"), Error::UnclosedQuote { line: 4, .. });
    assert_error!(error(Format::Csv, "id,\"text\na,b"), Error::UnclosedQuote { line: 1, .. });
    assert_error!(error(Format::Csv, "id,text\r\na,b\r\nc,\""), Error::UnclosedQuote { line: 3, .. });
    // Closed at the very end, with and without a line break, and stray quotes inside, are fine.
    for ok in
        ["text\n\"a\"", "text\n\"a\"\n", "text\n\"a\n\"", "text\n\"a\n\n\"\r\n", "text\r\"a\"\r", "text\n5\" pipe"]
    {
        assert_eq!(read(&TableReader::new(), Format::Csv, ok).unwrap().len(), 1, "{ok:?}");
    }
}

/// Lines are those of the file: after quoted line breaks, blank lines, and with any line ends.
#[test]
fn lines_are_true() {
    let rows = ["id,text", "a,\"one\ntwo\n\"", "", "", "b,\"x\"\"\n\"", "c,d,e"];
    for (end, line) in [("\n", 9), ("\r\n", 9)] {
        let content = rows.join(end);
        assert_eq!(content.split('\n').nth(line - 1), Some("c,d,e"));
        assert_error!(error(Format::Csv, &content), Error::Ragged { line: l, .. } if *l == line as u64);
        let again = content.clone() + end;
        assert_error!(error(Format::Csv, again), Error::Ragged { line: l, .. } if *l == line as u64);
        // Far behind the first buffer of the parser, too.
        let long = format!("id,text{end}") + &format!("a,\"{}\n\"{end}{end}", "x".repeat(97)).repeat(10_000) + "b";
        assert_error!(error(Format::Csv, long), Error::Ragged { line: 30_002, .. });
    }
}

#[test]
fn vector_cells() {
    let csv = |cell: &str| error(Format::Csv, format!("id,embedding_1,embedding_2\na,1,2\nb,3,{cell}\n"));
    for text in ["x", "NA", "1,5", "1_0", "0x10", "[1]", "--1", "1e"] {
        assert_error!(
            csv(&format!("\"{text}\"")),
            Error::Number { line: 3, column, value, .. } if column == "embedding_2" && value == text
        );
    }
    for text in ["nan", "NaN", "inf", "-inf", "+Infinity", "1e39", "-1e999"] {
        assert_error!(
            csv(text),
            Error::NonFinite { line: 3, column, value, .. } if column == "embedding_2" && value == text
        );
    }
    for blank in ["", "  ", "\"\""] {
        assert_error!(csv(blank), Error::MissingValue { line: 3, column, .. } if column == "embedding_2");
    }
    assert_error!(
        error(Format::Csv, b"embedding_1\n1\xff\n"),
        Error::Number { line: 2, value, .. } if value == "1\u{fffd}"
    );
    assert_error!(
        error(Format::Csv, "id,text\n,x\n"),
        Error::MissingValue { line: 2, column, .. } if column == "id"
    );
    let ok = read(&TableReader::new(), Format::Csv, "embedding_1\n +1.5e1 \n.5\n-3.\n1e-60\n").unwrap();
    assert_eq!(ok.vectors().unwrap().data(), [15.0, 0.5, -3.0, 0.0]);
}

#[test]
fn json_cells() {
    let csv = |cell: &str| error(Format::Csv, format!("id,vector\na,\"[1,2]\"\nb,\"{}\"\n", cell.replace('"', "\"\"")));
    assert_error!(csv(""), Error::MissingValue { line: 3, column, .. } if column == "vector");
    assert_error!(csv("null"), Error::MissingValue { line: 3, .. });
    assert_error!(csv("[1,2,3]"), Error::VectorLength { line: 3, expected: 2, got: 3, column, .. } if column == "vector");
    assert_error!(csv("[]"), Error::EmptyVector { line: 3, .. });
    assert_error!(csv("[1,\"x\"]"), Error::JsonType { line: 3, reason, .. } if reason.contains("expected a number"));
    assert_error!(csv("{\"a\":1}"), Error::JsonType { line: 3, reason, .. } if reason.contains("expected an array"));
    assert_error!(csv("[1 2]"), Error::Json { line: 3, column: Some(c), at: 4, .. } if c == "vector");
    assert_error!(csv("[1,2"), Error::Json { line: 3, .. });
    assert_error!(csv("[1,2]]"), Error::Json { line: 3, at: 6, .. });
    assert_error!(csv("[1,\nNaN]"), Error::NonFinite { line: 3, value, .. } if value == "NaN");
    assert_error!(csv("[1,-1e400]"), Error::NonFinite { line: 3, value, .. } if value == "-1e400");
    assert_error!(csv(&"[".repeat(100_000)), Error::JsonType { line: 3, .. });
}

#[test]
fn json_lines() {
    let second = |line: &str| error(Format::Jsonl, format!("{{\"id\":1,\"text\":\"a\",\"vector\":[1,2]}}\n\n{line}\n"));
    assert_error!(second("{\"id\":2"), Error::Json { line: 3, .. });
    assert_error!(second("{'id':2}"), Error::Json { line: 3, at: 2, .. });
    assert_error!(second("id=2"), Error::Json { line: 3, at: 1, .. });
    assert_error!(second("{\"id\":2,\"text\":\"b\",\"vector\":[3,4]} x"), Error::Json { line: 3, .. });
    for (line, what) in
        [("[1]", "an array"), ("\"a\"", "a string"), ("-1", "a number"), ("null", "null"), ("true", "a truth value")]
    {
        assert_error!(second(line), Error::NotAnObject { line: 3, found, .. } if *found == what);
    }
    assert_error!(error(Format::Jsonl, "[\n{\"id\":1}\n]"), Error::NotAnObject { line: 1, found: "an array", .. });
    for missing in ["{\"id\":2,\"vector\":[3,4]}", "{\"id\":2,\"text\":null,\"vector\":[3,4]}"] {
        assert_error!(second(missing), Error::MissingValue { line: 3, column, .. } if column == "text");
    }
    for missing in ["{\"text\":\"\",\"vector\":[3,4]}", "{\"id\":\" \",\"text\":\"\",\"vector\":[3,4]}"] {
        assert_error!(second(missing), Error::MissingValue { line: 3, column, .. } if column == "id");
    }
    for missing in ["{\"id\":2,\"text\":\"b\"}", "{\"id\":2,\"text\":\"b\",\"vector\":null}"] {
        assert_error!(second(missing), Error::MissingValue { line: 3, column, .. } if column == "vector");
    }
    assert_error!(
        second("{\"id\":2,\"text\":[\"b\"],\"vector\":[3,4]}"),
        Error::JsonType { line: 3, column, reason, .. } if column == "text" && reason == "sequence, expected a string"
    );
    assert_error!(
        second("{\"id\":2,\"text\":\"b\",\"vector\":[3,4],\"text\":\"c\"}"),
        Error::DuplicateField { line: 3, field, .. } if field == "text"
    );
    assert_error!(
        second("{\"id\":2,\"text\":\"b\",\"vector\":[3,Infinity]}"),
        Error::NonFinite { line: 3, column, value, .. } if column == "vector" && value == "Infinity"
    );
    assert_error!(
        second("{\"id\":2,\"text\":\"b\",\"vector\":[3]}"),
        Error::VectorLength { line: 3, expected: 2, got: 1, .. }
    );
    // The first object is looked through before its columns are known.
    assert_error!(
        error(Format::Jsonl, "{\"vector\":[1,NaN]}"),
        Error::NonFinite { line: 1, column, value, .. } if column == "vector" && value == "NaN"
    );
    assert_error!(
        second("{\"id\":2,\"score\":NaN,\"text\":\"b\",\"vector\":[3,4]}"),
        Error::Json { line: 3, column: None, reason, .. } if reason.contains("NaN")
    );
    let parts = |line: &str| error(Format::Jsonl, format!("{{\"embedding_2\":2,\"embedding_1\":1}}\n{line}"));
    assert_error!(parts("{\"embedding_1\":1}"), Error::MissingValue { line: 2, column, .. } if column == "embedding_2");
    assert_error!(
        parts("{\"embedding_1\":1,\"embedding_2\":null}"),
        Error::MissingValue { line: 2, column, .. } if column == "embedding_2"
    );
    assert_error!(
        parts("{\"embedding_1\":1,\"embedding_2\":\"2\"}"),
        Error::JsonType { line: 2, column, .. } if column == "embedding_2"
    );
    assert_error!(
        parts("{\"embedding_1\":1,\"embedding_2\":1e39}"),
        Error::NonFinite { line: 2, column, .. } if column == "embedding_2"
    );
    // Nested too deeply, in a field that nobody reads.
    assert_error!(second(&format!("{{\"x\":{}", "[".repeat(100_000))), Error::Json { line: 3, .. });
}

#[test]
fn ids_must_differ() {
    assert_error!(
        error(Format::Csv, "id,text\na,\"x\ny\"\nb,x\na,z\nb,z\n"),
        Error::DuplicateId { id, first: 2, second: 5, .. } if id == "a"
    );
    assert_error!(
        error(Format::Jsonl, "{\"id\":7,\"text\":\"x\"}\n\n{\"id\":\"7\",\"text\":\"y\"}"),
        Error::DuplicateId { id, first: 1, second: 3, .. } if id == "7"
    );
    let table = read(&TableReader::new().number_rows(), Format::Csv, "id,text\na,x\na,y\n").unwrap();
    assert_eq!(table.ids(), ["0", "1"]);
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let reader = TableReader::new();
    let e = reader.read("no/such/table.csv").unwrap_err();
    assert!(matches!(&e, Error::Open { file, .. } if file == "no/such/table.csv"), "{e:?}");
    for (name, known) in [("a.xlsx", Some("xlsx")), ("README", None), (".csv", None), ("a.csv.gz", Some("gz"))] {
        let e = reader.read(name).unwrap_err();
        assert!(e.to_string().ends_with("known are .csv .tsv .jsonl .ndjson .npy"), "{e}");
        assert!(matches!(e, Error::Extension { extension, .. } if extension.as_deref() == known));
    }
    let path = folder.path().join("folder.npy");
    std::fs::create_dir(&path).unwrap();
    let e = reader.read(&path).unwrap_err();
    assert!(matches!(e, Error::Open { .. } | Error::Read { .. }), "{e:?}");
    let path = folder.path().join("TABLE.CSV");
    std::fs::write(&path, "text\nx\n").unwrap();
    assert_eq!(reader.read(&path).unwrap().len(), 1);
}

/// A reader that fails after its content.
struct Failing<'a>(&'a [u8]);

impl std::io::Read for Failing<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buf)? {
            0 => Err(std::io::Error::other("cable cut")),
            n => Ok(n),
        }
    }
}

#[test]
fn a_reader_that_fails_is_no_end_of_file() {
    for (format, content) in [
        (Format::Csv, &b"text\na\n"[..]),
        (Format::Jsonl, b"{\"text\":\"a\"}\n"),
        (Format::Npy, b"\x93NUMPY\x01\0"),
        (Format::Csv, b""),
    ] {
        let e = TableReader::new().read_from(Failing(content), format, "in").unwrap_err();
        assert!(matches!(&e, Error::Read { source, .. } if source.to_string() == "cable cut"), "{e:?}");
    }
}

#[test]
fn an_array_has_no_texts() {
    let npy = b"\x93NUMPY\x01\0";
    for reader in [
        TableReader::new().text("t"),
        TableReader::new().id("t"),
        TableReader::new().label("t"),
        TableReader::new().vectors(Vectors::None),
        TableReader::new().vectors(Vectors::Column("t".into())),
    ] {
        assert_error!(error_of(&reader, Format::Npy, npy), Error::VectorsOnly { .. });
    }
}
