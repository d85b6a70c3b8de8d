//! From votes to labels.

use crate::flags::{Cli, Method};
use planisphere::core::Context;
use planisphere::labels_mace::{
    self as labels, Annotations, DawidSkene, Glad, Labeled, Mace, MajorityVote, Posterior, Value, WeightedMajority,
};
use planisphere_examples::Failure;

/// What was found, by whatever method.
pub(crate) struct Found {
    pub(crate) posterior: Posterior,
    /// By annotator, what the method calls it: how probable it is that they know, that they are right, …
    pub(crate) competence: Option<Vec<f64>>,
    /// MACE alone: posterior means, and what annotators label when guessing.
    pub(crate) mace: Option<labels::MaceModel>,
    pub(crate) log_likelihood: Option<f64>,
    /// Items whose labels are numbers.
    pub(crate) values: Option<Vec<Option<Value>>>,
}

pub(crate) fn fit(cli: &Cli, votes: &Annotations, cx: &mut Context<'_>) -> Result<Found, Failure> {
    Ok(match cli.method {
        Method::Mace => mace(cli, votes, cx)?,
        Method::DawidSkene => {
            let mut method = DawidSkene::new();
            if let Some(n) = cli.iterations {
                method = method.iterations(n);
            }
            if let Some(x) = cli.smoothing {
                method = method.smoothing(x);
            }
            let model = method.fit_with(votes, cx)?;
            let accuracy = (0..votes.n_annotators() as u32).map(|a| model.accuracy(a).unwrap_or(f64::NAN)).collect();
            let log_likelihood = Some(model.log_likelihood());
            Found { competence: Some(accuracy), log_likelihood, ..found(model.into_posterior()) }
        }
        Method::Glad => {
            let mut method = Glad::new();
            if let Some(n) = cli.iterations {
                method = method.iterations(n);
            }
            let model = method.fit_with(votes, cx)?;
            let abilities = model.abilities().to_vec();
            Found { competence: Some(abilities), ..found(model.into_posterior()) }
        }
        Method::WeightedMajority => {
            let model = WeightedMajority::wawa().fit_with(votes, cx)?;
            let weights = model.weights().to_vec();
            Found { competence: Some(weights), ..found(model.into_posterior()) }
        }
        Method::Majority => found(MajorityVote::new().fit_with(votes, cx)?.into_posterior()),
    })
}

fn found(posterior: Posterior) -> Found {
    Found { posterior, competence: None, mace: None, log_likelihood: None, values: None }
}

fn mace(cli: &Cli, votes: &Annotations, cx: &mut Context<'_>) -> Result<Found, Failure> {
    let method = if cli.em {
        labels::Method::Em { smoothing: cli.smoothing }
    } else {
        labels::Method::VariationalBayes { alpha: cli.alpha, beta: cli.beta, strategy_prior: 10.0 }
    };
    let mut mace = Mace::new()
        .method(method)
        .restarts(cli.restarts)
        .seed(cli.common.seed)
        .tolerance(cli.tolerance)
        .controls(cli.known(votes)?);
    if let Some(n) = cli.iterations {
        mace = mace.iterations(n);
    }
    if let Some(weights) = cli.weights()? {
        mace = mace.priors(weights);
    }
    let model = mace.fit_with(votes, cx)?;
    let values = cli.continuous.then(|| labels::weighted_values(votes, model.competence())).transpose();
    let values = values.map_err(|e| Failure::Run(format!("{}: --continuous: {e}", cli.shown().display()).into()))?;
    Ok(Found {
        posterior: model.posterior().clone(),
        competence: Some(model.competence().to_vec()),
        log_likelihood: Some(model.log_likelihood()),
        values,
        mace: Some(model),
    })
}
