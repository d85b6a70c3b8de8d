//! Animations: the pictures of a figure one after the other, and the slider that chooses one.

use super::{Font, Layout, Method, Pad, Trace, XAnchor, YAnchor, object, words};
use serde_json::Value;

object! {
    /// A picture of an animation: what of the traces and the layout is another.
    Frame {
        /// By which sliders and buttons call it.
        name: String,
        /// Frames of one group can be played together.
        group: String,
        /// The frame that this one starts from.
        baseframe: String,
        /// What changes of the traces, in the order of `traces`; attributes that stay the same are absent.
        data: Vec<Trace>,
        /// Positions in the figure's `data` of the traces that change. All of them in order where absent.
        traces: Vec<u32>,
        /// What changes of the layout.
        layout: Layout,
    }
}

object! {
    /// A slider under the figure.
    Slider {
        /// Whether it is drawn.
        visible: bool,
        /// Position of the step that is chosen at the start.
        active: u32,
        /// The choices.
        steps: Vec<Step>,
        /// The text over the slider.
        currentvalue: CurrentValue,
        /// Horizontal place, 0 (left) to 1 (right) of the plot.
        x: f64,
        /// Which part stands at `x`.
        xanchor: XAnchor,
        /// Vertical place, 0 (bottom) to 1 (top) of the plot.
        y: f64,
        /// Which part stands at `y`.
        yanchor: YAnchor,
        /// Length, as a part of the plot's width or in pixels.
        len: f64,
        /// What `len` counts in.
        lenmode: LenMode,
        /// Space around it.
        pad: Pad,
        /// Font.
        font: Font,
        /// Background color.
        bgcolor: String,
        /// Background color of the grip while it is moved.
        activebgcolor: String,
        /// Border color.
        bordercolor: String,
        /// Border width in pixels.
        borderwidth: f64,
        /// Color of the ticks.
        tickcolor: String,
        /// How it moves.
        transition: Transition,
        /// Its name in a template.
        name: String,
    }
}

object! {
    /// A choice of a slider.
    Step {
        /// What it is called.
        label: String,
        /// Which function of plotly.js it calls.
        method: Method,
        /// With what.
        args: Vec<Value>,
        /// What programs call it.
        value: String,
        /// Its name in a template.
        name: String,
        /// Whether it is drawn.
        visible: bool,
        /// Whether choosing it calls the function.
        execute: bool,
    }
}

words! {
    /// What a length counts in.
    LenMode {
        /// Parts of the plot.
        Fraction = "fraction",
        /// Pixels.
        Pixels = "pixels",
    }
}

object! {
    /// The text over a slider that tells the choice.
    CurrentValue {
        /// Whether it is drawn.
        visible: bool,
        /// Before the choice.
        prefix: String,
        /// After it.
        suffix: String,
        /// Which part of the slider it stands at.
        xanchor: XAnchor,
        /// Pixels to the slider.
        offset: f64,
        /// Font.
        font: Font,
    }
}

object! {
    /// How something moves.
    Transition {
        /// Milliseconds.
        duration: f64,
        /// How fast along the way, by the names of d3, such as `cubic-in-out`.
        easing: String,
    }
}

object! {
    /// A scale of colors that several traces share.
    ColorAxis {
        /// The scale.
        colorscale: super::Scale,
        /// Whether the template's scale is taken.
        autocolorscale: bool,
        /// Whether the scale runs backwards.
        reversescale: bool,
        /// Whether the ends are those of the values.
        cauto: bool,
        /// Value at the low end.
        cmin: f64,
        /// Value in the middle.
        cmid: f64,
        /// Value at the high end.
        cmax: f64,
        /// Whether to draw the color bar.
        showscale: bool,
        /// The color bar.
        colorbar: super::ColorBar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip() {
        let text = r#"{"name":"a","data":[{"type":"scatter","x":[1.0]}],"traces":[2]}"#;
        let frame: Frame = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&frame).unwrap(), text);
        assert!(serde_json::from_str::<Frame>(r#"{"bogus":1}"#).is_err());
    }
}
