//! Color scales.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the scales: those that plotly.js knows by name, and those that are written as their colors.
macro_rules! scales {
    ($($(#[$meta:meta])* $variant:ident $known:literal $stops:expr;)*) => {
        /// A color scale.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ColorScale {
            $($(#[$meta])* $variant,)*
        }

        impl ColorScale {
            /// All scales.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, as Plotly spells it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                }
            }

            /// Whether plotly.js knows it by its name.
            fn is_known(self) -> bool {
                match self {
                    $(Self::$variant => $known,)*
                }
            }

            /// Places from 0 to 1, ascending, and their colors as `#rrggbb`.
            pub fn stops(self) -> &'static [(f64, &'static str)] {
                match self {
                    $(Self::$variant => &$stops,)*
                }
            }
        }
    };
}

// The named ones are plotly.js's own; Plasma, Inferno and Magma are matplotlib's, which are free of rights.
scales! {
    /// Dark violet to yellow; even steps look even, also to the color-blind and in gray.
    Viridis true [
        (0.0, "#440154"), (0.062745, "#48186a"), (0.12549, "#472d7b"), (0.188235, "#424086"), (0.25098, "#3b528b"),
        (0.313725, "#33638d"), (0.376471, "#2c728e"), (0.439216, "#26828e"), (0.501961, "#21918c"), (0.564706, "#1fa088"),
        (0.627451, "#28ae80"), (0.690196, "#3fbc73"), (0.752941, "#5ec962"), (0.815686, "#84d44b"), (0.878431, "#addc30"),
        (0.941176, "#d8e219"), (1.0, "#fde725"),
    ];
    /// Dark blue to yellow by way of gray; made for the color-blind.
    Cividis true [
        (0.0, "#00204c"), (0.058824, "#002a66"), (0.117647, "#00346e"), (0.176471, "#273f6c"), (0.235294, "#3c4a6b"),
        (0.294118, "#4c556b"), (0.352941, "#5b5f6d"), (0.411765, "#686a70"), (0.470588, "#757575"), (0.529412, "#838178"),
        (0.588235, "#928c78"), (0.647059, "#a19876"), (0.705882, "#b0a572"), (0.764706, "#c0b16d"), (0.823529, "#d1bf66"),
        (0.882353, "#e1cc5c"), (0.941176, "#f3db4f"), (1.0, "#ffe945"),
    ];
    /// Blue to red by way of gray, for values with a meaningful middle.
    RdBu true [
        (0.0, "#050aac"), (0.35, "#6a89f7"), (0.5, "#bebebe"), (0.6, "#dcaa84"), (0.7, "#e6915a"),
        (1.0, "#b20a1c"),
    ];
    /// Dark blue to light gray.
    Blues true [
        (0.0, "#050aac"), (0.35, "#283cbe"), (0.5, "#4664f5"), (0.6, "#5a78f5"), (0.7, "#6a89f7"),
        (1.0, "#dcdcdc"),
    ];
    /// Black to white.
    Greys true [(0.0, "#000000"), (1.0, "#ffffff")];
    /// Dark blue to pale yellow by way of green.
    YlGnBu true [
        (0.0, "#081d58"), (0.125, "#253494"), (0.25, "#225ea8"), (0.375, "#1d91c0"), (0.5, "#41b6c4"),
        (0.625, "#7fcdbb"), (0.75, "#c7e9b4"), (0.875, "#edf8d9"), (1.0, "#ffffd9"),
    ];
    /// Dark green to pale green.
    Greens true [
        (0.0, "#00441b"), (0.125, "#006d2c"), (0.25, "#238b45"), (0.375, "#41ab5d"), (0.5, "#74c476"),
        (0.625, "#a1d99b"), (0.75, "#c7e9c0"), (0.875, "#e5f5e0"), (1.0, "#f7fcf5"),
    ];
    /// Dark red to pale yellow.
    YlOrRd true [
        (0.0, "#800026"), (0.125, "#bd0026"), (0.25, "#e31a1c"), (0.375, "#fc4e2a"), (0.5, "#fd8d3c"),
        (0.625, "#feb24c"), (0.75, "#fed976"), (0.875, "#ffeda0"), (1.0, "#ffffcc"),
    ];
    /// Blue to red.
    Bluered true [(0.0, "#0000ff"), (1.0, "#ff0000")];
    /// Light gray to red.
    Reds true [
        (0.0, "#dcdcdc"), (0.2, "#f5c39d"), (0.4, "#f5a069"), (1.0, "#b20a1c"),
    ];
    /// Blue to red by way of white, for values with a meaningful middle.
    Picnic true [
        (0.0, "#0000ff"), (0.1, "#3399ff"), (0.2, "#66ccff"), (0.3, "#99ccff"), (0.4, "#ccccff"),
        (0.5, "#ffffff"), (0.6, "#ffccff"), (0.7, "#ff99ff"), (0.8, "#ff66cc"), (0.9, "#ff6666"),
        (1.0, "#ff0000"),
    ];
    /// All hues; steps look uneven.
    Rainbow true [
        (0.0, "#96005a"), (0.125, "#0000c8"), (0.25, "#0019ff"), (0.375, "#0098ff"), (0.5, "#2cff96"),
        (0.625, "#97ff00"), (0.75, "#ffea00"), (0.875, "#ff6f00"), (1.0, "#ff0000"),
    ];
    /// Blue to red by way of yellow.
    Portland true [
        (0.0, "#0c3383"), (0.25, "#0a88ba"), (0.5, "#f2d338"), (0.75, "#f28f38"), (1.0, "#d91e1e"),
    ];
    /// Blue to red by way of green and yellow; steps look uneven.
    Jet true [
        (0.0, "#000083"), (0.125, "#003caa"), (0.375, "#05ffff"), (0.625, "#ffff00"), (0.875, "#fa0000"),
        (1.0, "#800000"),
    ];
    /// Black to white by way of red and yellow.
    Hot true [
        (0.0, "#000000"), (0.3, "#e60000"), (0.6, "#ffd200"), (1.0, "#ffffff"),
    ];
    /// The colors of glowing bodies, from black.
    Blackbody true [
        (0.0, "#000000"), (0.2, "#e60000"), (0.4, "#e6d200"), (0.7, "#ffffff"), (1.0, "#a0c8ff"),
    ];
    /// Sea, land and snow.
    Earth true [
        (0.0, "#000082"), (0.1, "#00b4b4"), (0.2, "#28d228"), (0.4, "#e6e632"), (0.6, "#784614"),
        (1.0, "#ffffff"),
    ];
    /// Black to pale yellow by way of violet.
    Electric true [
        (0.0, "#000000"), (0.15, "#1e0064"), (0.4, "#780064"), (0.6, "#a05a00"), (0.8, "#e6c800"),
        (1.0, "#fffadc"),
    ];
    /// Dark blue to yellow by way of magenta; even steps look even.
    Plasma false [
        (0.0, "#0d0887"), (0.111111, "#46039f"), (0.222222, "#7201a8"), (0.333333, "#9c179e"), (0.444444, "#bd3786"),
        (0.555556, "#d8576b"), (0.666667, "#ed7953"), (0.777778, "#fb9f3a"), (0.888889, "#fdca26"), (1.0, "#f0f921"),
    ];
    /// Black to pale yellow by way of red; even steps look even.
    Inferno false [
        (0.0, "#000004"), (0.111111, "#1b0c41"), (0.222222, "#4a0c6b"), (0.333333, "#781c6d"), (0.444444, "#a52c60"),
        (0.555556, "#cf4446"), (0.666667, "#ed6925"), (0.777778, "#fb9b06"), (0.888889, "#f7d13d"), (1.0, "#fcffa4"),
    ];
    /// Black to pale yellow by way of magenta; even steps look even.
    Magma false [
        (0.0, "#000004"), (0.111111, "#180f3d"), (0.222222, "#440f76"), (0.333333, "#721f81"), (0.444444, "#9e2f7f"),
        (0.555556, "#cd4071"), (0.666667, "#f1605d"), (0.777778, "#fd9668"), (0.888889, "#feca8d"), (1.0, "#fcfdbf"),
    ];
    /// Dark blue to brown by way of light gray, for values with a meaningful middle; equally dark on both sides in OKLab, and
        /// told apart by the color-blind.
    BlueOrange false [
        (0.0, "#003b99"), (0.1, "#1b60ae"), (0.2, "#4f82c2"), (0.3, "#7fa4d4"), (0.4, "#b0c6e3"),
        (0.5, "#e8e8e8"), (0.6, "#dcbea6"), (0.7, "#c8966d"), (0.8, "#b16e32"), (0.9, "#984700"),
        (1.0, "#7d1800"),
    ];
    /// Purple to green by way of light gray, for values with a meaningful middle; equally dark on both sides in OKLab.
    PurpleGreen false [
        (0.0, "#5e1683"), (0.1, "#79449b"), (0.2, "#956cb2"), (0.3, "#b194c8"), (0.4, "#cdbcdb"),
        (0.5, "#e8e8e8"), (0.6, "#afcdb4"), (0.7, "#7cb087"), (0.8, "#48935b"), (0.9, "#007530"),
        (1.0, "#005800"),
    ];
}

impl std::str::FromStr for ColorScale {
    type Err = crate::Error;

    /// By name, in any case.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|s| s.name().eq_ignore_ascii_case(name)).ok_or_else(|| crate::Error::Param {
            param: "color_scale",
            value: format!("{name:?}"),
            allowed: "the name of a color scale, such as Viridis",
        })
    }
}

/// A color scale as figures hold it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scale {
    /// One that has a name.
    Named(ColorScale),
    /// Places from 0 to 1, and the colors there.
    Stops(Vec<(f64, String)>),
}

impl From<ColorScale> for Scale {
    /// By name where plotly.js knows it, by its colors otherwise.
    fn from(scale: ColorScale) -> Self {
        if scale.is_known() { Self::Named(scale) } else { Self::Stops(owned(scale)) }
    }
}

fn owned(scale: ColorScale) -> Vec<(f64, String)> {
    scale.stops().iter().map(|&(at, color)| (at, color.to_owned())).collect()
}

impl Scale {
    /// Places from 0 to 1, and the colors there.
    pub fn stops(&self) -> Vec<(f64, String)> {
        match self {
            Self::Named(scale) => owned(*scale),
            Self::Stops(stops) => stops.clone(),
        }
    }
}

impl Serialize for Scale {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(scale) if scale.is_known() => s.serialize_str(scale.name()),
            Self::Named(scale) => scale.stops().serialize(s),
            Self::Stops(stops) => stops.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Scale {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Name(String),
            Stops(Vec<(f64, String)>),
        }
        match Raw::deserialize(d)? {
            Raw::Name(name) => match ColorScale::ALL.iter().find(|s| s.is_known() && s.name() == name) {
                Some(scale) => Ok(Self::Named(*scale)),
                None => Err(D::Error::custom(format!("unknown color scale {name:?}"))),
            },
            Raw::Stops(stops) => Ok(Self::Stops(stops)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_go_from_0_to_1() {
        for scale in ColorScale::ALL {
            let stops = scale.stops();
            assert_eq!((stops[0].0, stops[stops.len() - 1].0), (0.0, 1.0), "{scale:?}");
            assert!(stops.windows(2).all(|w| w[0].0 < w[1].0), "{scale:?}");
            for (_, color) in stops {
                crate::palette::check("color_scale", color).unwrap();
            }
            assert_eq!(scale.name().to_lowercase().parse::<ColorScale>().unwrap(), *scale);
        }
        assert!("viridian".parse::<ColorScale>().is_err());
    }

    #[test]
    fn only_names_that_plotly_knows_are_written() {
        for scale in ColorScale::ALL {
            let json = serde_json::to_string(&Scale::Named(*scale)).unwrap();
            assert_eq!(json.starts_with('"'), scale.is_known());
            assert_eq!(json, serde_json::to_string(&Scale::from(*scale)).unwrap());
            let back: Scale = serde_json::from_str(&json).unwrap();
            assert_eq!((&back, back.stops()), (&Scale::from(*scale), owned(*scale)));
        }
        for bad in ["\"Plasma\"", "\"viridis\"", "3", "[[0]]"] {
            assert!(serde_json::from_str::<Scale>(bad).is_err(), "{bad}");
        }
    }
}
