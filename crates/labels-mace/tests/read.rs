//! Files of annotations, right and wrong. Names of cases of the MACE programs' formats stand beside them.

mod support;

use planisphere_labels_mace::{
    Annotations, Duplicates, Error, MatrixReader, ReadProblem, VoteReader, read_controls, read_key_path,
    read_label_priors,
};
use proptest::prelude::*;
use std::io::{BufReader, Cursor, Read};

fn matrix(text: &str) -> Result<Annotations, Error> {
    MatrixReader::new().read(text.as_bytes())
}

fn labels(votes: &Annotations) -> Vec<&str> {
    votes.labels().collect()
}

#[test]
fn the_last_line_need_not_end() {
    // MF-01.
    let votes = matrix("a,b\na,a").unwrap();
    assert_eq!((votes.n_items(), votes.n_annotators(), votes.len()), (2, 2, 4));
    assert_eq!(votes.item(1), "2");
    assert_eq!(votes.annotator(1), "2");
    assert_eq!(matrix("a,b\na,a\n").unwrap().votes(), votes.votes());
    // A line break more is a line more.
    assert_eq!(matrix("a,b\na,a\n\n").unwrap().n_items(), 3);
}

#[test]
fn lines_of_other_lengths_are_refused() {
    // MF-02.
    let e = matrix("a,b\na\n").unwrap_err();
    let Error::Read { file: None, line: Some(2), problem: ReadProblem::Cells { expected: 2, got: 1 } } = e else {
        panic!("{e}");
    };
    assert_eq!(e.to_string(), "line 2: number of annotations differs from previous line: 1, expected 2");
    let e = matrix("\n\na,b\n\n\"x\ny\",b\na,b,c\n").unwrap_err();
    assert_eq!(e.to_string(), "line 7: number of annotations differs from previous line: 3, expected 2");
}

#[test]
fn cells_are_trimmed() {
    // MF-04.
    let votes = matrix("a, a\nb,b\n").unwrap();
    assert_eq!(labels(&votes), ["a", "b"]);
    assert_eq!(matrix("\u{feff}a,\ta\u{a0}\r\nb,b\r\n").unwrap().votes(), votes.votes());
}

#[test]
fn nothing_in_a_file() {
    // MF-05.
    for (text, message) in [
        ("", "the file is empty"),
        ("\u{feff}", "the file is empty"),
        ("\n \r\n", "no annotators found"),
        (",,\n\n,,\n", "no labels found"),
    ] {
        assert_eq!(matrix(text).unwrap_err().to_string(), message, "{text:?}");
    }
    let headers = MatrixReader::new().headers(true);
    for (text, message) in [
        ("", "the file is empty"),
        ("\na,b\n", "line 1: no annotators found"),
        ("ann,bob\n", "no labels found"),
        ("ann,,bob\n", "line 1: column 2 has no name"),
        ("ann,bob,ann\n", r#"line 1: columns 1 and 3 are both named "ann""#),
        ("ann,bob\na\n", "line 2: number of annotations differs from previous line: 1, expected 2"),
    ] {
        assert_eq!(headers.read(text.as_bytes()).unwrap_err().to_string(), message, "{text:?}");
    }
}

#[test]
fn empty_lines_are_items() {
    let votes = matrix("\nNOUN,,\"VERB, so\"\n,,\n\n\"\",\"say \"\"x\"\"\",\n").unwrap();
    assert_eq!((votes.n_items(), votes.n_annotators(), votes.len()), (5, 3, 3));
    assert_eq!(votes.by_item().0, [0, 0, 2, 2, 2, 3]);
    assert_eq!(labels(&votes), ["NOUN", "VERB, so", "say \"x\""]);
    let named = MatrixReader::new().headers(true).read("ann, bob \nx,\n".as_bytes()).unwrap();
    assert_eq!(named.annotators().collect::<Vec<_>>(), ["ann", "bob"]);
    assert_eq!((named.item(0), named.len()), ("1", 1));
}

#[test]
fn bytes_that_are_no_text_and_quotes_that_stay_open() {
    let e = MatrixReader::new().read(&b"a,b\na,\xff\n"[..]).unwrap_err();
    assert_eq!(e.to_string(), "line 2: not valid UTF-8");
    assert_eq!(matrix("a,b\na,\"b\n\n").unwrap_err().to_string(), "line 2: a quote opens here and never closes");
    let e = VoteReader::new().read_jsonl(&b"\n\xff\n"[..]).unwrap_err();
    assert_eq!(e.to_string(), "line 2: not valid UTF-8");
    assert_eq!(read_controls(&b"a\n\xc3"[..]).unwrap_err().to_string(), "line 2: not valid UTF-8");
}

/// A reader that fails after some bytes.
struct Breaks(Cursor<&'static [u8]>);

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::other("the cable is out")),
            n => Ok(n),
        }
    }
}

#[test]
fn reading_that_fails_tells_the_line() {
    let broken = || BufReader::with_capacity(2, Breaks(Cursor::new(b"a,b\na,")));
    let message = "line 2: cannot read: the cable is out";
    assert_eq!(MatrixReader::new().read(broken()).unwrap_err().to_string(), message);
    assert_eq!(read_controls(broken()).unwrap_err().to_string(), message);
}

#[test]
fn tables_by_the_names_of_columns() {
    let csv = "label,x,annotator,item\r\ncat,1, ann ,t1\r\n\r\n,2,bob,t2\r\n\"do\"\"g\",,bob,\"t,1\"\r\n";
    let votes = VoteReader::new().read_csv(csv.as_bytes()).unwrap();
    assert_eq!(votes.items().collect::<Vec<_>>(), ["t1", "t2", "t,1"]);
    assert_eq!(votes.annotators().collect::<Vec<_>>(), ["ann", "bob"]);
    assert_eq!(labels(&votes), ["cat", "do\"g"]);
    let tsv = "item\tannotator\tlabel\na\tb, c\td\n";
    assert_eq!(VoteReader::new().read_tsv(tsv.as_bytes()).unwrap().annotator(0), "b, c");
    for (text, message) in [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("item,annotator,label\n", "no labels found"),
        ("item,annotator,label\na,b,\n", "no labels found"),
        (
            "item,worker,label\n",
            r#"line 1: no column "annotator" (for the annotator); the columns are item, worker, label"#,
        ),
        ("\nitem,annotator,label,item\n", r#"line 2: columns 1 and 4 are both named "item""#),
        ("item,annotator,label\na,b\n", "line 2: 2 cells, but the header has 3"),
        ("item,annotator,label\na,b,c\n,b,c\n", r#"line 3: "item" is missing"#),
        ("item,annotator,label\na, ,c\n", r#"line 2: "annotator" is missing"#),
    ] {
        assert_eq!(VoteReader::new().read_csv(text.as_bytes()).unwrap_err().to_string(), message, "{text:?}");
    }
    // A line of tabs is a row, not a blank line.
    let e = VoteReader::new().read_tsv("item\tannotator\tlabel\n\t\t\n".as_bytes()).unwrap_err();
    assert_eq!(e.to_string(), r#"line 2: "item" is missing"#);
    let e = VoteReader::new().label("item").read_csv("item,annotator\n".as_bytes()).unwrap_err();
    assert!(matches!(e, Error::InvalidParam { param: "label", .. }), "{e}");
}

#[test]
fn repeated_votes() {
    let csv = "item,annotator,label\ni,a,x\ni,a,y\ni,a,\ni,a,z\n";
    let read = |d| VoteReader::new().duplicates(d).read_csv(csv.as_bytes());
    let e = read(Duplicates::Error).unwrap_err();
    let Error::Read { line: Some(3), problem: ReadProblem::Refused { ref source }, .. } = e else { panic!("{e}") };
    assert!(matches!(**source, Error::Twice { .. }));
    assert_eq!(e.to_string(), r#"line 3: annotator "a" labeled item "i" twice: "x" and "y""#);
    let first = read(Duplicates::First).unwrap();
    assert_eq!((first.len(), first.label(first.votes()[0].label)), (1, "x"));
    let last = read(Duplicates::Last).unwrap();
    assert_eq!((last.len(), last.label(last.votes()[0].label)), (1, "z"));
}

#[test]
fn json_lines() {
    let text = "\u{feff}{\"item\":\"t\\u0031\",\"annotator\":12,\"label\":1.50,\"more\":{\"item\":[]}}\r\n\n\
                {\"label\":false,\"annotator\":\"a b\",\"item\":12345678901234567890123}\n\
                {\"item\":\"x\",\"annotator\":\"y\",\"label\":null}\n{\"item\":\"x\",\"annotator\":\"z\",\"label\":\"\"}";
    let votes = VoteReader::new().read_jsonl(text.as_bytes()).unwrap();
    assert_eq!(votes.items().collect::<Vec<_>>(), ["t1", "12345678901234567890123", "x"]);
    assert_eq!(votes.annotators().collect::<Vec<_>>(), ["12", "a b", "y", "z"]);
    assert_eq!((labels(&votes), votes.len()), (vec!["1.50", "false"], 2));
    for (line, message) in [
        ("", "the file is empty"),
        ("\n", "no labels found"),
        ("[1]", "line 1: a list instead of an object"),
        ("null", "line 1: null instead of an object"),
        ("nul", "line 1: broken JSON at byte 3: EOF while parsing a value"),
        ("{\"item\":\"a\"", "line 1: broken JSON at byte 11: EOF while parsing an object"),
        ("{} {}", "line 1: broken JSON at byte 4: trailing characters"),
        ("{}", r#"line 1: "item" is missing"#),
        (r#"{"item":"a","annotator":"b"}"#, r#"line 1: "label" is missing"#),
        (r#"{"item":"a","annotator":null,"label":"c"}"#, r#"line 1: "annotator" is missing"#),
        (r#"{"item":true,"annotator":"b","label":"c"}"#, r#"line 1: "item" is a boolean"#),
        (r#"{"item":"a","annotator":"b","label":["c"]}"#, r#"line 1: "label" is a list"#),
        (r#"{"item":"a","annotator":"b","label":"c","item":"a"}"#, r#"line 1: "item" stands there twice"#),
        (r#"{"item":"\ud800","annotator":"b","label":"c"}"#, "line 1: broken JSON at byte"),
    ] {
        let e = VoteReader::new().read_jsonl(line.as_bytes()).unwrap_err().to_string();
        assert!(e.starts_with(message), "{line:?}: {e}");
    }
}

#[test]
fn files_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let csv = write("v.CSV", "item,annotator,label\ni,a,x\n");
    let tsv = write("v.tsv", "item\tannotator\tlabel\ni\ta\tx\n");
    let jsonl = write("v.ndjson", "{\"item\":\"i\",\"annotator\":\"a\",\"label\":\"x\"}\n");
    for path in [csv, tsv, jsonl] {
        assert_eq!(VoteReader::new().read_path(path).unwrap().len(), 1);
    }
    let other = write("v.txt", "a\nb,c\n");
    let e = VoteReader::new().read_path(&other).unwrap_err().to_string();
    assert!(e.ends_with("v.txt: unknown file type .txt; known are .csv .tsv .jsonl .ndjson"), "{e}");
    let e = MatrixReader::new().read_path(&other).unwrap_err();
    assert!(e.to_string().ends_with("v.txt, line 2: number of annotations differs from previous line: 2, expected 1"));
    let e = MatrixReader::new().read_path(folder.path().join("none.csv")).unwrap_err();
    assert!(matches!(e, Error::Read { file: Some(_), line: None, problem: ReadProblem::Open { .. } }), "{e}");
}

#[test]
fn controls_and_priors() {
    let controls = read_controls("\u{feff}NOUN \r\n\n VERB".as_bytes()).unwrap();
    assert_eq!(controls, [Some("NOUN".to_owned()), None, Some("VERB".to_owned())]);
    assert_eq!(read_controls("".as_bytes()).unwrap_err().to_string(), "the file is empty");
    let priors = read_label_priors("NOUN\t30\r\n\n a\tb \t 1e1\nz\t-0".as_bytes()).unwrap();
    assert_eq!(priors, [("NOUN".to_owned(), 30.0), ("a\tb".to_owned(), 10.0), ("z".to_owned(), 0.0)]);
    assert!(priors[2].1.is_sign_positive());
    for (text, message) in [
        ("", "the file is empty"),
        ("a\t1\nb 2\n", "line 2: no tab: a line is a label, a tab and a weight"),
        ("a\tx\n", r#"line 1: weight "x" is not a finite number of at least 0"#),
        ("a\t-1\n", r#"line 1: weight "-1" is not a finite number of at least 0"#),
        ("a\tNaN\n", r#"line 1: weight "NaN" is not a finite number of at least 0"#),
        ("\t1\n", r#"line 1: "label" is missing"#),
        ("a\t1\n\na\t2\n", r#"line 3: label "a" stands in line 1 already"#),
        ("a\t0\nb\t0\n", "all weights are 0"),
    ] {
        assert_eq!(read_label_priors(text.as_bytes()).unwrap_err().to_string(), message, "{text:?}");
    }
}

#[test]
fn the_data_of_mace() {
    for (name, items, annotators, votes, labels) in [("example", 100, 20, 1000, 4), ("temporal", 462, 76, 4620, 2)] {
        let Some(file) = support::mace_data(&format!("{name}.csv"), "the_data_of_mace") else { continue };
        let read = MatrixReader::new().read_path(&file).unwrap();
        assert_eq!(
            (read.n_items(), read.n_annotators(), read.len(), read.n_labels()),
            (items, annotators, votes, labels)
        );
        let key = read_key_path(file.with_extension("key")).unwrap();
        assert_eq!(key.len(), items);
        assert!(key.iter().flatten().all(|k| read.label_index(k).is_some()));
    }
}

/// A cell as CSV has it.
fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec(prop::collection::vec(prop::option::of("[a-c\",\n é]{1,4}"), 3), 1..20),
        crlf in any::<bool>(),
        end in any::<bool>(),
    ) {
        let line = |row: &Vec<Option<String>>| {
            row.iter().map(|c| c.as_deref().map(quoted).unwrap_or_default()).collect::<Vec<_>>().join(",")
        };
        let mut text = rows.iter().map(line).collect::<Vec<_>>().join(if crlf { "\r\n" } else { "\n" });
        if end {
            text.push('\n');
        }
        let cell = |c: &Option<String>| c.as_deref().map(str::trim).filter(|c| !c.is_empty()).map(str::to_owned);
        let want: Vec<Vec<Option<String>>> = rows.iter().map(|r| r.iter().map(cell).collect()).collect();
        match matrix(&text) {
            Err(e) => prop_assert!(
                want.iter().flatten().all(Option::is_none) && e.to_string() == "no labels found", "{}", e
            ),
            Ok(votes) => {
                prop_assert_eq!(votes.n_items(), rows.len());
                for (i, row) in (0u32..).zip(&want) {
                    for (a, cell) in (0u32..).zip(row) {
                        prop_assert_eq!(votes.vote(i, a).map(|l| votes.label(l)), cell.as_deref());
                    }
                }
            }
        }
    }
}
