//! Tests with a disk that is full.

use crate::crash::{Wanted, found, full, some, store};
use crate::error::Error;
use crate::model::ModelKey;
use planisphere_database::testing::{Fused, at_every_growth};

#[test]
fn a_full_disk_is_an_error_of_the_disk_and_loses_nothing() {
    let model = ModelKey::new("m");
    let (old, before) = full(&model);
    for (start, before, more) in [(Vec::new(), Wanted::new(), 300), (old, before, 2500)] {
        let new = some(&model, 1000..1000 + more);
        let all: Wanted = before.clone().into_iter().chain(new.clone()).collect();
        at_every_growth(
            &start,
            |medium| store(medium, &model, &new),
            |result, disk, refused, when| {
                let left = disk.lock().unwrap().bytes().to_vec();
                let there = found(&left, &model, &all).unwrap_or_else(|e| panic!("{when}: {e}")).len();
                match result {
                    Ok(()) => assert_eq!(there, all.len(), "{when}"),
                    Err(Error::Io { .. }) => {
                        assert!(refused > 0 && (there == before.len() || there == all.len()), "{when}: {there}");
                    }
                    Err(other) => panic!("{when}: {other}"),
                }
                // With room again, it goes on.
                store(Fused::whole(disk), &model, &new).unwrap_or_else(|e| panic!("{when}: {e}"));
                let left = disk.lock().unwrap().bytes().to_vec();
                assert_eq!(found(&left, &model, &all).unwrap().len(), all.len(), "{when}");
            },
        );
    }
}
