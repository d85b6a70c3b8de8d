//! Maps of points as Plotly figures and HTML pages.
//!
//! * [`ScatterMap`]: the parameters of a map; from coordinates, ids, labels and texts to a [`Figure`], of several maps side
//!   by side if wanted.
//! * [`Figure`]: typed Plotly, to and from JSON. The schema of plotly.js 3, as far as maps need it, is in [`spec`].
//! * [`Page`]: one HTML file with one or more figures, in which points can be selected, listed and saved.
//! * [`Column`]: what is known of each point besides its place.
//! * [`Palette`]: the colors; [`Theme`]: light and dark.
//!
//! ```
//! use planisphere_core::Matrix;
//! use planisphere_viz_spec::{Page, PlotlyJs, ScatterMap};
//!
//! let points = Matrix::from_rows([[0.0, 0.1], [0.9, 1.0], [1.0, 0.9]])?;
//! let ids = ["t1", "t2", "t3"];
//! let labels = [Some("sports"), Some("politics"), Some("politics")];
//! let texts = ["They won 3:1.", "The vote is on Sunday.", "A <new> minister"];
//!
//! let figure = ScatterMap::new().figure(points.view(), &ids, Some(&labels), Some(&texts))?;
//! let json = figure.to_json()?;
//! assert!(json.contains(r#""dtype":"f4""#));
//!
//! let mut html = Vec::new();
//! Page::new().title("Headlines").plotly_js(PlotlyJs::Path("plotly.min.js".into())).figure("UMAP", figure).write(&mut html)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! * `offline` (off by default): `PlotlyJs::Embedded`, which puts plotly.js 3.0.1 into the page, so that it works
//!   without network. The script comes from the `plotly` package.
//! * `image` (off by default): `Picture` and `Figure::to_png`, which draw figures without a browser. The letters come from
//!   the `epaint_default_fonts` package (Ubuntu Light and Noto Emoji, about 0.8 MB), under the Ubuntu font licence and the SIL
//!   open font license.
//!
//! # Guarantees
//! The same input gives the same bytes. Labels, ids and texts are shown as written: none of it is taken for HTML,
//! Plotly's markup, template or TeX. Nothing panics on any input.
//!
//! # Limits
//! A browser draws up to some hundred thousand points well; of more, a page draws a part. Lasso and box select in the plane
//! only; in space, clicks do.

mod column;
mod error;
#[cfg(feature = "image")]
mod image;
mod map;
mod natural;
mod page;
mod palette;
pub mod spec;
mod text;
mod theme;

pub use column::{Column, Values};
pub use error::{Error, Result};
#[cfg(feature = "image")]
pub use image::Picture;
pub use map::{Density, ScatterMap};
pub use page::{PLOTLY_VERSION, Page, PlotlyJs};
pub use palette::{OTHER, PALETTE, Palette, UNLABELED};
pub use spec::Figure;
pub use text::escape;
pub use theme::Theme;
