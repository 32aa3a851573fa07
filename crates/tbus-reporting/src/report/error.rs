//! Why a report could not be made.

use std::io;

use jiff::civil::Date;
use tbus_db::DbError;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The database has failed, or holds something else than an Info Mart does.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Nothing could be written.
    #[error(transparent)]
    Output(#[from] io::Error),
    /// The first day is after the last one.
    #[error("the first day, {from}, is after the last day, {to}")]
    Dates {
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
    },
    /// A time in the database is none.
    #[error("{column} has the value {value}, which is no time in seconds since 1970")]
    Time {
        /// The column.
        column: &'static str,
        /// Its value.
        value: i64,
    },
}

impl From<csv::Error> for ReportError {
    fn from(error: csv::Error) -> Self {
        let words = error.to_string();
        Self::Output(match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            // Nothing is read here, so that only writing can fail.
            _ => io::Error::other(words),
        })
    }
}
