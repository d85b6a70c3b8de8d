//! Figures as pictures: what is seen where.
#![cfg(feature = "image")]

use planisphere_core::{CounterRng, Matrix};
use planisphere_viz_spec::spec::{ColorScale, Figure};
use planisphere_viz_spec::{Column, Density, Error, Picture, ScatterMap, Theme};
use tiny_skia::Pixmap;

const RED: [u8; 3] = [0xef, 0x44, 0x44];
const GREEN: [u8; 3] = [0x22, 0xc5, 0x5e];
const WHITE: [u8; 3] = [255; 3];

struct Seen(Pixmap);

impl Seen {
    fn new(picture: &Picture, figure: &Figure) -> Self {
        Self(Pixmap::decode_png(&picture.png(figure).unwrap()).unwrap())
    }

    fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let p = self.0.pixel(x, y).unwrap();
        [p.red(), p.green(), p.blue()]
    }

    /// Left, top, right, bottom of the pixels of a color.
    fn bounds(&self, like: [u8; 3]) -> Option<[u32; 4]> {
        let mut found: Option<[u32; 4]> = None;
        for y in 0..self.0.height() {
            for x in 0..self.0.width() {
                if near(self.at(x, y), like) {
                    let b = found.get_or_insert([x, y, x, y]);
                    *b = [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)];
                }
            }
        }
        found
    }

    fn others(&self, page: [u8; 3]) -> usize {
        let all = (0..self.0.height()).flat_map(|y| (0..self.0.width()).map(move |x| (x, y)));
        all.filter(|&(x, y)| self.at(x, y) != page).count()
    }
}

fn near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 12)
}

fn rows<const N: usize>(rows: &[[f32; N]]) -> Matrix {
    Matrix::from_rows(rows).unwrap()
}

fn small() -> Picture {
    Picture::new().size(400, 300).scale(1.0)
}

fn opaque() -> ScatterMap {
    ScatterMap::new().opacity(1.0).point_size(20.0)
}

#[test]
fn points_have_their_color_at_their_place() {
    let points = rows(&[[0.0, 0.0], [1.0, 1.0]]);
    let figure = opaque().figure(points.view(), &["a", "b"], Some(&[Some("x"), Some("y")]), None).unwrap();
    let seen = Seen::new(&small(), &figure);
    assert_eq!((seen.0.width(), seen.0.height()), (400, 300));
    // Both units are equally long; the map is in the middle of what the legend leaves, 0 below 1.
    let legend_starts = 300;
    let column = |like| {
        (0..legend_starts)
            .flat_map(|x| (0..300).map(move |y| (x, y)))
            .filter(|&(x, y)| near(seen.at(x, y), like))
            .collect::<Vec<_>>()
    };
    let (green, red) = (column(GREEN), column(RED));
    let middle = |all: &[(u32, u32)]| {
        let n = all.len() as f64;
        (all.iter().map(|p| f64::from(p.0)).sum::<f64>() / n, all.iter().map(|p| f64::from(p.1)).sum::<f64>() / n)
    };
    // Disks of 20 pixels, less their borders.
    for all in [&green, &red] {
        assert!((240..330).contains(&all.len()), "{}", all.len());
    }
    let ((gx, gy), (rx, ry)) = (middle(&green), middle(&red));
    assert!(gx < rx && gy > ry, "{gx} {gy} {rx} {ry}");
    assert!(((rx - gx) - (gy - ry)).abs() < 1.0, "one unit is as long in both directions");
    assert_eq!(seen.at(0, 0), WHITE);
    // Twice the pixels, at twice the places.
    let twice = Seen::new(&small().scale(2.0), &figure);
    assert_eq!(twice.0.width(), 800);
    assert!(near(twice.at((gx * 2.0) as u32, (gy * 2.0) as u32), GREEN));
}

#[test]
fn the_legend_is_in_order_and_apart_from_the_map() {
    let n = 40;
    let rng = CounterRng::new(1, "picture");
    let points = Matrix::from_vec(n, 2, (0..2 * n).map(|i| rng.at(0, i as u64).normal(0)).collect()).unwrap();
    let ids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
    let labels: Vec<Option<String>> = (0..n).map(|i| Some(format!("a rather long name of label {}", i % 2))).collect();
    let bare = opaque().figure(points.view(), &ids, None, None).unwrap();
    let figure = opaque().figure(points.view(), &ids, Some(&labels), None).unwrap();
    let seen = Seen::new(&small(), &figure);
    // A column without anything is between them: the legend is in the right half.
    let empty = |x: u32| (0..300).all(|y| seen.at(x, y) == WHITE);
    let gap = (200..390).find(|&x| empty(x)).expect("a gap before the legend");
    let legend = |like| {
        (gap..400)
            .flat_map(|x| (0..300).map(move |y| (x, y)))
            .filter(|&(x, y)| near(seen.at(x, y), like))
            .map(|p| p.1)
            .min()
    };
    let (first, second) = (legend(GREEN).unwrap(), legend(RED).unwrap());
    assert_eq!(second - first, 19);
    // One group of points needs no legend: the map takes its place.
    let bounds = Seen::new(&small(), &bare).bounds([148, 163, 184]).unwrap();
    assert!(bounds[2] > 330 || bounds[3] - bounds[1] > 200, "{bounds:?}");
}

#[test]
fn many_labels_are_cut_off_with_their_number() {
    let n = 300;
    let ids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
    let labels: Vec<Option<String>> = ids.iter().map(|i| Some(format!("label number {i}"))).collect();
    let points = Matrix::from_vec(n, 2, (0..2 * n).map(|i| (i % 7) as f32).collect()).unwrap();
    let map = ScatterMap::new().max_labels(300);
    let twice: Vec<Option<String>> = labels.iter().cycle().take(n).cloned().collect();
    let figure = map.figure(points.view(), &ids, Some(&twice), None).unwrap();
    let seen = Seen::new(&small(), &figure);
    let white = |from: u32, to: u32, y: u32| (from..to).all(|x| seen.at(x, y) == WHITE);
    assert!((0..300).any(|y| !white(100, 190, y)), "the map keeps half");
    assert!((0..300).all(|y| white(397, 400, y)), "nothing is cut off at the edge");
    // Lines of the legend down to the last one, which tells how many there are no lines for.
    assert!((250..290).any(|y| !white(210, 400, y)));
}

#[test]
fn numbers_have_a_bar() {
    let points = rows(&[[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
    let map = opaque().color_scale(ColorScale::Bluered).legend_title("score");
    let figure = map.figure_by_value(points.view(), &["a", "b", "c"], &[0.0, 1.0, f32::NAN], None).unwrap();
    let seen = Seen::new(&small(), &figure);
    let (blue, red) = (seen.bounds([0, 0, 255]).unwrap(), seen.bounds([255, 0, 0]).unwrap());
    // The bar is right of both points: blue at its lower end, red at its upper.
    let x = blue[2] - 4;
    let column: Vec<[u8; 3]> = (0..300).map(|y| seen.at(x, y)).collect();
    let top = column.iter().position(|c| near(*c, [255, 0, 0])).unwrap();
    let low = column.iter().rposition(|c| near(*c, [0, 0, 255])).unwrap();
    assert!(low - top > 100, "{top} {low} {blue:?} {red:?}");
    assert!(column[top..low].windows(2).all(|w| w[0][2] <= w[1][2]), "from red to blue");
    assert!(seen.bounds([148, 163, 184]).is_some(), "the point without a value is gray");
}

#[test]
fn nothing_one_point_and_wild_numbers() {
    let empty = ScatterMap::new().figure::<&str>(Matrix::zeros(0, 2).view(), &[], None, None).unwrap();
    assert_eq!(Seen::new(&small(), &empty).others(WHITE), 0);
    let dark = Seen::new(&small().theme(Theme::Dark), &empty);
    assert_eq!(dark.at(5, 5), [0x0b, 0x12, 0x20]);
    for at in [0.0, 1e30, -3e38] {
        for cols in 1..4 {
            let points = Matrix::from_vec(1, cols, vec![at; cols]).unwrap();
            let map = opaque().density(Density::new()).label_names(true);
            let figure = map.figure(points.view(), &["a"], Some(&[Some("x")]), None).unwrap();
            let seen = Seen::new(&small(), &figure);
            assert!(seen.bounds(GREEN).is_some(), "{at} {cols}");
        }
    }
    for text in
        [r#"{}"#, r#"{"data":[{"type":"scatter"}]}"#, r#"{"data":[{"type":"scatter","x":[1,null],"y":["a","b"]}]}"#]
    {
        Picture::new().png(&Figure::from_json(text).unwrap()).unwrap();
    }
    let tiny = opaque().figure(rows(&[[0.0, 1.0]]).view(), &["a"], Some(&[Some("a long name")]), None).unwrap();
    for (w, h) in [(1, 1), (3, 200), (200, 3), (40, 30)] {
        assert!(Picture::new().size(w, h).png(&tiny).is_ok(), "{w} {h}");
    }
}

#[test]
fn maps_stand_side_by_side_and_in_space() {
    let (plane, space) = (rows(&[[0.0, 0.0], [1.0, 1.0]]), rows(&[[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]));
    let maps = [("PCA", plane.view()), ("3-D", space.view())];
    let labels = [Some("x"), Some("y")];
    let figure = opaque().title("Two").side_by_side(&maps, &["a", "b"], Some(&labels), None).unwrap();
    let seen = Seen::new(&small().size(800, 400), &figure);
    let count = |from: u32, to: u32, like| {
        (from..to).flat_map(|x| (0..400).map(move |y| (x, y))).filter(|&(x, y)| near(seen.at(x, y), like)).count()
    };
    for like in [GREEN, RED] {
        assert!(count(0, 365, like) > 100 && count(365, 725, like) > 100, "{like:?}");
    }
    // The title.
    assert!((300..500).any(|x| (0..56).any(|y| seen.at(x, y) != WHITE)));
}

#[test]
fn very_many_points_are_shaded() {
    let n = 20_000;
    let rng = CounterRng::new(2, "picture");
    let place = |i: usize| {
        let draw = rng.at(0, i as u64);
        [draw.normal(0), draw.normal(1)]
    };
    let points = Matrix::from_rows((0..n).map(place)).unwrap();
    let ids = vec![""; n];
    let labels: Vec<Option<&str>> = (0..n).map(|_| Some("x")).collect();
    let figure = ScatterMap::new().figure(points.view(), &ids, Some(&labels), None).unwrap();
    let shaded = Seen::new(&small().shade_above(1000), &figure);
    let alone = Seen::new(&small(), &figure);
    // The middle is full in both; shades fade toward the edge, where points are whole.
    let full = |s: &Seen| s.bounds(GREEN).unwrap();
    let (a, b) = (full(&shaded), full(&alone));
    assert!(a[2] <= 400 && b[2] <= 400);
    assert!(shaded.others(WHITE) < alone.others(WHITE));
    let greens = |s: &Seen| {
        (0..300).flat_map(|y| (0..300).map(move |x| (x, y))).filter(|&(x, y)| near(s.at(x, y), GREEN)).count()
    };
    assert!(greens(&shaded) > 100 && greens(&shaded) < greens(&alone) / 2, "{} {}", greens(&shaded), greens(&alone));
}

#[test]
fn all_that_maps_offer_is_drawn_and_the_same_twice() {
    let n = 60;
    let rng = CounterRng::new(3, "picture");
    let points = Matrix::from_vec(n, 2, (0..2 * n).map(|i| rng.at(0, i as u64).normal(0)).collect()).unwrap();
    let ids: Vec<String> = (0..n).map(|i| format!("{i}")).collect();
    let labels: Vec<Option<String>> = (0..n).map(|i| (i % 4 > 0).then(|| format!("日本 <{}> 😀", i % 4))).collect();
    let map = ScatterMap::new()
        .title("Ünïcödé & 日本語")
        .axis_titles(true)
        .symbols(Column::categories("kind", (0..n).map(|i| Some(format!("k{}", i % 8)))))
        .sizes(Column::numbers("votes", (0..n).map(|i| i as f32)))
        .density(Density::new())
        .lines([(0, 1), (1, 2)])
        .point_texts([(3, "three")])
        .label_names(true);
    let figure = map.figure(points.view(), &ids, Some(&labels), None).unwrap();
    let png = small().png(&figure).unwrap();
    assert_eq!(png, small().png(&figure).unwrap());
    let plain = ScatterMap::new().figure(points.view(), &ids, Some(&labels), None).unwrap();
    assert_ne!(png, small().png(&plain).unwrap());
    let mut written = Vec::new();
    small().write(&figure, &mut written).unwrap();
    assert_eq!(written, png);
    assert_eq!(figure.to_png(400, 300, 1.0).unwrap(), png);
    // As plotly.py writes them.
    let golden: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(include_str!("golden/plotly_py.json")).unwrap();
    for (name, figure) in &golden {
        let figure = Figure::from_json(&figure.to_string()).unwrap();
        assert!(Seen::new(&small(), &figure).others(WHITE) > 100, "{name}");
    }
}

#[test]
fn sizes_are_checked() {
    let figure = ScatterMap::new().figure::<&str>(Matrix::zeros(0, 2).view(), &[], None, None).unwrap();
    for (picture, param) in [
        (Picture::new().size(0, 10), "size"),
        (Picture::new().size(20_000, 10), "size"),
        (Picture::new().scale(0.0), "scale"),
        (Picture::new().scale(f64::NAN), "scale"),
        (Picture::new().scale(1e9), "size"),
    ] {
        let e = picture.png(&figure).unwrap_err();
        assert!(matches!(e, Error::Param { param: p, .. } if p == param), "{e}");
    }
}
