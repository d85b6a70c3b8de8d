//! The forward pass on the CPU, of texts laid end to end.
//!
//! The tokens of a batch form one matrix without padding: linear layers do not care where a text ends, and attention runs
//! within each text. So there are no masks, and nothing is computed in vain. Every number is a chain of multiply-adds whose
//! order does not depend on what else is in the batch, so a text has the same bits in any company.

use super::checkpoint::{Checkpoint, Dense, Embeddings, Layer as Stored, Scale};
use super::places::{Distances, Turns};
use super::spec::{Feed, Places, Spec};
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::load::Precision;
use planisphere_core::CancelToken;
use planisphere_kernels::Simd;
use planisphere_kernels::activation;
use planisphere_kernels::attention::{Attention, Scratch};
use planisphere_kernels::linear::{Half, HalfLinear, HalfValues, Linear, QuantizedLinear, QuantizedRows, Store};
use planisphere_kernels::norm::layer_norm;

/// Tokens that go through the two layers after attention together: their values stay in the second-level cache.
const ROWS: usize = 128;

struct Norm {
    scale: Scale,
    eps: f32,
}

impl Norm {
    fn apply(&self, simd: Simd, x: &mut [f32]) {
        layer_norm(simd, x, &self.scale.weight, self.scale.bias.as_deref(), self.eps);
    }
}

/// A linear layer of some precision.
enum Product {
    Full(Linear),
    Half(HalfLinear),
    Bytes(QuantizedLinear),
}

/// Memory of linear layers.
#[derive(Default)]
struct Spare {
    rows: QuantizedRows,
    panel: Vec<f32>,
}

impl Product {
    fn new(dense: Dense, precision: Precision) -> Result<Self> {
        let Dense { inputs, outputs, weight, bias } = dense;
        let bias = bias.as_deref();
        Ok(match half(precision) {
            Some(kind) => {
                let layer = HalfLinear::new(kind, inputs, outputs, &weight, bias);
                check(layer.is_finite(), precision)?;
                Self::Half(layer)
            }
            None if precision == Precision::Int8 && inputs > QuantizedLinear::MOST_INPUTS => {
                let reason = format!("the model has a layer of {inputs} inputs, more than sums of bytes can hold");
                return Err(Error::InvalidParam { param: "precision", value: "Int8".into(), reason });
            }
            None if precision == Precision::Int8 => {
                check(weight.iter().all(|w| w.is_finite()), precision)?;
                Self::Bytes(QuantizedLinear::new(inputs, outputs, &weight, bias))
            }
            None => Self::Full(Linear::new(inputs, outputs, &weight, bias)),
        })
    }

    fn apply(&self, simd: Simd, x: &[f32], out: &mut [f32], store: Store, spare: &mut Spare) {
        match self {
            Self::Full(l) => l.apply(simd, x, out, store),
            Self::Half(l) => l.apply(simd, x, out, store, &mut spare.panel),
            Self::Bytes(l) => l.apply(simd, x, out, store, &mut spare.rows),
        }
    }
}

fn half(precision: Precision) -> Option<Half> {
    match precision {
        Precision::F16 => Some(Half::F16),
        Precision::Bf16 => Some(Half::Bf16),
        Precision::F32 | Precision::Int8 => None,
    }
}

/// Damaged weights would go unnoticed in bytes, and large ones are beyond what 16 bits can hold.
pub(super) fn check(finite: bool, precision: Precision) -> Result<()> {
    if finite {
        return Ok(());
    }
    let reason = match precision {
        Precision::F16 => "the model has weights beyond 65504, or such that are not finite",
        _ => "the model has weights that are not finite",
    };
    Err(Error::InvalidParam { param: "precision", value: format!("{precision:?}"), reason: reason.into() })
}

/// The vectors of word pieces.
enum Words {
    Full(Vec<f32>),
    Half(HalfValues),
}

impl Words {
    fn new(values: Vec<f32>, precision: Precision) -> Result<Self> {
        Ok(match half(precision) {
            Some(kind) => {
                let values = HalfValues::new(kind, &values);
                check(values.is_finite(), precision)?;
                Self::Half(values)
            }
            None => Self::Full(values),
        })
    }

    /// Puts vector `id` into `row`.
    fn put(&self, simd: Simd, id: u32, row: &mut [f32]) {
        let at = id as usize * row.len();
        match self {
            Self::Full(values) => row.copy_from_slice(&values[at..at + row.len()]),
            Self::Half(values) => values.widen(simd, at, row),
        }
    }
}

struct Layer {
    qkv: Product,
    out: Product,
    attention_norm: Option<Norm>,
    up: Product,
    down: Product,
    feed_norm: Norm,
    window: Option<usize>,
    /// Which of the rotations turns its places.
    turns: Option<usize>,
}

/// Embeddings and layers of one model.
pub(crate) struct Network {
    spec: Spec,
    words: Words,
    /// All but the words and the norm, which were taken out.
    embeddings: Embeddings,
    norm: Norm,
    layers: Vec<Layer>,
    last_norm: Option<Norm>,
}

/// Tables for texts up to some length, shared by all batches of a call.
pub(crate) struct Tables {
    /// A table for each of the model's rotations.
    pub(crate) turns: Vec<Turns>,
    pub(crate) distances: Option<Distances>,
}

impl Tables {
    /// For texts of up to `length` tokens; `buckets` are those of [`Embeddings`].
    pub(crate) fn new(spec: &Spec, buckets: Option<&[f32]>, length: usize) -> Self {
        let turns = spec.thetas().into_iter().map(|theta| Turns::new(length, spec.head(), theta)).collect();
        let distances = match (&spec.places, buckets) {
            (Places::Linear, _) => Some(Distances::linear(spec.heads, length)),
            (_, Some(values)) => Some(Distances::buckets(values, spec.heads, length)),
            _ => None,
        };
        Self { turns, distances }
    }
}

/// Memory of one thread, used for one batch after the other.
#[derive(Default)]
pub(crate) struct Work {
    /// A row a token: what the layers make of it.
    pub(crate) x: Vec<f32>,
    normed: Vec<f32>,
    qkv: Vec<f32>,
    mixed: Vec<f32>,
    wide: Vec<f32>,
    narrow: Vec<f32>,
    scratch: Scratch,
    spare: Spare,
}

impl Network {
    pub(crate) fn load(weights: Weights, spec: Spec, precision: Precision) -> Result<Self> {
        let checkpoint = Checkpoint::new(weights, &spec);
        let eps = spec.norm.eps;
        let norm = |scale| Norm { scale, eps };
        // Not with the capacity that a file asks for.
        let mut layers = Vec::new();
        for i in 0..spec.layers {
            let Stored { qkv, out, attention_norm, up, down, feed_norm } = checkpoint.layer(i)?;
            layers.push(Layer {
                qkv: Product::new(qkv, precision)?,
                out: Product::new(out, precision)?,
                attention_norm: attention_norm.map(norm),
                up: Product::new(up, precision)?,
                down: Product::new(down, precision)?,
                feed_norm: norm(feed_norm),
                window: spec.window(i),
                turns: spec.turns(i),
            });
        }
        let mut embeddings = checkpoint.embeddings()?;
        let first = std::mem::replace(&mut embeddings.norm, Scale { weight: Vec::new(), bias: None });
        let words = Words::new(std::mem::take(&mut embeddings.words), precision)?;
        let last_norm = checkpoint.last_norm()?.map(norm);
        Ok(Self { words, embeddings, norm: norm(first), layers, last_norm, spec })
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// What texts of up to `length` tokens need.
    pub(crate) fn tables(&self, length: usize) -> Tables {
        Tables::new(&self.spec, self.embeddings.buckets.as_deref(), length)
    }

    /// The states of all tokens of `texts`, row by row in `work.x`. Every id is below `vocab_size`, every text from 1 token to
    /// as many as the tables are for, which are at most [`Spec::positions`].
    pub(crate) fn forward(
        &self,
        texts: &[&[u32]],
        tables: &Tables,
        work: &mut Work,
        token: &CancelToken,
    ) -> Result<()> {
        let simd = Simd::detect();
        self.embed(simd, texts, work);
        for layer in &self.layers {
            token.check()?;
            self.layer(simd, layer, texts, tables, work);
        }
        if let Some(norm) = &self.last_norm {
            norm.apply(simd, &mut work.x);
        }
        Ok(())
    }

    fn embed(&self, simd: Simd, texts: &[&[u32]], work: &mut Work) {
        let (h, e) = (self.spec.hidden, &self.embeddings);
        let first = self.spec.first();
        let tokens: usize = texts.iter().map(|t| t.len()).sum();
        work.x.clear();
        work.x.reserve(tokens * h);
        for text in texts {
            for (p, &id) in text.iter().enumerate() {
                let at = work.x.len();
                work.x.resize(at + h, 0.0);
                let row = &mut work.x[at..];
                self.words.put(simd, id, row);
                let place = e.places.as_ref().map(|t| &t[(first + p) * h..][..h]);
                for more in e.token_type.as_deref().into_iter().chain(place) {
                    for (v, m) in row.iter_mut().zip(more) {
                        *v += m;
                    }
                }
            }
        }
        self.norm.apply(simd, &mut work.x);
    }

    fn layer(&self, simd: Simd, layer: &Layer, texts: &[&[u32]], tables: &Tables, work: &mut Work) {
        let (h, before) = (self.spec.hidden, self.spec.norm.before);
        let Work { x, normed, qkv, mixed, wide, narrow, scratch, spare } = work;
        let tokens = x.len() / h;
        qkv.resize(3 * tokens * h, 0.0);
        mixed.resize(tokens * h, 0.0);
        let input: &[f32] = match &layer.attention_norm {
            Some(norm) if before => {
                normed.clone_from(x);
                norm.apply(simd, normed);
                normed
            }
            _ => x,
        };
        layer.qkv.apply(simd, input, qkv, Store::Replace, spare);
        let attention = Attention {
            heads: self.spec.heads,
            width: self.spec.head(),
            scale: 1.0 / (self.spec.head() as f32).sqrt(),
            rotation: layer.turns.map(|t| tables.turns[t].as_rotation()),
            bias: tables.distances.as_ref().map(Distances::as_bias),
            window: layer.window,
        };
        let (mut from, mut to) = (&mut qkv[..], &mut mixed[..]);
        for text in texts {
            let (own, rest) = from.split_at_mut(3 * h * text.len());
            let (own_out, rest_out) = to.split_at_mut(h * text.len());
            attention.attend(simd, own, own_out, scratch);
            (from, to) = (rest, rest_out);
        }
        layer.out.apply(simd, mixed, x, Store::Add, spare);
        if let Some(norm) = layer.attention_norm.as_ref().filter(|_| !before) {
            norm.apply(simd, x);
        }
        for rows in x.chunks_mut(ROWS * h) {
            let input: &[f32] = if before {
                normed.clear();
                normed.extend_from_slice(rows);
                layer.feed_norm.apply(simd, normed);
                normed
            } else {
                rows
            };
            wide.resize(rows.len() / h * self.spec.up(), 0.0);
            layer.up.apply(simd, input, wide, Store::Replace, spare);
            let inner: &[f32] = match self.spec.feed {
                Feed::Plain(f) => {
                    activation::apply(simd, f, wide);
                    wide
                }
                Feed::Gated { f, first } => {
                    narrow.resize(wide.len() / 2, 0.0);
                    activation::gate(simd, f, first, self.spec.inner, wide, narrow);
                    narrow
                }
            };
            layer.down.apply(simd, inner, rows, Store::Add, spare);
            if !before {
                layer.feed_norm.apply(simd, rows);
            }
        }
    }
}
