//! What a file is for.

/// How a file of one kind begins, and in which format it is.
///
/// ```
/// use planisphere_database::Format;
///
/// const FORMAT: Format = Format::new(b"planisphere-doc\n", 1);
/// assert_eq!(FORMAT.version(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub(crate) magic: [u8; 16],
    pub(crate) version: u32,
}

impl Format {
    /// Files that begin with `magic` and are in format `version`: this one is written and read. Those of a higher
    /// version are told as [`Error::Newer`](crate::Error::Newer), those of a lower one as damaged, as there are none.
    pub const fn new(magic: &[u8; 16], version: u32) -> Self {
        Self { magic: *magic, version }
    }

    /// The version that is written and read.
    pub const fn version(&self) -> u32 {
        self.version
    }
}
