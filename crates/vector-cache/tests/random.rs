//! Any calls in any order, against a map in memory.

mod common;

use common::{DIM, embed, matrix};
use planisphere_vector_cache::{CacheOptions, ModelKey, VectorCache};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};

#[derive(Clone, Debug)]
enum Call {
    Encode { model: usize, texts: Vec<u8>, batch: usize },
    Forget(usize),
    Clear,
    Reopen,
}

fn call() -> impl Strategy<Value = Call> {
    let encode = (0..3usize, prop::collection::vec(0..40u8, 0..30), 1..12usize);
    prop_oneof![
        8 => encode.prop_map(|(model, texts, batch)| Call::Encode { model, texts, batch }),
        1 => (0..3usize).prop_map(Call::Forget),
        1 => Just(Call::Clear),
        1 => Just(Call::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_is_a_map(calls in prop::collection::vec(call(), 1..10)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("v.cache");
        let models = ["a", "b", "c"].map(ModelKey::new);
        let mut cache = VectorCache::open(&file).unwrap();
        let mut known: BTreeMap<usize, BTreeSet<u8>> = BTreeMap::new();
        for call in calls {
            match call {
                Call::Encode { model, texts, batch } => {
                    let names: Vec<String> = texts.iter().map(|t| format!("text {t}")).collect();
                    // Another handle, with another batch.
                    let cache = VectorCache::open_with(&file, &CacheOptions::new().batch(batch)).unwrap();
                    let cached = cache.encode(&models[model], &names, embed(&models[model])).unwrap();
                    let there = known.get(&model).cloned().unwrap_or_default();
                    let distinct: HashSet<u8> = texts.iter().copied().collect();
                    let hits = distinct.iter().filter(|t| there.contains(t)).count();
                    prop_assert_eq!(cached.report.hits, hits);
                    prop_assert_eq!(cached.report.computed, distinct.len() - hits);
                    prop_assert_eq!(cached.report.duplicates, texts.len() - distinct.len());
                    prop_assert_eq!(cached.report.damaged, 0);
                    if !texts.is_empty() {
                        prop_assert_eq!(cached.vectors, matrix(&models[model], &names));
                        known.entry(model).or_default().extend(texts);
                    }
                }
                Call::Forget(model) => {
                    let n = known.remove(&model).map_or(0, |texts| texts.len() as u64);
                    prop_assert_eq!(cache.forget(&models[model]).unwrap(), n);
                }
                Call::Clear => {
                    cache.clear().unwrap();
                    known.clear();
                }
                Call::Reopen => cache = VectorCache::open(&file).unwrap(),
            }
            prop_assert_eq!(cache.len().unwrap(), known.values().map(|t| t.len() as u64).sum::<u64>());
            let infos = cache.models().unwrap();
            let infos: Vec<_> = infos.iter().map(|m| (m.name.clone(), m.dim, m.vectors)).collect();
            let expected: Vec<_> =
                known.iter().map(|(&m, texts)| (models[m].name().to_owned(), DIM, texts.len() as u64)).collect();
            prop_assert_eq!(infos, expected);
        }
    }
}
