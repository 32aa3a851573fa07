//! Searching all that a PostgreSQL database has, its tables understood or not.

use tbus_db::{Database, DatabaseUrl, DbError, OpenOptions};
use tlib_capture::anonymize::{Leftovers, RawSearch};

use super::tables::quoted;

/// Bytes of rows that are searched at once (chosen).
const CHUNK: usize = 1 << 20;

/// Every table of the database but those of PostgreSQL itself.
const TABLES: &str = "SELECT table_schema::text, table_name::text FROM information_schema.tables \
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE' ORDER BY 1, 2";

/// Searches every row of every table of a PostgreSQL database, as PostgreSQL prints it; the file of an SQLite database is
/// searched by [`RawSearch::search`] itself.
///
/// # Errors
/// A database that fails.
pub fn search_database(search: &RawSearch, url: &DatabaseUrl, into: &mut Leftovers) -> Result<(), DbError> {
    let options = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
    let mut database = Database::open(url, &options)?;
    let mut buffer = Vec::new();
    for row in database.query(TABLES, &[])?.iter() {
        let sql = format!("SELECT t::text FROM {}.{} AS t", quoted(row.text(0)?), quoted(row.text(1)?));
        database.each::<DbError>(&sql, &[], |row| {
            buffer.extend_from_slice(row.text(0)?.as_bytes());
            buffer.push(b'\n');
            if buffer.len() >= CHUNK {
                part(search, &buffer, into);
                buffer.clear();
            }
            Ok(())
        })?;
    }
    part(search, &buffer, into);
    Ok(())
}

fn part(search: &RawSearch, rows: &[u8], into: &mut Leftovers) {
    // Reading memory does not fail.
    let _ = search.search(rows, into);
}
