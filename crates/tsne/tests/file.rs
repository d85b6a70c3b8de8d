//! Models as files: what is saved is what is loaded, and nothing else is.
#![cfg(all(feature = "file", feature = "knn"))]

use planisphere_core::{Context, CounterRng, Matrix};
use planisphere_knn::{Approx, Exact, Method, Metric};
use planisphere_tsne::{Affinity, Error, FileError, Init, Repulsion, Symmetrize, Tsne, TsneModel};

fn noise(n: usize, d: usize, seed: u64) -> Matrix {
    let r = CounterRng::new(seed, "file test").at(0, 0);
    Matrix::from_vec(n, d, (0..n * d).map(|i| r.normal(i as u64)).collect()).unwrap()
}

fn short() -> Tsne {
    Tsne::new().perplexity(5.0).early_exaggeration_iter(20).n_iter(20).divergence_every(10)
}

fn model() -> TsneModel {
    short().fit(noise(80, 4, 1)).unwrap()
}

/// Equal in all that a file holds.
fn same(a: &TsneModel, b: &TsneModel) -> bool {
    let numbers = |m: &TsneModel| (m.divergence().to_bits(), m.divergences().to_vec(), m.repulsion());
    (a.params(), a.embedding(), a.affinities(), a.vectors()) == (b.params(), b.embedding(), b.affinities(), b.vectors())
        && numbers(a) == numbers(b)
}

#[test]
fn a_loaded_model_is_the_saved_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.model");
    let (x, new) = (noise(80, 4, 1), noise(12, 4, 2));
    // Numbers with no short decimals, and one that JSON has no number for.
    let tsne = short().perplexity(1.0 / 0.13).dof(0.1 + 0.7).learning_rate(100.0 / 3.0);
    let index = Approx::new(24).index(x.clone()).unwrap().effort(2.0);
    let graph = index.graph(24).unwrap();
    for model in [
        model(),
        tsne.clone().metric(Metric::Minkowski { p: f64::INFINITY }).fit(&x).unwrap(),
        tsne.clone()
            .metric(Metric::SEuclidean { v: vec![0.1, 0.2, 0.3, 1.0 / 3.0] })
            .knn(Method::Exact)
            .fit(&x)
            .unwrap(),
        tsne.clone().init(Init::Given(noise(80, 2, 3))).repulsion(Repulsion::FFT).fit(&x).unwrap(),
        tsne.clone().n_components(3).repulsion(Repulsion::BARNES_HUT).keep_vectors(false).fit(&x).unwrap(),
        tsne.clone()
            .n_components(1)
            .affinity(Affinity::Uniform { n_neighbors: 7, symmetrize: Symmetrize::None })
            .snapshots([0, 40])
            .fit(&x)
            .unwrap(),
        tsne.fit_graph_with(&graph, Some(x.view()), &mut Context::new()).unwrap().with_index(index).unwrap(),
        Tsne::new().fit(noise(1, 4, 1)).unwrap(),
    ] {
        model.save(&path).unwrap();
        let loaded = TsneModel::load(&path).unwrap();
        assert!(same(&loaded, &model), "{:?}", model.params());
        assert_eq!(loaded == model, model.snapshots().is_empty());
        assert_eq!(loaded.transform(&new), model.transform(&new));
        assert_eq!(model.transform(&new).is_ok(), model.vectors().is_some());
        let bytes = model.to_bytes().unwrap();
        assert!(bytes == std::fs::read(&path).unwrap() && bytes == loaded.to_bytes().unwrap());
        assert!(same(&TsneModel::read_from(&bytes[..]).unwrap(), &model));
        let mut written = Vec::new();
        model.write_to(&mut written).unwrap();
        assert!(written == bytes, "asking the model for places must not change its bytes");
        assert!(loaded.report().stages.is_empty() && loaded.snapshots().is_empty());
    }
    // The same run gives the same bytes.
    assert!(model().to_bytes().unwrap() == model().to_bytes().unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_distance_of_ones_own_cannot_be_saved() {
    let index = Exact::new(3).index_custom(noise(80, 4, 1), |a: &[f32], b: &[f32]| (a[0] - b[0]).abs()).unwrap();
    let e = model().with_index(index).unwrap().to_bytes().unwrap_err();
    assert_eq!(e, Error::Neighbors(planisphere_knn::Error::Unnamed));
}

fn load(bytes: &[u8]) -> FileError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.model");
    std::fs::write(&path, bytes).unwrap();
    match TsneModel::load(&path) {
        Err(Error::File(e)) => {
            assert!(e.to_string().contains("broken.model"), "{e}");
            e
        }
        other => panic!("{other:?}"),
    }
}

fn header(bytes: &[u8]) -> usize {
    8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize
}

#[test]
fn broken_files_are_told_apart() {
    let good = model().to_bytes().unwrap();
    for len in [0, 1, 7, 8, 20, 48] {
        assert!(matches!(load(&good[..len]), FileError::Foreign { .. }), "{len}");
    }
    let header = header(&good);
    for len in [100, header - 1, header, header + 1, good.len() / 2, good.len() - 1] {
        assert!(matches!(load(&good[..len]), FileError::Damaged { .. }), "{len}");
    }
    assert!(matches!(load(&[&good[..], &[0]].concat()), FileError::Damaged { .. }));
    let index = Exact::new(3).index(noise(80, 4, 1)).unwrap().to_bytes().unwrap();
    for foreign in [&b"PK\x03\x04 a zip file of some length, long enough to be one............."[..], &[0; 500], &index]
    {
        let e = load(foreign);
        assert!(
            matches!(e, FileError::Foreign { .. }) && e.to_string().contains("no model of planisphere-tsne"),
            "{e}"
        );
    }
    // A header that claims to be as long as memory is.
    let mut long = good.clone();
    long[..8].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
    assert!(matches!(load(&long), FileError::Damaged { .. }));
    let at = good.windows(13).position(|w| w == b"\\\"version\\\":1").unwrap();
    let mut newer = good.clone();
    newer[at + 12] = b'7';
    assert!(matches!(load(&newer), FileError::Newer { version: 7, newest: 1, .. }));
    let missing = TsneModel::load("no such folder/map.model");
    assert!(matches!(missing, Err(Error::File(FileError::Io { kind: std::io::ErrorKind::NotFound, .. }))));
    assert!(matches!(model().save("no such folder/map.model"), Err(Error::File(FileError::Io { .. }))));
}

#[test]
fn no_flipped_bit_is_taken() {
    let model = model();
    let good = model.to_bytes().unwrap();
    let header = header(&good);
    let mut bytes = good.clone();
    let mut taken = 0;
    for bit in (0..8 * header).chain((8 * header..8 * good.len()).step_by(1009)) {
        bytes[bit / 8] ^= 1 << (bit % 8);
        match TsneModel::from_bytes(&bytes) {
            // Where white space became other white space.
            Ok(read) => {
                assert!(same(&read, &model) && bit < 8 * header, "bit {bit}");
                taken += 1;
            }
            Err(Error::File(_)) => {}
            Err(other) => panic!("bit {bit}: {other:?}"),
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(taken < 50, "{taken}");
}
