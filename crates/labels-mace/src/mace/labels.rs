//! MACE as one of the models of labels.

use crate::annotations::Annotations;
use crate::error::Result;
use crate::mace::{Mace, MaceModel};
use crate::model::{LabelModel, Labeled};
use crate::posterior::Posterior;
use planisphere_core::Context;

impl LabelModel for Mace {
    type Model = MaceModel;

    fn fit(&self, annotations: &Annotations, cx: &mut Context<'_>) -> Result<MaceModel> {
        self.fit_with(annotations, cx)
    }
}

impl Labeled for MaceModel {
    fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    fn into_posterior(self) -> Posterior {
        self.posterior
    }
}
