//! What was found, as files of MACE's form or as JSON.

use crate::fit::Found;
use crate::flags::{Cli, Format};
use planisphere::dataset::write_atomic;
use planisphere::labels_mace::{Annotations, Krippendorff, Level};
use planisphere_examples::Failure;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;

pub(crate) fn write(
    cli: &Cli,
    votes: &Annotations,
    found: &Found,
    gold: Option<&[Option<String>]>,
) -> Result<(), Failure> {
    let keep = found.posterior.surest(cli.threshold)?;
    let told = gold.map(|gold| Score::of(votes, found, &keep, gold)).transpose()?;
    match cli.format {
        Format::Files => {
            files(cli, votes, found, &keep)?;
            match told {
                None => Ok(()),
                Some(score) => {
                    print(&format!("Coverage: {:?}\t{} on test set: {:?}", score.coverage, score.name, score.value))
                }
            }
        }
        Format::Json => {
            let text = serde_json::to_string_pretty(&as_json(cli, votes, found, &keep, told)?)?;
            match &cli.prefix {
                Some(_) => write_lines(&cli.file("json"), &[text]),
                None => print(&text),
            }
        }
    }
}

/// How well labels that are known were found.
struct Score {
    name: &'static str,
    value: f64,
    /// Share of the items that a label is told of.
    coverage: f64,
}

impl Score {
    /// Against a key. Items that no label is told of do not count.
    fn of(votes: &Annotations, found: &Found, keep: &[bool], gold: &[Option<String>]) -> Result<Self, Failure> {
        let share = |n: usize| n as f64 / votes.n_items() as f64;
        if let Some(values) = &found.values {
            let mut errors = Vec::new();
            for (i, (value, gold)) in values.iter().zip(gold).enumerate() {
                let Some(value) = value.filter(|_| keep[i]) else { continue };
                let truth = gold.as_deref().and_then(|g| g.parse::<f64>().ok()).filter(|g| g.is_finite());
                let Some(truth) = truth else {
                    let what = gold.as_deref().unwrap_or("");
                    return Err(Failure::Run(format!("--test: line {}: {what:?} is not a number", i + 1).into()));
                };
                errors.push((value.mean - truth).powi(2));
            }
            let value = (errors.iter().sum::<f64>() / errors.len() as f64).sqrt();
            return Ok(Self { name: "RMSE", value, coverage: share(errors.len()) });
        }
        let (mut told, mut right) = (0, 0);
        for (i, gold) in gold.iter().enumerate() {
            if let Some(best) = found.posterior.best(i).filter(|_| keep[i]) {
                told += 1;
                right += usize::from(gold.as_deref() == Some(votes.label(best.label)));
            }
        }
        Ok(Self {
            name: "Accuracy",
            value: if told == 0 { 0.0 } else { right as f64 / told as f64 },
            coverage: share(told),
        })
    }
}

fn files(cli: &Cli, votes: &Annotations, found: &Found, keep: &[bool]) -> Result<(), Failure> {
    let mut lines: Vec<String> = Vec::with_capacity(votes.n_items() + 1);
    if cli.headers {
        lines.push(header(cli, votes));
    }
    lines.extend((0..votes.n_items()).map(|i| if keep[i] { prediction(cli, votes, found, i) } else { String::new() }));
    write_lines(&cli.file("prediction"), &lines)?;

    if let Some(competence) = &found.competence {
        let mut lines = Vec::new();
        if cli.headers {
            let names = votes.annotators().enumerate();
            let names = names.map(|(a, name)| if cli.has_names() { name.to_owned() } else { format!("annotator_{a}") });
            lines.push(names.collect::<Vec<_>>().join("\t"));
        }
        lines.push(competence.iter().map(number).collect::<Vec<_>>().join("\t"));
        write_lines(&cli.file("competence"), &lines)?;
    }
    if cli.entropies {
        let mut lines: Vec<String> = cli.headers.then(|| "entropy".to_owned()).into_iter().collect();
        lines.extend(found.posterior.entropies().iter().map(|e| e.as_ref().map(number).unwrap_or_default()));
        write_lines(&cli.file("entropies"), &lines)?;
    }
    Ok(())
}

fn header(cli: &Cli, votes: &Annotations) -> String {
    match (cli.distribution, cli.continuous) {
        (false, _) => "prediction".to_owned(),
        (true, true) => "weighted_mean\tweighted_std\tmin\tmax\tn_annotators".to_owned(),
        (true, false) => votes.labels().map(|l| format!("{l}\tprob_{l}")).collect::<Vec<_>>().join("\t"),
    }
}

/// The line of an item.
fn prediction(cli: &Cli, votes: &Annotations, found: &Found, i: usize) -> String {
    if let Some(values) = &found.values {
        return values[i].map_or_else(String::new, |v| {
            if cli.distribution {
                [v.mean, v.std, v.min, v.max].iter().map(number).collect::<Vec<_>>().join("\t")
                    + &format!("\t{}", v.count)
            } else {
                number(&v.mean)
            }
        });
    }
    if cli.distribution {
        let pair = |(l, p): (u32, f64)| format!("{} {}", votes.label(l), number(&p));
        return found.posterior.ranked(i).into_iter().map(pair).collect::<Vec<_>>().join("\t");
    }
    found.posterior.best(i).map_or_else(String::new, |best| votes.label(best.label).to_owned())
}

/// Digits that give the same number when read; small and large ones with an exponent.
fn number(x: &f64) -> String {
    format!("{x:?}")
}

fn as_json(
    cli: &Cli,
    votes: &Annotations,
    found: &Found,
    keep: &[bool],
    score: Option<Score>,
) -> Result<Value, Failure> {
    let items: Vec<Value> = votes
        .items()
        .enumerate()
        .map(|(i, id)| {
            let best = found.posterior.best(i).filter(|_| keep[i]);
            let mut item = json!({
                "id": id,
                "label": best.map(|b| votes.label(b.label)),
                "probability": best.map(|b| b.probability),
                "tied": best.map(|b| b.tied),
                "entropy": found.posterior.entropy(i),
            });
            if let Some(values) = &found.values {
                let value = |v: planisphere::labels_mace::Value| {
                    json!({"mean": v.mean, "std": v.std, "min": v.min, "max": v.max, "count": v.count})
                };
                item["value"] = values[i].map_or(Value::Null, value);
            }
            if cli.distribution {
                let pair = |(l, p): (u32, f64)| (votes.label(l).to_owned(), json!(p));
                item["distribution"] = found.posterior.ranked(i).into_iter().map(pair).collect::<Map<_, _>>().into();
            }
            item
        })
        .collect();
    let annotators: Vec<Value> = votes
        .annotators()
        .enumerate()
        .map(|(a, id)| {
            let mut annotator = json!({"id": id});
            if let Some(competence) = &found.competence {
                annotator["competence"] = json!(competence[a]);
            }
            if let Some(model) = &found.mace {
                annotator["competence_mean"] = json!(model.competence_mean()[a]);
                let guesses = model.guesses(a as u32).unwrap_or_default();
                annotator["guesses"] = votes
                    .labels()
                    .map(str::to_owned)
                    .zip(guesses.into_iter().map(|p| json!(p)))
                    .collect::<Map<_, _>>()
                    .into();
            }
            annotator
        })
        .collect();
    let agreement = Krippendorff::new(Level::Nominal).measure(votes)?;
    let mut all = json!({
        "method": cli.method.to_string(),
        "labels": votes.labels().collect::<Vec<_>>(),
        "votes": votes.len(),
        "krippendorff_alpha": agreement.alpha,
        "log_likelihood": found.log_likelihood,
        "items": items,
        "annotators": annotators,
    });
    if let Some(score) = score {
        all["test"] = json!({"score": score.name, "value": score.value, "coverage": score.coverage});
    }
    Ok(all)
}

fn write_lines(path: &Path, lines: &[String]) -> Result<(), Failure> {
    Ok(write_atomic(path, |w| lines.iter().try_for_each(|line| writeln!(w, "{line}")))?)
}

/// On stdout. Nobody reading it is no reason to fail.
fn print(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        r => Ok(r?),
    }
}
