//! From vectors to a map, and new vectors onto it.

use super::plan::SEED;
use crate::config::{Method, Settings};
use planisphere::core::{Context, Matrix};
use planisphere::knn::{Exact, Metric};
use planisphere::pca::{Pca, PcaModel};
use planisphere::tsne::{Tsne, TsneModel};
use planisphere::umap::{Umap, UmapModel};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So few points are placed by their principal components, whatever the method.
const FEW: usize = 4;
/// So many models are kept in files.
const FILES: usize = 4;

/// What goes wrong in here is told in words: it ends in `stats.error` or in a job.
type Result<T> = std::result::Result<T, String>;

/// A model that places new vectors on its map.
pub(crate) enum Model {
    Umap(Box<UmapModel>),
    Tsne(Box<TsneModel>),
    Pca(Box<PcaModel>),
}

/// Makes a map of vectors, and the model that it came from; one or no vector has none.
pub(crate) fn fit(
    vectors: &Arc<Matrix>,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> Result<(Vec<[f32; 2]>, Option<Model>)> {
    let (n, d) = (vectors.rows(), vectors.cols());
    if n < 2 {
        return Ok((vec![[0.0; 2]; n], None));
    }
    let metric = Metric::from(settings.umap.metric);
    let method = if n < FEW { Method::Pca } else { settings.method };
    let model = match method {
        Method::Umap => {
            let umap = Umap::new()
                .n_neighbors((settings.umap.n_neighbors as usize).min(n - 1).max(2))
                .min_dist(settings.umap.min_dist)
                .metric(metric)
                .seed(SEED);
            Model::Umap(Box::new(umap.fit_with(vectors, cx).map_err(|e| e.to_string())?))
        }
        Method::Tsne => {
            let tsne = Tsne::new().metric(metric).seed(SEED);
            Model::Tsne(Box::new(tsne.fit_with(vectors, cx).map_err(|e| e.to_string())?))
        }
        Method::Pca => {
            let pca = Pca::new(2.min(n).min(d)).seed(SEED);
            Model::Pca(Box::new(pca.fit_with(vectors.as_ref(), cx).map_err(|e| e.to_string())?))
        }
    };
    let map = match &model {
        Model::Umap(m) => m.embedding(),
        Model::Tsne(m) => m.embedding(),
        Model::Pca(m) => m.embedding(),
    };
    let map = planar(map);
    if map.len() != n || map.iter().flatten().any(|v| !v.is_finite()) {
        return Err("the map has coordinates that are not finite".to_owned());
    }
    Ok((map, Some(model)))
}

/// The first two columns; zeros in the place of the second if there is one only.
fn planar(map: &Matrix) -> Vec<[f32; 2]> {
    let two = |row: &[f32]| [row.first().copied().unwrap_or(0.0), row.get(1).copied().unwrap_or(0.0)];
    (0..map.rows()).map(|i| two(map.row(i))).collect()
}

impl Model {
    /// Places other vectors on the map.
    pub(crate) fn transform(&self, vectors: &Matrix, cx: &mut Context<'_>) -> Result<Vec<[f32; 2]>> {
        let placed = match self {
            Self::Umap(m) => m.transform_with(vectors, cx).map_err(|e| e.to_string())?,
            Self::Tsne(m) => m.transform_with(vectors, cx).map_err(|e| e.to_string())?,
            Self::Pca(m) => m.transform(vectors).map_err(|e| e.to_string())?,
        };
        Ok(planar(&placed))
    }

    /// Builds what the first new vector would have to wait for.
    pub(crate) fn prepare(&self, cx: &mut Context<'_>) {
        // If it fails, the first to ask is told.
        match self {
            Self::Umap(m) => drop(m.index_with(cx)),
            Self::Tsne(m) => drop(m.index_with(cx)),
            Self::Pca(_) => (),
        }
    }

    fn ending(&self) -> &'static str {
        match self {
            Self::Umap(_) => "umap",
            Self::Tsne(_) => "tsne",
            Self::Pca(_) => "pca",
        }
    }

    /// Keeps the model in a file, without the vectors, which the store has; and forgets the oldest files.
    pub(crate) fn save(&self, folder: &Path, key: &str) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
        let path = path(folder, key, self.ending());
        match self {
            Self::Umap(m) => m.as_ref().clone().without_vectors().save(&path).map_err(|e| e.to_string())?,
            Self::Tsne(m) => m.as_ref().clone().without_vectors().save(&path).map_err(|e| e.to_string())?,
            Self::Pca(m) => m.save(&path).map_err(|e| e.to_string())?,
        }
        forget(folder, &path).map_err(|e| e.to_string())
    }

    /// Reads the model of a key again; `vectors` are those that it was made from.
    pub(crate) fn load(folder: &Path, key: &str, vectors: Arc<Matrix>) -> Option<Self> {
        let of = |ending| Some(path(folder, key, ending)).filter(|p| p.is_file());
        if let Some(path) = of("umap") {
            let model = UmapModel::load(path).ok()?.with_vectors(vectors).ok()?;
            return Some(Self::Umap(Box::new(model)));
        }
        if let Some(path) = of("tsne") {
            let model = TsneModel::load(path).ok()?.with_vectors(vectors).ok()?;
            return Some(Self::Tsne(Box::new(model)));
        }
        Some(Self::Pca(Box::new(PcaModel::load(of("pca")?).ok()?)))
    }
}

fn path(folder: &Path, key: &str, ending: &str) -> PathBuf {
    folder.join(format!("{key}.{ending}"))
}

/// Deletes all files of models but the newest, and never `keep`.
fn forget(folder: &Path, keep: &Path) -> std::io::Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_model = path.extension().is_some_and(|e| e == "umap" || e == "tsne" || e == "pca");
        if is_model && path != keep {
            files.push((entry.metadata()?.modified()?, path));
        }
    }
    files.sort();
    let surplus = (files.len() + 1).saturating_sub(FILES);
    files.iter().take(surplus).try_for_each(|(_, path)| std::fs::remove_file(path))
}

/// Places vectors without a model: next to the points of the vectors that they are nearest to, nearer ones counting more.
pub(crate) fn place_near(
    known: Arc<Matrix>,
    map: &[[f32; 2]],
    vectors: &Matrix,
    metric: Metric,
) -> Result<Vec<[f32; 2]>> {
    if known.rows() == 0 {
        return Ok(vec![[0.0; 2]; vectors.rows()]);
    }
    let index = Exact::new(1).metric(metric).index(known).map_err(|e| e.to_string())?;
    let near = index.query(vectors, 5).map_err(|e| e.to_string())?;
    let place = |(ids, distances): (&[u32], &[f32])| {
        let weights: Vec<f64> = distances.iter().map(|d| 1.0 / (f64::from(*d) + 1e-9)).collect();
        let total: f64 = weights.iter().sum();
        let mean = |axis: usize| {
            let sum: f64 = ids.iter().zip(&weights).map(|(i, w)| f64::from(map[*i as usize][axis]) * w).sum();
            (sum / total) as f32
        };
        [mean(0), mean(1)]
    };
    Ok(near.rows().map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere::core::{CounterRng, Threads};

    const ALL: [Method; 3] = [Method::Umap, Method::Tsne, Method::Pca];

    fn vectors(n: usize, d: usize) -> Arc<Matrix> {
        let r = CounterRng::new(7, "maps").at(0, 0);
        let value = |i: usize| r.normal(i as u64) + if (i / d).is_multiple_of(2) { 4.0 } else { 0.0 };
        Arc::new(Matrix::from_vec(n, d, (0..n * d).map(value).collect()).unwrap())
    }

    fn settings(method: Method) -> Settings {
        Settings { method, ..Settings::default() }
    }

    #[test]
    fn ht_27_any_number_of_points_by_any_method() {
        for method in ALL {
            for n in 0..9 {
                let (map, model) = fit(&vectors(n, 3), &settings(method), &mut Context::new()).unwrap();
                assert_eq!(map.len(), n, "{method:?}");
                assert_eq!(model.is_some(), n > 1);
                assert!(map.iter().flatten().all(|v| v.is_finite()));
            }
            let (map, _) = fit(&vectors(6, 1), &settings(method), &mut Context::new()).unwrap();
            assert_eq!(map.len(), 6);
        }
    }

    #[test]
    fn equal_vectors_and_zeros_have_places() {
        for method in ALL {
            let same = Arc::new(Matrix::zeros(20, 4));
            assert_eq!(fit(&same, &settings(method), &mut Context::new()).unwrap().0.len(), 20);
        }
    }

    #[test]
    fn the_same_on_any_number_of_threads() {
        for method in ALL {
            let of = |threads| {
                let mut cx = Context::new().threads(Threads::Exactly(threads));
                fit(&vectors(120, 5), &settings(method), &mut cx).unwrap().0
            };
            assert_eq!(of(1), of(2), "{method:?}");
        }
    }

    #[test]
    fn models_are_kept_and_place_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let (x, new) = (vectors(60, 4), vectors(70, 4).select(&[61, 65]));
        for method in ALL {
            let model = fit(&x, &settings(method), &mut Context::new()).unwrap().1.unwrap();
            let before = model.transform(&new, &mut Context::new()).unwrap();
            model.save(folder.path(), "k").unwrap();
            let again = Model::load(folder.path(), "k", x.clone()).unwrap();
            assert_eq!(again.transform(&new, &mut Context::new()).unwrap(), before, "{method:?}");
            std::fs::remove_file(path(folder.path(), "k", model.ending())).unwrap();
        }
        assert!(Model::load(folder.path(), "k", x.clone()).is_none());
        let model = fit(&x, &settings(Method::Pca), &mut Context::new()).unwrap().1.unwrap();
        (0..7).for_each(|i| model.save(folder.path(), &format!("k{i}")).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), FILES);
        assert!(Model::load(folder.path(), "k6", x).is_some());
    }

    #[test]
    fn without_a_model_points_go_next_to_their_like() {
        let known = Arc::new(Matrix::from_rows([[1.0f32, 0.0], [0.0, 1.0]]).unwrap());
        let map = [[10.0, 0.0], [-10.0, 4.0]];
        let new = Matrix::from_rows([[2.0f32, 0.0], [1.0, 1.0]]).unwrap();
        let placed = place_near(known, &map, &new, Metric::Cosine).unwrap();
        assert!((placed[0][0] - 10.0).abs() < 1e-3);
        assert!(placed[1][0].abs() < 1e-3 && (placed[1][1] - 2.0).abs() < 1e-3);
        assert_eq!(place_near(Arc::new(Matrix::zeros(0, 2)), &[], &new, Metric::Cosine).unwrap(), [[0.0; 2]; 2]);
    }
}
