//! What can be wrong with the specification.

use std::path::PathBuf;
use std::{error, fmt, io};

/// Why a specification was refused. Its text names the file, the row and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpecError {
    /// A file could not be read.
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not TOML, or a row has a missing, unknown or mistyped field.
    Parse {
        /// Which file.
        file: &'static str,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A row contradicts the rest.
    Row {
        /// Which file.
        file: &'static str,
        /// Which row.
        row: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Self::Parse { file, source } => write!(f, "{file}: {source}"),
            Self::Row { file, row, problem } => write!(f, "{file}: {row}: {problem}"),
        }
    }
}

impl error::Error for SpecError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            Self::Parse { source, .. } => Some(source),
            Self::Row { .. } => None,
        }
    }
}
