#![no_main]

use libfuzzer_sys::fuzz_target;
use planisphere_fuzz::{check, same};
use planisphere_labels_mace::{Annotations, Duplicates, VoteReader};

fn write(votes: &Annotations, delimiter: u8) -> Vec<u8> {
    let mut text = Vec::new();
    let mut writer =
        csv::WriterBuilder::new().delimiter(delimiter).quote_style(csv::QuoteStyle::Always).from_writer(&mut text);
    writer.write_record(["item", "annotator", "label"]).unwrap();
    for v in votes.votes() {
        writer.write_record([votes.item(v.item), votes.annotator(v.annotator), votes.label(v.label)]).unwrap();
    }
    drop(writer);
    text
}

fuzz_target!(|data: &[u8]| {
    for duplicates in [Duplicates::Error, Duplicates::First, Duplicates::Last] {
        let reader = VoteReader::new().duplicates(duplicates);
        for delimiter in [b',', b'\t'] {
            let read = |text: &[u8]| if delimiter == b',' { reader.read_csv(text) } else { reader.read_tsv(text) };
            let Ok(votes) = read(data) else { continue };
            check(&votes);
            // Items, annotators and labels without votes are not written, and those with votes come in the order of these.
            let once = read(&write(&votes, delimiter)).unwrap();
            check(&once);
            assert_eq!(once.len(), votes.len());
            for (a, b) in votes.votes().iter().zip(once.votes()) {
                assert_eq!(votes.item(a.item), once.item(b.item));
                assert_eq!(votes.annotator(a.annotator), once.annotator(b.annotator));
                assert_eq!(votes.label(a.label), once.label(b.label));
            }
            same(&once, &read(&write(&once, delimiter)).unwrap());
        }
    }
});
