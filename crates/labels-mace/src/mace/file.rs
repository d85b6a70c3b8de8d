//! A model as a file. How it is laid out and checked: `planisphere-store`.

use crate::error::Result;
use crate::mace::group::Parameters;
use crate::mace::model::{Learned, MaceModel, Restart};
use crate::posterior::Posterior;
use planisphere_store::{Arrays, Format, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

const FORMAT: Format = Format::new("planisphere-mace-model", "model of annotators by planisphere-labels-mace", 1);

/// What is not in the arrays.
#[derive(Serialize, Deserialize)]
struct Header {
    annotators: Vec<Box<str>>,
    labels: Vec<Box<str>>,
    best: usize,
    iterations: Vec<usize>,
    converged: Vec<bool>,
    priors: bool,
}

impl MaceModel {
    /// Writes the model to a file, which is complete or, after an error, what it was before: in the safetensors format, so
    /// that other programs can read the arrays. The same model gives the same bytes.
    ///
    /// ```
    /// use planisphere_labels_mace::{Annotations, Mace, MaceModel};
    ///
    /// let votes = Annotations::from_triples([("1", "ann", "cat"), ("1", "bob", "cat"), ("2", "bob", "dog")])?;
    /// let model = Mace::new().fit(&votes)?;
    /// let folder = tempfile::tempdir()?;
    /// model.save(folder.path().join("annotators.model"))?;
    ///
    /// let known = MaceModel::load(folder.path().join("annotators.model"))?;
    /// assert_eq!(known, model);
    /// let others = Annotations::from_triples([("3", "bob", "dog"), ("4", "ann", "cat")])?;
    /// let model = Mace::new().iterations(5).refine(&others, &known)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(FORMAT.save(path, &self.to_bytes()?)?)
    }

    /// Reads what [`MaceModel::save`] wrote.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if the file cannot be read, is no model, comes from a later version, or is
    /// truncated or was changed: [`FileError`](crate::FileError) tells which.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(FORMAT.load(path, restore)?)
    }

    /// Reads what [`MaceModel::to_bytes`] gave.
    ///
    /// # Errors
    /// As [`MaceModel::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(FORMAT.from_bytes(bytes, restore)?)
    }

    /// The bytes that [`MaceModel::save`] writes.
    ///
    /// # Errors
    /// As [`MaceModel::save`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (p, l) = (&self.posterior, &self.learned);
        let offsets: Vec<u64> = p.offsets.iter().map(|&o| o as u64).collect();
        let likelihoods: Vec<f64> = self.restarts.iter().map(|r| r.log_likelihood).collect();
        let (n, cells) = (self.competence.len(), l.cell_labels.len());
        let mut arrays = BTreeMap::from([
            ("posterior_offsets", Tensor::new(&[offsets.len()], &offsets)),
            ("posterior_labels", Tensor::new(&[p.labels.len()], &p.labels)),
            ("posterior", Tensor::new(&[p.probabilities.len()], &p.probabilities)),
            ("posterior_rest", Tensor::new(&[p.rest.len()], &p.rest)),
            ("competence_mean", Tensor::new(&[n], &self.competence_mean)),
            ("annotators", Tensor::new(&[n, 2], l.parameters.annotators.as_flattened())),
            ("guesses", Tensor::new(&[cells], &l.parameters.theta)),
            ("guesses_rest", Tensor::new(&[n], &l.parameters.theta_rest)),
            ("guesses_labels", Tensor::new(&[cells], &l.cell_labels)),
            ("guesses_offsets", Tensor::new(&[n + 1], &l.annotator_cells)),
            ("log_likelihoods", Tensor::new(&[likelihoods.len()], &likelihoods)),
        ]);
        if let Some(prior) = &p.prior {
            arrays.insert("priors", Tensor::new(&[prior.len()], prior));
        }
        let header = Header {
            annotators: l.annotators.clone(),
            labels: l.labels.clone(),
            best: self.best,
            iterations: self.restarts.iter().map(|r| r.iterations).collect(),
            converged: self.restarts.iter().map(|r| r.converged).collect(),
            priors: p.prior.is_some(),
        };
        Ok(FORMAT.encode(&header, &arrays)?)
    }
}

/// The model, or what is wrong. Nothing is taken on trust: a checksum says that bytes are what was written, not who wrote
/// them.
fn restore(header: Header, arrays: &Arrays<'_>) -> Result<MaceModel, String> {
    let (n, labels) = (header.annotators.len(), header.labels.len());
    for (what, names) in [("annotator", &header.annotators), ("label", &header.labels)] {
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|n| !seen.insert(&***n)) {
            return Err(format!("{what} {twice:?} comes twice"));
        }
    }
    let probabilities = |name: &str, shape: &[usize]| {
        let values = arrays.take::<f64>(name, shape)?;
        match values.iter().position(|v| !(0.0..=1.0).contains(v)) {
            Some(at) => Err(format!("array {name:?} holds {} at {at}", values[at])),
            None => Ok(values),
        }
    };
    let below = |name: &str, values: &[u32]| match values.iter().find(|&&l| l as usize >= labels) {
        Some(l) => Err(format!("array {name:?} holds label {l} of {labels}")),
        None => Ok(()),
    };
    let ascending = |name: &str, offsets: &[usize], end: usize| {
        let sound = offsets.first() == Some(&0) && offsets.last() == Some(&end) && offsets.is_sorted();
        if sound { Ok(()) } else { Err(format!("array {name:?} does not divide {end} entries")) }
    };

    let [items_and_one] = arrays.shape("posterior_offsets")?;
    let [entries] = arrays.shape("posterior_labels")?;
    let offsets: Vec<usize> =
        arrays.take::<u64>("posterior_offsets", &[items_and_one])?.iter().map(|&o| o as usize).collect();
    ascending("posterior_offsets", &offsets, entries)?;
    let posterior_labels = arrays.take::<u32>("posterior_labels", &[entries])?;
    below("posterior_labels", &posterior_labels)?;
    if offsets.windows(2).any(|w| posterior_labels[w[0]..w[1]].windows(2).any(|l| l[0] >= l[1])) {
        return Err("the labels of an item do not ascend".to_owned());
    }
    let posterior = Posterior::new(
        labels,
        offsets,
        posterior_labels,
        probabilities("posterior", &[entries])?,
        arrays.take::<f64>("posterior_rest", &[items_and_one - 1])?,
        header.priors.then(|| probabilities("priors", &[labels])).transpose()?,
    );
    if let Some(bad) = posterior.rest.iter().find(|r| !(r.is_finite() && **r >= 0.0)) {
        return Err(format!("array \"posterior_rest\" holds {bad}"));
    }

    for item in 0..posterior.n_items() {
        let sum: f64 = posterior.row(item).map_or(1.0, |row| row.iter().sum());
        if (sum - 1.0).abs() > 1e-6 || sum.is_nan() {
            return Err(format!("the probabilities of item {item} have the sum {sum}"));
        }
    }

    let [cells] = arrays.shape("guesses")?;
    let annotator_cells = arrays.take::<u32>("guesses_offsets", &[n + 1])?;
    let divided: Vec<usize> = annotator_cells.iter().map(|&o| o as usize).collect();
    ascending("guesses_offsets", &divided, cells)?;
    let cell_labels = arrays.take::<u32>("guesses_labels", &[cells])?;
    below("guesses_labels", &cell_labels)?;
    for own in divided.windows(2) {
        let mut seen = HashSet::new();
        if let Some(twice) = cell_labels[own[0]..own[1]].iter().find(|l| !seen.insert(**l)) {
            return Err(format!("an annotator has label {twice} twice"));
        }
    }
    let pairs = probabilities("annotators", &[n, 2])?;
    let (pairs, _) = pairs.as_chunks::<2>();
    let learned = Learned {
        annotators: header.annotators,
        labels: header.labels,
        parameters: Parameters {
            annotators: pairs.to_vec(),
            theta: probabilities("guesses", &[cells])?,
            theta_rest: probabilities("guesses_rest", &[n])?,
        },
        cell_labels,
        annotator_cells,
    };

    let tries = header.iterations.len();
    if header.best >= tries || header.converged.len() != tries {
        return Err(format!("restart {} of {tries}", header.best));
    }
    let likelihoods = arrays.take::<f64>("log_likelihoods", &[tries])?;
    if let Some(bad) = likelihoods.iter().find(|l| l.is_nan()) {
        return Err(format!("a log likelihood of {bad}"));
    }
    let restart = |((&log_likelihood, &iterations), &converged)| Restart { log_likelihood, iterations, converged };
    Ok(MaceModel {
        posterior,
        competence: learned.parameters.annotators.iter().map(|a| a[1]).collect(),
        competence_mean: probabilities("competence_mean", &[n])?,
        learned,
        restarts: likelihoods.iter().zip(&header.iterations).zip(&header.converged).map(restart).collect(),
        best: header.best,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Annotations, Mace};

    fn sound() -> MaceModel {
        let codes: Vec<(u32, u32, u32)> = (0..12).map(|v| (v / 3, v % 3, (v * v) % 4)).collect();
        let votes = Annotations::from_codes(5, 4, 5, &codes).unwrap();
        Mace::new().restarts(3).fit(&votes).unwrap()
    }

    #[track_caller]
    fn refused(reason: &str, change: impl FnOnce(&mut MaceModel)) {
        let mut model = sound();
        change(&mut model);
        let message = MaceModel::from_bytes(&model.to_bytes().unwrap()).unwrap_err().to_string();
        assert!(message.contains(reason), "{message:?} does not tell {reason:?}");
    }

    #[test]
    fn models_come_back() {
        let model = sound();
        assert_eq!(MaceModel::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
        let votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "y")]).unwrap();
        let model = Mace::new().priors([("x", 1.0), ("y", 2.0)]).fit(&votes).unwrap();
        assert_eq!(MaceModel::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
    }

    #[test]
    fn models_that_mean_nothing_are_refused() {
        refused("holds label 9 of 5", |m| m.posterior.labels[0] = 9);
        refused("do not ascend", |m| m.posterior.labels.reverse());
        refused("does not divide", |m| m.posterior.offsets[1] = 100);
        refused("\"posterior\" holds 1.5", |m| m.posterior.probabilities[0] = 1.5);
        refused("posterior_rest", |m| m.posterior.rest[0] = f64::NAN);
        refused("\"competence_mean\" holds NaN at 1", |m| m.competence_mean[1] = f64::NAN);
        refused("have the sum", |m| m.posterior.probabilities[0] = 0.0);
        refused("\"1\" comes twice", |m| m.learned.annotators[0] = "1".into());
        refused("\"2\" comes twice", |m| m.learned.labels[0] = "2".into());
        refused("twice", |m| m.learned.cell_labels[1] = m.learned.cell_labels[0]);
        refused("a log likelihood of NaN", |m| m.restarts[0].log_likelihood = f64::NAN);
        refused("\"annotators\" holds -1 at 0", |m| m.learned.parameters.annotators[0][0] = -1.0);
        refused("guesses_labels", |m| m.learned.cell_labels[0] = 5);
        refused("guesses_offsets", |m| m.learned.annotator_cells[4] = 0);
        refused("restart 3 of 3", |m| m.best = 3);
        assert!(MaceModel::from_bytes(b"no model").is_err());
    }
}
