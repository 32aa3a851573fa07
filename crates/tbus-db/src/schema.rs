//! Making the tables of a schema, and what a database must have before it is used.
//!
//! [`Schema::prepare`] makes the tables in a database that has none of them, and checks one that has;
//! [`Schema::check`] only checks. Tables that are there are never changed: a schema of another version, or of another
//! maker, is an error that says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::database::Database;
use crate::error::DbError;
use crate::url::{DatabaseUrl, Dialect};
use crate::value::Table;

const COLUMNS_SQLITE: &str = include_str!("../sql/columns_sqlite.sql");
const COLUMNS_POSTGRESQL: &str = include_str!("../sql/columns_postgresql.sql");
/// Most names that an error lists.
const NAMES_SHOWN: usize = 5;

/// An engine that scripts are written for. This crate opens the first two; the others are for those who load rows elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgresql,
    /// Microsoft SQL Server.
    Mssql,
    /// Oracle Database.
    Oracle,
}

impl From<Dialect> for Engine {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::Sqlite,
            Dialect::Postgresql => Self::Postgresql,
        }
    }
}

/// What a database must have.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The table of the version: column VERSION of the row with ID 1.
    pub version_table: &'static str,
    /// The version that is needed.
    pub version: i32,
    /// Tables with all their columns, in upper case.
    pub tables: &'static [Table],
    /// Views with all their columns, in upper case.
    pub views: &'static [Table],
    /// The script that makes everything. A statement ends with `;` at the end of a line, and nothing else does.
    pub script: fn(Dialect) -> &'static str,
    /// The command that prints the script.
    pub command: &'static str,
}

/// What [`Schema::prepare`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// There was none of the tables: all were made.
    Created,
    /// Everything was there.
    Checked,
}

/// Why a database cannot be used.
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
        "{database}: it has {tables} but no {version_table}, so tbus did not make it: \
         name another database (an empty one gets the tables by itself)"
    )]
    Foreign {
        /// The database, without password.
        database: String,
        /// Tables that are there.
        tables: Names,
        /// The table of the version.
        version_table: &'static str,
    },
    /// Something is not there that belongs to the version.
    #[error(
        "{database}: it says that it has schema version {version}, but {missing} is missing: \
         restore it from `{command}`, or name another database"
    )]
    Incomplete {
        /// The database, without password.
        database: String,
        /// What is missing, as TABLE or TABLE.COLUMN.
        missing: Names,
        /// Version of the tables.
        version: i32,
        /// The command that prints the script.
        command: &'static str,
    },
    /// The table of the version has no row.
    #[error(
        "{database}: {version_table} has no row with ID 1, so the version of its tables is not known: \
         insert ID 1 with the version, or name another database"
    )]
    Unversioned {
        /// The database, without password.
        database: String,
        /// The table of the version.
        version_table: &'static str,
    },
    /// There is none of the tables, and they were only to be checked.
    #[error(
        "{database}: there is no {version_table} in it, so tbus did not make it: name the right database"
    )]
    Missing {
        /// The database, without password.
        database: String,
        /// The table of the version.
        version_table: &'static str,
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

/// Tables with their columns.
type Found = BTreeMap<String, BTreeSet<String>>;

impl Schema {
    /// Makes the tables in a database that has none of them, in one transaction, or checks that all are there as this
    /// program needs them. `url` is for the errors.
    ///
    /// # Errors
    /// A database that fails; tables of another version or of somebody else; a table or column that is not there.
    pub fn prepare(&self, database: &mut Database, url: &DatabaseUrl) -> Result<Prepared, SchemaError> {
        let found = self.found(database)?;
        if found.contains_key(self.version_table) {
            return self.compare(database, &found, url).map(|()| Prepared::Checked);
        }
        let names = self.everything().map(|table| table.name);
        let foreign: Vec<String> =
            names.filter(|table| found.contains_key(*table)).map(str::to_owned).collect();
        if !foreign.is_empty() {
            return Err(SchemaError::Foreign {
                database: url.to_string(),
                tables: Names(foreign),
                version_table: self.version_table,
            });
        }
        self.create(database)?;
        Ok(Prepared::Created)
    }

    /// Checks that everything is there as this program needs it; it writes nothing. `url` is for the errors.
    ///
    /// # Errors
    /// Those of [`prepare`](Self::prepare), and [`SchemaError::Missing`] for a database without the table of the
    /// version.
    pub fn check(&self, database: &mut Database, url: &DatabaseUrl) -> Result<(), SchemaError> {
        let found = self.found(database)?;
        if !found.contains_key(self.version_table) {
            return Err(SchemaError::Missing {
                database: url.to_string(),
                version_table: self.version_table,
            });
        }
        self.compare(database, &found, url)
    }

    /// Whether the table of the version is in a database, whatever else is.
    ///
    /// # Errors
    /// A database that fails.
    pub fn is_in(&self, database: &mut Database) -> Result<bool, DbError> {
        Ok(self.found(database)?.contains_key(self.version_table))
    }

    /// Whether the script gives a table its first rows.
    pub fn gives_rows(&self, dialect: Dialect, table: &str) -> bool {
        let into = format!("INSERT INTO {table} ");
        statements((self.script)(dialect)).any(|statement| statement.contains(&into))
    }

    fn everything(&self) -> impl Iterator<Item = &'static Table> {
        self.tables.iter().chain(self.views)
    }

    /// The tables that could be ours, with their columns, in upper case.
    fn found(&self, database: &mut Database) -> Result<Found, DbError> {
        let sql = match database.dialect() {
            Dialect::Sqlite => COLUMNS_SQLITE,
            Dialect::Postgresql => COLUMNS_POSTGRESQL,
        };
        let mut found = Found::new();
        for row in database.query(sql, &[])?.iter() {
            let name = row.text(0)?;
            if name == self.version_table || self.everything().any(|table| table.name == name) {
                found.entry(name.to_owned()).or_default().insert(row.text(1)?.to_owned());
            }
        }
        Ok(found)
    }

    fn create(&self, database: &mut Database) -> Result<(), DbError> {
        let script = (self.script)(database.dialect());
        let mut transaction = database.begin()?;
        for statement in statements(script) {
            transaction.execute(statement, &[])?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn compare(&self, database: &mut Database, found: &Found, url: &DatabaseUrl) -> Result<(), SchemaError> {
        // Without these two columns the version cannot be asked for, and the list of what is missing names them.
        if found
            .get(self.version_table)
            .is_some_and(|table| table.contains("ID") && table.contains("VERSION"))
        {
            self.check_version(database, url)?;
        }
        let missing: Vec<String> = self.everything().flat_map(|table| missing(found, table)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(SchemaError::Incomplete {
            database: url.to_string(),
            missing: Names(missing),
            version: self.version,
            command: self.command,
        })
    }

    fn check_version(&self, database: &mut Database, url: &DatabaseUrl) -> Result<(), SchemaError> {
        let sql = format!("SELECT VERSION FROM {} WHERE ID = 1", self.version_table);
        let rows = database.query(&sql, &[])?;
        let Some(row) = rows.first() else {
            return Err(SchemaError::Unversioned {
                database: url.to_string(),
                version_table: self.version_table,
            });
        };
        let found = row.int(0)?;
        if found == i64::from(self.version) {
            return Ok(());
        }
        Err(SchemaError::Version { database: url.to_string(), found, expected: self.version })
    }
}

/// What is not there of a table: itself, or columns.
fn missing(found: &Found, table: &Table) -> Vec<String> {
    match found.get(table.name) {
        None => vec![table.name.to_owned()],
        Some(have) => {
            let lacking = table.columns.iter().filter(|column| !have.contains(column.name));
            lacking.map(|column| format!("{}.{}", table.name, column.name)).collect()
        }
    }
}

/// The statements of a script: each ends with `;` at the end of a line.
pub fn statements(script: &str) -> impl Iterator<Item = &str> {
    script.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_lists_a_few_names() {
        let names = |count: usize| Names((1..=count).map(|at| format!("T{at}")).collect()).to_string();
        assert_eq!(names(1), "T1");
        assert_eq!(names(5), "T1, T2, T3, T4, T5");
        assert_eq!(names(7), "T1, T2, T3, T4, T5 and 2 more");
    }

    #[test]
    fn a_script_is_cut_where_its_statements_end() {
        let script = "-- a; b\nCREATE TABLE A (\n    X int -- c; d\n);\n\nINSERT 1;\n";
        let found: Vec<&str> = statements(script).collect();
        assert_eq!(found, ["-- a; b\nCREATE TABLE A (\n    X int -- c; d\n)", "INSERT 1"]);
    }
}
