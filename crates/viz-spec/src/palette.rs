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

    /// OKLab coordinates (Ottosson 2020) of `#rrggbb`.
    fn oklab(color: &str) -> [f64; 3] {
        let part = |i: usize| {
            let c = f64::from(u8::from_str_radix(&color[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let (r, g, b) = (part(1), part(3), part(5));
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        [
            0.210_454_255_3 * l + 0.793_617_785 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766 * s,
        ]
    }

    fn distance(a: &str, b: &str) -> f64 {
        let (a, b) = (oklab(a), oklab(b));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
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
