//! The part of the plotly.js 3 schema that maps need, with Plotly's own names.

mod annotation;
mod array;
mod axis;
mod config;
mod figure;
mod layout;
mod marker;
mod subplots;
mod trace;

pub use annotation::{Annotation, XAnchor, YAnchor};
pub use array::{Array, TypedArray, TypedData};
pub use axis::{AspectMode, Axis, Constrain, Domain, Scene, SceneAxis};
pub use config::{Config, ImageFormat, ModeBarDisplay, ToImage};
pub use figure::Figure;
pub use layout::{
    ActiveSelection, ClickMode, DragMode, Font, HoverAlign, HoverLabel, HoverMode, ItemSizing, Layout, Legend, Line,
    Margin, ModeBar, NewSelection, Orientation, Selection, SelectionMode, SelectionType, Title,
};
pub use marker::{Color, ColorBar, ColorScale, Marker, MarkerLine, MarkerStyle, StyledMarker, Symbol};
pub use subplots::Subplots;
pub use trace::{Meta, Mode, PointRef, Scatter, Scatter3d, Trace, Visible};

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
    };
}
use words;
