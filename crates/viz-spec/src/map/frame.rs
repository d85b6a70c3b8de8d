//! Everything around the traces of a map.

use super::ScatterMap;
use super::panel::{self, Panel};
use crate::spec::{
    Annotation, AspectMode, Axis, Config, Domain, DragMode, Font, HoverAlign, HoverLabel, HoverMode, ImageFormat,
    ItemSizing, Layout, Legend, Margin, ModeBarDisplay, NewSelection, Scene, SceneAxis, Title, ToImage, XAnchor,
    YAnchor,
};
use crate::text::{escape, one_line};

const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

pub(super) fn title(text: &str) -> Title {
    Title { text: Some(escape(&one_line(text))), font: None }
}

/// The layout of `panels`, with or without a legend.
pub(super) fn layout(map: &ScatterMap, panels: &[Panel<'_>], legend: bool) -> Layout {
    let top = if map.title.is_some() { 56.0 } else { 24.0 };
    let mut layout = Layout {
        title: map.title.as_deref().map(title),
        font: Some(Font { family: Some(FONT.to_owned()), size: Some(13.0), color: None }),
        showlegend: Some(legend),
        legend: legend.then(|| Legend {
            title: map.legend_title.as_deref().map(title),
            itemsizing: Some(ItemSizing::Constant),
            tracegroupgap: Some(0.0),
            ..Legend::default()
        }),
        margin: Some(Margin { l: Some(24.0), r: Some(24.0), t: Some(top), b: Some(24.0), pad: None }),
        autosize: Some(true),
        hovermode: Some(HoverMode::Closest),
        hoverlabel: Some(HoverLabel {
            align: Some(HoverAlign::Left),
            namelength: Some(-1),
            font: Some(Font { family: Some(FONT.to_owned()), ..Font::default() }),
            ..HoverLabel::default()
        }),
        uirevision: Some("map".to_owned()),
        ..Layout::default()
    };
    let several = panels.len() > 1;
    for panel in panels {
        let place = several.then(|| panel::place(panel.number, panels.len() as u32));
        if panel.in_space() {
            let scene = Scene { domain: place.clone(), ..scene() };
            match panel.number {
                1 => layout.scene = Some(scene),
                n => drop(layout.subplots.scene.insert(n, scene)),
            }
        } else {
            let (x, y) = axes(panel, place.as_ref());
            match panel.number {
                1 => (layout.xaxis, layout.yaxis) = (Some(x), Some(y)),
                n => drop((layout.subplots.xaxis.insert(n, x), layout.subplots.yaxis.insert(n, y))),
            }
        }
    }
    if panels.iter().any(|p| !p.in_space()) {
        layout.dragmode = Some(DragMode::Lasso);
        layout.newselection = Some(NewSelection { line: Some(("#64748b", 1.5).into()), ..NewSelection::default() });
    }
    if several {
        layout.annotations = Some(panels.iter().map(|p| heading(p, panels.len() as u32)).collect());
    }
    layout
}

fn axes(panel: &Panel<'_>, place: Option<&Domain>) -> (Axis, Axis) {
    let axis = Axis { visible: Some(false), ..Axis::default() };
    let (mut x, mut y) = (axis.clone(), axis);
    if panel.points.cols() == 1 {
        x = Axis { zeroline: Some(false), ..Axis::default() };
        y.range = Some([-1.5, 1.5]);
    } else {
        // The units of a map have no meaning of their own, but they are the same in both directions.
        y.scaleanchor = Some(panel.reference("x").unwrap_or_else(|| "x".to_owned()));
    }
    if let Some(place) = place {
        (x.domain, y.domain) = (place.x, place.y);
        (x.anchor, y.anchor) = (panel.reference("y"), panel.reference("x"));
    }
    (x, y)
}

fn scene() -> Scene {
    let axis = SceneAxis {
        title: Some(Title { text: Some(String::new()), ..Title::default() }),
        showticklabels: Some(false),
        showbackground: Some(false),
        showspikes: Some(false),
        zeroline: Some(false),
        gridcolor: Some("#94a3b8".to_owned()),
        ..SceneAxis::default()
    };
    Scene {
        xaxis: Some(axis.clone()),
        yaxis: Some(axis.clone()),
        zaxis: Some(axis),
        aspectmode: Some(AspectMode::Data),
        dragmode: Some(DragMode::Orbit),
        ..Scene::default()
    }
}

/// The name of a map, over it.
fn heading(panel: &Panel<'_>, of: u32) -> Annotation {
    let Domain { x, y } = panel::place(panel.number, of);
    Annotation {
        text: Some(escape(&one_line(panel.name))),
        xref: Some("paper".to_owned()),
        yref: Some("paper".to_owned()),
        x: x.map(|[left, _]| left),
        y: y.map(|[_, top]| top),
        xanchor: Some(XAnchor::Left),
        yanchor: Some(YAnchor::Bottom),
        showarrow: Some(false),
        font: Some(Font { size: Some(15.0), ..Font::default() }),
    }
}

pub(super) fn config() -> Config {
    Config {
        responsive: Some(true),
        scroll_zoom: Some(true),
        displaylogo: Some(false),
        display_mode_bar: Some(ModeBarDisplay::Always),
        edit_selection: Some(false),
        mode_bar_buttons_to_remove: Some(vec!["autoScale2d".to_owned()]),
        to_image_button_options: Some(ToImage {
            format: Some(ImageFormat::Png),
            filename: Some("map".to_owned()),
            scale: Some(2.0),
        }),
    }
}
