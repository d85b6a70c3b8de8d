//! From one vector a token to one vector a text.

use super::json::JsonFile;
use crate::error::Result;
use serde_json::Value;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Cls,
    Max,
    Mean,
    MeanSqrtLen,
    WeightedMean,
    LastToken,
}

/// The modes, the keys of older files, and the names in newer ones; vectors of several modes are joined in this order.
const MODES: [(Mode, &str, &str); 6] = [
    (Mode::Cls, "pooling_mode_cls_token", "cls"),
    (Mode::Max, "pooling_mode_max_tokens", "max"),
    (Mode::Mean, "pooling_mode_mean_tokens", "mean"),
    (Mode::MeanSqrtLen, "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
    (Mode::WeightedMean, "pooling_mode_weightedmean_tokens", "weightedmean"),
    (Mode::LastToken, "pooling_mode_lasttoken", "lasttoken"),
];

/// What `1_Pooling/config.json` says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pooling {
    modes: Vec<Mode>,
    /// Whether the tokens of the prompt count.
    pub(crate) include_prompt: bool,
}

impl Pooling {
    /// Reads a pooling folder; if `or_mean`, a missing one means the mean.
    pub(crate) fn load(dir: &Path, hidden: usize, or_mean: bool) -> Result<Self> {
        let path = dir.join("config.json");
        let file = if or_mean {
            match JsonFile::read_if_there(&path)? {
                Some(f) => f,
                None => return Ok(Self { modes: vec![Mode::Mean], include_prompt: true }),
            }
        } else {
            JsonFile::read(&path, "modules.json names this pooling module")?
        };
        let width = &["word_embedding_dimension", "embedding_dimension"];
        if file.size_or(width, hidden)? != hidden {
            return Err(file.error(width, format!("the transformer's hidden_size is {hidden}")));
        }
        let modes = match file.find(&["pooling_mode"]) {
            Some(Value::String(name)) => named(&file, &[Value::from(name.as_str())])?,
            Some(Value::Array(names)) if !names.is_empty() => named(&file, names)?,
            Some(_) => return Err(file.error(&["pooling_mode"], "must be a name or a list of names")),
            None => flagged(&file)?,
        };
        Ok(Self { modes, include_prompt: file.bool_or("include_prompt", true)? })
    }

    /// Length of the pooled vectors.
    pub(crate) fn width(&self, hidden: usize) -> usize {
        self.modes.len() * hidden
    }

    /// Pools the tokens of one text (row-major, at least one of them behind the first `skip`) into `out`.
    pub(crate) fn pool(&self, tokens: &[f32], hidden: usize, skip: usize, out: &mut [f32]) {
        let counted = &tokens[skip * hidden..];
        let rows = || counted.chunks_exact(hidden);
        let n = counted.len() / hidden;
        for (mode, out) in self.modes.iter().zip(out.chunks_exact_mut(hidden)) {
            match mode {
                Mode::Cls => out.copy_from_slice(&counted[..hidden]),
                Mode::LastToken => out.copy_from_slice(&counted[(n - 1) * hidden..]),
                Mode::Max => {
                    out.fill(f32::NEG_INFINITY);
                    rows().for_each(|row| out.iter_mut().zip(row).for_each(|(o, &v)| *o = o.max(v)));
                }
                Mode::Mean => weighted(out, rows().map(|row| (1.0, row)), n as f32),
                Mode::MeanSqrtLen => weighted(out, rows().map(|row| (1.0, row)), (n as f32).sqrt()),
                Mode::WeightedMean => {
                    // Positions count from the first token of the text, the prompt included.
                    let weights = || (skip + 1..).map(|p| p as f32);
                    let total = weights().take(n).sum();
                    weighted(out, weights().zip(rows()), total);
                }
            }
        }
    }
}

fn weighted<'a>(out: &mut [f32], rows: impl Iterator<Item = (f32, &'a [f32])>, divisor: f32) {
    out.fill(0.0);
    for (weight, row) in rows {
        out.iter_mut().zip(row).for_each(|(o, &v)| *o += weight * v);
    }
    out.iter_mut().for_each(|o| *o /= divisor);
}

fn named(file: &JsonFile, names: &[Value]) -> Result<Vec<Mode>> {
    names
        .iter()
        .map(|name| {
            let mode = MODES.iter().find(|m| name.as_str() == Some(m.2)).map(|m| m.0);
            mode.ok_or_else(|| {
                let all: Vec<&str> = MODES.iter().map(|m| m.2).collect();
                file.error(&["pooling_mode"], format!("supported: {}", all.join(", ")))
            })
        })
        .collect()
}

fn flagged(file: &JsonFile) -> Result<Vec<Mode>> {
    let mut modes = Vec::new();
    for (mode, key, _) in MODES {
        if file.bool_or(key, false)? {
            modes.push(mode);
        }
    }
    if modes.is_empty() {
        modes.push(Mode::Mean);
    }
    Ok(modes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_by_hand() {
        let tokens = [1.0, -2.0, 3.0, 4.0, 5.0, 0.0];
        let pool = |mode, skip| {
            let mut out = [9.0; 2];
            Pooling { modes: vec![mode], include_prompt: true }.pool(&tokens, 2, skip, &mut out);
            out
        };
        assert_eq!(pool(Mode::Cls, 0), [1.0, -2.0]);
        assert_eq!(pool(Mode::LastToken, 0), [5.0, 0.0]);
        assert_eq!(pool(Mode::Max, 0), [5.0, 4.0]);
        assert_eq!(pool(Mode::Mean, 0), [3.0, 2.0 / 3.0]);
        assert_eq!(pool(Mode::MeanSqrtLen, 0), [9.0 / 3f32.sqrt(), 2.0 / 3f32.sqrt()]);
        assert_eq!(pool(Mode::WeightedMean, 0), [22.0 / 6.0, 1.0]);
        assert_eq!(pool(Mode::Cls, 1), [3.0, 4.0]);
        assert_eq!(pool(Mode::Mean, 1), [4.0, 2.0]);
        assert_eq!(pool(Mode::WeightedMean, 1), [21.0 / 5.0, 8.0 / 5.0]);
        let mut both = [0.0; 4];
        let two = Pooling { modes: vec![Mode::Cls, Mode::Max], include_prompt: true };
        two.pool(&tokens, 2, 0, &mut both);
        assert_eq!((both, two.width(2)), ([1.0, -2.0, 5.0, 4.0], 4));
    }
}
