//! From vectors to maps.

use crate::flags::{Cli, Method, Repel, Start};
use planisphere::core::{Context, Decision, Matrix};
use planisphere::knn::Metric;
use planisphere::pca::Pca;
use planisphere::tsne::{self, Repulsion, Tsne, TsneModel};
use planisphere::umap::{self, Labels, Umap, UmapModel};
use planisphere_examples::{Failure, report::RunReport};
use std::borrow::Cow;

/// Maps by method.
pub(crate) type Maps = Vec<(Method, Matrix)>;

/// All maps, in the order in which they were asked for, and the model if it is to be kept.
pub(crate) fn project(
    cli: &Cli,
    metric: &Metric,
    vectors: &Matrix,
    classes: Option<&Labels>,
    report: &mut RunReport,
    cx: &mut Context<'_>,
) -> Result<(Maps, Option<UmapModel>), Failure> {
    let methods = cli.methods();
    let reduced = if methods == [Method::Pca] { Cow::Borrowed(vectors) } else { reduce(cli, vectors, cx)? };
    let (mut maps, mut model) = (Vec::new(), None);
    for method in methods {
        let y = match method {
            Method::Umap => {
                let fitted = umap(cli, metric, &reduced, classes, cx)?;
                match &cli.save_model {
                    Some(_) => model.insert(fitted).embedding().clone(),
                    None => fitted.into_embedding(),
                }
            }
            Method::Tsne => {
                let fitted = tsne(cli, metric, &reduced, cx)?;
                note_divergence(&fitted, report);
                fitted.into_embedding()
            }
            Method::Pca => Pca::new(usize::from(cli.n_components)).fit_with(vectors, cx)?.into_embedding(),
        };
        maps.push((method, y));
    }
    Ok((maps, model))
}

/// The vectors, or as many of their principal components as were asked for.
fn reduce<'x>(cli: &Cli, x: &'x Matrix, cx: &mut Context<'_>) -> Result<Cow<'x, Matrix>, Failure> {
    let Some(asked) = cli.pca.and_then(|n| usize::try_from(n).ok()) else { return Ok(Cow::Borrowed(x)) };
    if asked >= x.cols() {
        cx.decide(Decision::new("pca", "all dimensions", format!("there are {}, {asked} were asked for", x.cols())));
        return Ok(Cow::Borrowed(x));
    }
    // Fewer rows than that span fewer dimensions.
    let most = asked.min(x.rows()).max(1);
    Ok(Cow::Owned(Pca::new(most).fit_with(x, cx)?.into_embedding()))
}

fn umap(
    cli: &Cli,
    metric: &Metric,
    x: &Matrix,
    classes: Option<&Labels>,
    cx: &mut Context<'_>,
) -> Result<UmapModel, Failure> {
    let flags = &cli.umap;
    let mut umap = Umap::new()
        .n_components(cli.n_components.into())
        .metric(metric.clone())
        .n_neighbors(flags.n_neighbors)
        .knn(cli.knn)
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
    Ok(match classes {
        Some(classes) => umap.fit_supervised_with(x, classes, cx)?,
        None => umap.fit_with(x, cx)?,
    })
}

fn tsne(cli: &Cli, metric: &Metric, x: &Matrix, cx: &mut Context<'_>) -> Result<TsneModel, Failure> {
    let flags = &cli.tsne;
    let mut tsne = Tsne::new()
        .n_components(cli.n_components.into())
        .metric(metric.clone())
        .perplexity(flags.perplexity)
        .knn(cli.knn)
        .keep_vectors(false)
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
    Ok(tsne.fit_with(x, cx)?)
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
