//! Numbers as colors.

use super::ScatterMap;
use crate::error::{Error, Result};
use crate::palette;
use crate::spec::{Array, ColorBar, Scale, TickMode};

/// How numbers become colors.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Numbers {
    center: Option<f64>,
    range: Option<(f64, f64)>,
    reverse: bool,
    log: bool,
    clip: f64,
    pub(super) thresholds: Vec<f64>,
}

impl ScatterMap {
    /// The value in the middle of the color scale, which then reaches as far below as above it: for diverging scales
    /// such as [`ColorScale::BlueOrange`](crate::spec::ColorScale::BlueOrange). By default the scale goes from the
    /// least to the greatest value.
    #[must_use]
    pub fn center(mut self, value: f64) -> Self {
        self.numbers.center = Some(value);
        self
    }

    /// The values at the ends of the color scale; those beyond have the color of the end. `low` must be below `high`.
    /// By default the least and the greatest value.
    #[must_use]
    pub fn value_range(mut self, low: f64, high: f64) -> Self {
        self.numbers.range = Some((low, high));
        self
    }

    /// Whether the color scale runs backwards. Off by default.
    #[must_use]
    pub fn reverse_scale(mut self, reverse: bool) -> Self {
        self.numbers.reverse = reverse;
        self
    }

    /// Whether colors go by the logarithm of the values, of which those that are not above 0 count as missing. The color
    /// bar and the hover boxes tell the values themselves. Off by default. [`Self::value_range`] and [`Self::center`] are
    /// values, too, and must be above 0.
    #[must_use]
    pub fn log_scale(mut self, log: bool) -> Self {
        self.numbers.log = log;
        self
    }

    /// The share of the values at each end that the color scale leaves out, from 0 (the default) to below 0.5, so that
    /// a few extreme ones do not take all colors: 0.02 goes from the 2nd to the 98th percentile. Those beyond have the
    /// color of the end. Without effect where [`Self::value_range`] is given.
    #[must_use]
    pub fn clip(mut self, share: f64) -> Self {
        self.numbers.clip = share;
        self
    }

    /// Colors numbers in steps, which the legend names: `[0.5, 0.8]` makes "< 0.5", "0.5 – 0.8" and "≥ 0.8". Ascending.
    /// None by default, for a color bar. The colors are taken from the color scale in equal steps.
    #[must_use]
    pub fn thresholds(mut self, at: &[f64]) -> Self {
        self.numbers.thresholds = at.to_vec();
        self
    }
}

/// Values, as the color scale takes them.
pub(super) struct Scaled {
    /// For each row; `None` for missing ones.
    pub(super) values: Vec<Option<f32>>,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) middle: Option<f64>,
    pub(super) reverse: bool,
    /// Where the color bar has ticks, and what they say; nothing where the viewer may choose.
    pub(super) ticks: Option<(Vec<f64>, Vec<String>)>,
}

impl Numbers {
    pub(super) fn check(&self) -> Result<()> {
        let param = |param, value: String, allowed| Err(Error::Param { param, value, allowed });
        let fit = |x: f64| x.is_finite() && (!self.log || x > 0.0);
        if let Some(x) = self.center.filter(|x| !fit(*x)) {
            return param("center", x.to_string(), "a finite number, above 0 for a log scale");
        }
        if let Some((low, high)) = self.range.filter(|(low, high)| !(fit(*low) && fit(*high) && low < high)) {
            return param(
                "value_range",
                format!("{low}, {high}"),
                "two finite numbers that ascend, above 0 for a log scale",
            );
        }
        if !(0.0..0.5).contains(&self.clip) {
            return param("clip", self.clip.to_string(), "at least 0 and below 0.5");
        }
        let ascend = self.thresholds.windows(2).all(|w| w[0] < w[1]);
        if !ascend || self.thresholds.iter().any(|t| !t.is_finite()) {
            return param("thresholds", format!("{:?}", self.thresholds), "finite numbers that ascend");
        }
        Ok(())
    }

    pub(super) fn scaled(&self, values: &[f32]) -> Scaled {
        let scale = |x: f64| if self.log { x.log10() } else { x };
        let known = |x: f32| x.is_finite() && (!self.log || x > 0.0);
        let values: Vec<Option<f32>> =
            values.iter().map(|&x| known(x).then(|| if self.log { x.log10() } else { x })).collect();
        let mut sorted: Vec<f32> = values.iter().copied().flatten().collect();
        sorted.sort_by(f32::total_cmp);
        let (mut low, mut high) = match (self.range, sorted.as_slice()) {
            (Some((low, high)), _) => (scale(low), scale(high)),
            (None, []) => (0.0, 1.0),
            (None, all) => {
                let skip = (self.clip * (all.len() - 1) as f64).round() as usize;
                (f64::from(all[skip]), f64::from(all[all.len() - 1 - skip]))
            }
        };
        let middle = self.center.map(scale);
        if let Some(middle) = middle {
            let reach = (high - middle).abs().max((middle - low).abs());
            (low, high) = (middle - reach, middle + reach);
        }
        let ticks = self.log.then(|| log_ticks(low, high));
        Scaled { values, low, high, middle, reverse: self.reverse, ticks }
    }

    /// The steps of `values`: name as markup, color, and which values.
    pub(super) fn steps(&self, scale: &Scale) -> Vec<Step> {
        let at = &self.thresholds;
        let stops = scale.stops();
        (0..=at.len())
            .map(|i| {
                let (from, to) = (i.checked_sub(1).map(|i| at[i]), at.get(i).copied());
                let name = match (from, to) {
                    (None, Some(to)) => format!("&lt; {to}"),
                    (Some(from), Some(to)) => format!("{from} – {to}"),
                    (Some(from), None) => format!("≥ {from}"),
                    (None, None) => "all".to_owned(),
                };
                let place = if at.is_empty() { 0.5 } else { i as f64 / at.len() as f64 };
                let place = if self.reverse { 1.0 - place } else { place };
                Step { name, color: palette::hex(palette::at(&stops, place)), from, to }
            })
            .collect()
    }
}

/// A step of values.
pub(super) struct Step {
    pub(super) name: String,
    pub(super) color: String,
    from: Option<f64>,
    to: Option<f64>,
}

impl Step {
    pub(super) fn holds(&self, value: f32) -> bool {
        // The thresholds as the values are stored, so that 0.8 is not below 0.8.
        let value = f64::from(value);
        self.from.is_none_or(|f| value >= f64::from(f as f32)) && self.to.is_none_or(|t| value < f64::from(t as f32))
    }
}

impl Scaled {
    pub(super) fn apply(&self, bar: &mut ColorBar) {
        if let Some((at, text)) = &self.ticks {
            bar.tickmode = Some(TickMode::Array);
            bar.tickvals = Some(Array::Numbers(at.iter().map(|&x| Some(x)).collect()));
            bar.ticktext = Some(Array::Strings(text.clone()));
        }
    }
}

/// Powers of ten, and twice and five times those where there are few, between two logarithms.
fn log_ticks(low: f64, high: f64) -> (Vec<f64>, Vec<String>) {
    let factors: &[f64] = if high - low < 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let step = ((high - low) / 12.0).ceil().max(1.0) as i32;
    let powers = (low.floor() as i32)..=(high.ceil() as i32);
    let mut all: Vec<(f64, f64)> = powers
        .filter(|p| p.rem_euclid(step) == 0)
        .flat_map(|p| factors.iter().map(move |f| f * 10f64.powi(p)))
        .map(|v| (v.log10(), v))
        .filter(|(at, _)| (low..=high).contains(at))
        .collect();
    if all.len() < 2 {
        all = vec![(low, 10f64.powf(low)), (high, 10f64.powf(high))];
    }
    all.into_iter().map(|(at, v)| (at, short(v))).unzip()
}

/// A number with three digits, for people.
pub(crate) fn short(v: f64) -> String {
    let size = v.abs();
    if v == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e6).contains(&size) {
        let text = format!("{v:.2e}");
        match text.split_once('e') {
            Some((digits, power)) if digits.contains('.') => {
                format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            _ => text,
        }
    } else {
        let decimals = (2 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{v:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(n: &Numbers, values: &[f32]) -> (f64, f64) {
        let s = n.scaled(values);
        (s.low, s.high)
    }

    #[test]
    fn the_ends_of_the_scale() {
        let values: Vec<f32> = (0..=100u8).map(f32::from).chain([f32::NAN]).collect();
        let n = Numbers::default();
        assert_eq!(ends(&n, &values), (0.0, 100.0));
        assert_eq!(ends(&Numbers { clip: 0.02, ..n.clone() }, &values), (2.0, 98.0));
        assert_eq!(ends(&Numbers { center: Some(20.0), ..n.clone() }, &values), (-60.0, 100.0));
        assert_eq!(ends(&Numbers { range: Some((-1.0, 7.0)), clip: 0.1, ..n.clone() }, &values), (-1.0, 7.0));
        assert_eq!(ends(&n, &[f32::NAN]), (0.0, 1.0));
        let log = Numbers { log: true, ..n }.scaled(&[0.0, -1.0, 1.0, 1000.0]);
        assert_eq!((log.low, log.high, &log.values[..2]), (0.0, 3.0, &[None, None][..]));
        assert_eq!(log.ticks.unwrap().1, ["1", "10", "100", "1000"]);
    }

    #[test]
    fn ticks_are_few_and_readable() {
        assert_eq!(log_ticks(0.0, 1.0).1, ["1", "2", "5", "10"]);
        assert_eq!(log_ticks(0.31, 0.32).1, ["2.04", "2.09"]);
        assert!(log_ticks(-30.0, 30.0).0.len() <= 13);
        for (v, want) in
            [(0.5, "0.5"), (12.0, "12"), (1234.6, "1235"), (1e7, "1e7"), (-2.5e-9, "-2.5e-9"), (0.1, "0.1")]
        {
            assert_eq!(short(v), want);
        }
    }

    #[test]
    fn every_value_is_in_one_step() {
        let n = Numbers { thresholds: vec![0.5, 0.8], ..Numbers::default() };
        let steps = n.steps(&Scale::from(crate::spec::ColorScale::Greys));
        let names: Vec<_> = steps.iter().map(|s| (s.name.as_str(), s.color.as_str())).collect();
        assert_eq!(names, [("&lt; 0.5", "#000000"), ("0.5 – 0.8", "#808080"), ("≥ 0.8", "#ffffff")]);
        for (value, step) in [(-9.0, 0), (0.499, 0), (0.5, 1), (0.79, 1), (0.8, 2), (7.0, 2)] {
            let of: Vec<_> = (0..3).filter(|&i| steps[i].holds(value)).collect();
            assert_eq!(of, [step], "{value}");
        }
        for bad in [vec![1.0, 1.0], vec![2.0, 1.0], vec![f64::NAN]] {
            assert!(Numbers { thresholds: bad, ..Numbers::default() }.check().is_err());
        }
    }
}
