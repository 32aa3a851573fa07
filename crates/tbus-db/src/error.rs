//! What can go wrong, said in words and as a kind.

use std::error::Error;
use std::fmt;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nobody answers there now, which may change: try again.
    Unreachable,
    /// The database does not let us in as asked: password, unknown database, path, rights, read-only.
    Refused,
    /// There is no room left.
    Full,
    /// Somebody else holds it, or too many are connected: try again.
    Busy,
    /// Another process has claimed it with [`OpenOptions::sole_writer`](crate::OpenOptions::sole_writer).
    Claimed,
    /// A constraint of the schema forbids the row.
    Constraint,
    /// The connection is lost, or the file cannot be read or written now: open the database again.
    Broken,
    /// Anything else; usually the statement or a value is wrong.
    Other,
}

/// The words of [`ErrorKind::Claimed`].
pub(crate) const CLAIMED: &str = "another process writes to it and wants to be the only one";

/// Why something with a database did not work.
///
/// Its text names the database (without password), what was being done and the cause.
pub struct DbError(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    database: String,
    doing: String,
    cause: String,
}

impl DbError {
    /// An error with these words; all of them are shown, so none may hold a password.
    pub(crate) fn new(
        kind: ErrorKind,
        database: impl Into<String>,
        doing: impl Into<String>,
        cause: impl Into<String>,
    ) -> Self {
        Self(Box::new(Inner { kind, database: database.into(), doing: doing.into(), cause: cause.into() }))
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The database as its URL shows it, without password.
    pub fn database(&self) -> &str {
        &self.0.database
    }

    /// The cause alone, without the database and what was being done.
    pub fn cause(&self) -> &str {
        &self.0.cause
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.0.database, self.0.doing, self.0.cause)
    }
}

impl fmt::Debug for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl Error for DbError {}

/// A statement for an error's text: one line, and not more than the reader needs to find it.
pub(crate) fn shortened(sql: &str) -> String {
    const MOST: usize = 120;
    let mut words = sql.split_whitespace();
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        if text.len() + word.len() > MOST {
            text.push_str(" ..");
            break;
        }
        text.push(' ');
        text.push_str(word);
    }
    if text.len() > 2 * MOST {
        text = text.chars().take(MOST).collect();
    }
    text
}
