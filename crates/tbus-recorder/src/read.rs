//! What is in the database, for those who want to show it.

use tbus_db::{Database, DbError, Row};

const CUSTOM_DATA: &str = include_str!("../sql/read/custom_data.sql");

/// A query for people who want to see what is stored.
pub const LOOK: &str = "select KEYNAME, VALUE from G_CUSTOM_DATA_S";

/// A row of G_CUSTOM_DATA_S: a pair of a user event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPair {
    /// When the event was sent, in microseconds since 1970 UTC.
    pub added: i64,
    /// The data-source session in which it came.
    pub session: i32,
    /// The event's sequence number, 16 hex digits; together with the session it names the event.
    pub sequence: String,
    /// The DN; empty when the event had none.
    pub dn: String,
    /// The key.
    pub key: String,
    /// The value as it is stored.
    pub value: String,
}

/// Every row of G_CUSTOM_DATA_S, in the order in which they were stored. For databases that fit into memory.
///
/// # Errors
/// When the database cannot be read, or has other columns.
pub fn custom_data(database: &mut Database) -> Result<Vec<StoredPair>, DbError> {
    let rows = database.query(CUSTOM_DATA, &[])?;
    rows.iter().map(|row| pair(&row)).collect()
}

fn pair(row: &Row<'_>) -> Result<StoredPair, DbError> {
    let text = |column| row.text_or_null(column).map(|text| text.unwrap_or_default().to_owned());
    Ok(StoredPair {
        added: row.time(0)?,
        session: row.int_or_null(1)?.and_then(|number| i32::try_from(number).ok()).unwrap_or_default(),
        sequence: text(2)?,
        dn: text(3)?,
        key: text(4)?,
        value: text(5)?,
    })
}
