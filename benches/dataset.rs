//! Tables in and maps out. Input is held in memory, so that the disk plays no part; reading uses one thread.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use planisphere_benches::noise;
use planisphere_core::Matrix;
use planisphere_dataset::{Format, TableReader, write_map_csv, write_npy};
use planisphere_fixtures::path;
use std::fmt::Write;
use std::hint::black_box;

/// Rows of the synthetic tables, and their columns.
const SHAPE: (usize, usize) = (5_000, 64);

/// 60 to 100 letters a row, with a quoted comma in every fourth.
fn texts(n: usize) -> String {
    let mut s = String::from("id,text,label\n");
    for i in 0..n {
        let words = "how do I sort a list of numbers by size ".repeat(1 + i % 3);
        let quote = if i % 4 == 0 { "\"well, " } else { "" };
        let end = if i % 4 == 0 { "\"" } else { "" };
        writeln!(s, "t{i},{quote}{words}{end},topic {}", i % 12).expect("a string takes everything");
    }
    s
}

fn vectors_csv(x: &Matrix) -> String {
    let mut s = String::from("id");
    for j in 1..=x.cols() {
        write!(s, ",embedding_{j}").expect("a string takes everything");
    }
    for i in 0..x.rows() {
        write!(s, "\nr{i}").expect("a string takes everything");
        for v in x.row(i) {
            write!(s, ",{v}").expect("a string takes everything");
        }
    }
    s
}

fn vectors_jsonl(x: &Matrix) -> String {
    let mut s = String::new();
    for i in 0..x.rows() {
        writeln!(s, "{{\"id\":\"r{i}\",\"embedding\":{:?}}}", x.row(i)).expect("a string takes everything");
    }
    s
}

fn read(c: &mut Criterion) {
    let (n, d) = SHAPE;
    let x = noise(n, d);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let npy = folder.path().join("x.npy");
    write_npy(&npy, x.view()).expect("a temporary file can be written");
    let npy = std::fs::read(&npy).expect("the file was just written");
    let digits = std::fs::read(path("digits.csv")).expect("digits.csv is part of the repository");

    let mut group = c.benchmark_group("dataset/read");
    group.sample_size(20);
    for (name, bytes, format) in [
        (format!("text csv/{n} rows"), texts(n).into_bytes(), Format::Csv),
        (format!("vector csv/{n} x {d}"), vectors_csv(&x).into_bytes(), Format::Csv),
        ("vector csv/digits, 1797 x 64".to_owned(), digits, Format::Csv),
        (format!("vector jsonl/{n} x {d}"), vectors_jsonl(&x).into_bytes(), Format::Jsonl),
        (format!("npy f32/{n} x {d}"), npy, Format::Npy),
    ] {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                TableReader::new().read_from(black_box(&bytes[..]), format, "bench").expect("the table is sound")
            });
        });
    }
    group.finish();
}

fn write(c: &mut Criterion) {
    let map = noise(20_000, 2);
    let ids: Vec<String> = (0..map.rows()).map(|i| format!("r{i}")).collect();
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let mut group = c.benchmark_group("dataset/write");
    group.sample_size(20);
    group.throughput(Throughput::Elements(map.rows() as u64));
    let shape = format!("{} x {}", map.rows(), map.cols());
    group.bench_function(BenchmarkId::new("map csv", &shape), |b| {
        let to = folder.path().join("map.csv");
        b.iter(|| write_map_csv(&to, &ids, None, black_box(map.view())).expect("a temporary file can be written"));
    });
    group.bench_function(BenchmarkId::new("npy", &shape), |b| {
        let to = folder.path().join("map.npy");
        b.iter(|| write_npy(&to, black_box(map.view())).expect("a temporary file can be written"));
    });
    group.finish();
}

criterion_group!(benches, read, write);
criterion_main!(benches);
