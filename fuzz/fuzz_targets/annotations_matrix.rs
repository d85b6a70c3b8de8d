#![no_main]

use libfuzzer_sys::fuzz_target;
use planisphere_fuzz::{check, same};
use planisphere_labels_mace::{Annotations, MatrixReader};
use std::io::BufReader;

fn write(votes: &Annotations, headers: bool) -> Vec<u8> {
    let mut text = Vec::new();
    let mut writer =
        csv::WriterBuilder::new().flexible(true).quote_style(csv::QuoteStyle::Always).from_writer(&mut text);
    if headers {
        writer.write_record(votes.annotators()).unwrap();
    }
    for i in 0..votes.n_items() as u32 {
        let cell = |a| votes.vote(i, a).map_or("", |l| votes.label(l));
        writer.write_record((0..votes.n_annotators() as u32).map(cell)).unwrap();
    }
    drop(writer);
    text
}

fuzz_target!(|data: &[u8]| {
    for headers in [false, true] {
        let reader = MatrixReader::new().headers(headers);
        let read = reader.read(data);
        // However the bytes come.
        let again = reader.read(BufReader::with_capacity(3, data));
        match (&read, &again) {
            (Ok(a), Ok(b)) => same(a, b),
            (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string()),
            (a, b) => panic!("{a:?} {b:?}"),
        }
        let Ok(votes) = read else { continue };
        check(&votes);
        // What is written has a cell for each item and annotator, which may be much more than what was read.
        if votes.n_items() * votes.n_annotators() < 1 << 16 {
            same(&votes, &reader.read(&write(&votes, headers)[..]).unwrap());
        }
    }
});
