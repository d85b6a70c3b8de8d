//! The part of the plotly.js 3 schema that maps need, with Plotly's own names.

mod annotation;
mod array;
mod axis;
mod config;
mod contour;
mod customdata;
mod figure;
mod frames;
mod layout;
mod marker;
mod menu;
mod scale;
mod subplots;
mod trace;

pub use annotation::{Annotation, XAnchor, YAnchor};
pub use array::{Array, OrArray, TypedArray, TypedData};
pub use axis::{AspectMode, Axis, AxisType, Camera, Constrain, Domain, Scene, SceneAxis, Xyz};
pub use config::{Config, ImageFormat, ModeBarDisplay, ToImage};
pub use contour::{Contour, ContourColoring, Contours};
pub use customdata::{AnyMeta, CustomData, Meta, PointRef};
pub use figure::Figure;
pub use frames::{ColorAxis, CurrentValue, Frame, LenMode, Slider, Step, Transition};
pub use layout::{
    ActiveSelection, ClickMode, DragMode, Font, HoverAlign, HoverLabel, HoverMode, ItemSizing, Layout, Legend, Line,
    Margin, ModeBar, NewSelection, Orientation, Selection, SelectionMode, SelectionType, Title,
};
pub use marker::{Color, ColorBar, Marker, MarkerLine, MarkerStyle, SizeMode, StyledMarker, Symbol, TickMode};
pub use menu::{Button, Direction, MenuType, Method, Pad, UpdateMenu};
pub use scale::{ColorScale, Scale};
pub use subplots::Subplots;
pub use trace::{Mode, Scatter, Scatter3d, TextPosition, Trace, Visible};

/// Declares an object of the schema: every attribute is optional, absent ones are not written, unknown ones are an
/// error when read (so that reading and writing never loses anything).
macro_rules! object {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        object! {
            #[serde(deny_unknown_fields)]
            $(#[$meta])* $name { $($(#[$field_meta])* $field: $type,)* } and {}
        }
    };
    // With the type that takes the attributes whose names are not known beforehand, and refuses unknown ones.
    (
        $(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }
        and { $($(#[$rest_meta:meta])* $rest:ident: $rest_type:ty)? }
    ) => {
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        $(#[$meta])*
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
            $(
                $(#[$rest_meta])*
                #[serde(flatten)]
                pub $rest: $rest_type,
            )?
        }
    };
}
use object;

/// Declares an enumeration of the schema by its spelling there.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $(
                $(#[$variant_meta])*
                #[serde(rename = $word)]
                $variant,
            )*
        }

        impl $name {
            /// The word, as Plotly spells it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}
use words;
