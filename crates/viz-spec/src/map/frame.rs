//! Everything around the traces of a map.

use super::ScatterMap;
use super::panel::{self, Panel};
use crate::spec::{
    Annotation, AspectMode, Axis, Config, Domain, DragMode, Font, HoverAlign, HoverLabel, HoverMode, ImageFormat,
    ItemSizing, Layout, Legend, Margin, ModeBarDisplay, NewSelection, Pad, Scene, SceneAxis, Title, ToImage,
    UpdateMenu, XAnchor, YAnchor,
};
use crate::text::{escape, one_line};
use crate::theme::Theme;

const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

pub(super) fn title(text: &str) -> Title {
    Title { text: Some(escape(&one_line(text))), ..Title::default() }
}

/// The layout of `panels`, with or without a legend.
pub(super) fn layout(map: &ScatterMap, panels: &[Panel<'_>], legend: bool) -> Layout {
    let top = if map.title.is_some() { 56.0 } else { 24.0 };
    // Room for the titles of axes.
    let side = if map.axis_titles { 44.0 } else { 24.0 };
    let mut layout = Layout {
        title: map.title.as_deref().map(title),
        font: Some(Font {
            family: Some(FONT.to_owned()),
            size: Some(13.0),
            color: map.theme.map(|t| t.ink().to_owned()),
            ..Font::default()
        }),
        paper_bgcolor: map.theme.map(|t| t.page().to_owned()),
        plot_bgcolor: map.theme.map(|t| t.page().to_owned()),
        showlegend: Some(legend),
        legend: legend.then(|| Legend {
            title: map.legend_title.as_deref().map(title),
            itemsizing: Some(ItemSizing::Constant),
            tracegroupgap: Some(0.0),
            ..Legend::default()
        }),
        margin: Some(Margin { l: Some(side), r: Some(24.0), t: Some(top), b: Some(side), pad: None }),
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
            let scene = Scene { domain: place.clone(), ..scene(map, panel) };
            match panel.number {
                1 => layout.scene = Some(scene),
                n => drop(layout.subplots.scene.insert(n, scene)),
            }
        } else {
            let (x, y) = axes(map, panel, place.as_ref());
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

fn axes(map: &ScatterMap, panel: &Panel<'_>, place: Option<&Domain>) -> (Axis, Axis) {
    let axis = Axis { visible: Some(false), ..Axis::default() };
    let (mut x, mut y) = (axis.clone(), axis);
    if panel.points.cols() == 1 {
        x = Axis { zeroline: Some(false), ..Axis::default() };
        y.range = Some([-1.5, 1.5]);
    } else {
        // The units of a map have no meaning of their own, but they are the same in both directions.
        y.scaleanchor = Some(panel.reference("x").unwrap_or_else(|| "x".to_owned()));
    }
    if map.axis_titles {
        let titled = |axis: Axis, number: u32| Axis {
            visible: Some(true),
            title: Some(axis_title(panel, number)),
            showgrid: Some(false),
            zeroline: Some(false),
            showticklabels: Some(panel.points.cols() == 1 && number == 1),
            ..axis
        };
        x = titled(x, 1);
        if panel.points.cols() != 1 {
            y = titled(y, 2);
        }
    }
    if let Some(place) = place {
        (x.domain, y.domain) = (place.x, place.y);
        (x.anchor, y.anchor) = (panel.reference("y"), panel.reference("x"));
    }
    (x, y)
}

fn axis_title(panel: &Panel<'_>, number: u32) -> Title {
    let name = if panel.name.trim().is_empty() { "Dimension" } else { panel.name };
    title(&format!("{name} {number}"))
}

fn scene(map: &ScatterMap, panel: &Panel<'_>) -> Scene {
    let axis = SceneAxis {
        title: Some(Title { text: Some(String::new()), ..Title::default() }),
        showticklabels: Some(false),
        showbackground: Some(false),
        showspikes: Some(false),
        zeroline: Some(false),
        gridcolor: Some(map.theme.map_or("#94a3b8", Theme::line).to_owned()),
        ..SceneAxis::default()
    };
    let titled = |number: u32| match map.axis_titles {
        true => SceneAxis { title: Some(axis_title(panel, number)), ..axis.clone() },
        false => axis.clone(),
    };
    Scene {
        xaxis: Some(titled(1)),
        yaxis: Some(titled(2)),
        zaxis: Some(titled(3)),
        aspectmode: Some(AspectMode::Data),
        dragmode: Some(DragMode::Orbit),
        bgcolor: map.theme.map(|t| t.page().to_owned()),
        ..Scene::default()
    }
}

/// Adds a menu over the map, and the room for it.
pub(super) fn add_menu(layout: &mut Layout, menu: UpdateMenu) {
    const HEIGHT: f64 = 36.0;
    if layout.updatemenus.is_none() {
        if let Some(top) = layout.margin.as_mut().and_then(|m| m.t.as_mut()) {
            *top += HEIGHT;
        }
        if let Some(title) = &mut layout.title {
            // Above the menu, not behind it.
            (title.y, title.yanchor) = (Some(1.0), Some(YAnchor::Top));
            title.pad = Some(Pad { t: Some(16.0), ..Pad::default() });
        }
    }
    layout.updatemenus.get_or_insert_default().push(menu);
}

/// Axes that stay as they are while points move.
pub(super) fn fix(layout: &mut Layout, ranges: &[[f64; 2]]) {
    let axes = [layout.xaxis.as_mut(), layout.yaxis.as_mut()];
    for (axis, range) in axes.into_iter().zip(ranges) {
        if let Some(axis) = axis {
            axis.range = Some(*range);
        }
    }
    if let Some(scene) = &mut layout.scene {
        let axes = [scene.xaxis.as_mut(), scene.yaxis.as_mut(), scene.zaxis.as_mut()];
        for (axis, range) in axes.into_iter().zip(ranges) {
            if let Some(axis) = axis {
                axis.range = Some(*range);
            }
        }
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
