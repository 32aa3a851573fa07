//! The schema of the interaction database: its scripts, and what a database must have before anything is written.
//!
//! [`prepare`] makes the tables in a database that has none of them, and checks one that has. It never changes tables
//! that are there: a schema of another version, or of another maker, is an error that says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tbus_db::{Database, DatabaseUrl, DbError};

use crate::idb::EVERYTHING;
pub use crate::idb::VERSION;

const COLUMNS_SQLITE: &str = include_str!("../sql/schema/columns_sqlite.sql");
const COLUMNS_POSTGRESQL: &str = include_str!("../sql/schema/columns_postgresql.sql");
const READ_VERSION: &str = include_str!("../sql/schema/version.sql");
/// Most names that an error lists.
const NAMES_SHOWN: usize = 5;

/// An engine that there is a script for. The recorder writes into the first two; the others are for those who load its
/// rows elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgresql,
    /// Microsoft SQL Server.
    Mssql,
    /// Oracle Database.
    Oracle,
}

impl From<tbus_db::Dialect> for Dialect {
    fn from(dialect: tbus_db::Dialect) -> Self {
        match dialect {
            tbus_db::Dialect::Sqlite => Self::Sqlite,
            tbus_db::Dialect::Postgresql => Self::Postgresql,
        }
    }
}

/// The script that makes every table, index and dictionary row, generated from `protocol-spec/idb.toml`. On SQLite and
/// PostgreSQL it may run again and changes nothing then; the others have no `CREATE TABLE IF NOT EXISTS`.
pub const fn ddl(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => include_str!("../sql/sqlite.sql"),
        Dialect::Postgresql => include_str!("../sql/postgresql.sql"),
        Dialect::Mssql => include_str!("../sql/mssql.sql"),
        Dialect::Oracle => include_str!("../sql/oracle.sql"),
    }
}

/// What [`prepare`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// There was none of the tables: all were made.
    Created,
    /// Everything was there.
    Checked,
}

/// Why nothing can be written into a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The database has failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The tables are of another version.
    #[error(
        "{database}: its tables have schema version {found}, this tbus needs version {expected}: \
         use the tbus that made them, or name another database (an empty one gets the tables by itself)"
    )]
    Version {
        /// The database, without password.
        database: String,
        /// Version of its tables.
        found: i64,
        /// Version of this program.
        expected: i32,
    },
    /// There are tables with the names of ours, which somebody else has made.
    #[error(
        "{database}: it has {tables} but no TBUS_SCHEMA, so tbus did not make it: \
         name another database (an empty one gets the tables by itself)"
    )]
    Foreign {
        /// The database, without password.
        database: String,
        /// Tables that are there.
        tables: Names,
    },
    /// Something is not there that belongs to the version.
    #[error(
        "{database}: it says that it has schema version {VERSION}, but {missing} is missing: \
         restore it from `tbus idb schema`, or name another database"
    )]
    Incomplete {
        /// The database, without password.
        database: String,
        /// What is missing, as TABLE or TABLE.COLUMN.
        missing: Names,
    },
    /// The table of the version has no row.
    #[error(
        "{database}: TBUS_SCHEMA has no row with ID 1, so the version of its tables is not known: \
         insert ID 1 with the version, or name another database"
    )]
    Unversioned {
        /// The database, without password.
        database: String,
    },
}

/// Some names, of which errors show the first five.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Vec<String>);

impl Names {
    /// All of them.
    pub fn all(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().take(NAMES_SHOWN).enumerate() {
            write!(f, "{}{name}", if at > 0 { ", " } else { "" })?;
        }
        match self.0.len().saturating_sub(NAMES_SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Makes the tables in a database that has none of them, in one transaction, or checks that all are there as this
/// program needs them. `url` is for the errors.
///
/// # Errors
///
/// A database that fails; tables of another version or of somebody else; a table or column that is not there.
pub fn prepare(database: &mut Database, url: &DatabaseUrl) -> Result<Prepared, SchemaError> {
    let found = tables(database)?;
    let Some(version) = found.get("TBUS_SCHEMA") else {
        let foreign: Vec<String> = EVERYTHING
            .iter()
            .map(|(table, _)| *table)
            .filter(|table| found.contains_key(*table))
            .map(str::to_owned)
            .collect();
        if !foreign.is_empty() {
            return Err(SchemaError::Foreign { database: url.to_string(), tables: Names(foreign) });
        }
        create(database)?;
        return Ok(Prepared::Created);
    };
    // Without these two columns the version cannot be asked for, and the list of what is missing names them.
    if version.contains("ID") && version.contains("VERSION") {
        check_version(database, url)?;
    }
    let missing: Vec<String> =
        EVERYTHING.iter().flat_map(|(table, columns)| missing(&found, table, columns)).collect();
    if missing.is_empty() {
        return Ok(Prepared::Checked);
    }
    Err(SchemaError::Incomplete { database: url.to_string(), missing: Names(missing) })
}

/// The tables that could be ours, with their columns, in upper case.
fn tables(database: &mut Database) -> Result<BTreeMap<String, BTreeSet<String>>, DbError> {
    let sql = match database.dialect() {
        tbus_db::Dialect::Sqlite => COLUMNS_SQLITE,
        tbus_db::Dialect::Postgresql => COLUMNS_POSTGRESQL,
    };
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in database.query(sql, &[])?.iter() {
        found.entry(row.text(0)?.to_owned()).or_default().insert(row.text(1)?.to_owned());
    }
    Ok(found)
}

fn create(database: &mut Database) -> Result<(), DbError> {
    let dialect = database.dialect();
    let mut transaction = database.begin()?;
    for statement in statements(ddl(dialect.into())) {
        transaction.execute(statement, &[])?;
    }
    transaction.commit()?;
    Ok(())
}

fn check_version(database: &mut Database, url: &DatabaseUrl) -> Result<(), SchemaError> {
    let rows = database.query(READ_VERSION, &[])?;
    let Some(row) = rows.first() else {
        return Err(SchemaError::Unversioned { database: url.to_string() });
    };
    let found = row.int(0)?;
    if found == i64::from(VERSION) {
        return Ok(());
    }
    Err(SchemaError::Version { database: url.to_string(), found, expected: VERSION })
}

/// What is not there of a table: itself, or columns.
fn missing(found: &BTreeMap<String, BTreeSet<String>>, table: &str, columns: &[&str]) -> Vec<String> {
    match found.get(table) {
        None => vec![table.to_owned()],
        Some(have) => {
            let lacking = columns.iter().filter(|column| !have.contains(**column));
            lacking.map(|column| format!("{table}.{column}")).collect()
        }
    }
}

/// The statements of a script. The renderer ends a statement by `;` at the end of a line, and only there.
fn statements(script: &'static str) -> impl Iterator<Item = &'static str> {
    script.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_cut_where_its_statements_end() {
        for dialect in [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mssql, Dialect::Oracle] {
            let words: BTreeSet<&str> = statements(ddl(dialect))
                .map(|statement| {
                    let code = statement.lines().find(|line| !line.is_empty() && !line.starts_with("--"));
                    code.and_then(|line| line.split(' ').next()).unwrap_or("nothing")
                })
                .collect();
            assert_eq!(words, BTreeSet::from(["CREATE", "INSERT"]), "{dialect:?}");
        }
    }

    #[test]
    fn an_error_lists_a_few_names() {
        let names = |count: usize| Names((1..=count).map(|at| format!("T{at}")).collect()).to_string();
        assert_eq!(names(1), "T1");
        assert_eq!(names(5), "T1, T2, T3, T4, T5");
        assert_eq!(names(7), "T1, T2, T3, T4, T5 and 2 more");
    }
}
