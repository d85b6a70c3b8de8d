//! The files that maps are written to.

use crate::flags::{Cli, Method, ending};
use planisphere::core::{KnnGraph, Matrix};
use planisphere::dataset::{Table, write_atomic, write_map_csv, write_npy};
use planisphere::viz_spec::{Figure, Page, Picture, ScatterMap};
use planisphere_examples::{Failure, model::Model};
use std::path::Path;

/// Neighbors that pages show of a point.
pub(crate) const NEIGHBORS: usize = 10;

/// One file, or one a method for positions.
pub(crate) fn write(
    cli: &Cli,
    out: &Path,
    table: &Table,
    maps: &[(Method, Matrix)],
    near: Option<&KnnGraph>,
) -> Result<(), Failure> {
    match ending(out) {
        "html" => {
            let title = cli.input.file_stem().map_or_else(|| "map".into(), |s| s.to_string_lossy().into_owned());
            let mut page = Page::new().title(title).figure("Map", figure(cli, table, maps)?);
            if let Some(texts) = table.texts() {
                page = page.texts(texts);
            }
            if let Some(near) = near {
                page = page.neighbors(near);
            }
            return Ok(write_atomic(out, |w| page.write(w).map_err(std::io::Error::other))?);
        }
        "json" => {
            let figure = figure(cli, table, maps)?;
            return Ok(write_atomic(out, |w| figure.write_json(w).map_err(std::io::Error::other))?);
        }
        "png" => {
            // As wide as the maps need that stand side by side.
            let across = maps.len().clamp(1, 3) as u32;
            let picture = Picture::new().size(600 + 500 * across, 200 + 500 * maps.len().div_ceil(3) as u32);
            let figure = figure(cli, table, maps)?;
            return Ok(write_atomic(out, |w| picture.write(&figure, w).map_err(std::io::Error::other))?);
        }
        _ => {}
    }
    for (method, y) in maps {
        let out = cli.of_method(out, *method);
        match ending(&out) {
            "npy" => write_npy(&out, y.view())?,
            _ => write_map_csv(&out, table.ids(), table.labels(), y.view())?,
        }
    }
    Ok(())
}

/// The models, if they are to be kept.
pub(crate) fn save(cli: &Cli, models: &[(Method, Model)]) -> Result<(), Failure> {
    let Some(path) = &cli.save_model else { return Ok(()) };
    models.iter().try_for_each(|(method, model)| model.save(&cli.of_method(path, *method)))
}

/// All maps, side by side.
fn figure(cli: &Cli, table: &Table, maps: &[(Method, Matrix)]) -> Result<Figure, Failure> {
    let maps: Vec<_> = maps.iter().map(|(method, y)| (method.heading(), y.view())).collect();
    let mut map = ScatterMap::new();
    if let Some(palette) = cli.palette {
        map = map.palette(palette);
    }
    if let Some(theme) = cli.theme {
        map = map.theme(theme);
    }
    Ok(map.side_by_side(&maps, table.ids(), table.labels(), table.texts())?)
}
