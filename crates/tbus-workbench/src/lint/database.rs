//! User events and attached data in an interaction database.

use std::sync::Arc;

use tbus_db::{Database, DatabaseUrl, DbError, OpenOptions, Row};
use tbus_reporting::lint::{At, CallData, Checked, Event, Finding, Lint, Pair, Value};
use tbus_reporting::schema::{SchemaError, check_source};

/// More pairs than an event can have: 65535 bytes hold fewer.
const PAIRS: usize = 16_384;

/// Why a database could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LintError {
    /// It is no interaction database that this program can read.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// It fails.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// An event that is being put together from its rows.
#[derive(Default)]
struct Rows {
    identity: Option<(Option<i64>, Option<String>)>,
    time: Option<i64>,
    pairs: Vec<(String, String, i64)>,
}

/// Checks the user events of an interaction database, and what was attached to calls. Nothing is written.
///
/// # Errors
/// [`LintError`].
pub fn lint_database(
    url: &DatabaseUrl,
    call_data: CallData,
    out: &mut dyn FnMut(Finding),
) -> Result<Checked, LintError> {
    let options = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
    let mut database = Database::open(url, &options)?;
    check_source(&mut database, url)?;
    let file: Arc<str> = url.to_string().into();
    let mut lint = Lint::new(call_data);
    let mut rows = Rows::default();
    database.each(include_str!("sql/user_events.sql"), &[], |row| -> Result<(), DbError> {
        let identity = (row.int_or_null(1)?, row.text_or_null(2)?.map(str::to_owned));
        if rows.identity.as_ref() != Some(&identity) {
            rows.end(&file, &mut lint, out);
            rows.identity = Some(identity);
            rows.time = row.int_or_null(5)?;
        }
        if rows.pairs.len() < PAIRS {
            let text = |column| Ok::<_, DbError>(row.text_or_null(column)?.unwrap_or_default().to_owned());
            rows.pairs.push((text(3)?, text(4)?, row.int(0)?));
        }
        Ok(())
    })?;
    rows.end(&file, &mut lint, out);
    for sql in [include_str!("sql/attached.sql"), include_str!("sql/secure.sql")] {
        database.each(sql, &[], |row: Row<'_>| -> Result<(), DbError> {
            let at = At::Row(row.int(0)?);
            let (key, value) =
                (row.text_or_null(2)?.unwrap_or_default(), row.text_or_null(3)?.unwrap_or_default());
            let pairs = [Pair { key, value: Value::Text(value), at }];
            let event = Event { file: &file, at, time: row.int_or_null(4)?, pairs: &pairs };
            lint.attached(row.text_or_null(1)?.unwrap_or_default(), &event);
            Ok(())
        })?;
    }
    Ok(lint.finish(out))
}

impl Rows {
    /// The event is complete.
    fn end(&mut self, file: &Arc<str>, lint: &mut Lint, out: &mut dyn FnMut(Finding)) {
        let Some((_, _, first)) = self.pairs.first() else { return };
        let at = At::Row(*first);
        let pairs: Vec<_> = self
            .pairs
            .iter()
            .map(|(key, value, row)| Pair { key, value: Value::Text(value), at: At::Row(*row) })
            .collect();
        lint.user_event(&Event { file, at, time: self.time, pairs: &pairs }, out);
        self.pairs.clear();
    }
}
