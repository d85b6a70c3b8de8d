//! Shapes, sizes and fillings of points.

use super::ScatterMap;
use super::check::same_length;
use super::groups::{self, Kind};
use crate::column::{Column, Values};
use crate::error::{Error, Result};
use crate::spec::{Array, OrArray, Symbol};
use crate::text::{cut, escape, one_line};

/// What a point's look tells besides its color.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Marks {
    symbols: Option<Column>,
    sizes: Option<Column>,
    size_range: Option<(f64, f64)>,
    annotated: Option<Vec<bool>>,
}

impl ScatterMap {
    /// A column whose groups are told by the shapes of points: the first eight in natural order by circle, diamond,
    /// square, cross, times sign and the first three without filling; then these again. Only three and no hollow ones
    /// where [`Self::annotated`] is given, too. The legend names them. Points of no group are circles.
    ///
    /// A column of numbers has a group for each number: fit for few.
    #[must_use]
    pub fn symbols(mut self, column: Column) -> Self {
        self.marks.symbols = Some(column);
        self
    }

    /// A column of numbers that the areas of points are proportional to, up to the greatest. Points with an unknown
    /// number, or none above 0, are as small as any, see [`Self::size_range`].
    #[must_use]
    pub fn sizes(mut self, column: Column) -> Self {
        self.marks.sizes = Some(column);
        self
    }

    /// Least and greatest diameter of points in pixels where [`Self::sizes`] is given. 3 and 24 by default.
    #[must_use]
    pub fn size_range(mut self, least: f64, greatest: f64) -> Self {
        self.marks.size_range = Some((least, greatest));
        self
    }

    /// Which points are annotated: the others are drawn hollow, so that what is left to do is seen at a glance. The
    /// legend names both.
    #[must_use]
    pub fn annotated(mut self, annotated: impl IntoIterator<Item = bool>) -> Self {
        self.marks.annotated = Some(annotated.into_iter().collect());
        self
    }
}

/// The shapes of all points, and what they mean.
pub(super) struct Shapes {
    /// For each row, where they differ by a column.
    of_row: Option<Vec<Symbol>>,
    hollow: Option<Vec<bool>>,
    /// Entries of the legend: name as markup, and shape.
    pub(super) legend: Vec<(String, Symbol)>,
}

/// Characters of a name in the legend.
const LEGEND_NAME: usize = 32;

impl Marks {
    pub(super) fn check(&self, rows: usize) -> Result<()> {
        same_length("symbols", rows, self.symbols.as_ref().map(Column::len))?;
        same_length("sizes", rows, self.sizes.as_ref().map(Column::len))?;
        same_length("annotated", rows, self.annotated.as_ref().map(Vec::len))?;
        let param = |param, value: String, allowed| Err(Error::Param { param, value, allowed });
        if let Some(Values::Categories(_)) = self.sizes.as_ref().map(Column::values) {
            return param("sizes", "a column of names".to_owned(), "a column of numbers");
        }
        let fit = |(least, greatest): (f64, f64)| least > 0.0 && least <= greatest && greatest.is_finite();
        match self.size_range {
            Some(range) if !fit(range) => {
                param("size_range", format!("{}, {}", range.0, range.1), "numbers of pixels above 0 that ascend")
            }
            _ => Ok(()),
        }
    }

    /// Whether some points are hollow.
    pub(super) fn has_hollow(&self) -> bool {
        self.annotated.as_ref().is_some_and(|a| a.contains(&false))
    }

    /// Diameters of all points in pixels.
    pub(super) fn diameters(&self) -> Option<Vec<f32>> {
        let Values::Numbers(values) = self.sizes.as_ref()?.values() else { return None };
        let (least, most) = self.size_range.unwrap_or((3.0, 24.0));
        let greatest = values.iter().copied().filter(|v| v.is_finite()).fold(0.0f32, f32::max);
        let of = |v: f32| {
            let share = if v.is_finite() && v > 0.0 { f64::from(v) / f64::from(greatest) } else { 0.0 };
            // A hundredth of a pixel is not seen.
            (((most * share.sqrt()).max(least) * 100.0).round() / 100.0) as f32
        };
        Some(values.iter().map(|&v| of(v)).collect())
    }

    pub(super) fn shapes(&self) -> Shapes {
        let mut legend = Vec::new();
        let hollow = self.annotated.as_ref().map(|all| all.iter().map(|a| !a).collect());
        let of_row = self.symbols.as_ref().map(|column| {
            let known: &[Symbol] = if hollow.is_some() { &Symbol::SHARED[..3] } else { &Symbol::SHARED };
            let mut of_row = vec![Symbol::Circle; column.len()];
            let names = names(column);
            for group in groups::group(names.iter().map(Option::as_deref), usize::MAX) {
                let Kind::Label { label, slot } = group.kind else { continue };
                let symbol = known[slot % known.len()];
                legend.push((escape(&cut(&one_line(label), LEGEND_NAME)), symbol));
                group.rows.iter().for_each(|&row| of_row[row as usize] = symbol);
            }
            of_row
        });
        if hollow.is_some() {
            legend.push(("annotated".to_owned(), Symbol::Circle));
            legend.push(("not annotated".to_owned(), Symbol::CircleOpen));
        }
        Shapes { of_row, hollow, legend }
    }
}

/// The values of a column as names of groups.
pub(super) fn names(column: &Column) -> Vec<Option<String>> {
    match column.values() {
        Values::Categories(v) => v.clone(),
        Values::Numbers(v) => v.iter().map(|x| x.is_finite().then(|| x.to_string())).collect(),
    }
}

impl Shapes {
    /// The shapes of some rows; `usual` where no column tells them. Nothing where all are circles.
    pub(super) fn of(&self, rows: &[u32], usual: Symbol) -> Option<OrArray<Symbol>> {
        let of = |&row: &u32| {
            let symbol = self.of_row.as_ref().map_or(usual, |all| all[row as usize]);
            let hollow = self.hollow.as_ref().is_some_and(|all| all[row as usize]);
            if hollow { symbol.open().unwrap_or(symbol) } else { symbol }
        };
        let first = rows.first().map_or(usual, of);
        if rows.iter().all(|row| of(row) == first) {
            return (first != Symbol::Circle).then_some(OrArray::One(first));
        }
        Some(OrArray::Each(Array::Strings(rows.iter().map(|row| of(row).word().to_owned()).collect())))
    }
}
