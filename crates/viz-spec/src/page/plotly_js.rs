//! Where a page takes plotly.js from.

use crate::error::Result;
use crate::text;
use std::io::Write;

/// The version of plotly.js that [`PlotlyJs::Cdn`] names and `PlotlyJs::Embedded` carries, and for which the figures
/// are made. Any later 3.x reads them as well.
pub const PLOTLY_VERSION: &str = "3.0.1";

/// Where a page takes plotly.js from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlotlyJs {
    /// From the page itself: it is 4.7 MB larger, makes no request and works without network. Needs the feature
    /// `offline`.
    #[cfg(feature = "offline")]
    Embedded,
    /// From Plotly's content network, by a `<script>` element that names [`PLOTLY_VERSION`].
    Cdn,
    /// From this text, which is written into the page.
    Inline(String),
    /// From this address: absolute, or relative to the page.
    Path(String),
}

impl Default for PlotlyJs {
    /// `Embedded` where the feature `offline` is on, [`PlotlyJs::Cdn`] otherwise.
    #[cfg(feature = "offline")]
    fn default() -> Self {
        Self::Embedded
    }

    /// `Embedded` where the feature `offline` is on, [`PlotlyJs::Cdn`] otherwise.
    #[cfg(not(feature = "offline"))]
    fn default() -> Self {
        Self::Cdn
    }
}

impl PlotlyJs {
    /// plotly.js itself, [`PLOTLY_VERSION`], as `Embedded` writes it into a page: for programs that serve it on their
    /// own.
    ///
    /// # Errors
    /// [`Error::NoPlotlyJs`](crate::Error::NoPlotlyJs) for an unexpected `plotly` package.
    #[cfg(feature = "offline")]
    pub fn embedded_source() -> Result<String> {
        embedded()
    }

    /// Writes the `<script>` element.
    pub(super) fn write(&self, out: &mut impl Write) -> Result<()> {
        match self {
            #[cfg(feature = "offline")]
            Self::Embedded => inline(out, &embedded()?),
            Self::Cdn => external(out, &format!("https://cdn.plot.ly/plotly-{PLOTLY_VERSION}.min.js")),
            Self::Inline(js) => inline(out, js),
            Self::Path(url) => external(out, url),
        }
    }

    /// The sources of scripts that the page's security policy allows; `None` if they cannot be told beforehand.
    pub(super) fn sources(&self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "offline")]
            Self::Embedded => Some(""),
            Self::Cdn => Some(" https://cdn.plot.ly"),
            Self::Inline(_) => Some(""),
            // Relative addresses of a page opened from a file have no origin that a policy could name.
            Self::Path(_) => None,
        }
    }
}

fn external(out: &mut impl Write, url: &str) -> Result<()> {
    Ok(writeln!(out, "<script charset=\"utf-8\" src=\"{}\"></script>", text::html(url))?)
}

/// Inside a script element only these two openings matter to HTML; in JavaScript both can only stand in strings,
/// patterns and comments, where the backslash changes nothing.
fn inline(out: &mut impl Write, js: &str) -> Result<()> {
    out.write_all(b"<script>")?;
    let mut rest = js;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        out.write_all(before.as_bytes())?;
        let end_tag = from.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("</script"));
        out.write_all(if end_tag || from.starts_with("<!--") { b"<\\" } else { b"<" })?;
        rest = &from[1..];
    }
    out.write_all(rest.as_bytes())?;
    Ok(out.write_all(b"</script>\n")?)
}

/// plotly.js out of the `plotly` package, which hands it out as a script element, followed by one with MathJax, which
/// maps have no use for.
#[cfg(feature = "offline")]
fn embedded() -> Result<String> {
    let mut elements = plotly::Plot::offline_js_sources();
    let missing = || crate::Error::NoPlotlyJs { version: PLOTLY_VERSION };
    let marker = elements.find(&format!("plotly.js v{PLOTLY_VERSION}")).ok_or_else(missing)?;
    let start = elements[..marker].rfind("<script").ok_or_else(missing)?;
    let start = start + elements[start..marker].find('>').ok_or_else(missing)? + 1;
    let end = marker + elements[marker..].find("</script>").ok_or_else(missing)?;
    elements.truncate(end);
    elements.drain(..start);
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(js: PlotlyJs) -> String {
        let mut out = Vec::new();
        js.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn scripts_cannot_end_early() {
        let js = "a=\"</script><!-- </SCRIPT\"; b = 1 < 2; c = '<é'; '<'";
        let want = "<script>a=\"<\\/script><\\!-- <\\/SCRIPT\"; b = 1 < 2; c = '<é'; '<'</script>\n";
        assert_eq!(written(PlotlyJs::Inline(js.to_owned())), want);
    }

    #[test]
    fn addresses_are_escaped() {
        let got = written(PlotlyJs::Path("a\"b&c.js".to_owned()));
        assert_eq!(got, "<script charset=\"utf-8\" src=\"a&quot;b&amp;c.js\"></script>\n");
        assert!(written(PlotlyJs::Cdn).contains("/plotly-3.0.1.min.js\""));
    }

    #[cfg(feature = "offline")]
    #[test]
    fn the_package_carries_plotly_and_only_that_is_taken() {
        let js = PlotlyJs::embedded_source().unwrap();
        assert!(js.starts_with("/**\n* plotly.js v3.0.1"), "{}", &js[..60]);
        assert!((4_000_000..5_500_000).contains(&js.len()), "{}", js.len());
        assert!(!js.contains("<script") && !js.contains("</script"));
    }
}
