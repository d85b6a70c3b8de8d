//! The forward pass of BERT and its relatives, on texts laid end to end.
//!
//! The tokens of a batch form one matrix without padding: linear layers do not care where a text ends, and attention
//! runs over groups of texts of equal length. So there are no masks, and nothing is computed in vain.

use super::config::{Activation, Config, Family};
use super::weights::Weights;
use crate::error::Result;
use candle_core::{D, Device, Tensor};
use planisphere_core::CancelToken;

/// Texts of equal length that lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) texts: usize,
    /// Tokens of each; at least 1.
    pub(crate) length: usize,
}

struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn load(w: &Weights, name: &str, inputs: usize, outputs: usize) -> Result<Self> {
        Ok(Self {
            weight: w.get(&[&format!("{name}.weight")], &[outputs, inputs])?,
            bias: w.get(&[&format!("{name}.bias")], &[outputs])?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)?)
    }
}

struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
}

impl LayerNorm {
    fn load(w: &Weights, name: &str, config: &Config) -> Result<Self> {
        // Checkpoints that came from TensorFlow say gamma and beta.
        let get = |now: &str, then: &str| {
            w.get(&[&format!("{name}.{now}"), &format!("{name}.{then}")], &[config.hidden_size])
        };
        Ok(Self { weight: get("weight", "gamma")?, bias: get("bias", "beta")?, eps: config.layer_norm_eps })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        // Not the one-pass kernel: mean of squares less square of the mean cancels when the mean is large.
        let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
        let scaled = centered.broadcast_div(&(variance + f64::from(self.eps))?.sqrt()?)?;
        Ok(scaled.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)?)
    }
}

/// The names of the parts of a layer, which are all that differs between the families here.
struct Names {
    layer: &'static str,
    query: &'static str,
    key: &'static str,
    value: &'static str,
    attention_out: &'static str,
    attention_norm: &'static str,
    up: &'static str,
    down: &'static str,
    out_norm: &'static str,
}

impl Names {
    fn of(family: Family) -> Self {
        match family {
            Family::Bert | Family::Roberta => Self {
                layer: "encoder.layer",
                query: "attention.self.query",
                key: "attention.self.key",
                value: "attention.self.value",
                attention_out: "attention.output.dense",
                attention_norm: "attention.output.LayerNorm",
                up: "intermediate.dense",
                down: "output.dense",
                out_norm: "output.LayerNorm",
            },
            Family::DistilBert => Self {
                layer: "transformer.layer",
                query: "attention.q_lin",
                key: "attention.k_lin",
                value: "attention.v_lin",
                attention_out: "attention.out_lin",
                attention_norm: "sa_layer_norm",
                up: "ffn.lin1",
                down: "ffn.lin2",
                out_norm: "output_layer_norm",
            },
        }
    }
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_out: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    out_norm: LayerNorm,
}

impl Layer {
    fn load(w: &Weights, names: &Names, index: usize, config: &Config) -> Result<Self> {
        let (h, inner) = (config.hidden_size, config.intermediate_size);
        let linear = |name: &str, from, to| Linear::load(w, &format!("{}.{index}.{name}", names.layer), from, to);
        let norm = |name: &str| LayerNorm::load(w, &format!("{}.{index}.{name}", names.layer), config);
        Ok(Self {
            query: linear(names.query, h, h)?,
            key: linear(names.key, h, h)?,
            value: linear(names.value, h, h)?,
            attention_out: linear(names.attention_out, h, h)?,
            attention_norm: norm(names.attention_norm)?,
            up: linear(names.up, h, inner)?,
            down: linear(names.down, inner, h)?,
            out_norm: norm(names.out_norm)?,
        })
    }

    fn forward(&self, x: &Tensor, groups: &[Group], config: &Config) -> Result<Tensor> {
        let attended = self.attention_out.forward(&self.attend(x, groups, config.heads)?)?;
        let x = self.attention_norm.forward(&(attended + x)?)?;
        let up = self.up.forward(&x)?;
        let up = match config.activation {
            Activation::Gelu => up.gelu_erf()?,
            Activation::GeluTanh => up.gelu()?,
            Activation::Relu => up.relu()?,
        };
        self.out_norm.forward(&(self.down.forward(&up)? + x)?)
    }

    fn attend(&self, x: &Tensor, groups: &[Group], heads: usize) -> Result<Tensor> {
        let width = x.dim(1)?;
        let per_head = width / heads;
        let q = (self.query.forward(x)? * (1.0 / (per_head as f64).sqrt()))?;
        let k = self.key.forward(x)?;
        let v = self.value.forward(x)?;
        let mut parts = Vec::with_capacity(groups.len());
        let mut start = 0;
        for g in groups {
            let rows = g.texts * g.length;
            let by_head = |t: &Tensor| {
                t.narrow(0, start, rows)?.reshape((g.texts, g.length, heads, per_head))?.transpose(1, 2)?.contiguous()
            };
            let scores = by_head(&q)?.matmul(&by_head(&k)?.t()?)?;
            let mixed = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&by_head(&v)?)?;
            parts.push(mixed.transpose(1, 2)?.reshape((rows, width))?);
            start += rows;
        }
        Ok(if let [one] = parts.as_slice() { one.clone() } else { Tensor::cat(&parts, 0)? })
    }
}

/// Embeddings and layers of one model.
pub(crate) struct Network {
    config: Config,
    words: Tensor,
    positions: Tensor,
    /// The token type of single texts, where the model has types.
    token_type: Option<Tensor>,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

/// What tensor names may begin with: nothing, the bare model's name in a model with a head, or a wrapper's.
const PREFIXES: [&str; 6] = ["", "bert.", "roberta.", "distilbert.", "model.", "0.auto_model."];

impl Network {
    pub(crate) fn load(mut w: Weights, config: Config) -> Result<Self> {
        const WORDS: &str = "embeddings.word_embeddings.weight";
        if let Some(prefix) = PREFIXES.iter().find(|p| w.has(&format!("{p}{WORDS}"))) {
            w.set_prefix(prefix);
        }
        let h = config.hidden_size;
        let words = w.get(&[WORDS], &[config.vocab_size, h])?;
        let positions = w.get(&["embeddings.position_embeddings.weight"], &[config.position_rows, h])?;
        let token_type = match config.family {
            Family::DistilBert => None,
            Family::Bert | Family::Roberta if config.type_vocab_size == 0 => None,
            Family::Bert | Family::Roberta => {
                let all = w.get(&["embeddings.token_type_embeddings.weight"], &[config.type_vocab_size, h])?;
                Some(all.narrow(0, 0, 1)?)
            }
        };
        let norm = LayerNorm::load(&w, "embeddings.LayerNorm", &config)?;
        let names = Names::of(config.family);
        let layers = (0..config.layers).map(|i| Layer::load(&w, &names, i, &config)).collect::<Result<_>>()?;
        Ok(Self { config, words, positions, token_type, norm, layers })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// One row a token for the `ids` of `groups` of texts. Every id is below `vocab_size`, every text at most
    /// [`Config::positions`] long.
    pub(crate) fn forward(&self, ids: &[u32], groups: &[Group], token: &CancelToken) -> Result<Tensor> {
        let first = self.config.first_position;
        let places: Vec<u32> = groups
            .iter()
            .flat_map(|g| (0..g.texts).flat_map(|_| (first..first + g.length).map(|p| p as u32)))
            .collect();
        let take = |table: &Tensor, ids: &[u32]| table.index_select(&Tensor::new(ids, &Device::Cpu)?, 0);
        let mut x = take(&self.words, ids)?;
        if let Some(t) = &self.token_type {
            x = x.broadcast_add(t)?;
        }
        x = self.norm.forward(&(x + take(&self.positions, &places)?)?)?;
        for layer in &self.layers {
            token.check()?;
            x = layer.forward(&x, groups, &self.config)?;
        }
        Ok(x)
    }
}
