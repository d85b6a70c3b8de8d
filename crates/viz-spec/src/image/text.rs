//! Texts as pixels.

use super::canvas::Canvas;
use super::color::Rgb;
use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

/// The fonts, by preference.
pub(super) struct Fonts {
    fonts: Vec<FontRef<'static>>,
}

/// The place of a character from the start of its line, and its glyph with the font that has it.
type Placed = (f32, Option<(usize, Glyph)>);

/// How a text is set.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Height of a line's letters, in pixels of the file.
    pub(super) size: f64,
    pub(super) color: Rgb,
    pub(super) bold: bool,
    /// Color around the letters, which keeps them apart from what is behind.
    pub(super) halo: Option<Rgb>,
}

/// Where a text stands against its place.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

impl Fonts {
    pub(super) fn new() -> Self {
        let files = [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::NOTO_EMOJI_REGULAR];
        Self { fonts: files.into_iter().filter_map(|bytes| FontRef::try_from_slice(bytes).ok()).collect() }
    }

    /// The glyph of a character, and which font has it.
    fn find(&self, c: char) -> Option<(usize, ab_glyph::GlyphId)> {
        self.fonts.iter().enumerate().map(|(i, font)| (i, font.glyph_id(c))).find(|(_, id)| id.0 != 0)
    }

    /// Places of the characters from 0 on; a missing one is nothing, and as wide as it would be drawn.
    fn set(&self, text: &str, size: f64) -> (Vec<Placed>, f32) {
        let scale = PxScale::from(size as f32);
        let (mut x, mut last) = (0.0f32, None);
        let mut set = Vec::new();
        // Joiners and variants have no picture of their own.
        for c in text.chars().filter(|c| !matches!(u32::from(*c), 0x200b..=0x200f | 0xfe00..=0xfe0f | 0x2028..=0x202e))
        {
            match self.find(c) {
                Some((font, id)) => {
                    let scaled = self.fonts[font].as_scaled(scale);
                    if let Some((before, _)) = last.filter(|(_, of)| *of == font) {
                        x += scaled.kern(before, id);
                    }
                    set.push((x, Some((font, id.with_scale(scale)))));
                    x += scaled.h_advance(id);
                    last = Some((id, font));
                }
                None => {
                    set.push((x, None));
                    x += size as f32 * 0.6;
                    last = None;
                }
            }
        }
        (set, x)
    }

    pub(super) fn width(&self, text: &str, size: f64) -> f64 {
        f64::from(self.set(text, size).1)
    }

    /// The text, or as much of its start as fits into `width`, with an ellipsis.
    pub(super) fn fit(&self, text: &str, size: f64, width: f64) -> String {
        if self.width(text, size) <= width {
            return text.to_owned();
        }
        let ends: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
        let shorter = |&end: &usize| format!("{}…", text[..end].trim_end());
        // As wide as fits: widths grow with the length.
        let fits = ends.partition_point(|end| self.width(&shorter(end), size) <= width);
        ends.get(fits.saturating_sub(1)).map(shorter).unwrap_or_default()
    }

    /// Draws one line whose middle is at the height `y`.
    pub(super) fn draw(&self, canvas: &mut Canvas, text: &str, (x, y): (f64, f64), align: Align, style: Style) {
        let (set, width) = self.set(text, style.size);
        let left = match align {
            Align::Left => x,
            Align::Center => x - f64::from(width) / 2.0,
            Align::Right => x - f64::from(width),
        };
        // The baseline, so that capitals are in the middle.
        let base = y + style.size * 0.33;
        if let Some(halo) = style.halo {
            let reach = (style.size * 0.1).max(1.0);
            for i in 0..8 {
                let angle = f64::from(i) * std::f64::consts::FRAC_PI_4;
                let at = (left + reach * angle.cos(), base + reach * angle.sin());
                self.line(canvas, &set, at, style.size, halo);
            }
        }
        self.line(canvas, &set, (left, base), style.size, style.color);
        if style.bold {
            self.line(canvas, &set, (left + style.size * 0.035, base), style.size, style.color);
        }
    }

    fn line(&self, canvas: &mut Canvas, set: &[Placed], (left, base): (f64, f64), size: f64, color: Rgb) {
        for (x, glyph) in set {
            let x = left as f32 + x;
            let Some((font, glyph)) = glyph else {
                missing(canvas, (f64::from(x), base), size, color);
                continue;
            };
            let mut glyph = glyph.clone();
            glyph.position = point(x, base as f32);
            let Some(outline) = self.fonts[*font].outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            let (x0, y0) = (bounds.min.x as i32, bounds.min.y as i32);
            outline.draw(|dx, dy, coverage| {
                let alpha = (coverage.clamp(0.0, 1.0) * 255.0).round() as u8;
                canvas.mix(x0 + dx as i32, y0 + dy as i32, color, alpha);
            });
        }
    }
}

/// A box for a character that no font has.
fn missing(canvas: &mut Canvas, (x, base): (f64, f64), size: f64, color: Rgb) {
    let (left, right) = (x + size * 0.06, x + size * 0.54);
    let (top, bottom) = (base - size * 0.66, base);
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    canvas.lines(corners.into_iter().map(Some), color, (size * 0.05).max(1.0), 1.0);
}

/// What Plotly's markup shows: tags removed, entities decoded, one line. And whether it is bold.
pub(super) fn plain(markup: &str) -> (String, bool) {
    let bold = markup.starts_with("<b>");
    let mut out = String::new();
    let mut rest = markup;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [("&lt;", '<'), ("&gt;", '>'), ("&#36;", '$'), ("&#37;", '%'), ("&amp;", '&'), ("&quot;", '"')];
        if let Some((entity, c)) = known.iter().find(|(entity, _)| rest.starts_with(entity)) {
            out.push(*c);
            rest = &rest[entity.len()..];
        } else if let Some(end) = rest.strip_prefix('<').and_then(|r| r.find('>')) {
            if rest.starts_with("<br") {
                out.push(' ');
            }
            rest = &rest[end + 2..];
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    (out, bold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_as_text() {
        for (markup, want) in [
            ("<b>a &lt;b&gt;</b>", ("a <b>", true)),
            ("1 &lt; 2 &amp;amp; 3", ("1 < 2 &amp; 3", false)),
            ("a<br>b & c < d", ("a b & c < d", false)),
            ("<", ("<", false)),
            ("é<i>ü</i>", ("éü", false)),
        ] {
            assert_eq!(plain(markup), (want.0.to_owned(), want.1));
        }
    }

    #[test]
    fn texts_are_measured_and_cut() {
        let fonts = Fonts::new();
        assert_eq!(fonts.fonts.len(), 2);
        assert!(fonts.width("mmm", 20.0) > fonts.width("iii", 20.0));
        assert_eq!(fonts.width("", 20.0), 0.0);
        let all = "a long name of a label";
        let cut = fonts.fit(all, 20.0, 100.0);
        assert!(cut.ends_with('…') && fonts.width(&cut, 20.0) <= 100.0, "{cut}");
        assert_eq!(fonts.fit(all, 20.0, 1e6), all);
        // Han is in neither font and gets a box; emoji are.
        assert!(fonts.find('語').is_none() && fonts.find('😀').is_some() && fonts.find('ж').is_some());
        assert_eq!(fonts.width("語", 20.0), 12.0);
    }
}
