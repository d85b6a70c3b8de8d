//! Well-formed tables are read as they are.

use planisphere_dataset::{Format, Table, TableReader, Vectors};
use proptest::prelude::*;

fn read(reader: &TableReader, format: Format, content: impl AsRef<[u8]>) -> Table {
    reader.read_from(content.as_ref(), format, "in").unwrap()
}

fn label(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn the_same_table_in_three_formats() {
    let csv =
        "\u{feff}id,text,label,embedding_2,embedding_1\r\nα,\"a, \"\"b\"\"\r\n\",x,-1e-3,0.1\r\n7,日本語, ,4,3\r\n";
    let tsv = csv.replace("a, ", "a; ").replace(',', "\t").replace(';', ",");
    let jsonl = concat!(
        "\u{feff}{\"id\":\"α\",\"text\":\"a, \\\"b\\\"\\r\\n\",\"label\":\"x\",\"embedding_1\":0.1,\"embedding_2\":-0.001}\r\n",
        "{\"embedding_2\":4,\"x\":[{}],\"embedding_1\":3,\"text\":\"\\u65e5本語\",\"id\":7}",
    );
    for (format, content) in [(Format::Csv, csv), (Format::Tsv, &tsv), (Format::Jsonl, jsonl)] {
        let table = read(&TableReader::new(), format, content);
        assert_eq!(table.len(), 2);
        assert_eq!(table.ids(), ["α", "7"]);
        assert_eq!(table.texts().unwrap(), ["a, \"b\"\r\n", "日本語"], "{format:?}");
        assert_eq!(table.labels().unwrap(), [label("x"), None]);
        assert_eq!(table.vectors().unwrap().data(), [0.1, -0.001, 3.0, 4.0]);
        let parts = table.clone().into_parts();
        assert_eq!((parts.ids.len(), parts.vectors.as_ref()), (2, table.vectors()));
    }
}

#[test]
fn vectors_in_one_column() {
    let expected = [0.5, 1.0, -2.0, 3.0];
    let csv = "embedding,id\n\"[0.5, 1]\",a\n\" [-2e0,\n3] \",b\n";
    assert_eq!(read(&TableReader::new(), Format::Csv, csv).vectors().unwrap().data(), expected);
    let jsonl = "{\"v\":[0.5, 1]}\n{\"v\":[-2e0,3]}";
    let table = read(&TableReader::new().vectors(Vectors::Column("v".into())), Format::Jsonl, jsonl);
    assert_eq!(table.vectors().unwrap().data(), expected);
    assert_eq!((table.vectors().unwrap().rows(), table.ids()), (2, &["0".to_owned(), "1".to_owned()][..]));
    assert_eq!((table.texts(), table.labels()), (None, None));
}

#[test]
fn vectors_by_prefix_and_texts_without_vectors() {
    let csv = "v0,v1,body,embedding_1\n1,2,hello,not a number\n";
    let reader = TableReader::new().text("body");
    let table = read(&reader, Format::Csv, csv);
    assert_eq!((table.texts().unwrap()[0].as_str(), table.vectors()), ("hello", None));
    let table = read(&reader.vectors(Vectors::Prefix("v".into())), Format::Csv, csv);
    assert_eq!(table.vectors().unwrap().data(), [1.0, 2.0]);
}

#[test]
fn labels_in_json_may_be_absent_anywhere() {
    let jsonl = "{\"text\":\"a\"}\n{\"text\":\"b\",\"label\":3}\n{\"text\":\"c\",\"label\":null}\n{\"text\":\"d\",\"label\":\"\"}\n{\"text\":\"e\",\"label\":true}\n{\"text\":\"f\",\"label\":1.5}";
    let table = read(&TableReader::new(), Format::Jsonl, jsonl);
    assert_eq!(table.labels().unwrap(), [None, label("3"), None, None, label("true"), label("1.5")]);
    let table = read(&TableReader::new().label("text"), Format::Jsonl, "{\"text\":\"a\"}");
    assert_eq!(table.labels().unwrap(), [label("a")]);
    assert_eq!(read(&TableReader::new(), Format::Jsonl, "{\"text\":\"a\"}").labels(), None);
}

#[test]
fn one_column_for_several_parts() {
    for (format, content) in [(Format::Csv, "t\na\nb\n"), (Format::Jsonl, "{\"t\":\"a\"}\n{\"t\":\"b\"}")] {
        let table = read(&TableReader::new().text("t").id("t").label("t"), format, content);
        assert_eq!(table.ids(), ["a", "b"]);
        assert_eq!(table.texts().unwrap(), ["a", "b"]);
        assert_eq!(table.labels().unwrap(), [label("a"), label("b")]);
    }
}

/// Texts that a writer must quote, of all that CSV has trouble with.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just("\"".to_owned()),
            Just(",".to_owned()),
            Just("\t".to_owned()),
            Just("\n".to_owned()),
            Just("\r".to_owned()),
            Just("\u{feff}".to_owned()),
            Just("é日🦀".to_owned()),
            any::<char>().prop_map(String::from),
            "[a-z ]{0,5}",
        ],
        0..8,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        rows in proptest::collection::vec((text(), text(), proptest::array::uniform2(-1e30f32..1e30)), 1..20),
        tabs: bool,
        crlf: bool,
    ) {
        let mut csv = csv::WriterBuilder::new()
            .delimiter(if tabs { b'\t' } else { b',' })
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        csv.write_record(["embedding_1", "label", "text", "embedding_2", "id"]).unwrap();
        let mut jsonl = String::new();
        for (i, (text, label, [x, y])) in rows.iter().enumerate() {
            csv.write_record([&x.to_string(), label, text, &y.to_string(), &format!("{i}{text}")]).unwrap();
            let object = serde_json::json!({"id": format!("{i}{text}"), "text": text, "label": label, "vector": [x, y]});
            jsonl += &format!("{object}\n");
        }
        let csv = csv.into_inner().unwrap();
        let table = read(&TableReader::new(), if tabs { Format::Tsv } else { Format::Csv }, csv);
        let vectors: Vec<f32> = rows.iter().flat_map(|r| r.2).collect();
        for (i, (text, label, _)) in rows.iter().enumerate() {
            prop_assert_eq!(&table.ids()[i], &format!("{i}{text}"));
            prop_assert_eq!(&table.texts().unwrap()[i], text);
            prop_assert_eq!(&table.labels().unwrap()[i], &(!label.trim().is_empty()).then(|| label.clone()));
        }
        prop_assert_eq!(table.vectors().unwrap().data(), &vectors);
        // The float text of JSON is that of the number widened to 64 bits, so this reads back the same too.
        prop_assert_eq!(read(&TableReader::new(), Format::Jsonl, jsonl), table);
    }

    /// Errors of ragged rows name the line on which the row starts, whatever stands before.
    #[test]
    fn lines_are_counted_right(rows in proptest::collection::vec(text(), 0..20), crlf: bool) {
        let mut csv = csv::WriterBuilder::new()
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        csv.write_record(["a", "text"]).unwrap();
        for row in &rows {
            csv.write_record(["", row]).unwrap();
        }
        let mut content = csv.into_inner().unwrap();
        let expected = 1 + content.iter().filter(|&&b| b == b'\n').count() as u64;
        content.extend(b"one cell");
        match TableReader::new().read_from(&content[..], Format::Csv, "in") {
            Err(planisphere_dataset::Error::Ragged { line, .. }) => prop_assert_eq!(line, expected),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    /// Nothing makes a reader panic.
    #[test]
    fn anything_is_a_table_or_an_error(content in "[\\[\\]{}\",:0-9a-z\n\r\\\\ é-]{0,60}", head in 0usize..4) {
        let head = ["", "text,embedding\n", "{\"text\":\"a\",\"vector\":[1]}\n", "embedding_1\n"][head];
        for format in [Format::Csv, Format::Tsv, Format::Jsonl, Format::Npy] {
            let content = format!("{head}{content}");
            if let Err(e) = TableReader::new().read_from(content.as_bytes(), format, "in") {
                prop_assert!(!e.to_string().contains('\n'), "{}", e);
            }
        }
    }
}
