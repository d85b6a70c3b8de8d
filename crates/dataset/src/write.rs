//! Results, written.

use crate::atomic::write_atomic;
use crate::error::{Error, Result};
use crate::names::path_name;
use npyz::{AutoSerialize, Serialize, WriterBuilder};
use planisphere_core::MatrixView;
use std::io::{self, Write};
use std::path::Path;

/// Writes `matrix` as a NumPy array of `f32`, rows × columns.
///
/// # Errors
/// Those of [`write_atomic`].
pub fn write_npy(path: impl AsRef<Path>, matrix: MatrixView<'_>) -> Result<()> {
    let shape = [matrix.rows() as u64, matrix.cols() as u64];
    write_atomic(path, |w| npy(w, shape, matrix.data().iter().copied()))
}

/// Writes row ids, such as those of a neighbor graph, as a NumPy array of `i32`, `rows` × `cols`.
///
/// # Errors
/// [`Error::Lengths`] if `ids` does not hold `rows × cols` of them, [`Error::IdTooLarge`] for one above `i32::MAX`, and
/// those of [`write_atomic`].
pub fn write_npy_ids(path: impl AsRef<Path>, rows: usize, cols: usize, ids: &[u32]) -> Result<()> {
    let path = path.as_ref();
    if rows.checked_mul(cols) != Some(ids.len()) {
        let expected = rows.saturating_mul(cols);
        return Err(Error::Lengths { file: path_name(path), what: "row ids", expected, got: ids.len() });
    }
    if let Some(at) = ids.iter().position(|&id| i32::try_from(id).is_err()) {
        return Err(Error::IdTooLarge { file: path_name(path), at, id: ids[at] });
    }
    // Each of them fits, as was just checked.
    write_atomic(path, |w| npy(w, [rows as u64, cols as u64], ids.iter().map(|&id| id as i32)))
}

fn npy<T: AutoSerialize + Serialize>(
    w: &mut dyn Write,
    shape: [u64; 2],
    values: impl Iterator<Item = T>,
) -> io::Result<()> {
    let mut npy = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(w).begin_nd()?;
    npy.extend(values)?;
    npy.finish()
}

/// Writes a map as CSV: `id`, `label` (if there are labels; empty for unlabeled rows), and `x`, `y`, `z` (or `x1`,
/// `x2`, … if `map` has more than three columns). Each number has the fewest digits that read back as the same `f32`.
///
/// # Errors
/// [`Error::Lengths`] if there are not as many ids or labels as rows, and those of [`write_atomic`].
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("map.csv");
/// let map = planisphere_core::Matrix::from_rows([[0.1f32, -2.0], [1e-7, 3.5]])?;
/// let (ids, labels) = (["a".to_owned(), "b".to_owned()], [Some("x, y".to_owned()), None]);
/// planisphere_dataset::write_map_csv(&path, &ids, Some(&labels), map.view())?;
/// assert_eq!(std::fs::read_to_string(&path)?, "id,label,x,y\na,\"x, y\",0.1,-2.0\nb,,1e-7,3.5\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_map_csv(
    path: impl AsRef<Path>,
    ids: &[String],
    labels: Option<&[Option<String>]>,
    map: MatrixView<'_>,
) -> Result<()> {
    let path = path.as_ref();
    let rows = map.rows();
    for (what, got) in [("ids", ids.len()), ("labels", labels.map_or(rows, <[_]>::len))] {
        if got != rows {
            return Err(Error::Lengths { file: path_name(path), what, expected: rows, got });
        }
    }
    write_atomic(path, |w| {
        let mut csv = csv::Writer::from_writer(w);
        csv.write_field("id")?;
        if labels.is_some() {
            csv.write_field("label")?;
        }
        for name in axes(map.cols()) {
            csv.write_field(name)?;
        }
        csv.write_record(None::<&[u8]>)?;
        let mut digits = String::new();
        for (row, id) in ids.iter().enumerate() {
            csv.write_field(id)?;
            if let Some(labels) = labels {
                csv.write_field(labels[row].as_deref().unwrap_or_default())?;
            }
            for value in map.row(row) {
                use std::fmt::Write;
                digits.clear();
                // `Debug` switches to exponents where `Display` would write dozens of zeros.
                write!(digits, "{value:?}").map_err(io::Error::other)?;
                csv.write_field(&digits)?;
            }
            csv.write_record(None::<&[u8]>)?;
        }
        csv.flush()
    })
}

fn axes(cols: usize) -> Vec<String> {
    if cols <= 3 {
        ["x", "y", "z"][..cols].iter().map(|&name| name.to_owned()).collect()
    } else {
        (1..=cols).map(|i| format!("x{i}")).collect()
    }
}
