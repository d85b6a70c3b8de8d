//! What a forward pass needs to know of an architecture: all of them are made of the same parts.

use planisphere_kernels::activation::Activation;

/// How tensors are named, and what there is only in some models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// BERT, RoBERTa and their likes.
    Bert,
    DistilBert,
    /// Jina's BERT, whose places are told by distance and whose layers are gated.
    JinaBert,
    Mpnet,
    ModernBert,
    NomicBert,
    /// GTE, called `new` in its files, and with it stella.
    Gte,
}

/// How an encoder is built.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spec {
    pub(crate) family: Family,
    pub(crate) vocab_size: usize,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    /// Width between the two linear layers that follow attention.
    pub(crate) inner: usize,
    pub(crate) feed: Feed,
    pub(crate) places: Places,
    /// Rows of the table of token types, of which single texts use the first.
    pub(crate) token_types: usize,
    pub(crate) norm: Norm,
    pub(crate) biases: Biases,
    /// Most tokens of a text.
    pub(crate) positions: usize,
}

/// How a layer goes on after attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feed {
    Plain(Activation),
    /// One half of the values, the first one or the second, is mapped and multiplies the other.
    Gated {
        f: Activation,
        first: bool,
    },
}

/// How tokens know where they stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Places {
    /// A vector for each place, of which the first token has row `first`.
    Table { rows: usize, first: usize },
    /// Queries and keys are rotated.
    Rotary(Rotary),
    /// Scores fall with the distance (Press, Smith & Lewis 2022), to both sides.
    Linear,
    /// A table of places as in RoBERTa, and learned scores for buckets of distances.
    Buckets { rows: usize, first: usize, buckets: usize },
}

/// Rotations by place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rotary {
    pub(crate) theta: f64,
    /// Frequencies are stretched by this factor ("NTK-aware").
    pub(crate) stretch: f64,
    /// Layers that look at few tokens to either side only.
    pub(crate) local: Option<Local>,
}

/// Local attention, in layers that are not global.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Local {
    pub(crate) theta: f64,
    /// Tokens to either side.
    pub(crate) reach: usize,
    pub(crate) global: Global,
}

/// Which layers look at all of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Global {
    /// The first one, and every so many after it.
    Every(usize),
    /// For each layer whether it does.
    Listed(Vec<bool>),
}

impl Global {
    fn is(&self, layer: usize) -> bool {
        match self {
            Self::Every(n) => layer.is_multiple_of(*n),
            Self::Listed(layers) => layers.get(layer).copied().unwrap_or(true),
        }
    }
}

/// Layer norms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Norm {
    pub(crate) eps: f32,
    pub(crate) bias: bool,
    /// Before attention and before the feed-forward part, with one more at the end; otherwise after them.
    pub(crate) before: bool,
}

/// Which linear layers have biases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Biases {
    pub(crate) qkv: bool,
    pub(crate) out: bool,
    pub(crate) up: bool,
    pub(crate) down: bool,
}

impl Biases {
    pub(crate) const ALL: Self = Self { qkv: true, out: true, up: true, down: true };
}

impl Spec {
    /// Values of a head.
    pub(crate) fn head(&self) -> usize {
        self.hidden / self.heads
    }

    /// What the first of the two linear layers after attention gives.
    pub(crate) fn up(&self) -> usize {
        match self.feed {
            Feed::Plain(_) => self.inner,
            Feed::Gated { .. } => 2 * self.inner,
        }
    }

    /// The row of the first token in the table of places.
    pub(crate) fn first(&self) -> usize {
        match self.places {
            Places::Table { first, .. } | Places::Buckets { first, .. } => first,
            Places::Rotary(_) | Places::Linear => 0,
        }
    }

    /// How far layer `layer` looks to either side, if not over all of the text.
    pub(crate) fn window(&self, layer: usize) -> Option<usize> {
        self.local(layer).map(|l| l.reach)
    }

    /// The rotations of places: bases and stretches, of global layers and of local ones.
    pub(crate) fn thetas(&self) -> Vec<(f64, f64)> {
        match &self.places {
            Places::Rotary(r) => {
                let local = r.local.as_ref().map(|l| (l.theta, 1.0));
                std::iter::once((r.theta, r.stretch)).chain(local).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Which of [`Spec::thetas`] turns a layer's places.
    pub(crate) fn turns(&self, layer: usize) -> Option<usize> {
        matches!(self.places, Places::Rotary(_)).then(|| usize::from(self.local(layer).is_some()))
    }

    /// How far local layers look to either side, if there are such.
    pub(crate) fn reach(&self) -> Option<usize> {
        match &self.places {
            Places::Rotary(r) => r.local.as_ref().map(|l| l.reach),
            _ => None,
        }
    }

    fn local(&self, layer: usize) -> Option<&Local> {
        match &self.places {
            Places::Rotary(r) => r.local.as_ref().filter(|l| !l.global.is(layer)),
            _ => None,
        }
    }
}
