//! Writes pages of made-up points for looking at and for `fixtures/page/check.mjs`:
//!
//! ```text
//! cargo run -p planisphere-viz-spec --features offline --example demo_pages -- DIR
//! ```

use planisphere_core::{CounterRng, KnnGraph, Matrix};
use planisphere_viz_spec::{Column, Page, ScatterMap};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Strings that a page must show as they are.
const HOSTILE: [&str; 8] = [
    "</script><script>alert('script')</script>",
    "<img src=x onerror=alert('img')> <b>bold?</b>",
    "\"double\" 'single' `back` \\ %{x} ${y} $\\alpha$",
    "😀 emoji 👩‍👩‍👧‍👦 family",
    "مرحبا بالعالم, right to left",
    "<!-- comment --> &amp; &lt;entity&gt;",
    "line\u{2028}separator\nnewline\ttab",
    "日本語のとても長いテキストで、折り返しを確認します。",
];

struct Items {
    points: Matrix,
    ids: Vec<String>,
    labels: Vec<Option<String>>,
    previews: Vec<String>,
}

/// `groups` clouds of points; the last tenth of each cloud has no label.
fn items(groups: usize, per_group: usize, cols: usize) -> Items {
    let rng = CounterRng::new(7, "demo");
    let topics = ["Gardening", "Football", "Recipes", "Elections", "Astronomy", "Jazz", "Chess", "Trains", "Weather"];
    let mut data = Vec::new();
    let (mut ids, mut labels, mut previews) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..groups * per_group {
        let g = i % groups;
        let center = rng.at(1, g as u64);
        let draws = rng.at(2, i as u64);
        for c in 0..cols as u64 {
            data.push(center.normal(c) * 9.0 + draws.normal(c) * (1.0 + g as f32 % 3.0 * 0.4));
        }
        ids.push(if i < HOSTILE.len() { format!("{} #{i}", HOSTILE[i]) } else { format!("msg-{i:05}") });
        let label = match topics.get(g) {
            Some(topic) => (*topic).to_owned(),
            None => HOSTILE.get(g - topics.len()).map_or(format!("topic {g}"), |h| (*h).to_owned()),
        };
        labels.push((i / groups < per_group * 9 / 10).then_some(label));
        previews.push(format!(
            "Message {i}: {}. {}",
            HOSTILE[i % 8],
            "Some more words to fill the box. ".repeat(i % 9)
        ));
    }
    let points = Matrix::from_vec(groups * per_group, cols, data).expect("the shape fits by construction");
    Items { points, ids, labels, previews }
}

/// The same items at other places: a map that another method could have made.
fn turned(items: &Items, times: u64) -> Matrix {
    let rng = CounterRng::new(times, "turned");
    let place = |(i, row): (usize, &[f32])| {
        let mut row = row.to_vec();
        let last = row.len() - 1;
        for _ in 0..times {
            let (x, y) = (row[0], row[last]);
            (row[0], row[last]) = (0.4 * x - 0.9 * y + x * y * 0.02, 0.9 * x + 0.4 * y);
        }
        row[0] += rng.at(1, i as u64).normal(0);
        row
    };
    Matrix::from_rows((0..items.ids.len()).map(|i| place((i, items.points.row(i)))))
        .expect("the shape is that of the items")
}

/// The `k` nearest neighbors of each point, by brute force.
fn neighbors(points: &Matrix, k: usize) -> Result<KnnGraph, planisphere_core::Error> {
    let n = points.rows();
    let (mut ids, mut dists) = (Vec::new(), Vec::new());
    for i in 0..n {
        let far = |j: usize| points.row(i).iter().zip(points.row(j)).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        let mut all: Vec<(f32, u32)> = (0..n).filter(|&j| j != i).map(|j| (far(j), j as u32)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ids.extend(all[..k].iter().map(|e| e.1));
        dists.extend(all[..k].iter().map(|e| e.0));
    }
    KnnGraph::new(n, k, ids, dists)
}

/// What a page offers beside maps: columns of every kind, whole texts, neighbors.
fn features(items: &Items) -> Result<Page, Box<dyn std::error::Error>> {
    let n = items.ids.len();
    let rng = CounterRng::new(11, "columns");
    let score = |i: usize| if i.is_multiple_of(41) { f32::NAN } else { rng.at(1, i as u64).normal(0) * 3.0 };
    let columns = [
        Column::numbers("score", (0..n).map(score)),
        Column::numbers("stars", (0..n).map(|i| (i * 7 % 5) as f32 + 1.0)),
        Column::categories("author", (0..n).map(|i| (i % 9 != 0).then(|| ["Ann", "Ben", "Cem", "Dee"][i * 13 % 4]))),
        Column::categories("thread", (0..n).map(|i| Some(format!("thread {}", i / 4)))),
    ];
    let texts = items.previews.iter().map(|text| format!("{text}\n\nThat was all."));
    let map = ScatterMap::new().figure(items.points.view(), &items.ids, Some(&items.labels), Some(&items.previews))?;
    Ok(Page::new()
        .title("Cards, colors, tables")
        .figure("Map", map)
        .columns(columns)
        .texts(texts)
        .neighbors(&neighbors(&items.points, 20)?)
        .max_neighbors(12))
}

/// Strings that try to be more than strings, in every place that takes one.
fn hostile() -> Result<Page, Box<dyn std::error::Error>> {
    const HANDLER: &str = "window.pwned=1";
    let mut strings: Vec<String> = HOSTILE.iter().map(|s| s.replace("alert(", "window.pwned=(")).collect();
    strings.extend(
        [
            "<svg/onload=window.pwned=1>",
            "<a href=\"javascript:window.pwned=1\">link</a>",
            "javascript:window.pwned=1",
            "\" onmouseover=\"window.pwned=1\" x=\"",
            "' onfocus='window.pwned=1' autofocus='",
            "</textarea></title></style><iframe srcdoc=\"<script>parent.pwned=1</script>\"></iframe>",
            "&lt;script&gt;window.pwned=1&lt;/script&gt;",
            "${window.pwned=1} {{title}} `+(window.pwned=1)+`",
            "=HYPERLINK(\"https://example.invalid\";\"click\")",
            "+1+cmd|' /C calc'!A0",
            "@SUM(1+1)*cmd",
            "-2+3",
            "\t=1+1",
            "__proto__",
            "constructor",
            "]]> --> */ // \\u003cscript\\u003e \\",
            "nul\0byte and \u{7}bell",
            "\u{202e}override\u{2066}isolate",
            "line\u{2028}paragraph\u{2029}end",
            "<b>%{customdata}</b><br>%{x}<extra></extra>$\\href{javascript:1}{x}$",
        ]
        .map(str::to_owned),
    );
    strings.push("very long <img src=x onerror=window.pwned=1> ".repeat(2300));
    let n = 4 * strings.len();
    let of = |shift: usize| (0..n).map(move |i| (i + shift) % (n / 4)).map(|i| strings[i].clone()).collect::<Vec<_>>();
    let rng = CounterRng::new(5, "hostile");
    let place = |i: usize| [rng.at(1, i as u64).normal(0), rng.at(2, i as u64).normal(0)];
    let points = Matrix::from_rows((0..n).map(place))?;
    let ids: Vec<String> =
        of(0).into_iter().enumerate().map(|(i, s)| if i < n / 4 { s } else { format!("{s} #{i}") }).collect();
    let labels: Vec<Option<String>> = of(3).into_iter().map(Some).collect();
    let texts = of(7);
    let map = ScatterMap::new().title(strings[0].clone()).legend_title(strings[1].clone());
    let maps = [(strings[1].as_str(), points.view()), (strings[9].as_str(), points.view())];
    let figure = map.side_by_side(&maps, &ids, Some(&labels), Some(&texts))?;
    let columns = [
        Column::categories(strings[1].clone(), of(5).into_iter().map(Some)),
        Column::numbers(format!("</option><script>{HANDLER}</script>"), (0..n).map(|i| i as f32)),
        Column::categories("__proto__", of(11).into_iter().map(Some)),
    ];
    Ok(Page::new()
        .title(format!("</title></script><script>{HANDLER}</script><img src=x onerror={HANDLER}>"))
        .figure(strings[0].clone(), figure.clone())
        .figure(strings[9].clone(), figure)
        .columns(columns)
        .texts(texts)
        .neighbors(&neighbors(&points, 5)?))
}

/// More points than a browser draws smoothly, five of them of a rare label.
fn many() -> Result<Page, Box<dyn std::error::Error>> {
    let Items { points, ids, mut labels, .. } = items(10, 25_000, 2);
    for label in &mut labels[100_000..100_005] {
        *label = Some("rare".to_owned());
    }
    let figure = ScatterMap::new().figure(points.view(), &ids, Some(&labels), None)?;
    let column = Column::numbers("first", (0..points.rows()).map(|i| points.row(i)[0]));
    Ok(Page::new().title("250,000 points").figure("Map", figure).columns([column]))
}

/// An animation, and a map.
fn animated(items: &Items) -> Result<Page, Box<dyn std::error::Error>> {
    let other = turned(items, 1);
    let frames = [("as it was", items.points.view()), ("turned", other.view())];
    let map = ScatterMap::new();
    let (labels, texts) = (Some(items.labels.as_slice()), Some(items.previews.as_slice()));
    Ok(Page::new()
        .title("An animation")
        .figure("Play", map.animate(&frames, &items.ids, labels, texts)?)
        .figure("Map", map.figure(items.points.view(), &items.ids, labels, texts)?))
}

fn save(path: PathBuf, page: &Page) -> Result<(), Box<dyn std::error::Error>> {
    page.write(BufWriter::new(File::create(path)?))?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).ok_or("usage: demo_pages DIR")?;
    let dir = Path::new(&dir);
    let map = ScatterMap::new();
    let draw = |i: &Items| map.figure(i.points.view(), &i.ids, Some(&i.labels), Some(&i.previews));

    save(dir.join("hostile.html"), &hostile()?)?;
    save(dir.join("many.html"), &many()?)?;
    let small = items(12, 50, 2);
    save(dir.join("features.html"), &features(&small)?)?;
    save(dir.join("animated.html"), &animated(&small)?)?;
    save(dir.join("small.html"), &Page::new().title("600 messages, 12 topics").figure("UMAP", draw(&small)?))?;
    let large = items(40, 500, 2);
    save(dir.join("large.html"), &Page::new().title("20,000 points").figure("UMAP", draw(&large)?))?;
    let space = items(12, 50, 3);
    save(dir.join("space.html"), &Page::new().title("In space").figure("UMAP", draw(&space)?))?;
    let values: Vec<f32> = (0..600).map(|i| if i % 50 == 0 { f32::NAN } else { small.points.row(i)[0] }).collect();
    let by_value = map.clone().legend_title("score").figure_by_value(
        small.points.view(),
        &small.ids,
        &values,
        Some(&small.previews),
    )?;
    let flat: Vec<f32> = (0..600).map(|i| small.points.row(i)[1]).collect();
    let strip = Matrix::from_vec(600, 1, flat)?;
    let flat_figure = map.figure(strip.view(), &small.ids, Some(&small.labels), Some(&small.previews))?;
    let several = Page::new()
        .title(HOSTILE[0])
        .figure("UMAP", draw(&small)?)
        .figure("By <value>", by_value)
        .figure("3-D", draw(&space)?)
        .figure("1-D", flat_figure);
    save(dir.join("several.html"), &several)?;
    let beside = |i: &Items, names: &[&str]| {
        let maps: Vec<_> = (0..).zip(names).map(|(k, name)| (*name, turned(i, k))).collect();
        let views: Vec<_> = maps.iter().map(|(name, points)| (*name, points.view())).collect();
        map.side_by_side(&views, &i.ids, Some(&i.labels), Some(&i.previews))
    };
    let three = ["PCA", "t-SNE", "UMAP <b>"];
    save(dir.join("three.html"), &Page::new().title("Three maps").figure("", beside(&small, &three)?))?;
    save(dir.join("three_large.html"), &Page::new().title("3 × 20,000 points").figure("", beside(&large, &three)?))?;
    save(dir.join("four.html"), &Page::new().title("Four maps").figure("", beside(&small, &["A", "B", "C", "D"])?))?;
    save(
        dir.join("two_in_space.html"),
        &Page::new().title("Two in space").figure("", beside(&space, &["PCA", "UMAP"])?),
    )?;
    let mixed = [("plane", small.points.view()), ("space", space.points.view()), ("line", strip.view())];
    let mixed = map.clone().legend_title("score").side_by_side_by_value(&mixed, &small.ids, &values, None)?;
    save(dir.join("mixed.html"), &Page::new().title("Plane, space and line, by value").figure("", mixed))?;
    let many = Items { labels: small.ids.iter().cloned().map(Some).collect(), ..small };
    save(dir.join("labels_are_ids.html"), &Page::new().title("Labels = ids").figure("UMAP", draw(&many)?))?;
    Ok(())
}
