//! The one way to SQLite (embedded) and PostgreSQL.
//!
//! A [`Database`] is opened by its [`DatabaseUrl`], runs scripts and small control queries, and makes
//! [`Transaction`]s. A transaction takes many rows for few tables with next to no work for each
//! ([`Transaction::row`]): multi-row statements on SQLite, binary COPY on PostgreSQL. Everything that fails gives a
//! [`DbError`], which names the database, what was done, and why, and has an [`ErrorKind`] for the caller to decide by.
//!
//! Placeholders are `$1, $2, ..` on both engines, each used once and in order (SQLite numbers them by appearance).
//!
//! What this crate is **not**: it knows no protocol and no table's name.
//!
//! Its calls block, and PostgreSQL's must not be made on a thread that runs an async runtime: give the database a
//! thread of its own.

mod database;
mod error;
mod postgresql;
mod rows;
pub mod schema;
pub mod sqlite;
mod time;
mod transaction;
mod url;
mod value;

pub use database::{Database, OpenOptions, Sync};
pub use error::{DbError, ErrorKind};
pub use rows::{Row, Rows};
pub use rusqlite;
pub use schema::Schema;
pub use time::{civil, format_time, parse_time};
pub use transaction::Transaction;
pub use url::{DatabaseUrl, Dialect, UrlError};
pub use value::{Column, Kind, Table, Value};
