//! `config.json`: which architecture, and how large.

use super::json::JsonFile;
use super::spec::{Biases, Family, Feed, Global, Local, Norm, Places, Rotary, Spec};
use crate::error::{Error, Result};
use planisphere_kernels::activation::Activation;
use serde_json::Value;
use std::path::Path;

/// The `model_type`s that can be loaded.
pub(crate) const SUPPORTED: &[&str] =
    &["bert", "roberta", "xlm-roberta", "camembert", "distilbert", "mpnet", "modernbert", "nomic_bert", "new", "gte"];

impl Spec {
    /// Reads `config.json` of a folder.
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let path = dir.join("config.json");
        let f = JsonFile::read(&path, "every model directory has one; is this the right folder?")?;
        if !f.value().is_object() {
            return Err(f.error(&[], "the file must hold an object"));
        }
        let spec = match f.string_or(&["model_type"], "")? {
            "bert" if f.string_or(POSITIONS, "absolute")? == "alibi" => jina(&f),
            "bert" => bert(&f, Family::Bert, 0),
            "roberta" | "xlm-roberta" | "camembert" => bert(&f, Family::Bert, f.size_or(&["pad_token_id"], 1)? + 1),
            "distilbert" => bert(&f, Family::DistilBert, 0),
            "mpnet" => mpnet(&f),
            "modernbert" => modern(&f),
            "nomic_bert" => nomic(&f),
            "new" | "gte" => gte(&f),
            other => {
                return Err(Error::UnsupportedModel { path, model_type: other.to_owned(), supported: SUPPORTED });
            }
        }?;
        if !spec.hidden.is_multiple_of(spec.heads) {
            return Err(f.error(HEADS, format!("must divide hidden_size = {}", spec.hidden)));
        }
        if matches!(spec.places, Places::Rotary(_)) && !spec.head().is_multiple_of(2) {
            return Err(f.error(HEADS, format!("heads of {} values cannot be rotated", spec.head())));
        }
        Ok(spec)
    }
}

const HIDDEN: &[&str] = &["hidden_size", "dim", "n_embd"];
const LAYERS: &[&str] = &["num_hidden_layers", "n_layers", "n_layer"];
const HEADS: &[&str] = &["num_attention_heads", "n_heads", "n_head"];
const INNER: &[&str] = &["intermediate_size", "hidden_dim", "n_inner"];
const LENGTH: &[&str] = &["max_position_embeddings", "n_positions"];
const POSITIONS: &[&str] = &["position_embedding_type"];

/// What all of them have.
fn common(f: &JsonFile, family: Family, feed: Feed, places: Places) -> Result<Spec> {
    Ok(Spec {
        family,
        vocab_size: f.size(&["vocab_size"])?,
        hidden: f.size(HIDDEN)?,
        layers: f.size(LAYERS)?,
        heads: f.size(HEADS)?,
        inner: f.size(INNER)?,
        feed,
        places,
        token_types: 0,
        norm: Norm {
            eps: number_below_one(f, &["layer_norm_eps", "norm_eps", "layer_norm_epsilon"], 1e-12)?,
            bias: true,
            before: false,
        },
        biases: Biases::ALL,
        positions: f.size(LENGTH)?,
    })
}

fn bert(f: &JsonFile, family: Family, first: usize) -> Result<Spec> {
    if f.string_or(POSITIONS, "absolute")? != "absolute" {
        return Err(f.error(POSITIONS, "supported: absolute, and alibi of Jina's models"));
    }
    let f_act = activation(f, &["hidden_act", "activation"], "gelu")?;
    let rows = f.size(LENGTH)?;
    let mut spec = common(f, family, Feed::Plain(f_act), Places::Table { rows, first })?;
    spec.positions = behind(f, rows, first)?;
    if family == Family::Bert {
        spec.token_types = f.size_or(&["type_vocab_size"], 2)?;
    }
    Ok(spec)
}

fn jina(f: &JsonFile) -> Result<Spec> {
    const KIND: &[&str] = &["feed_forward_type"];
    let f_act = match f.string_or(KIND, "original")? {
        "geglu" => Activation::Gelu,
        "reglu" => Activation::Relu,
        _ => return Err(f.error(KIND, "supported: geglu, reglu")),
    };
    let mut spec = common(f, Family::JinaBert, Feed::Gated { f: f_act, first: true }, Places::Linear)?;
    spec.token_types = f.size_or(&["type_vocab_size"], 2)?;
    spec.biases.up = false;
    Ok(spec)
}

fn mpnet(f: &JsonFile) -> Result<Spec> {
    // Fixed in its reference, whatever the padding id.
    let first = 2;
    let rows = f.size(LENGTH)?;
    let buckets = f.size_or(&["relative_attention_num_buckets"], 32)?;
    if buckets < 4 || !buckets.is_multiple_of(4) {
        return Err(f.error(&["relative_attention_num_buckets"], "must be a multiple of 4"));
    }
    let f_act = activation(f, &["hidden_act"], "gelu")?;
    let mut spec = common(f, Family::Mpnet, Feed::Plain(f_act), Places::Buckets { rows, first, buckets })?;
    spec.positions = behind(f, rows, first)?;
    Ok(spec)
}

fn modern(f: &JsonFile) -> Result<Spec> {
    let f_act = activation(f, &["hidden_activation"], "gelu")?;
    let layers = f.size(LAYERS)?;
    let every = f.size_or(&["global_attn_every_n_layers"], 3)?.max(1);
    let global = match f.find(&["layer_types"]) {
        None => Global::Every(every),
        Some(v) => {
            let kind = |v: &Value| match v.as_str() {
                Some("full_attention") => Some(true),
                Some("sliding_attention") => Some(false),
                _ => None,
            };
            let kinds: Option<Vec<bool>> = v.as_array().and_then(|a| a.iter().map(kind).collect());
            kinds.filter(|k| k.len() == layers).map(Global::Listed).ok_or_else(|| {
                f.error(
                    &["layer_types"],
                    format!("must say full_attention or sliding_attention for each of {layers} layers"),
                )
            })?
        }
    };
    // Of transformers 5, or of the versions before it.
    let nested = |kind: &str| f.value().get("rope_parameters").and_then(|v| v.get(kind));
    let theta = |kind, key: &[&str], default| match nested(kind).and_then(|v| v.get("rope_theta")) {
        Some(v) => {
            v.as_f64().filter(|t| *t > 1.0).ok_or_else(|| f.error(&["rope_parameters"], "rope_theta must be above 1"))
        }
        None => theta(f, key, default),
    };
    let rotary = Rotary {
        theta: theta("full_attention", &["global_rope_theta"], 160_000.0)?,
        stretch: 1.0,
        local: Some(Local {
            theta: theta("sliding_attention", &["local_rope_theta"], 10_000.0)?,
            reach: f.size_or(&["local_attention"], 128)? / 2,
            global,
        }),
    };
    let mut spec = common(f, Family::ModernBert, Feed::Gated { f: f_act, first: true }, Places::Rotary(rotary))?;
    spec.norm = Norm {
        eps: number_below_one(f, &["norm_eps", "layer_norm_eps"], 1e-5)?,
        bias: f.bool_or("norm_bias", false)?,
        before: true,
    };
    let (attention, feed) = (f.bool_or("attention_bias", false)?, f.bool_or("mlp_bias", false)?);
    spec.biases = Biases { qkv: attention, out: attention, up: feed, down: feed };
    Ok(spec)
}

fn nomic(f: &JsonFile) -> Result<Spec> {
    for (key, allowed) in [("prenorm", false), ("rotary_emb_interleaved", false), ("use_rms_norm", false)] {
        if f.bool_or(key, allowed)? != allowed {
            return Err(f.error(&[key], format!("only {allowed} is supported")));
        }
    }
    if f.find(&["rotary_emb_fraction"]).is_some_and(|v| v.as_f64() != Some(1.0)) {
        return Err(f.error(&["rotary_emb_fraction"], "only 1 is supported"));
    }
    if f.find(&["num_experts"]).is_some_and(|v| v.as_u64() != Some(0)) {
        return Err(f.error(&["num_experts"], "mixtures of experts are not supported"));
    }
    let key = &["activation_function", "hidden_act"];
    let f_act = match f.string_or(key, "swiglu")? {
        "swiglu" | "silu" => Activation::Silu,
        "geglu" => Activation::Gelu,
        _ => return Err(f.error(key, "supported: swiglu, geglu")),
    };
    let rotary = Rotary { theta: rope_theta(f, &["rotary_emb_base"], 1000.0)?, stretch: 1.0, local: None };
    let mut spec = common(f, Family::NomicBert, Feed::Gated { f: f_act, first: false }, Places::Rotary(rotary))?;
    spec.token_types = f.size_or(&["type_vocab_size"], 2)?;
    spec.biases = Biases {
        qkv: f.bool_or("qkv_proj_bias", false)?,
        out: f.bool_or("qkv_proj_bias", false)?,
        up: f.bool_or("mlp_fc1_bias", false)?,
        down: f.bool_or("mlp_fc2_bias", false)?,
    };
    Ok(spec)
}

fn gte(f: &JsonFile) -> Result<Spec> {
    const SCALING: &[&str] = &["rope_scaling"];
    if f.string_or(POSITIONS, "rope")? != "rope" {
        return Err(f.error(POSITIONS, "only rope is supported"));
    }
    if f.string_or(&["layer_norm_type"], "layer_norm")? != "layer_norm" {
        return Err(f.error(&["layer_norm_type"], "only layer_norm is supported"));
    }
    for key in ["logn_attention_scale", "logn_attention_clip1"] {
        if f.bool_or(key, false)? {
            return Err(f.error(&[key], "only false is supported"));
        }
    }
    let stretch = match f.find(SCALING) {
        None => 1.0,
        Some(v) => {
            let (kind, factor) =
                (v.get("type").or_else(|| v.get("rope_type")).and_then(Value::as_str), v.get("factor"));
            match (kind, factor.and_then(Value::as_f64)) {
                (Some("default"), _) => 1.0,
                (Some("ntk"), Some(factor)) if factor >= 1.0 && v.get("mixed_b").is_none_or(Value::is_null) => factor,
                _ => return Err(f.error(SCALING, "supported: {\"type\": \"ntk\", \"factor\": a number of at least 1}")),
            }
        }
    };
    let rotary = Rotary { theta: rope_theta(f, &["rope_theta"], 160_000.0)?, stretch, local: None };
    let f_act = activation(f, &["hidden_act"], "gelu")?;
    let mut spec = common(f, Family::Gte, Feed::Gated { f: f_act, first: false }, Places::Rotary(rotary))?;
    spec.token_types = f.size_or(&["type_vocab_size"], 0)?;
    spec.biases.up = false;
    // As far as the reference makes its table.
    spec.positions = (spec.positions as f64 * stretch) as usize;
    Ok(spec)
}

fn activation(f: &JsonFile, keys: &[&str], default: &str) -> Result<Activation> {
    match f.string_or(keys, default)? {
        "gelu" | "gelu_python" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(Activation::GeluTanh),
        "relu" => Ok(Activation::Relu),
        "silu" | "swish" => Ok(Activation::Silu),
        _ => Err(f.error(keys, "supported: gelu, gelu_python, gelu_new, gelu_pytorch_tanh, relu, silu")),
    }
}

fn number_below_one(f: &JsonFile, keys: &[&str], default: f64) -> Result<f32> {
    match f.find(keys) {
        None => Ok(default as f32),
        Some(v) => {
            let number = v.as_f64().filter(|e| (0.0..1.0).contains(e));
            number.map(|e| e as f32).ok_or_else(|| f.error(keys, "must be a number from 0 to 1"))
        }
    }
}

/// The base of rotations: of transformers 5, or under the names of the versions before it.
fn rope_theta(f: &JsonFile, keys: &[&str], default: f64) -> Result<f64> {
    match f.value().get("rope_parameters").and_then(|v| v.get("rope_theta")) {
        Some(v) => {
            v.as_f64().filter(|t| *t > 1.0).ok_or_else(|| f.error(&["rope_parameters"], "rope_theta must be above 1"))
        }
        None => theta(f, keys, default),
    }
}

fn theta(f: &JsonFile, keys: &[&str], default: f64) -> Result<f64> {
    match f.find(keys) {
        None => Ok(default),
        Some(v) => v.as_f64().filter(|t| *t > 1.0).ok_or_else(|| f.error(keys, "must be a number above 1")),
    }
}

/// Places behind the first one of a table.
fn behind(f: &JsonFile, rows: usize, first: usize) -> Result<usize> {
    match rows.checked_sub(first) {
        Some(n) if n > 0 => Ok(n),
        _ => Err(f.error(LENGTH, format!("leaves no position behind the first {first}"))),
    }
}
