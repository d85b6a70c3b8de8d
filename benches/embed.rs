//! Texts to vectors: the built-in model, and all-MiniLM-L6-v2 where `PLANISPHERE_MINILM_DIR` names its folder; vectors kept in a
//! file.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::pools;
use planisphere_core::{Context, Matrix};
use planisphere_dataset::TableReader;
use planisphere_embed::{Encoder, LoadOptions, Precision};
use planisphere_vector_cache::{ModelKey, VectorCache};
use std::convert::Infallible;
use std::hint::black_box;

/// The messages of the fixtures.
fn messages() -> Vec<String> {
    let table = TableReader::new().text("text").read(planisphere_fixtures::path("messages.csv"));
    table.expect("the fixture is there").into_parts().texts.expect("it has texts")
}

fn encode(c: &mut Criterion) {
    let texts = messages();
    let mut encoders = vec![("built-in".to_owned(), Encoder::builtin().expect("it is part of the program"))];
    if let Some(dir) = std::env::var_os("PLANISPHERE_MINILM_DIR") {
        for precision in [Precision::F32, Precision::F16, Precision::Int8] {
            let encoder = Encoder::from_dir_with(&dir, &LoadOptions::new().precision(precision));
            encoders.push((format!("MiniLM {precision:?}"), encoder.expect("the folder has the model")));
        }
    }
    let mut group = c.benchmark_group("embed/encode");
    group.sample_size(10);
    group.throughput(Throughput::Elements(texts.len() as u64));
    for (name, encoder) in &encoders {
        for pool in pools() {
            let id = BenchmarkId::new(name, format!("{} texts, {} threads", texts.len(), pool.current_num_threads()));
            group.bench_function(id, |b| {
                b.iter(|| pool.install(|| encoder.encode(black_box(&texts)).expect("texts can be encoded")));
            });
        }
    }
    group.finish();
    c.bench_function("embed/load the built-in model", |b| b.iter(Encoder::builtin));
}

fn keep(c: &mut Criterion) {
    const ROWS: usize = 20_000;
    const COLUMNS: usize = 384;
    let texts: Vec<String> = (0..ROWS).map(|i| format!("text number {i}, as long as a title commonly is")).collect();
    let compute = |missing: &[&str], _: &mut Context<'_>| {
        let rows = missing.iter().flat_map(|t| (0..COLUMNS).map(|j| (t.len() * 31 + j) as f32)).collect();
        Ok::<_, Infallible>(Matrix::from_vec(missing.len(), COLUMNS, rows).expect("one row a text"))
    };
    let folder = tempfile::tempdir().expect("there is room for files");
    let cache = VectorCache::open(folder.path().join("vectors.cache")).expect("the file can be made");
    let key = ModelKey::new("a model");
    let mut group = c.benchmark_group("embed/vectors kept in a file");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("write 20,000 x 384", |b| {
        b.iter(|| {
            cache.clear().expect("it is ours");
            cache.encode(&key, &texts, compute).expect("there is room")
        });
    });
    group.bench_function("read 20,000 x 384", |b| {
        b.iter(|| {
            let found = cache.encode(&key, black_box(&texts), compute).expect("the file is whole");
            assert_eq!(found.report.computed, 0);
            found
        });
    });
    group.finish();
}

criterion_group!(benches, encode, keep);
criterion_main!(benches);
