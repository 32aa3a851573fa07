//! The schema of the Info Mart: its scripts, and what a database must have before anything is read or written.

use tbus_db::schema::Schema;
pub use tbus_db::schema::{Engine, Names, Prepared, SchemaError};
use tbus_db::{Database, DatabaseUrl};

pub use crate::generated::mart::VERSION;
use crate::generated::{mart, source};

/// What an Info Mart must have.
static INFO_MART: Schema = Schema {
    version_table: "CTL_TBUS_SCHEMA",
    version: VERSION,
    tables: mart::TABLES,
    views: mart::VIEWS,
    script: |dialect| ddl(dialect.into()),
    command: "tbus infomart schema",
};

/// What is read of an interaction database. It is never made here.
static IDB: Schema = Schema {
    version_table: "TBUS_SCHEMA",
    version: source::VERSION,
    tables: source::TABLES,
    views: &[],
    script: |_| "",
    command: "tbus idb schema",
};

/// The script that makes every table, index, view and first row, generated from `protocol-spec/infomart.toml`. On SQLite
/// and PostgreSQL it may run again and changes nothing then.
pub const fn ddl(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => include_str!("../sql/sqlite.sql"),
        Engine::Postgresql => include_str!("../sql/postgresql.sql"),
        Engine::Mssql => include_str!("../sql/mssql.sql"),
        Engine::Oracle => include_str!("../sql/oracle.sql"),
    }
}

/// The tables and views of an Info Mart, for those who check, copy or empty one.
pub fn schema() -> &'static Schema {
    &INFO_MART
}

/// Makes the Info Mart in a database that has none of its tables, in one transaction, or checks that all are there as
/// this program needs them. `url` is for the errors.
///
/// # Errors
///
/// A database that fails; tables of another version or of somebody else; a table or column that is not there.
pub fn prepare(database: &mut Database, url: &DatabaseUrl) -> Result<Prepared, SchemaError> {
    INFO_MART.prepare(database, url)
}

/// Checks that a database is an Info Mart of this version; for those who only read it. `url` is for the errors.
///
/// # Errors
///
/// Those of [`prepare`], and [`SchemaError::Missing`] for a database without the tables.
pub fn check(database: &mut Database, url: &DatabaseUrl) -> Result<(), SchemaError> {
    INFO_MART.check(database, url)
}

/// Checks that a database is an interaction database that can be read.
///
/// # Errors
///
/// Those of [`check`].
pub fn check_source(database: &mut Database, url: &DatabaseUrl) -> Result<(), SchemaError> {
    IDB.check(database, url)
}
