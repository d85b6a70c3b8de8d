//! What is stored against what was acknowledged.

use crate::Result;
use crate::client::Log;
use crate::program::ANNOTATORS;
use planisphere_dashboard::store::{Store, StoreOptions};
use std::collections::{HashMap, HashSet};

pub(crate) fn check(database: &str, logs: &[Log], killed: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(database, StoreOptions::default()).await?;
        let problems = compare(&store, logs, killed).await;
        store.close().await;
        let problems = problems?;
        if problems.is_empty() {
            return Ok(());
        }
        problems.iter().take(20).for_each(|p| println!("  {p}"));
        Err(format!("{} problems", problems.len()).into())
    })
}

async fn compare(store: &Store, logs: &[Log], killed: bool) -> Result<Vec<String>> {
    let mut problems: Vec<String> = logs.iter().flat_map(|l| l.errors.iter().cloned()).collect();
    let stored = store.annotations().await?;
    let mut found: HashMap<(&str, &str), &str> = HashMap::new();
    let mut per_item: HashMap<&str, HashSet<&str>> = HashMap::new();
    for a in &stored {
        per_item.entry(&a.instance_id).or_default().insert(&a.annotator);
        if found.insert((&a.annotator, &a.instance_id), a.value.as_str().unwrap_or_default()).is_some() {
            problems.push(format!("{} annotated {} twice", a.annotator, a.instance_id));
        }
    }
    let (mut acknowledged, mut sent) = (0, HashSet::new());
    for log in logs {
        // What was sent last of an item is what counts, if it was acknowledged.
        for s in &log.annotations {
            sent.insert((log.annotator.as_str(), s.id.as_str()));
            acknowledged += usize::from(s.acknowledged);
            if s.acknowledged && found.get(&(log.annotator.as_str(), s.id.as_str())) != Some(&s.label) {
                problems.push(format!("{}: {} = {} is lost", log.annotator, s.id, s.label));
            }
        }
    }
    problems.extend(found.keys().filter(|k| !sent.contains(*k)).map(|(who, id)| format!("{who}: nobody sent {id}")));
    let crowded = per_item.iter().filter(|(_, who)| who.len() > ANNOTATORS as usize);
    problems.extend(crowded.map(|(id, who)| format!("{id} has {} annotators", who.len())));
    for state in store.states().await? {
        let annotators = per_item.get(state.id.as_str()).map_or(0, HashSet::len);
        if state.annotators as usize != annotators || state.finished != (annotators >= ANNOTATORS as usize) {
            problems.push(format!("{}: counted {}, annotated by {annotators}", state.id, state.annotators));
        }
    }
    let order = store.order().await?;
    if order.iter().collect::<HashSet<_>>().len() != order.len() {
        problems.push("an item stands twice in the queue".into());
    }
    let reorders: Vec<i64> = store.reorderings(usize::MAX >> 1).await?.iter().map(|r| r.number).collect();
    let known: HashSet<i64> = reorders.iter().copied().collect();
    let told: Vec<i64> = logs.iter().flat_map(|l| l.reorders.iter().copied()).collect();
    let sent_reorders: usize = logs.iter().map(|l| l.reorders_sent).sum();
    if told.iter().collect::<HashSet<_>>().len() != told.len() {
        problems.push("two reorders have the same number".into());
    }
    problems.extend(told.iter().filter(|n| !known.contains(n)).map(|n| format!("reorder {n} is lost")));
    if reorders.len() > sent_reorders || (!killed && reorders.len() != told.len()) {
        problems.push(format!(
            "{} reorders are stored, {} were acknowledged, {sent_reorders} sent",
            reorders.len(),
            told.len()
        ));
    }
    let lost: usize = logs.iter().map(|l| l.lost).sum();
    println!(
        "{acknowledged} annotations acknowledged, {} stored; {} reorders acknowledged, {} stored; {lost} requests cut off",
        stored.len(),
        told.len(),
        reorders.len()
    );
    if !killed && stored.len() != acknowledged {
        problems.push(format!("{} annotations are stored, {acknowledged} were acknowledged", stored.len()));
    }
    Ok(problems)
}
