//! Axes of the plane and of space.

use super::{Array, DragMode, Font, Title, object, words};

words! {
    /// How an axis gives way to keep the aspect ratio.
    Constrain {
        /// By showing more of its range.
        Range = "range",
        /// By taking less of the page.
        Domain = "domain",
    }
}

words! {
    /// Proportions of a 3-D scene.
    AspectMode {
        /// One unit is equally long on all axes.
        Data = "data",
        /// All axes are equally long.
        Cube = "cube",
        /// `Data`, unless one axis is much longer than the others; then `Cube`.
        Auto = "auto",
    }
}

object! {
    /// A horizontal or vertical axis.
    Axis {
        /// Whether anything of the axis is drawn.
        visible: bool,
        /// Heading.
        title: Title,
        /// Whether there are grid lines.
        showgrid: bool,
        /// Whether there is a line at 0.
        zeroline: bool,
        /// Whether ticks have numbers.
        showticklabels: bool,
        /// The axis whose scale this one follows, for example `x`.
        scaleanchor: String,
        /// The axis across, at whose place this one stands, for example `y2`.
        anchor: String,
        /// The part of the figure's width or height that the axis takes, from 0 (left, bottom) to 1.
        domain: [f64; 2],
        /// Length of a unit here for one unit there; 1 where absent.
        scaleratio: f64,
        /// How the axis gives way for `scaleanchor`.
        constrain: Constrain,
        /// Lowest and highest value shown.
        range: [f64; 2],
        /// What the values are; guessed from them where absent.
        r#type: AxisType,
        /// Color of everything about the axis.
        color: String,
        /// Color of the grid lines.
        gridcolor: String,
        /// Whether there is a line along the axis.
        showline: bool,
        /// Its color.
        linecolor: String,
        /// Color of the line at 0.
        zerolinecolor: String,
        /// Font of the numbers.
        tickfont: Font,
        /// Values with a tick.
        tickvals: Array,
        /// What stands at them.
        ticktext: Array,
        /// The axis whose range this one shares, for example `x`.
        matches: String,
        /// Whether users cannot zoom.
        fixedrange: bool,
    }
}

words! {
    /// What the values along an axis are.
    AxisType {
        /// By the values.
        Auto = "-",
        /// Numbers.
        Linear = "linear",
        /// Numbers, by their logarithm.
        Log = "log",
        /// Times.
        Date = "date",
        /// Names.
        Category = "category",
    }
}

object! {
    /// A 3-D scene.
    Scene {
        /// First axis.
        xaxis: SceneAxis,
        /// Second axis.
        yaxis: SceneAxis,
        /// Third axis.
        zaxis: SceneAxis,
        /// Proportions.
        aspectmode: AspectMode,
        /// What dragging does.
        dragmode: DragMode,
        /// Background color.
        bgcolor: String,
        /// The part of the figure that the scene takes.
        domain: Domain,
        /// From where one looks.
        camera: Camera,
    }
}

object! {
    /// From where one looks at a scene whose sides are about 1 long, around 0.
    Camera {
        /// The eye; x, y and z 1.25 where absent.
        eye: Xyz,
        /// What it looks at; the middle where absent.
        center: Xyz,
        /// What is up; z where absent.
        up: Xyz,
    }
}

object! {
    /// A place in a scene.
    Xyz {
        /// First coordinate.
        x: f64,
        /// Second coordinate.
        y: f64,
        /// Third coordinate.
        z: f64,
    }
}

object! {
    /// A rectangle in the figure, from 0 (left, bottom) to 1.
    Domain {
        /// Left and right side.
        x: [f64; 2],
        /// Lower and upper side.
        y: [f64; 2],
    }
}

object! {
    /// An axis of a 3-D scene.
    SceneAxis {
        /// Whether anything of the axis is drawn.
        visible: bool,
        /// Heading.
        title: Title,
        /// Whether there are grid lines.
        showgrid: bool,
        /// Color of the grid lines.
        gridcolor: String,
        /// Whether there is a line at 0.
        zeroline: bool,
        /// Whether ticks have numbers.
        showticklabels: bool,
        /// Whether the wall behind the axis is filled.
        showbackground: bool,
        /// Whether hovering draws lines to the walls.
        showspikes: bool,
        /// Lowest and highest value shown.
        range: [f64; 2],
        /// What the values are.
        r#type: AxisType,
    }
}
