//! Anonymised copies of databases: every row is read, its values are replaced by their fakes, and it is written to a database
//! that had none.
//!
//! From SQLite to SQLite the tables are whatever the file has. Where PostgreSQL is on one side or on both, they are those of
//! the interaction database and of the Info Mart, made by their own schema; other tables stay behind, and are counted.

mod file;
mod row;
mod search;
mod tables;

#[cfg(test)]
mod tests;

use tbus_db::schema::SchemaError;
use tbus_db::{DatabaseUrl, DbError};
use tlib_capture::anonymize::Anonymizer;

pub use search::search_database;

/// Why a database could not be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// IN cannot be opened or read.
    #[error(transparent)]
    Read(DbError),
    /// OUT cannot be opened or written.
    #[error(transparent)]
    Write(DbError),
    /// The tables of one of them are not as they must be.
    #[error(transparent)]
    Schema(SchemaError),
    /// There is nothing in IN that can be copied to or from PostgreSQL.
    #[error(
        "{database}: it is neither an interaction database nor an Info Mart that tbus has made; only from an SQLite file to \
         an SQLite file other tables are copied"
    )]
    Unknown {
        /// The database, without password.
        database: String,
    },
    /// OUT has rows.
    #[error(
        "{database}: table {table} has rows already, and nothing is ever written over: name an empty database"
    )]
    NotEmpty {
        /// The database, without password.
        database: String,
        /// A table with rows.
        table: String,
    },
    /// A table that is no plain one.
    #[error(
        "{database}: table {table} is a virtual one; such tables are not copied, drop it or copy without it"
    )]
    Virtual {
        /// The database.
        database: String,
        /// Its name.
        table: String,
    },
    /// A column that is to be replaced, but has no text and no integers.
    #[error(
        "{database}: column {table}.{column} has {what}, which cannot be replaced: only text, bytes and integers can"
    )]
    Fixed {
        /// The database, without password.
        database: String,
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What it holds.
        what: &'static str,
    },
}

/// Goes over all rows of `from`. They are written to `to`, whose tables have no rows or are not there yet, or to nowhere: for
/// learning and inspecting. `seen` is told how many rows were read so far, after each.
///
/// Memory does not grow with the number of rows. A copy that ends before its end leaves no row.
///
/// # Errors
/// [`CopyError`].
pub fn anonymize_database(
    anonymizer: &mut Anonymizer,
    from: &DatabaseUrl,
    to: Option<&DatabaseUrl>,
    seen: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let files = (from.sqlite_path(), to.map(DatabaseUrl::sqlite_path));
    match files {
        (Some(from), None) => file::copy(anonymizer, from, None, seen),
        (Some(from), Some(Some(to))) => file::copy(anonymizer, from, Some(to), seen),
        _ => tables::copy(anonymizer, from, to, seen),
    }
}
