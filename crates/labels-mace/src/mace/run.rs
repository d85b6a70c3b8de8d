//! From annotations to a model.

use crate::annotations::Annotations;
use crate::error::{Error, Result};
use crate::mace::group::{Group, Parameters, Restarts, Update, WAVE, groups};
use crate::mace::model::{Learned, MaceModel, Restart};
use crate::mace::params::{Mace, Method, Start};
use crate::mace::problem::{Problem, range};
use crate::mace::sweep::posterior;
use crate::posterior::Posterior;
use planisphere_core::{Context, CounterRng, Stage};
use planisphere_kernels::Simd;
use rayon::prelude::*;
use std::collections::HashMap;

impl Mace {
    /// Labels and competences.
    ///
    /// # Errors
    /// As [`Mace::fit_with`], but for cancellation.
    pub fn fit(&self, annotations: &Annotations) -> Result<MaceModel> {
        self.fit_with(annotations, &mut Context::new())
    }

    /// [`Mace::fit`] on the threads of a [`Context`], with progress and cancellation.
    ///
    /// # Errors
    /// [`Error::InvalidParam`], [`Error::NoAnnotations`]; [`Error::Unknown`] if a control is of an item or a label that the
    /// annotations do not have (see [`Annotations::add_label`]); [`Error::MissingPrior`]; [`Error::Cancelled`]; [`Error::Core`]
    /// if threads cannot be started.
    pub fn fit_with(&self, annotations: &Annotations, cx: &mut Context<'_>) -> Result<MaceModel> {
        self.check()?;
        let given = Given::new(self, annotations)?;
        cx.run(|cx| {
            cx.stage(Stage::Annotators, 1.0, |cx| {
                let problem = Problem::new(annotations, &given.controls, given.priors.as_deref(), &cx.token())?;
                let start = |r| start(&problem, self.start, self.seed, r);
                let (best, restarts) = self.descend(&problem, self.restarts, start, cx)?;
                let update = self.update(problem.n_labels);
                Ok(model(annotations, &problem, update, best, restarts, given.priors))
            })
        })?
    }

    /// Labels and competences from those that an earlier model found, after annotations were added: one descent of the
    /// [`Mace::iterations`] that are set, of which a few do, and no random starts.
    ///
    /// Annotators and labels are known again by their names. Those that are new start as if nothing was known of them. So the
    /// model may also be one that was loaded from a file, or be of other items by the same annotators.
    ///
    /// # Errors
    /// As [`Mace::fit_with`].
    pub fn refine(&self, annotations: &Annotations, earlier: &MaceModel) -> Result<MaceModel> {
        self.refine_with(annotations, earlier, &mut Context::new())
    }

    /// [`Mace::refine`] on the threads of a [`Context`], with progress and cancellation.
    ///
    /// # Errors
    /// As [`Mace::refine`].
    pub fn refine_with(
        &self,
        annotations: &Annotations,
        earlier: &MaceModel,
        cx: &mut Context<'_>,
    ) -> Result<MaceModel> {
        self.check()?;
        cx.run(|cx| self.descend_from(annotations, &earlier.learned, cx))?
    }

    /// One descent from what was learned before.
    pub(crate) fn descend_from(
        &self,
        annotations: &Annotations,
        learned: &Learned,
        cx: &mut Context<'_>,
    ) -> Result<MaceModel> {
        let given = Given::new(self, annotations)?;
        cx.stage(Stage::Annotators, 1.0, |cx| {
            let problem = Problem::new(annotations, &given.controls, given.priors.as_deref(), &cx.token())?;
            let update = self.update(problem.n_labels);
            let (best, restarts) = self.descend(&problem, 1, |_| learned.start(&problem, annotations, update), cx)?;
            Ok(model(annotations, &problem, update, best, restarts, given.priors))
        })
    }

    pub(crate) fn update(&self, n_labels: usize) -> Update {
        match self.method {
            Method::VariationalBayes { alpha, beta, strategy_prior } => {
                Update::Bayes { alpha, beta, strategy: strategy_prior }
            }
            Method::Em { smoothing } => Update::Em { smoothing: smoothing.unwrap_or(0.01 / n_labels as f64) },
        }
    }

    /// All restarts, wave by wave, of which the likeliest is kept.
    fn descend(
        &self,
        problem: &Problem,
        tries: usize,
        start: impl Fn(usize) -> Parameters + Sync,
        cx: &mut Context<'_>,
    ) -> Result<(Found, Vec<Restart>)> {
        let total = (tries.div_ceil(WAVE) * self.iterations).max(1) as u64;
        let mut best: Option<Found> = None;
        let mut restarts: Vec<Restart> = Vec::with_capacity(tries);
        for first in (0..tries).step_by(WAVE) {
            let done = (first / WAVE * self.iterations) as u64;
            let starts: Vec<Parameters> = (first..tries.min(first + WAVE)).into_par_iter().map(&start).collect();
            let mut groups = groups(problem, &starts);
            drop(starts);
            let wave = self.wave(problem, &mut groups, (done, total), cx)?;
            let mut lane_of = groups.iter().flat_map(|g| (0..g.width()).map(move |lane| (g, lane)));
            for (r, restart) in wave.iter().enumerate() {
                let (group, lane) = lane_of.next().unwrap_or((&groups[0], 0));
                // Of several that came to the same place, the first: rounding does not choose.
                let kept = best
                    .as_ref()
                    .map(|b: &Found| restarts.iter().chain(&wave).nth(b.best).map_or(f64::NAN, |r| r.log_likelihood));
                if kept.is_none_or(|kept| restart.log_likelihood > kept + SAME * kept.abs()) {
                    let (parameters, counts) = (group.parameters(lane), group.counts(lane));
                    best = Some(Found { best: first + r, parameters, counts });
                }
            }
            restarts.extend(wave);
        }
        cx.progress(total, total)?;
        // There is a restart, and the first is kept if no other is likelier.
        best.map(|best| (best, restarts)).ok_or_else(|| Error::param("restarts", tries, "must be between 1 and 1000"))
    }

    /// The restarts of some groups, side by side.
    fn wave(
        &self,
        problem: &Problem,
        groups: &mut [Box<dyn Restarts>],
        (done, total): (u64, u64),
        cx: &mut Context<'_>,
    ) -> Result<Vec<Restart>> {
        let (simd, token, update) = (Simd::detect(), cx.token(), self.update(problem.n_labels));
        let told = |groups: &[Box<dyn Restarts>]| -> Result<Vec<f64>> {
            let each = groups.iter().map(|g| g.likelihoods(problem, &token)).collect::<Result<Vec<_>, _>>()?;
            Ok(each.concat())
        };
        let lanes: Vec<(usize, usize)> =
            groups.iter().enumerate().flat_map(|(g, group)| (0..group.width()).map(move |lane| (g, lane))).collect();
        let mut restarts = vec![Restart { log_likelihood: f64::NAN, iterations: 0, converged: false }; lanes.len()];
        cx.progress(done, total)?;
        groups.par_iter_mut().try_for_each(|g| g.expect(problem, simd, &token))?;
        let mut last = self.tolerance.map(|_| told(groups)).transpose()?;
        for iteration in 0..self.iterations {
            cx.progress(done + iteration as u64, total)?;
            groups.par_iter_mut().try_for_each(|g| {
                g.maximize(problem, update, &token)?;
                g.expect(problem, simd, &token)
            })?;
            for r in restarts.iter_mut().filter(|r| !r.converged) {
                r.iterations += 1;
            }
            if let (Some(tolerance), Some(last)) = (self.tolerance, &mut last) {
                let now = told(groups)?;
                for (r, (old, new)) in last.iter().zip(&now).enumerate() {
                    if !restarts[r].converged && (new - old).abs() <= tolerance * new.abs() {
                        restarts[r].converged = true;
                        groups[lanes[r].0].rest(lanes[r].1);
                    }
                }
                *last = now;
                if restarts.iter().all(|r| r.converged) {
                    break;
                }
            }
        }
        for (r, ll) in restarts.iter_mut().zip(told(groups)?) {
            r.log_likelihood = ll;
        }
        Ok(restarts)
    }
}

/// Likelihoods that differ by less than this share are the same but for rounding.
const SAME: f64 = 1e-10;

/// The restart that is kept.
struct Found {
    best: usize,
    parameters: Parameters,
    /// By cell: posteriors of its label, summed.
    counts: Vec<f64>,
}

/// Controls and priors by number.
pub(crate) struct Given {
    pub(crate) controls: Vec<Option<u32>>,
    pub(crate) priors: Option<Vec<f64>>,
}

impl Given {
    pub(crate) fn new(params: &Mace, annotations: &Annotations) -> Result<Self> {
        if annotations.is_empty() {
            return Err(Error::NoAnnotations);
        }
        Self::of(params, annotations)
    }

    /// [`Given::new`], also where there are no votes yet.
    pub(crate) fn of(params: &Mace, annotations: &Annotations) -> Result<Self> {
        let any = annotations.n_labels() > 0;
        let priors = params.priors.as_ref().filter(|_| any).map(|p| priors(p, annotations)).transpose()?;
        let mut controls = vec![None; annotations.n_items()];
        for (item, label) in &params.controls {
            let unknown = |what, name: &str| Error::Unknown { what, name: name.to_owned() };
            let i = annotations.item_index(item).ok_or_else(|| unknown("item", item))?;
            let l = annotations.label_index(label).ok_or_else(|| unknown("label", label))?;
            if priors.as_ref().is_some_and(|p| p[l as usize] == 0.0) {
                return Err(Error::param(
                    "priors",
                    format!("{label} 0"),
                    format!("item {item:?} is known to be that, so its weight must be above 1e-300 of the largest"),
                ));
            }
            controls[i as usize] = Some(l);
        }
        Ok(Self { controls, priors })
    }
}

/// Priors by label, with sum 1.
pub(crate) fn priors(given: &[(String, f64)], annotations: &Annotations) -> Result<Vec<f64>> {
    let mut weights = vec![None; annotations.n_labels()];
    for (label, weight) in given {
        if !(weight.is_finite() && *weight >= 0.0) {
            return Err(Error::param("priors", format!("{label} {weight}"), "weights must be numbers of at least 0"));
        }
        if let Some(l) = annotations.label_index(label) {
            weights[l as usize] = Some(*weight);
        }
    }
    let mut priors = Vec::with_capacity(weights.len());
    for (l, weight) in (0u32..).zip(weights) {
        priors.push(weight.ok_or_else(|| Error::MissingPrior { label: annotations.label(l).to_owned() })?);
    }
    let most = priors.iter().copied().fold(0.0, f64::max);
    if most == 0.0 {
        return Err(Error::param("priors", 0, "at least one label of the annotations must have a weight above 0"));
    }
    // Divided by the largest first, so that no sum overflows, and added in an order that is not that of the labels.
    let mut sorted: Vec<f64> = priors.iter().map(|p| p / most).collect();
    sorted.sort_by(f64::total_cmp);
    let sum: f64 = sorted.iter().sum();
    Ok(priors.iter().map(|p| p / most / sum).map(|p| if p < 1e-300 { 0.0 } else { p }).collect())
}

/// Where a restart begins.
fn start(problem: &Problem, start: Start, seed: u64, restart: usize) -> Parameters {
    let (annotators, cells, labels) = (problem.annotators.len(), problem.cell_votes.len(), problem.n_labels as f64);
    let noise = match start {
        Start::Uniform => {
            return Parameters {
                annotators: vec![[0.5; 2]; annotators],
                theta: vec![1.0 / labels; cells],
                theta_rest: vec![1.0 / labels; annotators],
            };
        }
        Start::Random { noise } => noise,
    };
    let rng = CounterRng::new(seed, "mace");
    let (mut pairs, mut theta, mut theta_rest) =
        (Vec::with_capacity(annotators), Vec::with_capacity(cells), Vec::new());
    for a in 0..annotators {
        let draws = rng.at(restart as u64, problem.annotator_keys[a]);
        let noisy = |bits: u64| 1.0 + noise * ((bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64));
        let [guess, know] = [noisy(draws.bits(0)), noisy(draws.bits(1))];
        pairs.push([guess / (guess + know), know / (guess + know)]);
        let own = range(&problem.annotator_cells[a..]);
        let first = theta.len();
        theta.extend(problem.cell_labels[own].iter().map(|&l| noisy(draws.bits(problem.label_keys[l as usize]))));
        // Labels that the annotator never used have the mean: no vote asks for them one by one.
        let mean = 1.0 + 0.5 * noise;
        let sum = theta[first..].iter().sum::<f64>() + mean * (labels - (theta.len() - first) as f64);
        theta[first..].iter_mut().for_each(|t| *t /= sum);
        theta_rest.push(mean / sum);
    }
    Parameters { annotators: pairs, theta, theta_rest }
}

/// The model in the numbers of the annotations.
fn model(
    annotations: &Annotations,
    problem: &Problem,
    update: Update,
    found: Found,
    restarts: Vec<Restart>,
    priors: Option<Vec<f64>>,
) -> MaceModel {
    let posterior = posteriors(problem, &found.parameters, priors);
    let n = problem.annotators.len();
    let (_, shares, _) = Group::lifts(problem, &found.parameters);
    let places = crate::mace::canonical::places(&problem.annotators);
    let mut new = MaceModel {
        posterior,
        competence: Vec::with_capacity(n),
        competence_mean: Vec::with_capacity(n),
        learned: Learned::nothing(annotations),
        restarts,
        best: found.best,
    };
    for &place in &places {
        let a = place as usize;
        let pair = found.parameters.annotators[a];
        let own = range(&problem.annotator_cells[a..]);
        let known: f64 = own.clone().map(|c| found.counts[c] * shares[c][0]).sum();
        new.competence.push(pair[1]);
        new.competence_mean.push(match update {
            Update::Bayes { alpha, beta, .. } => (known + beta) / (problem.annotator_votes[a] + alpha + beta),
            Update::Em { .. } => pair[1],
        });
        let cells = own.map(|c| (problem.labels[problem.cell_labels[c] as usize], found.parameters.theta[c]));
        new.learned.push(pair, cells, found.parameters.theta_rest[a]);
    }
    new
}

/// Probabilities of the labels of all items.
fn posteriors(problem: &Problem, parameters: &Parameters, priors: Option<Vec<f64>>) -> Posterior {
    let (lifts, _, limit) = Group::lifts(problem, parameters);
    let places = crate::mace::canonical::places_of(&problem.items, problem.n_items);
    let uniform = 1.0 / problem.n_labels as f64;
    let rows: Vec<(Vec<(u32, f64)>, f64)> = places
        .par_iter()
        .map(|place| {
            let Some(i) = *place else { return (Vec::new(), 0.0) };
            let i = i as usize;
            let slots = range(&problem.item_slots[i..]);
            let mut shares = vec![[0.0]; slots.len()];
            let rest = posterior(problem, i, &lifts, limit, &mut shares);
            let labels = problem.slot_labels[slots].iter().map(|&l| problem.labels[l as usize]);
            let mut row: Vec<(u32, f64)> = labels.zip(shares.iter().map(|s| s[0])).collect();
            let rest = match problem.controls[i] {
                None if priors.is_some() => rest,
                None => rest * uniform,
                Some(control) => {
                    if !row.iter().any(|r| r.0 == control) {
                        row.push((control, 1.0));
                    }
                    0.0
                }
            };
            row.sort_unstable_by_key(|r| r.0);
            (row, rest)
        })
        .collect();
    let mut offsets = vec![0];
    let (mut labels, mut probabilities, mut rests) = (Vec::new(), Vec::new(), Vec::new());
    for (row, rest) in rows {
        labels.extend(row.iter().map(|r| r.0));
        probabilities.extend(row.iter().map(|r| r.1));
        offsets.push(labels.len());
        rests.push(rest);
    }
    Posterior::new(problem.n_labels, offsets, labels, probabilities, rests, priors)
}

impl Learned {
    /// Where a descent on other annotations begins.
    fn start(&self, problem: &Problem, annotations: &Annotations, update: Update) -> Parameters {
        let n = problem.annotators.len();
        let mut new = Parameters { annotators: Vec::with_capacity(n), theta: Vec::new(), theta_rest: Vec::new() };
        let uniform = 1.0 / problem.n_labels as f64;
        let (who, labels) = self.numbers(annotations);
        let mut old: HashMap<u32, f64, ahash::RandomState> = HashMap::default();
        for (place, &a) in problem.annotators.iter().enumerate() {
            let known = who[a as usize];
            new.annotators.push(known.map_or_else(|| update.annotator(0.0, 0.0), |a| self.parameters.annotators[a]));
            let rest = known.map_or(uniform, |a| self.parameters.theta_rest[a]);
            new.theta_rest.push(rest);
            old.clear();
            if let Some(a) = known {
                old.extend(self.cells(a).filter_map(|(l, theta)| Some((labels[l as usize]?, theta))));
            }
            for c in range(&problem.annotator_cells[place..]) {
                let label = problem.labels[problem.cell_labels[c] as usize];
                new.theta.push(old.get(&label).copied().unwrap_or(rest));
            }
        }
        new
    }
}
