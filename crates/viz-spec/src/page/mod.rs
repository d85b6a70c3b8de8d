//! HTML pages.

mod json;
mod plotly_js;
mod shared;

pub use plotly_js::{PLOTLY_VERSION, PlotlyJs};

use crate::error::Result;
use crate::spec::Figure;
use crate::text;
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write;

const STYLE: &str = include_str!("page.css");
const BODY: &str = include_str!("page.html");
/// One function, of parts that are an idea each.
const SCRIPT: &str = concat!(
    "(() => {\n  \"use strict\";\n",
    include_str!("data.js"),
    include_str!("arrange.js"),
    include_str!("view.js"),
    include_str!("panel.js"),
    include_str!("page.js"),
    "})();\n"
);

/// Parameters of an HTML page with one or more maps.
///
/// The page is one file. Dragging around points of a plane map (lasso, or box by its button) selects them, with Shift in
/// addition to those that are, with Alt it takes them away; clicking selects single points. A search box selects the
/// points whose id, label or preview holds some words. A panel tells how many are selected, how many of each label, lists
/// them with id, label and preview, copies their ids and saves them as `selection.json` in the form that the annotation queue
/// takes: `{"selections":[{"instance_ids":["…"],"priority":1}]}`. It follows the viewer's light or dark setting.
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    title: Option<String>,
    plotly_js: PlotlyJs,
    figures: Vec<Named>,
}

#[derive(Clone, Debug, PartialEq)]
struct Named {
    name: String,
    figure: Figure,
}

/// A figure as the page holds it.
#[derive(Serialize)]
struct Once<'a> {
    name: &'a str,
    figure: Cow<'a, Figure>,
}

impl Named {
    fn once(&self) -> Once<'_> {
        Once { name: &self.name, figure: shared::once(&self.figure) }
    }
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

    /// Writes the page.
    ///
    /// Many small writes are made: give a [`std::io::BufWriter`] for files.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if `out` fails, [`Error::Json`](crate::Error::Json) if a figure holds what JSON
    /// cannot write, and [`Error::NoPlotlyJs`](crate::Error::NoPlotlyJs) for an unexpected `plotly` package.
    pub fn write(&self, mut out: impl Write) -> Result<()> {
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
        out.write_all(b"<script type=\"application/json\" id=\"figures\">")?;
        let figures: Vec<Once<'_>> = self.figures.iter().map(Named::once).collect();
        json::write(&mut out, &figures)?;
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
mod tests {
    use super::*;
    use crate::ScatterMap;
    use planisphere_core::Matrix;

    const HOSTILE: &str = "</script><script>alert(1)</script><!-- \u{2028} \"'&<b>%{x}";

    fn page() -> Page {
        let points = Matrix::from_vec(2, 2, vec![0.0, 1.0, 2.0, 3.0]).unwrap();
        let labels = [Some(HOSTILE), None];
        let map = ScatterMap::new().title(HOSTILE);
        let figure = map.figure(points.view(), &[HOSTILE, "b"], Some(&labels), Some(&[HOSTILE, ""])).unwrap();
        Page::new().title(HOSTILE).plotly_js(PlotlyJs::Inline("/* plotly */".to_owned())).figure(HOSTILE, figure)
    }

    #[test]
    fn strangers_cannot_write_html() {
        let html = page().to_html().unwrap();
        // Three script elements are ours: data, plotly.js, page.
        assert_eq!(html.matches("<script").count(), 3);
        assert_eq!(html.matches("</script>").count(), 3);
        assert!(!html.contains("alert(1)<") && !html.contains("<!--"));
        let scripts = &html[html.find("<script").unwrap()..];
        assert!(!scripts.contains('\u{2028}'));
    }

    #[test]
    fn figures_can_be_read_out_of_the_page() {
        let page = page();
        let html = page.to_html().unwrap();
        let start = html.find("id=\"figures\">").unwrap() + "id=\"figures\">".len();
        let json = &html[start..start + html[start..].find("</script>").unwrap()];
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(value[0]["name"], HOSTILE);
        assert_eq!(Figure::from_json(&value[0]["figure"].to_string()).unwrap(), page.figures[0].figure);
    }

    #[test]
    fn several_maps_share_their_texts() {
        let points = Matrix::from_vec(2, 2, vec![0.0, 1.0, 2.0, 3.0]).unwrap();
        let maps = [("a", points.view()), ("b", points.view())];
        let texts = ["a text of the first", "a text of the second"];
        let figure = ScatterMap::new().side_by_side(&maps, &["i", "j"], None, Some(&texts)).unwrap();
        assert_eq!(figure.to_json().unwrap().matches(texts[1]).count(), 2);
        let page = Page::new().plotly_js(PlotlyJs::Inline(String::new())).figure("", figure);
        assert_eq!(page.to_html().unwrap().matches(texts[1]).count(), 1);
    }

    #[test]
    fn same_input_same_bytes_and_no_addresses() {
        let html = page().to_html().unwrap();
        assert_eq!(html, page().to_html().unwrap());
        let outside = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http:") && !outside.contains("https:"), "a page may not ask for anything");
    }

    #[test]
    fn failing_writers_are_io_errors() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        assert!(matches!(page().write(Full), Err(crate::Error::Io(_))));
        let figure = page().figures[0].figure.clone();
        assert!(matches!(figure.write_json(Full), Err(crate::Error::Io(_))));
    }
}
