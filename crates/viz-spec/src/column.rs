//! What is known of each point besides its place.

/// A column of a table: a name, and a value for each point. What points are colored by, and what their hover boxes tell.
///
/// ```
/// use planisphere_viz_spec::{Column, Values};
/// let votes = Column::numbers("votes", [3.0, 1.0, f32::NAN]);
/// let author = Column::categories("author", [Some("Ann"), None, Some("Ben")]);
/// assert_eq!((votes.len(), author.len()), (3, 3));
/// assert!(matches!(author.values(), Values::Categories(names) if names[1].is_none()));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    name: String,
    values: Values,
}

/// The values of a [`Column`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Names of groups; `None` and blank ones are unknown.
    Categories(Vec<Option<String>>),
    /// Numbers; those that are not finite are unknown.
    Numbers(Vec<f32>),
}

impl Column {
    /// A column of groups.
    pub fn categories<S: Into<String>>(name: impl Into<String>, values: impl IntoIterator<Item = Option<S>>) -> Self {
        let values = values.into_iter().map(|v| v.map(Into::into)).collect();
        Self { name: name.into(), values: Values::Categories(values) }
    }

    /// A column of numbers.
    pub fn numbers(name: impl Into<String>, values: impl IntoIterator<Item = f32>) -> Self {
        Self { name: name.into(), values: Values::Numbers(values.into_iter().collect()) }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// For how many points it has a value or says that there is none.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Categories(v) => v.len(),
            Values::Numbers(v) => v.len(),
        }
    }

    /// Whether it is for no points.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
