//! Lines of equal height.

use super::{AnyMeta, Array, ColorBar, CustomData, Font, Line, Scale, Visible, object, words};

words! {
    /// What of a contour plot is colored.
    ContourColoring {
        /// The areas between lines.
        Fill = "fill",
        /// Every cell of the grid.
        Heatmap = "heatmap",
        /// The lines.
        Lines = "lines",
        /// Nothing: all lines have one color.
        None = "none",
    }
}

object! {
    /// The heights at which lines are drawn.
    Contours {
        /// The lowest.
        start: f64,
        /// The highest.
        end: f64,
        /// From one to the next.
        size: f64,
        /// What is colored.
        coloring: ContourColoring,
        /// Whether the lines themselves are drawn where areas are filled.
        showlines: bool,
        /// Whether lines have their height written on them.
        showlabels: bool,
        /// Font of the heights.
        labelfont: Font,
    }
}

object! {
    /// A grid of numbers, drawn as lines of equal height or filled areas between them, of `Trace::Contour`.
    Contour {
        /// What the legend calls the trace, in Plotly's markup.
        name: String,
        /// Traces of one group have one entry in the legend.
        legendgroup: String,
        /// Place in the legend: lower is higher up; 1000 where absent.
        legendrank: f64,
        /// Whether the legend has an entry.
        showlegend: bool,
        /// Whether the trace is drawn.
        visible: Visible,
        /// The numbers, row by row from the lowest `y`.
        z: Array,
        /// Horizontal coordinates of the columns.
        x: Array,
        /// Vertical coordinates of the rows.
        y: Array,
        /// Coordinate of the first column, where `x` is absent.
        x0: f64,
        /// From one column to the next.
        dx: f64,
        /// Coordinate of the first row, where `y` is absent.
        y0: f64,
        /// From one row to the next.
        dy: f64,
        /// The horizontal axis: `x` where absent.
        xaxis: String,
        /// The vertical axis: `y` where absent.
        yaxis: String,
        /// Heights of the lines.
        contours: Contours,
        /// Whether the viewer chooses the heights.
        autocontour: bool,
        /// How many heights it may choose.
        ncontours: u32,
        /// Color and width of the lines.
        line: Line,
        /// Color of areas where `contours.coloring` is `none`.
        fillcolor: String,
        /// The color scale.
        colorscale: Scale,
        /// Whether the template's scale is taken.
        autocolorscale: bool,
        /// Whether the scale runs backwards.
        reversescale: bool,
        /// Number at the low end of the scale.
        zmin: f64,
        /// Number in the middle of the scale.
        zmid: f64,
        /// Number at the high end of the scale.
        zmax: f64,
        /// Whether to draw the color bar.
        showscale: bool,
        /// The color bar.
        colorbar: ColorBar,
        /// A scale of the layout that several traces share, for example `coloraxis`.
        coloraxis: String,
        /// Opacity, 0 to 1.
        opacity: f64,
        /// Whether cells without a number are filled from those around them.
        connectgaps: bool,
        /// Whether rows of `z` are columns.
        transpose: bool,
        /// A text for each cell.
        text: Array,
        /// What of a cell its hover box tells; `skip` where it has none.
        hoverinfo: String,
        /// The hover box, in Plotly's template language.
        hovertemplate: String,
        /// What events hand out for each cell.
        customdata: CustomData,
        /// Facts for programs.
        meta: AnyMeta,
    }
}
