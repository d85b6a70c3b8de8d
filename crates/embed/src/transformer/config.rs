//! `config.json`: which architecture, and how large.

use super::json::JsonFile;
use crate::error::{Error, Result};
use std::path::Path;

/// The `model_type`s that can be loaded.
pub(crate) const SUPPORTED: &[&str] = &["bert", "roberta", "xlm-roberta", "camembert", "distilbert"];

/// How tensors are named and positions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Bert,
    /// Like BERT, with positions counted from behind the padding id.
    Roberta,
    /// Like BERT, with other names and without token types.
    DistilBert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// The exact one, by the error function.
    Gelu,
    /// Its approximation by tanh.
    GeluTanh,
    Relu,
}

/// The part of `config.json` that the forward pass needs.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) family: Family,
    pub(crate) vocab_size: usize,
    pub(crate) hidden_size: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) activation: Activation,
    /// Rows of the table of positions.
    pub(crate) position_rows: usize,
    /// Row of the first token's position.
    pub(crate) first_position: usize,
    pub(crate) type_vocab_size: usize,
    pub(crate) layer_norm_eps: f32,
}

impl Config {
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let path = dir.join("config.json");
        let f = JsonFile::read(&path, "every model directory has one; is this the right folder?")?;
        if !f.value().is_object() {
            return Err(f.error(&[], "the file must hold an object"));
        }
        let model_type = f.string_or(&["model_type"], "")?;
        let family = match model_type {
            "bert" => Family::Bert,
            "roberta" | "xlm-roberta" | "camembert" => Family::Roberta,
            "distilbert" => Family::DistilBert,
            other => {
                return Err(Error::UnsupportedModel { path, model_type: other.to_owned(), supported: SUPPORTED });
            }
        };
        let positions = &["position_embedding_type"];
        if f.string_or(positions, "absolute")? != "absolute" {
            return Err(f.error(positions, "only absolute positions are supported"));
        }
        let activation = match f.string_or(&["hidden_act", "activation"], "gelu")? {
            "gelu" | "gelu_python" => Activation::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" => Activation::GeluTanh,
            "relu" => Activation::Relu,
            _ => {
                let allowed = "supported: gelu, gelu_python, gelu_new, gelu_pytorch_tanh, relu";
                return Err(f.error(&["hidden_act", "activation"], allowed));
            }
        };
        let epsilon = &["layer_norm_eps"];
        let layer_norm_eps = match f.find(epsilon) {
            None => 1e-12,
            Some(v) => v
                .as_f64()
                .filter(|e| (0.0..1.0).contains(e))
                .ok_or_else(|| f.error(epsilon, "must be a number from 0 to 1"))?,
        } as f32;
        let first_position = match family {
            Family::Roberta => f.size_or(&["pad_token_id"], 1)? + 1,
            Family::Bert | Family::DistilBert => 0,
        };
        let config = Self {
            family,
            vocab_size: f.size(&["vocab_size"])?,
            hidden_size: f.size(&["hidden_size", "dim"])?,
            layers: f.size(&["num_hidden_layers", "n_layers"])?,
            heads: f.size(&["num_attention_heads", "n_heads"])?,
            intermediate_size: f.size(&["intermediate_size", "hidden_dim"])?,
            activation,
            position_rows: f.size(&["max_position_embeddings"])?,
            first_position,
            type_vocab_size: f.size_or(&["type_vocab_size"], 2)?,
            layer_norm_eps,
        };
        if !config.hidden_size.is_multiple_of(config.heads) {
            let reason = format!("must divide hidden_size = {}", config.hidden_size);
            return Err(f.error(&["num_attention_heads", "n_heads"], reason));
        }
        if config.position_rows <= config.first_position {
            let reason = format!("leaves no position behind the first {}", config.first_position);
            return Err(f.error(&["max_position_embeddings"], reason));
        }
        Ok(config)
    }

    /// Most tokens of a text.
    pub(crate) fn positions(&self) -> usize {
        self.position_rows - self.first_position
    }
}
