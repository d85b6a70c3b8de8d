//! `--quality`: how well maps show the vectors.

use crate::flags::{Cli, Method};
use planisphere::core::{Context, KnnGraph, Matrix, Stage};
use planisphere::dataset::Table;
use planisphere::knn::{Exact, Metric, quality};
use planisphere_examples::{Failure, input, report::RunReport, say};
use std::collections::BTreeMap;

/// Rows that trustworthiness is measured on.
const SAMPLE: usize = 5000;

/// Scores every map against the vectors, and says the scores.
pub(crate) fn score(
    cli: &Cli,
    metric: &Metric,
    x: &Matrix,
    table: &Table,
    maps: &[(Method, Matrix)],
    report: &mut RunReport,
    cx: &mut Context<'_>,
) -> Result<(), Failure> {
    let k = 15.min(x.rows().saturating_sub(1) / 2);
    if k == 0 {
        say(&format!("warning: --quality needs at least 3 rows, there are {}; no scores", x.rows()));
        return Ok(());
    }
    let graph = |m: &Matrix, metric: &Metric, cx: &mut Context<'_>| -> Result<KnnGraph, Failure> {
        Ok(Exact::new(k).metric(metric.clone()).fit_with(m, cx)?)
    };
    input::staged(cx, Stage::Quality, |cx| {
        let truth = graph(x, metric, cx)?;
        for (method, y) in maps {
            let near = graph(y, &Metric::Euclidean, cx)?;
            let seed = cli.common.seed;
            let mut scores = BTreeMap::new();
            scores.insert("trustworthiness", quality::trustworthiness_with(x, y, k, metric.clone(), SAMPLE, seed, cx)?);
            scores.insert("continuity", quality::continuity_with(x, y, k, metric.clone(), SAMPLE, seed, cx)?);
            scores.insert("neighbors_kept", near.recall(&truth)?);
            if let Some(labels) = table.labels().filter(|l| l.iter().any(Option::is_some)) {
                scores.insert("label_accuracy", quality::label_accuracy(&near, labels)?);
            }
            report.quality.insert(method.name().to_owned(), scores);
        }
        Ok(())
    })?;
    if !cli.common.quiet {
        show(report);
    }
    Ok(())
}

fn show(report: &RunReport) {
    for (method, scores) in &report.quality {
        let mut text: Vec<String> = scores.iter().map(|(k, v)| format!("{k} {v:.4}")).collect();
        if let Some(told) = report.results.get(method)
            && let (Some(kl), Some(is)) = (told["kl_divergence"].as_f64(), told["kl_divergence_is"].as_str())
        {
            text.push(format!("KL divergence {kl:.4} ({is})"));
        }
        say(&format!("{method}: {}", text.join(", ")));
    }
}
