//! HTML pages.

mod embed;
mod json;
mod packed;
mod plotly_js;
mod table;
mod views;

pub use plotly_js::{PLOTLY_VERSION, PlotlyJs};

use crate::column::Column;
use crate::error::Result;
use crate::spec::Figure;
use crate::text;
use planisphere_core::KnnGraph;
use std::io::Write;

const STYLE: &str = include_str!("page.css");
const BODY: &str = include_str!("page.html");
/// One function, of parts that are an idea each.
const SCRIPT: &str = concat!(
    "(() => {\n  \"use strict\";\n",
    include_str!("data.js"),
    include_str!("colors.js"),
    include_str!("grid.js"),
    include_str!("arrange.js"),
    include_str!("view.js"),
    include_str!("overlay.js"),
    include_str!("panel.js"),
    include_str!("card.js"),
    include_str!("save.js"),
    include_str!("page.js"),
    include_str!("keys.js"),
    "})();\n"
);

/// Parameters of an HTML page with one or more maps.
///
/// The page is one file. Dragging around points of a plane map (lasso, or box by its button) selects them, with Shift in
/// addition to those that are, with Alt it takes them away. Clicking a point opens its card: its id, label, values and text,
/// and its nearest neighbors ([`Page::neighbors`]), which the maps show as lines and which a click leads on to. A search box
/// selects the points whose id, label or text holds some words. A menu colors the points by any of the [`Page::columns`]: by
/// name with a legend, in which a click hides a group and a double click shows it alone, or by number with a scale. A panel
/// tells how many are selected, how many of each group, lists them with id, label and preview, copies their ids and saves
/// them as `selection.json` in the form that the annotation queue takes:
/// `{"selections":[{"instance_ids":["…"],"priority":1}]}`, or as a table, `map.csv`. Maps are saved as PNG and SVG. All of it
/// can be reached by keyboard. The page follows the viewer's light or dark setting, until its own switch is used.
///
/// `map.csv` is of RFC 4180. Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, which could be
/// a stranger's; so in ids, labels and names, such a cell begins with an apostrophe. Numbers stay as they are. Programs that
/// need each id to the letter take the JSON.
///
/// Of more points than a browser draws smoothly, a part is drawn: fewer where they lie dense, all that are selected, and
/// all that are in sight when few enough are. Counts, search and selections are of all points.
///
/// A figure of several maps ([`ScatterMap::side_by_side`](crate::ScatterMap::side_by_side)) shows them all at once, side
/// by side where the window is wide enough: what is selected, hidden, or under the pointer in one map is so in all.
/// Several figures are shown one at a time, with a button for each. They are taken as views of the same rows, too: a
/// selection made in one of them shows in the others.
///
/// The same figures give the same bytes. Titles, labels, ids and previews are shown as written, whatever they contain.
///
/// ```
/// use planisphere_core::Matrix;
/// use planisphere_viz_spec::{Page, PlotlyJs, ScatterMap};
///
/// let points = Matrix::from_rows([[0.0, 0.5], [1.0, 0.0]])?;
/// let figure = ScatterMap::new().figure(points.view(), &["a", "b"], None, None)?;
/// let html = Page::new().title("Two points").plotly_js(PlotlyJs::Cdn).figure("PCA", figure).to_html()?;
/// assert!(html.starts_with("<!DOCTYPE html>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    title: Option<String>,
    plotly_js: PlotlyJs,
    figures: Vec<Named>,
    columns: Vec<Column>,
    texts: Option<Vec<String>>,
    neighbors: Option<KnnGraph>,
    max_neighbors: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            title: None,
            plotly_js: PlotlyJs::default(),
            figures: Vec::new(),
            columns: Vec::new(),
            texts: None,
            neighbors: None,
            max_neighbors: 15,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Named {
    name: String,
    figure: Figure,
}

impl Page {
    /// A page without figures.
    pub fn new() -> Self {
        Self::default()
    }

    /// Heading of the page and of its window. "Map" by default.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Where the page takes plotly.js from. See [`PlotlyJs`] for the default.
    #[must_use]
    pub fn plotly_js(mut self, source: PlotlyJs) -> Self {
        self.plotly_js = source;
        self
    }

    /// Adds a figure. Its name is what its button says; a page with one figure needs no button and shows no name.
    #[must_use]
    pub fn figure(mut self, name: impl Into<String>, figure: Figure) -> Self {
        self.figures.push(Named { name: name.into(), figure });
        self
    }

    /// What is known of each point: what the page can color by, tells in the card of a point, and writes into `map.csv`.
    ///
    /// Each column has a value for each row of the points. None by default.
    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.columns = columns.into_iter().collect();
        self
    }

    /// The whole text of each row of the points, for the card and the search. By default there are only the previews of the
    /// figures, of which these take the place. The page grows by as much as they are long.
    #[must_use]
    pub fn texts<S: Into<String>>(mut self, texts: impl IntoIterator<Item = S>) -> Self {
        self.texts = Some(texts.into_iter().map(Into::into).collect());
        self
    }

    /// The nearest neighbors of each row in the data that was mapped, which the card of a point shows. None by default.
    ///
    /// Fifteen of them take 71 bytes a point up to 65,535 points, 91 from there on. Distances of the nearest and the
    /// farthest are kept, those between are rounded to 1/255 of the way from the one to the other.
    #[must_use]
    pub fn neighbors(mut self, graph: &KnnGraph) -> Self {
        self.neighbors = Some(graph.clone());
        self
    }

    /// How many neighbors of a point the page holds, at most. 15 by default.
    #[must_use]
    pub fn max_neighbors(mut self, max: usize) -> Self {
        self.max_neighbors = max;
        self
    }

    /// Writes the page.
    ///
    /// Many small writes are made: give a [`std::io::BufWriter`] for files.
    ///
    /// # Errors
    /// [`Error::Length`](crate::Error::Length) if a column, the texts or the neighbors are of another number of rows than the
    /// figures, [`Error::Io`](crate::Error::Io) if `out` fails, [`Error::Json`](crate::Error::Json) if a figure holds what JSON
    /// cannot write, and [`Error::NoPlotlyJs`](crate::Error::NoPlotlyJs) for an unexpected `plotly` package.
    pub fn write(&self, mut out: impl Write) -> Result<()> {
        let data = embed::Embedded::new(self)?;
        let title = text::html(self.title.as_deref().unwrap_or("Map"));
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n"
        )?;
        if let Some(sources) = self.plotly_js.sources() {
            // The page needs nothing from anywhere, so nothing may be asked for. WebGL maps compile their drawing
            // functions, hence 'unsafe-eval'.
            writeln!(
                out,
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' \
                 'unsafe-eval'{sources}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; \
                 form-action 'none'\">"
            )?;
        }
        write!(out, "<style>\n{STYLE}</style>\n</head>\n<body>\n{}", BODY.replace("{{title}}", &title))?;
        out.write_all(b"<script type=\"application/json\" id=\"data\">")?;
        json::write(&mut out, &data)?;
        out.write_all(b"</script>\n")?;
        self.plotly_js.write(&mut out)?;
        write!(out, "<script>\n{SCRIPT}</script>\n</body>\n</html>\n")?;
        Ok(out.flush()?)
    }

    /// The page as text.
    ///
    /// # Errors
    /// As [`Page::write`], except for output errors.
    pub fn to_html(&self) -> Result<String> {
        let mut out = Vec::new();
        self.write(&mut out)?;
        Ok(String::from_utf8(out).expect("only whole strings were written"))
    }
}

#[cfg(test)]
mod tests;
