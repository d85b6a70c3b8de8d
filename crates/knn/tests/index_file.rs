//! Indexes as files: what is saved is what is loaded, and nothing else is.

use planisphere_core::{CounterRng, Matrix};
use planisphere_knn::{Approx, Error, Exact, Index, Metric};

fn normal(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "file").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64).abs() + (i / d % 7) as f32).collect()).unwrap()
}

fn metrics(d: usize) -> Vec<Metric> {
    let mut all = Metric::ALL.to_vec();
    all.retain(|m| *m != Metric::Haversine);
    let third: Vec<f64> = (0..d).map(|c| (c + 1) as f64 / 3.0).collect();
    for p in [1.1, f64::INFINITY] {
        all.push(Metric::Minkowski { p });
        all.push(Metric::WMinkowski { p, w: third.clone() });
    }
    all.push(Metric::SEuclidean { v: third.clone() });
    all.push(Metric::Mahalanobis {
        vi: (0..d * d).map(|i| if i % (d + 1) == 0 { 1.0 / 0.7 } else { 0.1 / 3.0 }).collect(),
    });
    all
}

#[test]
fn a_loaded_index_is_the_saved_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.index");
    let (x, queries) = (normal(4500, 6, 1), normal(30, 6, 2));
    for metric in metrics(6) {
        for approximate in [false, true] {
            // Some of the slow ones once.
            let mut index = match approximate {
                true => Approx::new(6).metric(metric.clone()).index(x.clone()).unwrap(),
                false => Exact::new(6).metric(metric.clone()).index(x.clone()).unwrap(),
            };
            assert_eq!(index.is_approximate(), approximate);
            index.add(&queries).unwrap();
            let index = index.effort(1.25);
            index.save(&path).unwrap();
            let mut loaded = Index::load(&path).unwrap();
            assert_eq!(loaded.metric(), Some(&metric));
            assert_eq!((loaded.len(), loaded.is_approximate()), (4530, approximate));
            assert_eq!(loaded.points().data(), index.points().data());
            assert_eq!(loaded.recall(), index.recall());
            assert_eq!(loaded.query(&queries, 9).unwrap(), index.query(&queries, 9).unwrap(), "{metric}");
            assert_eq!(loaded.graph(5).unwrap(), index.graph(5).unwrap(), "{metric}");
            let bytes = index.to_bytes().unwrap();
            assert!(bytes == std::fs::read(&path).unwrap() && bytes == loaded.to_bytes().unwrap(), "{metric}");
            let mut written = Vec::new();
            index.write_to(&mut written).unwrap();
            assert!(written == bytes);
            assert_eq!(
                Index::read_from(&bytes[..]).unwrap().query(&queries, 2).unwrap(),
                index.query(&queries, 2).unwrap()
            );
            // And can be added to in the same way.
            let mut index = index;
            index.add(&queries).unwrap();
            loaded.add(&queries).unwrap();
            assert!(index.to_bytes().unwrap() == loaded.to_bytes().unwrap(), "{metric}");
        }
    }
    // Nothing but the file is left in the folder.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn load(bytes: &[u8]) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.index");
    std::fs::write(&path, bytes).unwrap();
    let error = Index::load(&path).unwrap_err();
    assert!(error.to_string().contains("broken.index"), "{error}");
    error
}

#[test]
fn broken_files_are_told_apart() {
    let index = Approx::new(4).index(normal(4200, 5, 3)).unwrap();
    let good = index.to_bytes().unwrap();
    assert!(Index::from_bytes(&good).is_ok());
    for len in [0, 1, 7, 8, 20, 48] {
        assert!(matches!(load(&good[..len]), Error::NotAnIndex { .. }), "{len}");
    }
    let header = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    for len in [100, header - 1, header, header + 1, good.len() / 2, good.len() - 1] {
        assert!(matches!(load(&good[..len]), Error::Damaged { .. }), "{len}");
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(load(&longer), Error::Damaged { .. }));
    for foreign in
        [&b"PK\x03\x04 a zip file of some length, long enough to be one............."[..], &[0; 500], b"id,x,y\n"]
    {
        assert!(matches!(load(foreign), Error::NotAnIndex { .. }));
    }
    // Another safetensors file.
    let other = safetensors_without_header();
    assert!(matches!(load(&other), Error::NotAnIndex { .. }));
    let at = find(&good, b"\\\"version\\\":1");
    let mut newer = good.clone();
    newer[at + b"\\\"version\\\":".len()] = b'7';
    assert!(matches!(load(&newer), Error::Newer { version: 7, newest: 1, .. }));
    assert!(matches!(
        Index::load("no such folder/points.index"),
        Err(Error::File { kind: std::io::ErrorKind::NotFound, .. })
    ));
    assert!(matches!(index.save("no such folder/points.index"), Err(Error::File { .. })));
}

fn find(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|w| w == part).unwrap()
}

fn safetensors_without_header() -> Vec<u8> {
    let json = br#"{"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}   "#;
    [&(json.len() as u64).to_le_bytes()[..], json, &[1; 8]].concat()
}

#[test]
fn no_flipped_bit_is_taken() {
    let index = Approx::new(3).index(normal(4200, 3, 4)).unwrap();
    let good = index.to_bytes().unwrap();
    let header = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    let queries = normal(5, 3, 5);
    let want = index.query(&queries, 3).unwrap();
    let mut bytes = good.clone();
    let mut taken = 0;
    // Every bit before the arrays, and one in each of many places in them.
    let places = (0..8 * header).chain((8 * header..8 * good.len()).step_by(40_009));
    for bit in places {
        bytes[bit / 8] ^= 1 << (bit % 8);
        match Index::from_bytes(&bytes) {
            // Where white space became other white space.
            Ok(index) => {
                assert!(index.query(&queries, 3).unwrap() == want && bit < 8 * header, "bit {bit}");
                taken += 1;
            }
            Err(Error::NotAnIndex { .. } | Error::Damaged { .. } | Error::Newer { .. }) => {}
            Err(other) => panic!("bit {bit}: {other:?}"),
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(taken < 50, "{taken}");
    assert!(bytes == good);
}
