//! The schema of the interaction database: its scripts, and what a database must have before anything is written.
//!
//! [`prepare`] makes the tables in a database that has none of them, and checks one that has. It never changes tables
//! that are there: a schema of another version, or of another maker, is an error that says what to do.

use tbus_db::schema::Schema;
pub use tbus_db::schema::{Engine, Names, Prepared, SchemaError};
use tbus_db::{Database, DatabaseUrl};

pub use crate::idb::VERSION;
use crate::idb::{TABLES, VIEWS};

/// What the database must have.
static IDB: Schema = Schema {
    version_table: "TBUS_SCHEMA",
    version: VERSION,
    tables: TABLES,
    views: VIEWS,
    script: |dialect| ddl(dialect.into()),
    command: "tbus idb schema",
};

/// The script that makes every table, index and dictionary row, generated from `protocol-spec/idb.toml`. On SQLite and
/// PostgreSQL it may run again and changes nothing then; the others have no `CREATE TABLE IF NOT EXISTS`.
pub const fn ddl(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => include_str!("../sql/sqlite.sql"),
        Engine::Postgresql => include_str!("../sql/postgresql.sql"),
        Engine::Mssql => include_str!("../sql/mssql.sql"),
        Engine::Oracle => include_str!("../sql/oracle.sql"),
    }
}

/// The tables and views of an interaction database, for those who check, copy or empty one.
pub fn schema() -> &'static Schema {
    &IDB
}

/// Makes the tables in a database that has none of them, in one transaction, or checks that all are there as this
/// program needs them. `url` is for the errors.
///
/// # Errors
///
/// A database that fails; tables of another version or of somebody else; a table or column that is not there.
pub fn prepare(database: &mut Database, url: &DatabaseUrl) -> Result<Prepared, SchemaError> {
    IDB.prepare(database, url)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tbus_db::schema::statements;

    use super::*;

    #[test]
    fn a_script_is_cut_where_its_statements_end() {
        for engine in [Engine::Sqlite, Engine::Postgresql, Engine::Mssql, Engine::Oracle] {
            let words: BTreeSet<&str> = statements(ddl(engine))
                .map(|statement| {
                    let code = statement.lines().find(|line| !line.is_empty() && !line.starts_with("--"));
                    code.and_then(|line| line.split(' ').next()).unwrap_or("nothing")
                })
                .collect();
            assert_eq!(words, BTreeSet::from(["CREATE", "INSERT"]), "{engine:?}");
        }
    }
}
