//! Progress bars on stderr, when it is a terminal; warnings always.

use indicatif::{ProgressBar, ProgressStyle};
use planisphere::core::{Event, Observer};
use std::ops::ControlFlow;

/// Shows one bar a stage.
#[derive(Debug)]
pub struct Bars {
    quiet: bool,
    bar: ProgressBar,
}

impl Bars {
    /// Bars, or silence.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, bar: ProgressBar::hidden() }
    }

    fn start(&mut self, stage: &str) {
        // Stderr that is not a terminal gets no bars; indicatif sees to it.
        let style = ProgressStyle::with_template("{msg:>10} {wide_bar:.cyan/dim} {percent:>3} % {elapsed:>4}{prefix}");
        let bar = ProgressBar::new(1);
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(stage.to_owned());
        self.bar = bar;
    }

    fn at(&self, done: u64, total: u64) {
        self.bar.set_length(total.max(1));
        self.bar.set_position(done);
    }

    /// Shows at the end of the bar what an optimization has come down to.
    fn divergence(&self, value: f64) {
        self.bar.set_prefix(format!("  divergence {value:.4}"));
    }

    fn warn(&self, text: &str) {
        self.bar.suspend(|| crate::say(&format!("warning: {text}")));
    }
}

impl Observer for Bars {
    fn on_event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        if !self.quiet {
            match event {
                Event::StageStarted { stage, .. } => self.start(&stage.to_string()),
                Event::Progress { done, total } => self.at(*done, *total),
                Event::Epoch { epoch, total, .. } => self.at((*epoch).into(), (*total).into()),
                Event::Divergence { value, .. } => self.divergence(*value),
                Event::StageFinished { .. } => self.bar.finish_and_clear(),
                Event::Warning(w) => self.warn(&w.to_string()),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planisphere::core::Stage;

    #[test]
    fn a_divergence_is_shown_until_the_next_stage() {
        let mut bars = Bars::new(false);
        let started = Event::StageStarted { stage: Stage::Layout, share: 1.0 };
        assert!(bars.on_event(&started).is_continue());
        assert_eq!(bars.bar.prefix(), "");
        assert!(bars.on_event(&Event::Divergence { epoch: 50, value: 1.23456 }).is_continue());
        assert_eq!(bars.bar.prefix(), "  divergence 1.2346");
        assert!(bars.on_event(&started).is_continue());
        assert_eq!(bars.bar.prefix(), "");

        let mut quiet = Bars::new(true);
        assert!(quiet.on_event(&Event::Divergence { epoch: 50, value: 1.0 }).is_continue());
        assert_eq!(quiet.bar.prefix(), "");
    }
}
