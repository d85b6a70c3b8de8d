//! Buttons and lists on a figure that change it.

use super::{Font, XAnchor, YAnchor, object, words};
use serde_json::Value;

words! {
    /// A function of plotly.js.
    Method {
        /// Changes attributes of traces.
        Restyle = "restyle",
        /// Changes the layout.
        Relayout = "relayout",
        /// Plays frames.
        Animate = "animate",
        /// Changes traces and the layout.
        Update = "update",
        /// Nothing.
        Skip = "skip",
    }
}

words! {
    /// How choices are shown.
    MenuType {
        /// A list that opens.
        Dropdown = "dropdown",
        /// Buttons side by side.
        Buttons = "buttons",
    }
}

words! {
    /// Where a list goes.
    Direction {
        /// To the left.
        Left = "left",
        /// To the right.
        Right = "right",
        /// Up.
        Up = "up",
        /// Down.
        Down = "down",
    }
}

object! {
    /// Buttons, or a list of choices, on the figure.
    UpdateMenu {
        /// Whether it is drawn.
        visible: bool,
        /// Buttons or a list.
        r#type: MenuType,
        /// Where the choices go.
        direction: Direction,
        /// Position of the choice that is taken at the start; -1 for none.
        active: i32,
        /// Whether the one taken looks another.
        showactive: bool,
        /// The choices.
        buttons: Vec<Button>,
        /// Horizontal place, 0 (left) to 1 (right) of the plot.
        x: f64,
        /// Which part stands at `x`.
        xanchor: XAnchor,
        /// Vertical place, 0 (bottom) to 1 (top) of the plot.
        y: f64,
        /// Which part stands at `y`.
        yanchor: YAnchor,
        /// Space around it.
        pad: Pad,
        /// Font.
        font: Font,
        /// Background color.
        bgcolor: String,
        /// Border color.
        bordercolor: String,
        /// Border width in pixels.
        borderwidth: f64,
        /// Its name in a template.
        name: String,
    }
}

object! {
    /// A choice: a function of plotly.js and what it is called with.
    Button {
        /// What it is called.
        label: String,
        /// The function.
        method: Method,
        /// With what.
        args: Vec<Value>,
        /// With what when it is pressed again.
        args2: Vec<Value>,
        /// Its name in a template.
        name: String,
        /// Whether it is drawn.
        visible: bool,
        /// Whether pressing it calls the function.
        execute: bool,
    }
}

object! {
    /// Space around something, in pixels.
    Pad {
        /// Left.
        l: f64,
        /// Right.
        r: f64,
        /// Top.
        t: f64,
        /// Bottom.
        b: f64,
    }
}
