//! Measures a cache: `cargo run --release -p planisphere-vector-cache --example speed -- [vectors] [length] [batch]`.
#![allow(clippy::print_stdout)]

use planisphere_core::{Context, Matrix};
use planisphere_vector_cache::{CacheOptions, ModelKey, VectorCache};
use std::convert::Infallible;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<usize> = std::env::args().skip(1).map(|a| a.parse()).collect::<Result<_, _>>()?;
    let arg = |i: usize, default| args.get(i).copied().unwrap_or(default);
    let (n, dim, batch) = (arg(0, 20_000), arg(1, 384), arg(2, 4096));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("vectors.cache");
    let model = ModelKey::new("speed");
    let texts: Vec<String> =
        (0..n).map(|i| format!("text number {i}, of the length that a sentence has in common reviews")).collect();
    let vector = |text: &str| -> Vec<f32> { (0..dim).map(|j| (text.len() * 31 + j) as f32 * 0.37).collect() };

    let start = Instant::now();
    let mut inside = 0.0;
    let cache = VectorCache::open_with(&file, &CacheOptions::new().batch(batch))?;
    println!("opened, new: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let written = cache.encode(&model, &texts, |missing: &[&str], _: &mut Context<'_>| {
        let start = Instant::now();
        let rows = missing.iter().flat_map(|t| vector(t)).collect();
        inside += start.elapsed().as_secs_f64();
        Ok::<_, Infallible>(Matrix::from_vec(missing.len(), dim, rows).expect("one row a text"))
    })?;
    println!(
        "wrote {n} × {dim}: {:.3} s ({:.3} s in the closure), {:.1} MB for {:.1} MB of values",
        start.elapsed().as_secs_f64(),
        inside,
        cache.size_on_disk()? as f64 / 1e6,
        (n * dim * 4) as f64 / 1e6
    );
    for _ in 0..3 {
        let start = Instant::now();
        let cache = VectorCache::open(&file)?;
        let opened = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let read = cache.encode(&model, &texts, |_: &[&str], _: &mut Context<'_>| Err("nothing is missing"));
        println!("opened: {:.1} ms, read: {:.3} s", opened * 1e3, start.elapsed().as_secs_f64());
        assert_eq!(read.map_err(|e| format!("{e:?}"))?.vectors, written.vectors);
    }
    let start = Instant::now();
    cache.forget(&model)?;
    println!("forgot: {:.3} s, {:.1} MB", start.elapsed().as_secs_f64(), cache.size_on_disk()? as f64 / 1e6);
    Ok(())
}
