//! Light and dark.

/// Colors of the figure around the points: background, texts and lines.
///
/// Without one a figure says nothing of them, so that it takes those of the page it stands on; Plotly's own are a white
/// background and dark texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Theme {
    /// Dark texts on white.
    #[default]
    Light,
    /// Light texts on a dark blue.
    Dark,
}

impl Theme {
    /// Background.
    pub(crate) fn page(self) -> &'static str {
        match self {
            Self::Light => "#ffffff",
            Self::Dark => "#0b1220",
        }
    }

    /// Texts.
    pub(crate) fn ink(self) -> &'static str {
        match self {
            Self::Light => "#0f172a",
            Self::Dark => "#e2e8f0",
        }
    }

    /// Boxes and buttons over the page.
    pub(crate) fn panel(self) -> &'static str {
        match self {
            Self::Light => "#f1f5f9",
            Self::Dark => "#1e293b",
        }
    }

    /// Frames and grids.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Light => "#cbd5e1",
            Self::Dark => "#334155",
        }
    }
}

impl std::str::FromStr for Theme {
    type Err = crate::Error;

    /// `light` or `dark`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            _ => Err(crate::Error::Param { param: "theme", value: format!("{name:?}"), allowed: "light or dark" }),
        }
    }
}
