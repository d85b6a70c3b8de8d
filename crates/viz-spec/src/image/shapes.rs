//! Points as small pictures that are made once.

use super::canvas::Canvas;
use super::color::Rgb;
use crate::spec::Symbol;
use std::collections::HashMap;
use std::f64::consts::{FRAC_1_SQRT_2, PI};
use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

/// Steps within a pixel at which points can stand.
const STEPS: i64 = 4;

/// The look of a point but for its color; lengths in pixels of the file.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) symbol: Symbol,
    pub(super) diameter: f64,
    pub(super) border: f64,
}

/// How much of each pixel a point covers, around a place.
struct Sprite {
    side: i32,
    /// From the place's pixel to the first one.
    offset: i32,
    fill: Vec<u8>,
    border: Vec<u8>,
}

/// Shape, diameter and border in 16ths of a pixel, steps within the pixel.
type Key = (&'static str, u32, u32, i64, i64);

/// All points drawn so far.
#[derive(Default)]
pub(super) struct Sprites {
    made: HashMap<Key, Sprite>,
}

impl Sprites {
    /// Draws a point with its middle at a place.
    pub(super) fn draw(
        &mut self,
        canvas: &mut Canvas,
        (x, y): (f64, f64),
        look: Look,
        (fill, border): (Rgb, Rgb),
        opacity: u8,
    ) {
        let (x, y) = ((x * STEPS as f64).round() as i64, (y * STEPS as f64).round() as i64);
        let (left, top) = (x.div_euclid(STEPS) as i32, y.div_euclid(STEPS) as i32);
        let within = (x.rem_euclid(STEPS), y.rem_euclid(STEPS));
        let sixteenths = |v: f64| (v * 16.0).round() as u32;
        let key = (look.symbol.word(), sixteenths(look.diameter), sixteenths(look.border), within.0, within.1);
        let sprite = self.made.entry(key).or_insert_with(|| Sprite::new(look, within));
        let mut i = 0;
        for dy in 0..sprite.side {
            for dx in 0..sprite.side {
                let (inside, line) = (u32::from(sprite.fill[i]), u32::from(sprite.border[i]));
                i += 1;
                let (px, py) = (left + sprite.offset + dx, top + sprite.offset + dy);
                let faded = |cover: u32| ((cover * u32::from(opacity) + 127) / 255) as u8;
                // The border covers the filling.
                canvas.mix(px, py, fill, faded(inside * (255 - line) / 255));
                canvas.mix(px, py, border, faded(line));
            }
        }
    }
}

impl Sprite {
    fn new(look: Look, within: (i64, i64)) -> Self {
        // Shapes reach at most 1.6 of their radius from the middle.
        let reach = (look.diameter * 0.8 + look.border).ceil() as i32 + 2;
        let side = 2 * reach + 1;
        let at = |steps: i64| f64::from(reach) + steps as f64 / STEPS as f64;
        let empty = || vec![0; (side * side) as usize];
        let mut sprite = Self { side, offset: -reach, fill: empty(), border: empty() };
        let middle = (at(within.0), at(within.1));
        let Some(path) = outline(look.symbol, middle, look.diameter / 2.0) else { return sprite };
        let open = look.symbol.word().ends_with("-open");
        let width = if open { look.border.max(1.0) } else { look.border };
        let covered = |draw: &dyn Fn(&mut Pixmap, &Paint<'_>)| {
            let mut paint = Paint { anti_alias: true, ..Paint::default() };
            paint.set_color_rgba8(255, 255, 255, 255);
            let mut pixels = Pixmap::new(side as u32, side as u32)?;
            draw(&mut pixels, &paint);
            Some(pixels.pixels().iter().map(|p| p.alpha()).collect::<Vec<u8>>())
        };
        let filled = covered(&|pixels, paint| {
            pixels.fill_path(&path, paint, FillRule::Winding, Transform::identity(), None);
        });
        let stroke = Stroke { width: width as f32, ..Stroke::default() };
        let stroked = covered(&|pixels, paint| {
            pixels.stroke_path(&path, paint, &stroke, Transform::identity(), None);
        });
        // What is hollow is a line in the color of the point.
        if open {
            sprite.fill = stroked.unwrap_or_else(empty);
        } else {
            sprite.fill = filled.unwrap_or_else(empty);
            if width > 0.0 {
                sprite.border = stroked.unwrap_or_else(empty);
            }
        }
        sprite
    }
}

/// The outline of a shape of radius `r`, in plotly.js's proportions.
fn outline(symbol: Symbol, (x, y): (f64, f64), r: f64) -> Option<Path> {
    let polygon = |corners: &[(f64, f64)]| {
        let mut path = PathBuilder::new();
        for (i, (dx, dy)) in corners.iter().enumerate() {
            let (px, py) = ((x + dx * r) as f32, (y + dy * r) as f32);
            if i == 0 { path.move_to(px, py) } else { path.line_to(px, py) }
        }
        path.close();
        path.finish()
    };
    let regular = |sides: u32, from: f64| {
        let corner = |i: u32| {
            let angle = from + 2.0 * PI * f64::from(i) / f64::from(sides);
            (angle.sin(), -angle.cos())
        };
        (0..sides).map(corner).collect::<Vec<_>>()
    };
    let rays = |rays: u32, inner: f64, outer: f64| {
        let corner = |i: u32| {
            let (angle, r) = (PI * f64::from(i) / f64::from(rays), if i.is_multiple_of(2) { outer } else { inner });
            (angle.sin() * r, -angle.cos() * r)
        };
        (0..2 * rays).map(corner).collect::<Vec<_>>()
    };
    let turned = |corners: &[(f64, f64)], quarters: u32| {
        let turn = |mut c: (f64, f64)| {
            (0..quarters).for_each(|_| c = (-c.1, c.0));
            c
        };
        corners.iter().map(|&c| turn(c)).collect::<Vec<_>>()
    };
    let plus = [
        (1.2, 0.4),
        (0.4, 0.4),
        (0.4, 1.2),
        (-0.4, 1.2),
        (-0.4, 0.4),
        (-1.2, 0.4),
        (-1.2, -0.4),
        (-0.4, -0.4),
        (-0.4, -1.2),
        (0.4, -1.2),
        (0.4, -0.4),
        (1.2, -0.4),
    ];
    let triangle = [(-1.155, 0.5), (1.155, 0.5), (0.0, -1.0)];
    let glass = [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)];
    match symbol {
        Symbol::Circle | Symbol::CircleOpen => PathBuilder::from_circle(x as f32, y as f32, (r as f32).max(0.01)),
        Symbol::Square | Symbol::SquareOpen => polygon(&[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]),
        Symbol::Diamond | Symbol::DiamondOpen => polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        Symbol::Cross => polygon(&plus),
        Symbol::X => {
            let turn = |&(a, b): &(f64, f64)| ((a - b) * FRAC_1_SQRT_2, (a + b) * FRAC_1_SQRT_2);
            polygon(&plus.iter().map(turn).collect::<Vec<_>>())
        }
        Symbol::TriangleUp => polygon(&triangle),
        Symbol::TriangleRight => polygon(&turned(&triangle, 1)),
        Symbol::TriangleDown => polygon(&turned(&triangle, 2)),
        Symbol::TriangleLeft => polygon(&turned(&triangle, 3)),
        Symbol::Pentagon => polygon(&regular(5, 0.0)),
        Symbol::Hexagon => polygon(&regular(6, 0.0)),
        Symbol::Octagon => polygon(&regular(8, PI / 8.0)),
        Symbol::Star => polygon(&rays(5, 0.53, 1.4)),
        Symbol::Hexagram => polygon(&rays(6, 0.76, 1.32)),
        Symbol::Hourglass => polygon(&glass),
        Symbol::Bowtie => polygon(&turned(&glass, 1)),
    }
}
