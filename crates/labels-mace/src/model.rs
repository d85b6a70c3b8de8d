//! What all models of labels have in common.

use crate::annotations::Annotations;
use crate::error::Result;
use crate::mace::{Mace, MaceModel};
use crate::posterior::Posterior;
use planisphere_core::Context;

/// Parameters of a model that finds labels in annotations.
///
/// Methods of the same names on the types themselves need no context; this is for code that works with any model, such as
/// [`MultiLabel::fit`](crate::MultiLabel::fit).
///
/// ```
/// use planisphere_core::Context;
/// use planisphere_labels_mace::{Annotations, DawidSkene, LabelModel, Labeled, MajorityVote, Result};
///
/// fn first_label<M: LabelModel>(model: &M, votes: &Annotations) -> Result<Option<u32>> {
///     let fitted = model.fit(votes, &mut Context::new())?;
///     Ok(fitted.posterior().best(0).map(|b| b.label))
/// }
///
/// let votes = Annotations::from_triples([("i", "a", "x"), ("i", "b", "x"), ("i", "c", "y")])?;
/// assert_eq!(first_label(&MajorityVote::new(), &votes)?, Some(0));
/// assert_eq!(first_label(&DawidSkene::new(), &votes)?, Some(0));
/// # Ok::<(), planisphere_labels_mace::Error>(())
/// ```
pub trait LabelModel {
    /// What a fit gives.
    type Model: Labeled;

    /// Fits the model to annotations.
    ///
    /// # Errors
    /// Those of the model.
    fn fit(&self, annotations: &Annotations, cx: &mut Context<'_>) -> Result<Self::Model>;
}

/// A fitted model: labels with probabilities.
pub trait Labeled {
    /// Probabilities of the labels of all items.
    fn posterior(&self) -> &Posterior;

    /// The probabilities, without the model.
    fn into_posterior(self) -> Posterior
    where
        Self: Sized;
}

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

/// `fit`, `fit_with` and the traits of a model whose parameters have `run`.
macro_rules! label_model {
    ($params:ty, $model:ty, $errors:literal) => {
        impl $params {
            /// Fits the model to annotations.
            ///
            /// # Errors
            #[doc = $errors]
            pub fn fit(&self, annotations: &$crate::Annotations) -> $crate::Result<$model> {
                self.fit_with(annotations, &mut planisphere_core::Context::new())
            }

            /// Fits the model to annotations, watched and stopped through `cx`.
            ///
            /// # Errors
            #[doc = $errors]
            #[doc = "[`Error::Cancelled`](crate::Error::Cancelled)."]
            pub fn fit_with(
                &self,
                annotations: &$crate::Annotations,
                cx: &mut planisphere_core::Context<'_>,
            ) -> $crate::Result<$model> {
                cx.check()?;
                if annotations.is_empty() {
                    return Err($crate::Error::NoAnnotations);
                }
                cx.run(|cx| cx.stage(planisphere_core::Stage::Annotators, 1.0, |cx| self.run(annotations, cx)))?
            }
        }

        impl $crate::LabelModel for $params {
            type Model = $model;

            fn fit(
                &self,
                annotations: &$crate::Annotations,
                cx: &mut planisphere_core::Context<'_>,
            ) -> $crate::Result<$model> {
                self.fit_with(annotations, cx)
            }
        }

        impl $model {
            /// Probabilities of the labels of all items.
            pub fn posterior(&self) -> &$crate::Posterior {
                &self.posterior
            }
        }

        impl $crate::Labeled for $model {
            fn posterior(&self) -> &$crate::Posterior {
                &self.posterior
            }

            fn into_posterior(self) -> $crate::Posterior {
                self.posterior
            }
        }
    };
}
pub(crate) use label_model;
