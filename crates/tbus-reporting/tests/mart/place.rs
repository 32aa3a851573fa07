//! A database of a test's own, on either engine.

use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tlib_testkit::Postgres;

/// A database that nobody else uses.
pub(crate) struct Place {
    pub(crate) url: DatabaseUrl,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(folder.path().join("mart.sqlite"));
        Self { url, _folder: Some(folder) }
    }

    pub(crate) fn postgresql() -> Self {
        Self { url: Postgres::shared().new_database().parse().unwrap(), _folder: None }
    }

    /// One on each engine.
    pub(crate) fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgresql()]
    }

    pub(crate) fn open(&self) -> Database {
        Database::open(&self.url, &OpenOptions::default()).unwrap()
    }
}

/// The only number that a query gives.
pub(crate) fn number(database: &mut Database, sql: &str) -> i64 {
    database.query(sql, &[]).unwrap().first().unwrap().int(0).unwrap()
}
