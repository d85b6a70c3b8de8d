//! How fast it was.

use crate::client::{Kind, Log};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) fn print(logs: &[Log], took: Duration) {
    let mut by_kind: BTreeMap<Kind, Vec<Duration>> = BTreeMap::new();
    for (kind, time) in logs.iter().flat_map(|l| &l.times) {
        by_kind.entry(*kind).or_default().push(*time);
    }
    let all: usize = by_kind.values().map(Vec::len).sum();
    println!(
        "{} clients, {:.0} s: {all} requests, {:.0} a second",
        logs.len(),
        took.as_secs_f64(),
        all as f64 / took.as_secs_f64()
    );
    println!("{:<10}{:>10}{:>12}{:>12}{:>12}{:>12}", "", "requests", "per second", "p50 (ms)", "p99 (ms)", "most (ms)");
    for (kind, mut times) in by_kind {
        times.sort_unstable();
        let at = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times[place.min(times.len() - 1)].as_secs_f64() * 1000.0
        };
        let rate = times.len() as f64 / took.as_secs_f64();
        let name = format!("{kind:?}").to_lowercase();
        println!("{name:<10}{:>10}{rate:>12.1}{:>12.1}{:>12.1}{:>12.1}", times.len(), at(0.5), at(0.99), at(1.0));
    }
}
