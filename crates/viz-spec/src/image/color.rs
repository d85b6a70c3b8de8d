//! Colors as figures write them.

use crate::palette;

/// Red, green, blue.
pub(super) type Rgb = [u8; 3];

/// Names that people write; others are unknown.
const NAMES: [(&str, Rgb); 16] = [
    ("black", [0, 0, 0]),
    ("white", [255, 255, 255]),
    ("red", [255, 0, 0]),
    ("green", [0, 128, 0]),
    ("blue", [0, 0, 255]),
    ("yellow", [255, 255, 0]),
    ("orange", [255, 165, 0]),
    ("purple", [128, 0, 128]),
    ("gray", [128, 128, 128]),
    ("grey", [128, 128, 128]),
    ("pink", [255, 192, 203]),
    ("brown", [165, 42, 42]),
    ("cyan", [0, 255, 255]),
    ("magenta", [255, 0, 255]),
    ("lightgray", [211, 211, 211]),
    ("darkgray", [169, 169, 169]),
];

/// A color of CSS: `#rgb`, `#rrggbb`, `rgb(…)`, `rgba(…)` (whose opacity is passed over) and common names.
pub(super) fn parse(css: &str) -> Option<Rgb> {
    let css = css.trim();
    if let Some(color) = palette::rgb(css) {
        return Some(color);
    }
    if let Some((_, color)) = NAMES.iter().find(|(name, _)| css.eq_ignore_ascii_case(name)) {
        return Some(*color);
    }
    let inner = css.strip_prefix("rgba(").or_else(|| css.strip_prefix("rgb("))?.strip_suffix(')')?;
    let parts: Vec<f64> = inner.split(',').filter_map(|p| p.trim().parse().ok()).collect();
    (parts.len() >= 3).then(|| [parts[0], parts[1], parts[2]].map(|p| p.round().clamp(0.0, 255.0) as u8))
}

/// A color scale as 256 colors.
pub(super) fn ramp(stops: &[(f64, String)], reverse: bool) -> Vec<Rgb> {
    let stops: Vec<(f64, String)> =
        stops.iter().map(|(at, color)| (*at, palette::hex(parse(color).unwrap_or([128; 3])))).collect();
    let place = |i: i32| f64::from(if reverse { 255 - i } else { i }) / 255.0;
    (0..256).map(|i| palette::at(&stops, place(i))).collect()
}

/// Whether texts on this color should be light.
pub(super) fn is_dark([r, g, b]: Rgb) -> bool {
    u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114 < 128_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations() {
        for (css, want) in [
            ("#fff", Some([255; 3])),
            ("rgb(1, 2,3)", Some([1, 2, 3])),
            ("rgba(1,2,300,0.5)", Some([1, 2, 255])),
            ("White", Some([255; 3])),
            ("hsl(1,2%,3%)", None),
            ("rgb(1)", None),
            ("", None),
        ] {
            assert_eq!(parse(css), want, "{css}");
        }
        let stops = [(0.0, "#000000".to_owned()), (1.0, "rgb(255,255,255)".to_owned())];
        assert_eq!((ramp(&stops, false)[10], ramp(&stops, true)[10]), ([10; 3], [245; 3]));
    }
}
