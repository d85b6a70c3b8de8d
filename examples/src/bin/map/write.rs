//! The files that maps are written to.

use crate::flags::{Cli, Method, ending};
use planisphere::core::Matrix;
use planisphere::dataset::{Table, write_atomic, write_map_csv, write_npy};
use planisphere::viz_spec::{Figure, Page, ScatterMap};
use planisphere_examples::{Failure, model::Model};
use std::path::Path;

/// One file, or one a method for positions.
pub(crate) fn write(cli: &Cli, out: &Path, table: &Table, maps: &[(Method, Matrix)]) -> Result<(), Failure> {
    match ending(out) {
        "html" => {
            let title = cli.input.file_stem().map_or_else(|| "map".into(), |s| s.to_string_lossy().into_owned());
            let mut page = Page::new().title(title).figure("Map", figure(table, maps)?);
            if let Some(texts) = table.texts() {
                page = page.texts(texts);
            }
            return Ok(write_atomic(out, |w| page.write(w).map_err(std::io::Error::other))?);
        }
        "json" => {
            let figure = figure(table, maps)?;
            return Ok(write_atomic(out, |w| figure.write_json(w).map_err(std::io::Error::other))?);
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
fn figure(table: &Table, maps: &[(Method, Matrix)]) -> Result<Figure, Failure> {
    let maps: Vec<_> = maps.iter().map(|(method, y)| (method.heading(), y.view())).collect();
    Ok(ScatterMap::new().side_by_side(&maps, table.ids(), table.labels(), table.texts())?)
}
