//! Who computes the layers: our own kernels, or candle on a device.

use super::candle::{self, Candle, Place};
use super::network::{self, Network, Work};
use super::spec::Spec;
use super::weights::Weights;
use crate::error::Result;
use crate::load::{Device, LoadOptions, Precision};
use planisphere_core::CancelToken;

/// Where a model is to be computed, known to be there.
pub(crate) enum Target {
    Own(Precision),
    Candle(Place),
}

impl Target {
    /// Before anything is read: what is missing is told at once.
    pub(crate) fn open(options: &LoadOptions) -> Result<Self> {
        Ok(match options.device {
            Device::Cpu => Self::Own(options.precision),
            device => Self::Candle(Place::open(device, options.precision)?),
        })
    }

    pub(crate) fn load(self, weights: Weights, spec: Spec) -> Result<Backend> {
        Ok(match self {
            Self::Own(precision) => Backend::Own(Network::load(weights, spec, precision)?),
            Self::Candle(place) => Backend::Candle(Candle::load(weights, spec, place)?),
        })
    }
}

/// Embeddings and layers of one model.
pub(crate) enum Backend {
    Own(Network),
    Candle(Candle),
}

/// What a backend prepares for texts up to some length.
pub(crate) enum Tables {
    Own(network::Tables),
    Candle(candle::Tables),
}

impl Backend {
    pub(crate) fn spec(&self) -> &Spec {
        match self {
            Self::Own(network) => network.spec(),
            Self::Candle(network) => network.spec(),
        }
    }

    /// Whether batches are computed side by side, one a thread. Otherwise they are computed one after the other, and padded.
    pub(crate) fn side_by_side(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// What texts of up to `length` tokens need.
    pub(crate) fn tables(&self, length: usize) -> Result<Tables> {
        Ok(match self {
            Self::Own(network) => Tables::Own(network.tables(length)),
            Self::Candle(network) => Tables::Candle(network.tables(length)?),
        })
    }

    /// The states of all tokens of `texts`, row by row in `work.x`. Every id is below `vocab_size`, every text from 1 token to
    /// as many as the tables are for, which are at most [`Spec::positions`], and the tables are this backend's.
    pub(crate) fn forward(
        &self,
        texts: &[&[u32]],
        tables: &Tables,
        work: &mut Work,
        token: &CancelToken,
    ) -> Result<()> {
        match (self, tables) {
            (Self::Own(network), Tables::Own(tables)) => network.forward(texts, tables, work, token),
            (Self::Candle(network), Tables::Candle(tables)) => {
                work.x = network.forward(texts, tables, token)?;
                Ok(())
            }
            _ => unreachable!("tables are made by the backend that they are used with"),
        }
    }
}
