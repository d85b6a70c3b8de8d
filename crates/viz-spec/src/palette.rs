//! Colors for labels.

use crate::error::{Error, Result};
use crate::spec::Symbol;

/// Colors for labels, in the order in which they are given out. The first ten are those of the annotation dashboard;
/// the others were chosen one after the other, each as far as possible (in OKLab, where distance is what the eye
/// takes for it) from all before it, from the light and the dark page and from the grays of [`UNLABELED`] and
/// [`OTHER`]. The last eight include dark ones, which are easier to see on the light page.
pub const PALETTE: [&str; 32] = [
    "#22c55e", "#ef4444", "#3b82f6", "#eab308", "#8b5cf6", "#f97316", "#06b6d4", "#ec4899", "#14b8a6", "#f59e0b",
    "#f0abfc", "#4d7c0f", "#a21caf", "#a16207", "#d946ef", "#be185d", "#fca5a5", "#a78bfa", "#7dd3fc", "#4f46e5",
    "#0d9488", "#fb7185", "#16a34a", "#e879f9", "#1e3a8a", "#7f1d1d", "#14532d", "#a3e635", "#701a75", "#6ee7b7",
    "#155e75", "#5b21b6",
];

/// Lists of colors for [`ScatterMap::palette`](crate::ScatterMap::palette).
///
/// Except for [`Palette::Dashboard`], all are for everybody: their colors differ also for people who lack one kind of
/// cone. The distances given are the least between any two colors in OKLab, for full color vision and for simulated
/// protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes 2009, severity 1); about 0.02 is the least
/// difference that is seen side by side, and small points need several times that. Beyond 20 labels nobody tells
/// all colors apart by eye: let the shape be the second channel
/// ([`ScatterMap::symbols`](crate::ScatterMap::symbols)).
///
/// ```
/// use planisphere_viz_spec::{Palette, ScatterMap};
/// let map = ScatterMap::new().palette(Palette::Safe10);
/// assert_eq!(Palette::Safe10.colors().len(), 10);
/// # let _ = map;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Palette {
    /// [`PALETTE`]: 32 colors, of which the first ten are those of the annotation dashboard.
    Dashboard,
    /// The eight of Okabe and Ito (2008), black last. Distance 0.076.
    OkabeIto,
    /// Ten colors. Distance 0.14.
    Safe10,
    /// Twenty colors. Distance 0.086.
    Safe20,
    /// 64 colors, each the farthest from all before it among the colors of 16 × 16 × 16 steps that are neither too
    /// dark nor too light for a page (OKLab lightness 0.35 to 0.88) nor near the grays. Distance 0.034; of the first
    /// ten 0.10, of the first twenty 0.07.
    Distinct64,
}

const OKABE_ITO: [&str; 8] = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#000000"];
const SAFE_10: [&str; 10] =
    ["#0096ff", "#d24b00", "#d2a500", "#3c0f96", "#2dff87", "#a569a5", "#691e00", "#c3c3ff", "#001eff", "#694b69"];
const SAFE_20: [&str; 20] = [
    "#f06900", "#4b0096", "#5ac3a5", "#ffd23c", "#a500f0", "#2d5a78", "#a50f00", "#c387ff", "#00ff96", "#785ab4",
    "#a55a4b", "#3c8796", "#f0a51e", "#d2d2ff", "#78001e", "#7800c3", "#69a569", "#a569e1", "#5a1e5a", "#b4b4f0",
];
const DISTINCT_64: [&str; 64] = [
    "#0066cc", "#ffcc99", "#662200", "#cc6600", "#88aaff", "#333377", "#885566", "#bb9999", "#55eeff", "#ff9900",
    "#8877aa", "#aa3300", "#0000dd", "#4488ee", "#aaee00", "#665599", "#6611aa", "#aa7777", "#bbbbcc", "#882244",
    "#9900ff", "#ddaa88", "#77ccff", "#ee7711", "#cc8866", "#bb00bb", "#9988cc", "#aa5544", "#773366", "#88dd66",
    "#ee33ff", "#444488", "#ee33aa", "#006600", "#886688", "#22cc55", "#ee88dd", "#ddccdd", "#3377dd", "#994444",
    "#00aa55", "#ddbbaa", "#2244dd", "#444433", "#996666", "#662255", "#66aacc", "#88eebb", "#aadd33", "#ff4444",
    "#550099", "#bbaabb", "#778899", "#55ee99", "#99bb22", "#cc88bb", "#aa8888", "#66bbee", "#552266", "#772222",
    "#774477", "#bb5522", "#7711bb", "#dd22ee",
];

impl Palette {
    /// All palettes and their names.
    const NAMES: [(&str, Self); 5] = [
        ("dashboard", Self::Dashboard),
        ("okabe-ito", Self::OkabeIto),
        ("safe10", Self::Safe10),
        ("safe20", Self::Safe20),
        ("distinct64", Self::Distinct64),
    ];

    /// Its colors, as `#rrggbb`, in the order in which labels get them.
    pub fn colors(self) -> &'static [&'static str] {
        match self {
            Self::Dashboard => &PALETTE,
            Self::OkabeIto => &OKABE_ITO,
            Self::Safe10 => &SAFE_10,
            Self::Safe20 => &SAFE_20,
            Self::Distinct64 => &DISTINCT_64,
        }
    }
}

impl IntoIterator for Palette {
    type Item = &'static str;
    type IntoIter = std::iter::Copied<std::slice::Iter<'static, &'static str>>;

    fn into_iter(self) -> Self::IntoIter {
        self.colors().iter().copied()
    }
}

impl std::str::FromStr for Palette {
    type Err = Error;

    /// `dashboard`, `okabe-ito`, `safe10`, `safe20` or `distinct64`.
    fn from_str(name: &str) -> Result<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, p)| *p).ok_or_else(|| Error::Param {
            param: "palette",
            value: format!("{name:?}"),
            allowed: "dashboard, okabe-ito, safe10, safe20 or distinct64",
        })
    }
}

/// Red, green and blue of `#rgb` or `#rrggbb`.
pub(crate) fn rgb(color: &str) -> Option<[u8; 3]> {
    let hex = color.strip_prefix('#').filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let part = |i: usize, len: usize| u8::from_str_radix(&hex[i * len..(i + 1) * len], 16).ok();
    match hex.len() {
        3 => Some([part(0, 1)? * 17, part(1, 1)? * 17, part(2, 1)? * 17]),
        6 => Some([part(0, 2)?, part(1, 2)?, part(2, 2)?]),
        _ => None,
    }
}

/// The color at `at` (0 to 1) of a scale, between its stops straight from one to the next, as Plotly does it.
pub(crate) fn at(stops: &[(f64, String)], at: f64) -> [u8; 3] {
    let color = |i: usize| stops.get(i).and_then(|(_, c)| rgb(c)).unwrap_or_default();
    let next = stops.iter().position(|(p, _)| *p >= at).unwrap_or(stops.len().saturating_sub(1));
    let before = next.saturating_sub(1);
    let (Some(a), Some(b)) = (stops.get(before), stops.get(next)) else { return [0; 3] };
    let t = if b.0 > a.0 { ((at - a.0) / (b.0 - a.0)).clamp(0.0, 1.0) } else { 1.0 };
    let (a, b) = (color(before), color(next));
    std::array::from_fn(|i| (f64::from(a[i]) + t * (f64::from(b[i]) - f64::from(a[i]))).round() as u8)
}

/// `#rrggbb`.
pub(crate) fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Color of points without a label.
pub const UNLABELED: &str = "#94a3b8";

/// Color of points whose label has no trace of its own.
pub const OTHER: &str = "#64748b";

/// When the palette begins anew, the shape changes, so that labels stay distinct.
const SYMBOLS: [Symbol; 3] = [Symbol::Circle, Symbol::Diamond, Symbol::Square];

/// The look of label number `i` of a palette with `len` colors: index of the color, and shape.
pub(crate) fn slot(i: usize, len: usize) -> (usize, Symbol) {
    (i % len, SYMBOLS[(i / len) % SYMBOLS.len()])
}

/// Checks that a color is written as `#rgb` or `#rrggbb`: the notations that every renderer of Plotly reads alike.
pub(crate) fn check(param: &'static str, value: &str) -> Result<()> {
    let ok = value
        .strip_prefix('#')
        .is_some_and(|hex| matches!(hex.len(), 3 | 6) && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if ok { Ok(()) } else { Err(Error::Color { param, value: value.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Vision = [[f64; 3]; 3];

    /// Full color vision, protanopia, deuteranopia, tritanopia: Machado, Oliveira and Fernandes (2009), table for
    /// severity 1, on linear light.
    const VISIONS: [Vision; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];

    /// OKLab coordinates (Ottosson 2020) of a color as somebody sees it.
    fn oklab(color: [u8; 3], seen: &Vision) -> [f64; 3] {
        let linear = color.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let [r, g, b] = seen.map(|m| (0..3).map(|i| m[i] * linear[i]).sum::<f64>().clamp(0.0, 1.0));
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        [
            0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s,
        ]
    }

    fn all_visions(color: [u8; 3]) -> [[f64; 3]; 4] {
        VISIONS.map(|v| oklab(color, &v))
    }

    fn apart(a: &[f64; 3], b: &[f64; 3]) -> f64 {
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
    }

    /// For whom they look most alike.
    fn least(a: &[[f64; 3]; 4], b: &[[f64; 3]; 4]) -> f64 {
        (0..4).map(|v| apart(&a[v], &b[v])).fold(f64::INFINITY, f64::min)
    }

    fn distance(a: &str, b: &str) -> f64 {
        let lab = |c| oklab(rgb(c).unwrap(), &VISIONS[0]);
        apart(&lab(a), &lab(b))
    }

    fn closest_pair(colors: &[&str]) -> f64 {
        let seen: Vec<_> = colors.iter().map(|c| all_visions(rgb(c).unwrap())).collect();
        let pairs = (0..seen.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        pairs.map(|(i, j)| least(&seen[i], &seen[j])).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn colors_are_clearly_distinct() {
        for (i, a) in PALETTE.iter().enumerate() {
            check("palette", a).unwrap();
            for other in [UNLABELED, OTHER, "#ffffff", "#0b1220"] {
                assert!(distance(a, other) > 0.08, "{a} {other} {}", distance(a, other));
            }
            for b in &PALETTE[..i] {
                // Ten colors are given; the two ambers among them are the closest pair.
                let least = if i < 10 { 0.05 } else { 0.09 };
                assert!(distance(a, b) > least, "{a} {b} {}", distance(a, b));
            }
        }
    }

    #[test]
    fn the_color_blind_tell_them_apart() {
        for (palette, first, least) in [
            (Palette::OkabeIto, 8, 0.076),
            (Palette::Safe10, 10, 0.14),
            (Palette::Safe20, 20, 0.086),
            (Palette::Distinct64, 10, 0.10),
            (Palette::Distinct64, 20, 0.07),
            (Palette::Distinct64, 64, 0.034),
        ] {
            let colors = palette.colors();
            let found = closest_pair(&colors[..first]);
            assert!(found >= least, "{palette:?} {first}: {found}");
            colors.iter().for_each(|c| check("palette", c).unwrap());
            let grays = colors.iter().map(|c| distance(c, UNLABELED).min(distance(c, OTHER)));
            assert!(grays.fold(f64::INFINITY, f64::min) > 0.05, "{palette:?}");
        }
        // Which is why there are others.
        assert!(closest_pair(&PALETTE[..10]) < 0.02);
    }

    /// The procedure that the documentation of `Distinct64` tells, from the blue that it starts with.
    #[test]
    fn the_64_are_what_the_documentation_says() {
        let steps = || (0..16u8).map(|i| i * 17);
        let all = steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| [r, g, b])));
        let fit = |c: &[u8; 3]| {
            let lab = oklab(*c, &VISIONS[0]);
            let gray = [UNLABELED, OTHER].map(|g| apart(&lab, &oklab(rgb(g).unwrap(), &VISIONS[0])));
            (0.35..=0.88).contains(&lab[0]) && gray[0] >= 0.05 && gray[1] >= 0.05
        };
        let candidates: Vec<_> = all.filter(fit).map(|c| (c, all_visions(c))).collect();
        let start = candidates.iter().position(|(c, _)| *c == [0x00, 0x66, 0xcc]).unwrap();
        let mut chosen = vec![candidates[start].0];
        let mut far: Vec<f64> = candidates.iter().map(|(_, seen)| least(seen, &candidates[start].1)).collect();
        while chosen.len() < 64 {
            let mut next = 0;
            for i in 1..far.len() {
                if far[i] > far[next] {
                    next = i;
                }
            }
            chosen.push(candidates[next].0);
            for (f, (_, seen)) in far.iter_mut().zip(&candidates) {
                *f = f.min(least(seen, &candidates[next].1));
            }
        }
        let chosen: Vec<String> = chosen.into_iter().map(hex).collect();
        assert_eq!(chosen, DISTINCT_64);
    }

    #[test]
    fn names_and_colors_of_scales() {
        for (name, palette) in Palette::NAMES {
            assert_eq!(name.parse::<Palette>().unwrap(), palette);
            assert_eq!(palette.into_iter().count(), palette.colors().len());
        }
        assert!("rainbow".parse::<Palette>().unwrap_err().to_string().contains("okabe-ito"));
        let stops = [(0.0, "#000".to_owned()), (0.5, "#ff0000".to_owned()), (1.0, "#ffffff".to_owned())];
        for (place, want) in
            [(0.0, [0, 0, 0]), (0.25, [128, 0, 0]), (0.5, [255, 0, 0]), (1.0, [255; 3]), (9.0, [255; 3])]
        {
            assert_eq!(at(&stops, place), want, "{place}");
        }
        assert_eq!(at(&[], 0.5), [0; 3]);
        assert_eq!(
            (rgb("#22c55e"), rgb("#f0a"), rgb("red"), rgb("#1234")),
            (Some([34, 197, 94]), Some([255, 0, 170]), None, None)
        );
    }

    #[test]
    fn looks_repeat_only_after_all_shapes() {
        let n = PALETTE.len();
        let looks: Vec<_> = (0..3 * n).map(|i| slot(i, n)).collect();
        for (i, a) in looks.iter().enumerate() {
            assert!(!looks[..i].contains(a));
        }
        assert_eq!(slot(3 * n, n), slot(0, n));
    }

    #[test]
    fn notation() {
        for ok in ["#fff", "#22C55e"] {
            check("palette", ok).unwrap();
        }
        for bad in ["", "#", "fff", "#ffff", "#gggggg", "red", "#22c55e ", "#é1"] {
            assert!(matches!(check("palette", bad), Err(Error::Color { .. })), "{bad}");
        }
    }
}
