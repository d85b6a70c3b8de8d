//! The forward pass through candle's tensors, on any device that candle has.
//!
//! What our own pass does with texts laid end to end, this one does with texts padded to one length: devices want few large
//! operations. Padding is masked in attention, and left behind on the device. Everything else is the same: the spec, the
//! checkpoint, and the tables of rotations and distances, whose numbers are those of the CPU.

mod attention;
mod layers;
mod place;

use super::checkpoint::{Checkpoint, Embeddings, Layer as Stored};
use super::network;
use super::places::Distances;
use super::spec::{Feed, Spec};
use super::weights::Weights;
use crate::error::Result;
use attention::{Attention, BEYOND, SCORES};
use candle_core::{DType, Tensor};
use layers::{Norm, Product, activate};
pub(crate) use place::Place;
use planisphere_core::CancelToken;
use std::iter::repeat_n;
use std::sync::{Mutex, PoisonError};

struct Layer {
    qkv: Product,
    out: Product,
    attention_norm: Option<Norm>,
    up: Product,
    down: Product,
    feed_norm: Norm,
    local: bool,
    turns: Option<usize>,
}

/// Embeddings and layers of one model, on a device.
pub(crate) struct Candle {
    spec: Spec,
    place: Place,
    words: Tensor,
    places: Option<Tensor>,
    token_type: Option<Tensor>,
    /// On the CPU, for [`Candle::tables`].
    buckets: Option<Vec<f32>>,
    norm: Norm,
    layers: Vec<Layer>,
    last_norm: Option<Norm>,
    /// Held by the one thread that drives a GPU, which has one memory and one handle of its libraries for all threads. Not taken on the
    /// CPU, where candle's own use of threads may bring another batch to the thread that holds it.
    driver: Mutex<()>,
}

/// Tables for texts up to some length, on a device.
pub(crate) struct Tables {
    /// Cosines and sines of each rotation, a row a place.
    turns: Vec<(Tensor, Tensor)>,
    /// What is added to scores, a row a head, by the distance from −`far` to `far`.
    distances: Option<Tensor>,
    /// The same for all heads, for local layers.
    window: Option<Tensor>,
    far: usize,
}

/// Texts padded to the longest of them.
struct Batch {
    texts: usize,
    length: usize,
    ids: Tensor,
    /// What is added to scores of keys: texts × 1 × 1 × `length`; `None` if there is no padding.
    padding: Option<Tensor>,
    /// Which rows are tokens; `None` if all are.
    kept: Option<Tensor>,
    /// For each query and key their column in tables of distances, if there are such: `length` × `length`.
    apart: Option<Tensor>,
}

impl Candle {
    pub(crate) fn load(weights: Weights, spec: Spec, place: Place) -> Result<Self> {
        let checkpoint = Checkpoint::new(weights, &spec);
        let eps = spec.norm.eps;
        let norm = |scale| Norm::new(scale, eps, &place);
        // Not with the capacity that a file asks for.
        let mut layers = Vec::new();
        for i in 0..spec.layers {
            let Stored { qkv, out, attention_norm, up, down, feed_norm } = checkpoint.layer(i)?;
            layers.push(Layer {
                qkv: Product::new(qkv, &place)?,
                out: Product::new(out, &place)?,
                attention_norm: attention_norm.map(norm).transpose()?,
                up: Product::new(up, &place)?,
                down: Product::new(down, &place)?,
                feed_norm: norm(feed_norm)?,
                local: spec.window(i).is_some(),
                turns: spec.turns(i),
            });
        }
        let Embeddings { words, places, token_type, norm: first, buckets } = checkpoint.embeddings()?;
        let rows = |values: Vec<f32>| place.weights(values, spec.hidden);
        let (words, places) = (rows(words)?, places.map(rows).transpose()?);
        let token_type = token_type.map(rows).transpose()?;
        let (norm, last_norm) = (norm(first)?, checkpoint.last_norm()?.map(norm).transpose()?);
        // Other threads have queues of their own, which do not wait for this one.
        place.device.synchronize()?;
        let driver = Mutex::new(());
        Ok(Self { words, places, token_type, buckets, norm, layers, last_norm, driver, place, spec })
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// What texts of up to `length` tokens need. To be used by the same thread.
    pub(crate) fn tables(&self, length: usize) -> Result<Tables> {
        // No device has tensors without values.
        let length = length.max(1);
        let network::Tables { turns, distances } = network::Tables::new(&self.spec, self.buckets.as_deref(), length);
        let put = |values: &[f32], width: usize, dtype: DType| -> Result<Tensor> {
            let tensor = Tensor::from_slice(values, (values.len() / width, width), &self.place.device)?;
            Ok(tensor.to_dtype(dtype)?)
        };
        let half = self.spec.head() / 2;
        let turns = turns.iter().map(|t| {
            let r = t.as_rotation();
            Ok((put(r.cos, half, self.place.dtype)?, put(r.sin, half, self.place.dtype)?))
        });
        let far = length - 1;
        let by_distance = |d: Distances| put(d.as_bias().values, 2 * far + 1, DType::F32);
        let window = self.spec.reach().map(|reach| Distances::within(reach, BEYOND, length));
        Ok(Tables {
            turns: turns.collect::<Result<_>>()?,
            distances: distances.map(by_distance).transpose()?,
            window: window.map(by_distance).transpose()?,
            far,
        })
    }

    /// The states of all tokens of `texts`, row by row, without padding.
    pub(crate) fn forward(&self, texts: &[&[u32]], tables: &Tables, token: &CancelToken) -> Result<Vec<f32>> {
        let gpu = !self.place.device.is_cpu();
        // Whoever panicked with the lock in hand left no state behind.
        let _driving = gpu.then(|| self.driver.lock().unwrap_or_else(PoisonError::into_inner));
        let batch = Batch::new(texts, tables, &self.place)?;
        let mut x = self.embed(&batch)?;
        for layer in &self.layers {
            token.check()?;
            x = self.layer(layer, &x, &batch, tables)?;
        }
        if let Some(norm) = &self.last_norm {
            x = norm.apply(&x)?;
        }
        if let Some(kept) = &batch.kept {
            x = x.index_select(kept, 0)?;
        }
        Ok(x.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }

    /// A row for each of texts × length tokens.
    fn embed(&self, batch: &Batch) -> Result<Tensor> {
        let mut x = self.words.index_select(&batch.ids, 0)?;
        if let Some(token_type) = &self.token_type {
            x = x.broadcast_add(token_type)?;
        }
        if let Some(places) = &self.places {
            let rows = x.dims2()?;
            let places = places.narrow(0, self.spec.first(), batch.length)?;
            x = x.reshape((batch.texts, batch.length, rows.1))?.broadcast_add(&places)?.reshape(rows)?;
        }
        self.norm.apply(&x)
    }

    fn layer(&self, layer: &Layer, x: &Tensor, batch: &Batch, tables: &Tables) -> Result<Tensor> {
        let before = self.spec.norm.before;
        let qkv = match &layer.attention_norm {
            Some(norm) if before => layer.qkv.apply(&norm.apply(x)?)?,
            _ => layer.qkv.apply(x)?,
        };
        let attention = Attention {
            heads: self.spec.heads,
            width: self.spec.head(),
            turns: layer.turns.map(|t| &tables.turns[t]),
            distances: tables.distances.as_ref(),
            window: tables.window.as_ref().filter(|_| layer.local),
            most: SCORES,
        };
        let mut x = (x + layer.out.apply(&attention.attend(&qkv, batch)?)?)?;
        if let Some(norm) = layer.attention_norm.as_ref().filter(|_| !before) {
            x = norm.apply(&x)?;
        }
        let wide = if before { layer.up.apply(&layer.feed_norm.apply(&x)?)? } else { layer.up.apply(&x)? };
        let inner = match self.spec.feed {
            Feed::Plain(f) => activate(f, &wide)?,
            Feed::Gated { f, first } => {
                let half = |i: usize| wide.narrow(1, i * self.spec.inner, self.spec.inner);
                let (mapped, other) = if first { (half(0)?, half(1)?) } else { (half(1)?, half(0)?) };
                (activate(f, &mapped)? * other)?
            }
        };
        let x = (x + layer.down.apply(&inner)?)?;
        if before { Ok(x) } else { layer.feed_norm.apply(&x) }
    }
}

impl Batch {
    fn new(texts: &[&[u32]], tables: &Tables, place: &Place) -> Result<Self> {
        let device = &place.device;
        let length = texts.iter().map(|t| t.len()).max().unwrap_or(0);
        // Any id will do for padding.
        let ids: Vec<u32> = texts.iter().flat_map(|t| t.iter().copied().chain(repeat_n(0, length - t.len()))).collect();
        let ids = Tensor::from_vec(ids, texts.len() * length, device)?;
        let (mut padding, mut kept) = (None, None);
        if texts.iter().any(|t| t.len() < length) {
            let masks: Vec<f32> =
                texts.iter().flat_map(|t| repeat_n(0.0, t.len()).chain(repeat_n(BEYOND, length - t.len()))).collect();
            let rows: Vec<u32> =
                (0..).step_by(length).zip(texts).flat_map(|(first, t)| (first..).take(t.len())).collect();
            padding = Some(Tensor::from_vec(masks, (texts.len(), 1, 1, length), device)?);
            kept = Some(Tensor::new(rows, device)?);
        }
        let mut apart = None;
        if tables.distances.is_some() || tables.window.is_some() {
            let far = tables.far as u32;
            let keys = Tensor::arange(far, far + length as u32, device)?.unsqueeze(0)?;
            let queries = Tensor::arange(0, length as u32, device)?.unsqueeze(1)?;
            apart = Some(keys.broadcast_sub(&queries)?);
        }
        Ok(Self { texts: texts.len(), length, ids, padding, kept, apart })
    }
}
