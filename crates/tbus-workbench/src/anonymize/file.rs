//! From an SQLite file to an SQLite file, whatever its tables are. No byte of the original file gets over but the text of its
//! schema.

use std::path::Path;

use tbus_db::rusqlite::types::{Value, ValueRef};
use tbus_db::rusqlite::{Connection, Row, params_from_iter};
use tbus_db::{OpenOptions, rusqlite, sqlite};
use tlib_capture::anonymize::Anonymizer;

use super::CopyError;
use super::row::{Cell, Columns};
use super::tables::quoted;

pub(super) fn copy(
    anonymizer: &mut Anonymizer,
    from: &Path,
    to: Option<&Path>,
    seen: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let reading = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
    let connection = sqlite::open(from, &reading).map_err(CopyError::Read)?;
    let source = File { connection: &connection, path: from, error: CopyError::Read };
    // All tables as they are at one moment.
    source.run("BEGIN")?;
    let schema = schema(&connection).map_err(|cause| source.failed("reading the schema", &cause))?;
    let target =
        to.map(|path| sqlite::open(path, &OpenOptions::default()).map(|opened| (opened, path))).transpose();
    let target = target.map_err(CopyError::Write)?;
    let target = target.as_ref().map(|(connection, path)| File { connection, path, error: CopyError::Write });
    if let Some(target) = &target {
        // Rows come table by table, whatever they refer to, and names of several kinds may refer to each other.
        target.run("PRAGMA foreign_keys = OFF")?;
        target.run("BEGIN")?;
        for pragma in ["user_version", "application_id"] {
            let value: i64 = connection
                .query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
                .map_err(|cause| source.failed(pragma, &cause))?;
            target.run(&format!("PRAGMA {pragma} = {value}"))?;
        }
    }
    let mut rows = 0_u64;
    for part in schema.iter().filter(|part| part.kind == "table") {
        let start: String = part.sql.chars().take(20).collect();
        if start.to_ascii_uppercase().starts_with("CREATE VIRTUAL") {
            let database = from.display().to_string();
            return Err(CopyError::Virtual { database, table: part.name.clone() });
        }
        if let Some(target) = &target {
            target.run(&part.sql)?;
        }
        table(anonymizer, &source, target.as_ref(), &part.name, &mut || {
            rows = rows.saturating_add(1);
            seen(rows);
        })?;
    }
    let Some(target) = target else { return Ok(()) };
    for kind in ["index", "view", "trigger"] {
        for part in schema.iter().filter(|part| part.kind == kind) {
            target.run(&part.sql)?;
        }
    }
    target.run("COMMIT")?;
    // What is written is in the one file, not in a log beside it.
    let closed = target.connection.query_row("PRAGMA journal_mode=DELETE", [], |_| Ok(()));
    closed.map_err(|cause| target.failed("closing", &cause))
}

/// One of the two files, with what becomes of its errors.
struct File<'a> {
    connection: &'a Connection,
    path: &'a Path,
    error: fn(tbus_db::DbError) -> CopyError,
}

impl File<'_> {
    fn run(&self, sql: &str) -> Result<(), CopyError> {
        let doing: String = sql.chars().take(60).collect();
        self.connection.execute_batch(sql).map_err(|cause| self.failed(&doing, &cause))
    }

    fn failed(&self, doing: &str, cause: &rusqlite::Error) -> CopyError {
        (self.error)(sqlite::error(self.path, doing, cause))
    }
}

struct Part {
    kind: String,
    name: String,
    sql: String,
}

fn schema(source: &Connection) -> rusqlite::Result<Vec<Part>> {
    // Tables that SQLite makes by itself come with the others; an index without text is part of its table.
    let sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid";
    let mut statement = source.prepare(sql)?;
    statement
        .query_map([], |row| Ok(Part { kind: row.get(0)?, name: row.get(1)?, sql: row.get(2)? }))?
        .collect()
}

fn table(
    anonymizer: &mut Anonymizer,
    source: &File<'_>,
    target: Option<&File<'_>>,
    name: &str,
    seen: &mut dyn FnMut(),
) -> Result<(), CopyError> {
    let doing = format!("copying table {name}");
    let unread = |cause: rusqlite::Error| source.failed(&doing, &cause);
    let names = columns(source.connection, name).map_err(unread)?;
    if names.is_empty() {
        return Ok(());
    }
    let columns = Columns::new(anonymizer, names.iter().map(String::as_str));
    let list: Vec<String> = names.iter().map(|column| quoted(column)).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let insert = format!("INSERT INTO {} ({}) VALUES ({marks})", quoted(name), list.join(", "));
    let mut insert = match target {
        Some(target) => {
            let prepared = target.connection.prepare(&insert);
            Some((prepared.map_err(|cause| target.failed(&doing, &cause))?, target))
        }
        None => None,
    };
    let select = format!("SELECT {} FROM {}", list.join(", "), quoted(name));
    let mut select = source.connection.prepare(&select).map_err(unread)?;
    let mut rows = select.query([]).map_err(unread)?;
    while let Some(row) = rows.next().map_err(unread)? {
        let mut cells = cells(row, names.len()).map_err(unread)?;
        columns.replace(anonymizer, &mut cells).map_err(|fixed| {
            let (database, table) = (source.path.display().to_string(), name.to_owned());
            CopyError::Fixed { database, table, column: fixed.column, what: fixed.what }
        })?;
        seen();
        if let Some((insert, target)) = &mut insert {
            insert
                .execute(params_from_iter(cells.into_iter().map(value)))
                .map_err(|cause| target.failed(&doing, &cause))?;
        }
    }
    Ok(())
}

/// Generated columns are left out: they come by themselves.
fn columns(source: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        source.prepare("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

fn cells(row: &Row<'_>, count: usize) -> rusqlite::Result<Vec<Cell>> {
    (0..count)
        .map(|at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Int(value),
                ValueRef::Real(value) => Cell::Real(value),
                ValueRef::Text(text) => Cell::Text(text.to_vec()),
                ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
            })
        })
        .collect()
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) | Cell::Time(value) => Value::Integer(value),
        Cell::Real(value) => Value::Real(value),
        // Text that is no UTF-8 cannot be bound as text; its bytes are what counts.
        Cell::Text(text) => {
            String::from_utf8(text).map_or_else(|error| Value::Blob(error.into_bytes()), Value::Text)
        }
        Cell::Blob(bytes) => Value::Blob(bytes),
    }
}
