//! Computing what is missing: the run of what embeds inside the caller's.

use planisphere_core::{Context, Decision, Event, Matrix, Warning};
use std::ops::ControlFlow;

/// What the runs of one call told, put together.
#[derive(Default)]
pub(crate) struct Notes {
    warnings: Vec<Warning>,
    decisions: Vec<Decision>,
}

impl Notes {
    /// Computes the vectors of a chunk: `texts`, which are `rows` of the call, `done` of whose `total` were done
    /// before.
    ///
    /// What embeds gets a context of its own, as it counts in texts of its chunk, but the caller counts all:
    /// its progress is told on in the caller's numbers, and its warnings are kept.
    pub(crate) fn run<E>(
        &mut self,
        (texts, rows): (&[&str], &[u32]),
        (done, total): (u64, u64),
        encode: &mut impl FnMut(&[&str], &mut Context<'_>) -> Result<Matrix, E>,
        cx: &mut Context<'_>,
    ) -> Result<Matrix, E> {
        let token = cx.token();
        let observed = cx.is_observed();
        let mut watch = |event: &Event<'_>| match event {
            Event::Progress { done: part, total: of } if *of > 0 => {
                let share = *part.min(of) as f64 / *of as f64;
                match cx.progress(done + (share * rows.len() as f64) as u64, total) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            }
            _ => ControlFlow::Continue(()),
        };
        let mut inner = Context::new().cancel(&token);
        if observed {
            inner = inner.observer(&mut watch);
        }
        let result = encode(texts, &mut inner);
        let report = inner.take_report();
        report.warnings.into_iter().for_each(|warning| self.warn(warning, rows));
        for decision in report.decisions {
            if !self.decisions.contains(&decision) {
                self.decisions.push(decision);
            }
        }
        result
    }

    /// Keeps a warning, with rows of the call instead of rows of the chunk. Chunks are the cache's doing, so what
    /// several have to tell about the same is told once.
    fn warn(&mut self, warning: Warning, rows: &[u32]) {
        let warning = match warning {
            Warning::EmptyRows { rows: n, first } => {
                Warning::EmptyRows { rows: n, first: rows.get(first).map_or(first, |&row| row as usize) }
            }
            other => other,
        };
        let known = self.warnings.iter_mut().any(|before| match (before, &warning) {
            (Warning::EmptyRows { rows, first }, Warning::EmptyRows { rows: more, first: other }) => {
                *rows += more;
                *first = (*first).min(*other);
                true
            }
            (Warning::Truncated { texts, max_tokens }, Warning::Truncated { texts: more, max_tokens: limit })
                if max_tokens == limit =>
            {
                *texts += more;
                true
            }
            (before, warning) => before == warning,
        });
        if !known {
            self.warnings.push(warning);
        }
    }

    /// Hands on what was told.
    pub(crate) fn tell(self, cx: &mut Context<'_>) {
        self.warnings.into_iter().for_each(|warning| cx.warn(warning));
        self.decisions.into_iter().for_each(|decision| cx.decide(decision));
    }
}
