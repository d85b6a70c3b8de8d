//! Whether parameters and points are fit to be drawn.

use super::ScatterMap;
use crate::error::{Error, Result};
use crate::palette;
use planisphere_core::MatrixView;

impl ScatterMap {
    pub(super) fn check<N: AsRef<str>>(
        &self,
        maps: &[(N, MatrixView<'_>)],
        ids: usize,
        previews: Option<usize>,
    ) -> Result<()> {
        let param = |param, value: String, allowed| Err(Error::Param { param, value, allowed });
        if self.max_labels == 0 {
            return param("max_labels", "0".to_owned(), "at least 1");
        }
        if let Some(x) = self.point_size.filter(|x| !(x.is_finite() && *x > 0.0)) {
            return param("point_size", x.to_string(), "a number of pixels above 0");
        }
        if let Some(x) = self.opacity.filter(|x| !(*x > 0.0 && *x <= 1.0)) {
            return param("opacity", x.to_string(), "above 0 and at most 1");
        }
        if self.palette.is_empty() {
            return param("palette", "[]".to_owned(), "at least one color");
        }
        for color in &self.palette {
            palette::check("palette", color)?;
        }
        for color in self.colors.values() {
            palette::check("color", color)?;
        }
        palette::check("unlabeled_color", &self.unlabeled_color)?;
        palette::check("other_color", &self.other_color)?;
        for (name, points) in maps {
            drawable(*points, ids).map_err(|e| match maps {
                [_] => e,
                _ => Error::InMap { name: name.as_ref().to_owned(), source: Box::new(e) },
            })?;
        }
        same_length("previews", ids, previews)?;
        self.numbers.check()?;
        self.marks.check(ids)?;
        self.overlay.check(ids)?;
        self.hover.iter().try_for_each(|c| same_length("hover_columns", ids, Some(c.len())))?;
        self.color_by.iter().try_for_each(|c| same_length("color_by", ids, Some(c.len())))
    }
}

fn drawable(points: MatrixView<'_>, ids: usize) -> Result<()> {
    if points.rows() > 0 && !(1..=3).contains(&points.cols()) {
        return Err(Error::Columns { cols: points.cols() });
    }
    points.check()?;
    same_length("ids", points.rows(), Some(ids))
}

pub(super) fn same_length(what: &'static str, expected: usize, got: Option<usize>) -> Result<()> {
    match got {
        Some(got) if got != expected => Err(Error::Length { what, expected, got }),
        _ => Ok(()),
    }
}
