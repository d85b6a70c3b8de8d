//! The weights of an encoder, wherever its family keeps them.

use super::spec::{Family, Places, Spec};
use super::weights::Weights;
use crate::error::Result;

/// Weights as they are stored: outputs × inputs.
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Option<Vec<f32>>,
}

/// Scale, and shift if there is one.
pub(crate) struct Scale {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Option<Vec<f32>>,
}

/// One layer.
pub(crate) struct Layer {
    /// Queries, keys and values, one below the other.
    pub(crate) qkv: Dense,
    pub(crate) out: Dense,
    /// Missing in the first layer of ModernBERT, whose input has been normalized.
    pub(crate) attention_norm: Option<Scale>,
    pub(crate) up: Dense,
    pub(crate) down: Dense,
    pub(crate) feed_norm: Scale,
}

/// What stands before the layers.
pub(crate) struct Embeddings {
    /// vocab_size × hidden.
    pub(crate) words: Vec<f32>,
    /// rows × hidden, if there is a table of places.
    pub(crate) places: Option<Vec<f32>>,
    /// The token type of single texts, if the model has types.
    pub(crate) token_type: Option<Vec<f32>>,
    pub(crate) norm: Scale,
    /// buckets × heads, if scores depend on buckets of distances.
    pub(crate) buckets: Option<Vec<f32>>,
}

/// Names of one linear layer: alternatives, each of one name or of several that are stacked.
type Names = &'static [&'static [&'static str]];

/// How a family calls its tensors.
struct Keys {
    words: &'static str,
    norm: &'static [&'static str],
    layer: &'static [&'static str],
    qkv: Names,
    out: Names,
    attention_norm: &'static [&'static str],
    up: Names,
    down: Names,
    feed_norm: &'static [&'static str],
}

const BERT: Keys = Keys {
    words: "embeddings.word_embeddings",
    norm: &["embeddings.LayerNorm"],
    layer: &["encoder.layer"],
    qkv: &[&["attention.self.query", "attention.self.key", "attention.self.value"]],
    out: &[&["attention.output.dense"]],
    attention_norm: &["attention.output.LayerNorm"],
    up: &[&["intermediate.dense"]],
    down: &[&["output.dense"]],
    feed_norm: &["output.LayerNorm"],
};

impl Keys {
    fn of(family: Family) -> Self {
        match family {
            Family::Bert => BERT,
            Family::DistilBert => Self {
                layer: &["transformer.layer"],
                qkv: &[&["attention.q_lin", "attention.k_lin", "attention.v_lin"]],
                out: &[&["attention.out_lin"]],
                attention_norm: &["sa_layer_norm"],
                up: &[&["ffn.lin1"]],
                down: &[&["ffn.lin2"]],
                feed_norm: &["output_layer_norm"],
                ..BERT
            },
            Family::JinaBert => {
                Self { up: &[&["mlp.gated_layers"]], down: &[&["mlp.wo"]], feed_norm: &["mlp.layernorm"], ..BERT }
            }
            Family::Mpnet => Self {
                qkv: &[&["attention.attn.q", "attention.attn.k", "attention.attn.v"]],
                out: &[&["attention.attn.o"]],
                attention_norm: &["attention.LayerNorm"],
                ..BERT
            },
            Family::ModernBert => Self {
                words: "embeddings.tok_embeddings",
                norm: &["embeddings.norm"],
                layer: &["layers"],
                qkv: &[&["attn.Wqkv"]],
                out: &[&["attn.Wo"]],
                attention_norm: &["attn_norm"],
                up: &[&["mlp.Wi"]],
                down: &[&["mlp.Wo"]],
                feed_norm: &["mlp_norm"],
            },
            // The names of the model's own files, and those of transformers 5.
            Family::NomicBert => Self {
                norm: &["emb_ln", "embeddings.LayerNorm"],
                layer: &["encoder.layers", "layers"],
                qkv: &[&["attn.Wqkv"], &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]],
                out: &[&["attn.out_proj"], &["self_attn.o_proj"]],
                attention_norm: &["norm1", "post_attention_layernorm"],
                up: &[&["mlp.fc11", "mlp.fc12"], &["mlp.up_proj", "mlp.gate_proj"]],
                down: &[&["mlp.fc2"], &["mlp.down_proj"]],
                feed_norm: &["norm2", "post_mlp_layernorm"],
                ..BERT
            },
            Family::Gte => Self {
                layer: &["encoder.layer", "layers"],
                qkv: &[&["attention.qkv_proj"], &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]],
                out: &[&["attention.o_proj"], &["self_attn.o_proj"]],
                attention_norm: &["attn_ln", "post_attention_layernorm"],
                up: &[&["mlp.up_gate_proj"], &["mlp.up_proj", "mlp.gate_proj"]],
                down: &[&["mlp.down_proj"]],
                feed_norm: &["mlp_ln", "post_mlp_layernorm"],
                ..BERT
            },
        }
    }
}

/// What tensor names may begin with: nothing, the bare model's name in a model with a head, or a wrapper's.
const PREFIXES: [&str; 10] =
    ["", "bert.", "roberta.", "distilbert.", "mpnet.", "nomic_bert.", "new.", "gte.", "model.", "0.auto_model."];

/// An encoder's weights, read part by part, so that none has to be in memory twice.
pub(crate) struct Checkpoint<'a> {
    spec: &'a Spec,
    keys: Keys,
    weights: Weights,
}

impl<'a> Checkpoint<'a> {
    pub(crate) fn new(mut weights: Weights, spec: &'a Spec) -> Self {
        let keys = Keys::of(spec.family);
        if let Some(prefix) = PREFIXES.iter().find(|p| weights.has(&format!("{p}{}.weight", keys.words))) {
            weights.set_prefix(prefix);
        }
        Self { spec, keys, weights }
    }

    pub(crate) fn embeddings(&self) -> Result<Embeddings> {
        let (w, spec) = (&self.weights, self.spec);
        let h = spec.hidden;
        let words = w.values(&[&format!("{}.weight", self.keys.words)], &[spec.vocab_size, h])?;
        let places = match spec.places {
            Places::Table { rows, .. } | Places::Buckets { rows, .. } => {
                Some(w.values(&["embeddings.position_embeddings.weight"], &[rows, h])?)
            }
            Places::Rotary(_) | Places::Linear => None,
        };
        let token_type = match spec.token_types {
            0 => None,
            n => {
                let mut all = w.values(&["embeddings.token_type_embeddings.weight"], &[n, h])?;
                all.truncate(h);
                Some(all)
            }
        };
        let buckets = match spec.places {
            Places::Buckets { buckets, .. } => {
                Some(w.values(&["encoder.relative_attention_bias.weight"], &[buckets, spec.heads])?)
            }
            _ => None,
        };
        Ok(Embeddings { words, places, token_type, norm: self.scale("", self.keys.norm)?, buckets })
    }

    pub(crate) fn layer(&self, index: usize) -> Result<Layer> {
        let (spec, keys) = (self.spec, &self.keys);
        let (h, inner, biases) = (spec.hidden, spec.inner, spec.biases);
        let first = |p: &&&str| keys.qkv.iter().any(|n| self.weights.has_own(&format!("{p}.{index}.{}.weight", n[0])));
        let prefix = format!("{}.{index}.", keys.layer.iter().find(first).unwrap_or(&keys.layer[0]));
        let bare = spec.norm.before && index == 0;
        Ok(Layer {
            qkv: self.dense(&prefix, keys.qkv, (h, 3 * h), biases.qkv)?,
            out: self.dense(&prefix, keys.out, (h, h), biases.out)?,
            attention_norm: if bare { None } else { Some(self.scale(&prefix, keys.attention_norm)?) },
            up: self.dense(&prefix, keys.up, (h, spec.up()), biases.up)?,
            down: self.dense(&prefix, keys.down, (inner, h), biases.down)?,
            feed_norm: self.scale(&prefix, keys.feed_norm)?,
        })
    }

    /// The norm behind the last layer, if norms stand before what they serve.
    pub(crate) fn last_norm(&self) -> Result<Option<Scale>> {
        self.spec.norm.before.then(|| self.scale("", &["final_norm"])).transpose()
    }

    fn dense(&self, prefix: &str, names: Names, (inputs, outputs): (usize, usize), bias: bool) -> Result<Dense> {
        let there = |n: &&&[&str]| self.weights.has_own(&format!("{prefix}{}.weight", n[0]));
        let names = names.iter().find(there).unwrap_or(&names[0]);
        let each = outputs / names.len();
        let mut dense = Dense { inputs, outputs, weight: Vec::new(), bias: bias.then(Vec::new) };
        for name in *names {
            let weight = self.weights.values(&[&format!("{prefix}{name}.weight")], &[each, inputs])?;
            if dense.weight.is_empty() {
                dense.weight = weight;
            } else {
                dense.weight.extend(weight);
            }
            if let Some(bias) = &mut dense.bias {
                bias.extend(self.weights.values(&[&format!("{prefix}{name}.bias")], &[each])?);
            }
        }
        Ok(dense)
    }

    fn scale(&self, prefix: &str, names: &[&str]) -> Result<Scale> {
        let shape = [self.spec.hidden];
        // Checkpoints that came from TensorFlow say gamma and beta.
        let get = |parts: [&str; 2]| {
            let names: Vec<String> =
                names.iter().flat_map(|name| parts.map(|part| format!("{prefix}{name}.{part}"))).collect();
            self.weights.values(&names.iter().map(String::as_str).collect::<Vec<_>>(), &shape)
        };
        let bias = self.spec.norm.bias.then(|| get(["bias", "beta"])).transpose()?;
        Ok(Scale { weight: get(["weight", "gamma"])?, bias })
    }
}
