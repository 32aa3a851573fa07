//! What goes into a database: values, and the tables that take many of them.

/// One value of a row or of a statement's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// An integer. PostgreSQL refuses one that its column cannot hold.
    Int(i64),
    /// A text. U+0000 in it is an error on both engines, because PostgreSQL cannot hold it.
    Text(&'a str),
    /// A time: microseconds since 1970 in UTC. SQLite keeps milliseconds of it, as text.
    Time(i64),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An integer of 4 bytes.
    Int4,
    /// An integer of 8 bytes; a wide decimal without places is one in both engines here.
    Int8,
    /// A text.
    Text,
    /// A time: `timestamp` in PostgreSQL, text `YYYY-MM-DD HH:MM:SS.mmm` in SQLite, both UTC.
    Time,
}

/// One column that an insert gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, as it stands in SQL (not quoted).
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A table and the columns that an insert gives; columns that number themselves are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name, as it stands in SQL (not quoted).
    pub name: &'static str,
    /// The columns, in the order of a row's values.
    pub columns: &'static [Column],
}
