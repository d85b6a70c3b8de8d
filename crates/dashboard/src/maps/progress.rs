//! How far a run is, from what its observer is told.

use planisphere::core::{Event, Stage};

/// Follows the stages of a run.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The stages around the present one and itself: the stage, where it begins, how long it is, and how much of that
    /// its own stages have taken; all as shares of the whole run.
    open: Vec<Span>,
    /// What the stages of the run have taken.
    taken: f64,
    done: f64,
}

#[derive(Debug)]
struct Span {
    stage: Stage,
    start: f64,
    length: f64,
    taken: f64,
}

impl Progress {
    /// Takes in an event.
    pub(crate) fn on_event(&mut self, event: &Event<'_>) {
        match event {
            Event::StageStarted { stage, share } => {
                let (around, taken) = self.open.last().map_or((1.0, self.taken), |s| (s.length, s.start + s.taken));
                let length = (around * f64::from(*share).clamp(0.0, 1.0)).min((1.0 - taken).max(0.0));
                self.open.push(Span { stage: *stage, start: taken, length, taken: 0.0 });
            }
            Event::StageFinished { .. } => {
                let Some(span) = self.open.pop() else { return };
                self.reach(span.start + span.length);
                match self.open.last_mut() {
                    Some(around) => around.taken = (around.taken + span.length).min(around.length),
                    None => self.taken = (self.taken + span.length).min(1.0),
                }
            }
            Event::Progress { done, total } => self.part(*done as f64 / (*total).max(1) as f64),
            Event::Epoch { epoch, total, .. } => self.part(f64::from(*epoch) / f64::from((*total).max(1))),
            _ => (),
        }
    }

    /// How much is done, from 0 to 1. Never less than before.
    pub(crate) fn done(&self) -> f64 {
        self.done
    }

    /// The present stage.
    pub(crate) fn stage(&self) -> Option<Stage> {
        self.open.last().map(|s| s.stage)
    }

    fn part(&mut self, share: f64) {
        if let Some(span) = self.open.last() {
            let own = span.length - span.taken;
            self.reach(span.start + span.taken + own * share.clamp(0.0, 1.0));
        }
    }

    fn reach(&mut self, done: f64) {
        self.done = self.done.max(done.min(1.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(events: &[Event<'_>]) -> (f64, Option<Stage>) {
        let mut progress = Progress::default();
        events.iter().for_each(|e| progress.on_event(e));
        ((progress.done() * 1000.0).round() / 1000.0, progress.stage())
    }

    #[test]
    fn stages_in_stages() {
        let start = |stage, share| Event::StageStarted { stage, share };
        let end = |stage| Event::StageFinished { stage };
        let part = |done, total| Event::Progress { done, total };
        let run = [
            start(Stage::Neighbors, 0.4),
            part(1, 2),
            end(Stage::Neighbors),
            start(Stage::Init, 0.2),
            start(Stage::Pca, 0.5),
            part(1, 2),
            end(Stage::Pca),
            end(Stage::Init),
            start(Stage::Layout, 0.4),
            part(3, 4),
            end(Stage::Layout),
        ];
        let expected = [
            (0.0, Some(Stage::Neighbors)),
            (0.2, Some(Stage::Neighbors)),
            (0.4, None),
            (0.4, Some(Stage::Init)),
            (0.4, Some(Stage::Pca)),
            (0.45, Some(Stage::Pca)),
            (0.5, Some(Stage::Init)),
            (0.6, None),
            (0.6, Some(Stage::Layout)),
            (0.9, Some(Stage::Layout)),
            (1.0, None),
        ];
        for (i, expected) in expected.into_iter().enumerate() {
            assert_eq!(after(&run[..=i]), expected, "after {i}");
        }
    }

    #[test]
    fn nonsense_stays_in_range() {
        let stage = Stage::Layout;
        let run = [
            Event::StageFinished { stage },
            Event::Progress { done: 5, total: 0 },
            Event::StageStarted { stage, share: 7.0 },
            Event::Progress { done: 5, total: 0 },
            Event::StageStarted { stage, share: f32::NAN },
            Event::StageFinished { stage },
        ];
        let done = after(&run).0;
        assert!((0.0..=1.0).contains(&done), "{done}");
    }
}
