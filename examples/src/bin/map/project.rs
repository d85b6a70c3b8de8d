//! From vectors to maps.

use crate::flags::{Cli, Method, Repel, Start};
use planisphere::core::{Context, Decision, Matrix};
use planisphere::knn::Metric;
use planisphere::pca::{Pca, Reduction};
use planisphere::tsne::{self, Repulsion, Tsne, TsneModel};
use planisphere::umap::{self, Labels, Umap};
use planisphere_examples::{Failure, model::Model, report::RunReport};
use std::borrow::Cow;

/// Maps by method.
pub(crate) type Maps = Vec<(Method, Matrix)>;

/// All maps, in the order in which they were asked for, and their models if these are to be kept.
pub(crate) fn project(
    cli: &Cli,
    metric: &Metric,
    vectors: &Matrix,
    classes: Option<&Labels>,
    report: &mut RunReport,
    cx: &mut Context<'_>,
) -> Result<(Maps, Vec<(Method, Model)>), Failure> {
    let methods = cli.methods();
    let reduced = if methods == [Method::Pca] { Cow::Borrowed(vectors) } else { reduce(cli, vectors, cx)? };
    let (mut maps, mut models) = (Vec::new(), Vec::new());
    for method in methods {
        let model = match method {
            Method::Umap => {
                let umap = umap(cli).metric(metric.clone());
                Model::Umap(Box::new(match classes {
                    Some(classes) => umap.fit_supervised_with(&*reduced, classes, cx)?,
                    None => umap.fit_with(&*reduced, cx)?,
                }))
            }
            Method::Tsne => {
                let fitted = tsne(cli).metric(metric.clone()).fit_with(&*reduced, cx)?;
                note_divergence(&fitted, report);
                Model::Tsne(Box::new(fitted))
            }
            Method::Pca => Model::Pca(Box::new(Pca::new(usize::from(cli.n_components)).fit_with(vectors, cx)?)),
        };
        if cli.save_model.is_some() {
            maps.push((method, model.embedding().clone()));
            models.push((method, model));
        } else {
            maps.push((method, model.into_embedding()));
        }
    }
    Ok((maps, models))
}

/// The vectors, or as many of their principal components as were asked for.
fn reduce<'x>(cli: &Cli, x: &'x Matrix, cx: &mut Context<'_>) -> Result<Cow<'x, Matrix>, Failure> {
    let Some(asked) = cli.pca.and_then(|n| usize::try_from(n).ok()) else { return Ok(Cow::Borrowed(x)) };
    let reduction = Reduction::new().between(asked, asked).seed(cli.common.seed);
    Ok(match reduction.fit_with(x, cx)? {
        Some(model) => Cow::Owned(model.into_embedding()),
        None => {
            let why = format!("there are {}, {asked} were asked for", x.cols());
            cx.decide(Decision::new("dimensions", "all", why));
            Cow::Borrowed(x)
        }
    })
}

/// Parameters are told to be wrong before the work, not after it.
pub(crate) fn check(cli: &Cli) -> Result<(), Failure> {
    for method in cli.methods() {
        match method {
            Method::Umap => umap(cli).check()?,
            Method::Tsne => tsne(cli).check()?,
            Method::Pca => {}
        }
    }
    Ok(())
}

fn umap(cli: &Cli) -> Umap {
    let flags = &cli.umap;
    let mut umap = Umap::new()
        .n_components(cli.n_components.into())
        .n_neighbors(flags.n_neighbors)
        .keep_vectors(cli.save_model.is_some())
        .target_weight(flags.target_weight)
        .min_dist(flags.min_dist)
        .spread(flags.spread)
        .learning_rate(flags.learning_rate)
        .negative_sample_rate(flags.negative_sample_rate)
        .repulsion_strength(flags.repulsion_strength)
        .local_connectivity(flags.local_connectivity)
        .set_op_mix_ratio(flags.set_op_mix_ratio)
        .seed(cli.common.seed)
        .init(match cli.init {
            None | Some(Start::Spectral) => umap::Init::Spectral,
            Some(Start::Pca) => umap::Init::Pca,
            Some(Start::Random) => umap::Init::Random,
        });
    if let Some(n) = flags.n_epochs {
        umap = umap.n_epochs(n);
    }
    if let Some(method) = cli.knn {
        umap = umap.knn(method);
    }
    umap
}

fn tsne(cli: &Cli) -> Tsne {
    let flags = &cli.tsne;
    let mut tsne = Tsne::new()
        .n_components(cli.n_components.into())
        .perplexity(flags.perplexity)
        .keep_vectors(cli.save_model.is_some())
        .early_exaggeration_iter(flags.early_exaggeration_iter)
        .exaggeration(flags.exaggeration)
        .n_iter(flags.n_iter)
        .dof(flags.dof)
        .seed(cli.common.seed)
        .repulsion(match flags.repulsion {
            Repel::Auto => Repulsion::Auto,
            Repel::Exact => Repulsion::Exact,
            Repel::BarnesHut => Repulsion::BarnesHut { theta: flags.theta },
            Repel::Fft => Repulsion::FFT,
        })
        .init(match cli.init {
            None | Some(Start::Pca) => tsne::Init::Pca,
            Some(Start::Spectral) => tsne::Init::Spectral,
            Some(Start::Random) => tsne::Init::Random,
        });
    if let Some(x) = flags.early_exaggeration {
        tsne = tsne.early_exaggeration(x);
    }
    if let Some(x) = flags.tsne_learning_rate {
        tsne = tsne.learning_rate(x);
    }
    if let Some(method) = cli.knn {
        tsne = tsne.knn(method);
    }
    tsne
}

/// Puts into the report how far a map of t-SNE is from what it shall show.
fn note_divergence(model: &TsneModel, report: &mut RunReport) {
    let (repulsion, exact) = match model.repulsion() {
        Repulsion::Exact => ("exact", true),
        Repulsion::BarnesHut { .. } => ("barnes-hut", false),
        Repulsion::Fft { .. } => ("fft", false),
        _ => ("other", false),
    };
    report.result(Method::Tsne.name(), "kl_divergence", model.divergence());
    report.result(Method::Tsne.name(), "kl_divergence_is", if exact { "exact" } else { "estimated" });
    report.result(Method::Tsne.name(), "repulsion", repulsion);
}
