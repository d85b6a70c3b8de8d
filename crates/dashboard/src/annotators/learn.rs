//! From votes to results.

use super::questions::{Question, questions};
use crate::config::{MaceConfig, Scheme};
use crate::store::Annotation;
use planisphere::core::{CancelToken, Context};
use planisphere::labels_mace::{Error, Mace, Method, Result};
use serde_json::{Map, Value, json};

/// Seed of the random starts.
const SEED: u64 = 42;

/// Learns from all votes. Results are by key, each with what the overview and the predictions tell; `at` is the time in
/// seconds since 1970, and `total` the number of annotations that they are from.
pub(super) fn learn(
    schemes: &[Scheme],
    said: &[Annotation],
    config: &MaceConfig,
    (at, total): (f64, u64),
    cancel: &CancelToken,
) -> Result<Vec<(String, Value)>> {
    let method = match Method::VB {
        Method::VariationalBayes { strategy_prior, .. } => {
            Method::VariationalBayes { alpha: config.alpha, beta: config.beta, strategy_prior }
        }
        other => other,
    };
    let mace = Mace::new()
        .method(method)
        .restarts(config.num_restarts as usize)
        .iterations(config.num_iters as usize)
        .seed(SEED);
    let mut results = Vec::new();
    for question in questions(schemes, said, config)? {
        // What one question says is not held against the others, unless it is to stop.
        match result(&question, &mace, (at, total), cancel) {
            Ok(result) => results.push((question.key, result)),
            Err(e @ Error::Cancelled(_)) => return Err(e),
            Err(e) => tracing::error!(question = question.key, error = %e, "nothing could be learned"),
        }
    }
    Ok(results)
}

fn result(question: &Question, mace: &Mace, (at, total): (f64, u64), cancel: &CancelToken) -> Result<Value> {
    let votes = &question.votes;
    let model = mace.fit_with(votes, &mut Context::new().cancel(cancel))?;
    let posterior = model.posterior();
    let (mut labels, mut entropies) = (Map::new(), Map::new());
    for (i, item) in votes.items().enumerate() {
        if let (Some(best), Some(entropy)) = (posterior.best(i), posterior.entropy(i)) {
            labels.insert(item.to_owned(), votes.label(best.label).into());
            entropies.insert(item.to_owned(), entropy.into());
        }
    }
    let competence: Map<String, Value> =
        votes.annotators().zip(model.competence()).map(|(name, c)| (name.to_owned(), (*c).into())).collect();
    let mapping: Map<String, Value> = votes.labels().enumerate().map(|(i, l)| (i.to_string(), l.into())).collect();
    Ok(json!({
        "schema_name": question.scheme,
        "option_name": question.option,
        "competence_scores": competence,
        "predicted_labels": labels,
        "label_entropy": entropies,
        "label_mapping": mapping,
        "num_annotators": votes.n_annotators(),
        "num_instances": votes.n_items(),
        "timestamp": at,
        "log_likelihood": model.log_likelihood(),
        "annotations_total": total,
    }))
}
