//! What IN and OUT are: a file, of what is seen from its first bytes, or a database by its URL.

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use tbus_db::{DatabaseUrl, UrlError};

use super::pass;
use crate::exit::Failure;
use crate::traffic::begins_capture;

/// IN or OUT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Database(DatabaseUrl),
}

impl Place {
    /// What begins like the URL of a database is one.
    pub(super) fn read(text: OsString) -> Result<Self, UrlError> {
        let is_url = |text: &&str| {
            ["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| text.starts_with(scheme))
        };
        match text.to_str().filter(is_url) {
            Some(url) => Ok(Self::Database(url.parse()?)),
            None => Ok(Self::File(text.into())),
        }
    }

    /// What is there.
    pub(super) fn kind(&self) -> Result<Kind, Failure> {
        match (self, self.path()) {
            (Self::File(path), _) => Kind::of(path),
            (Self::Database(_), None) => Ok(Kind::Database),
            (Self::Database(_), Some(path)) => match Kind::of(path)? {
                Kind::Database => Ok(Kind::Database),
                _ => Err(Failure::bad(anyhow!("{self}: it is no SQLite database"))),
            },
        }
    }

    /// The file, which a PostgreSQL database has not.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Database(url) => url.sqlite_path(),
        }
    }

    /// It as a database; a file is one of SQLite.
    pub(super) fn url(&self) -> DatabaseUrl {
        match self {
            Self::File(path) => DatabaseUrl::sqlite(path),
            Self::Database(url) => url.clone(),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let file = |place: &Self| place.path().and_then(|path| path.canonicalize().ok());
        self.url() == other.url() || matches!((file(self), file(other)), (Some(a), Some(b)) if a == b)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Database(url) => write!(f, "{url}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Log,
    Capture,
    Database,
}

impl Kind {
    fn of(path: &Path) -> Result<Self, Failure> {
        let mut first = Vec::new();
        let read = pass::open(path)?.take(16).read_to_end(&mut first);
        read.map_err(|error| pass::cannot_read(path, &error))?;
        Ok(match first.as_slice() {
            b"SQLite format 3\0" => Self::Database,
            first if begins_capture(first) => Self::Capture,
            _ => Self::Log,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Log => "a log",
            Self::Capture => "a packet capture",
            Self::Database => "a database",
        })
    }
}
