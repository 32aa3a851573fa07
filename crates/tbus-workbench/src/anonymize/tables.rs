//! From or to PostgreSQL: the tables of the interaction database and of the Info Mart.

use tbus_db::schema::{Schema, SchemaError};
use tbus_db::{Database, DatabaseUrl, DbError, Dialect, OpenOptions, Table, Transaction, Value};
use tlib_capture::anonymize::Anonymizer;

use super::CopyError;
use super::row::{Cell, Columns};

/// Tables and the numbers of their rows that SQLite and PostgreSQL tell, of the schema that is used.
const TABLES_SQLITE: &str =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1";
const TABLES_POSTGRESQL: &str = "SELECT table_name::text FROM information_schema.tables \
     WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1";

/// Columns of PostgreSQL that number themselves.
const COUNTERS: &str = "SELECT upper(table_name::text), upper(column_name::text) FROM information_schema.columns \
     WHERE table_schema = current_schema() AND column_default LIKE 'nextval(%'";

pub(super) fn copy(
    anonymizer: &mut Anonymizer,
    from: &DatabaseUrl,
    to: Option<&DatabaseUrl>,
    seen: &mut dyn FnMut(u64),
) -> Result<(), CopyError> {
    let options = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
    let mut source = Database::open(from, &options).map_err(CopyError::Read)?;
    // All tables as they are at one moment.
    let snapshot = match source.dialect() {
        Dialect::Sqlite => "BEGIN",
        Dialect::Postgresql => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    source.script(snapshot).map_err(CopyError::Read)?;
    let schemas = schemas(&mut source, from)?;
    others(anonymizer, &mut source, &schemas).map_err(CopyError::Read)?;
    let Some(to) = to else {
        let mut copy = Copy { anonymizer, source, from, seen, rows: 0 };
        return copy.tables(&schemas, None);
    };
    let mut target = Database::open(to, &OpenOptions::default()).map_err(CopyError::Write)?;
    for schema in &schemas {
        schema.prepare(&mut target, to).map_err(|error| match error {
            SchemaError::Database(error) => CopyError::Write(error),
            error => CopyError::Schema(error),
        })?;
    }
    let dialect = target.dialect();
    let mut transaction = target.begin().map_err(CopyError::Write)?;
    for schema in &schemas {
        empty(&mut transaction, schema, dialect, to)?;
    }
    let mut copy = Copy { anonymizer, source, from, seen, rows: 0 };
    copy.tables(&schemas, Some(&mut transaction))?;
    if dialect == Dialect::Postgresql {
        count_on(&mut transaction, &schemas).map_err(CopyError::Write)?;
    }
    transaction.commit().map_err(CopyError::Write)?;
    if dialect == Dialect::Sqlite {
        // What is written is in the one file, not in a log beside it.
        target.query("PRAGMA journal_mode=DELETE", &[]).map_err(CopyError::Write)?;
    }
    Ok(())
}

/// The schemas that the database has.
fn schemas(source: &mut Database, from: &DatabaseUrl) -> Result<Vec<&'static Schema>, CopyError> {
    let mut found = Vec::new();
    for schema in [tbus_recorder::schema::schema(), tbus_reporting::schema::schema()] {
        if schema.is_in(source).map_err(CopyError::Read)? {
            schema.check(source, from).map_err(|error| match error {
                SchemaError::Database(error) => CopyError::Read(error),
                error => CopyError::Schema(error),
            })?;
            found.push(schema);
        }
    }
    if found.is_empty() {
        return Err(CopyError::Unknown { database: from.to_string() });
    }
    Ok(found)
}

/// Counts the rows of tables that are none of ours and stay behind.
fn others(anonymizer: &mut Anonymizer, source: &mut Database, schemas: &[&Schema]) -> Result<(), DbError> {
    let sql = match source.dialect() {
        Dialect::Sqlite => TABLES_SQLITE,
        Dialect::Postgresql => TABLES_POSTGRESQL,
    };
    for row in source.query(sql, &[])?.iter() {
        let name = row.text(0)?;
        let is_ours = |table: &Table| name.eq_ignore_ascii_case(table.name);
        if !schemas.iter().any(|schema| schema.tables.iter().any(is_ours)) {
            let count = source.query(&format!("SELECT count(*) FROM {}", quoted(name)), &[])?;
            let count = count.first().map_or(Ok(0), |row| row.int(0))?;
            let what = format!("rows of {name}, which is no table that tbus has made");
            anonymizer.dropped(&what, u64::try_from(count).unwrap_or_default());
        }
    }
    Ok(())
}

/// A table's or column's name in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Takes the rows out of tables that the script gives some, and refuses others that have any.
fn empty(
    transaction: &mut Transaction<'_>,
    schema: &Schema,
    dialect: Dialect,
    to: &DatabaseUrl,
) -> Result<(), CopyError> {
    // First all are looked at.
    for table in schema.tables.iter().filter(|table| !schema.gives_rows(dialect, table.name)) {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if !transaction.query(&sql, &[]).map_err(CopyError::Write)?.is_empty() {
            return Err(CopyError::NotEmpty { database: to.to_string(), table: table.name.to_owned() });
        }
    }
    for table in schema.tables.iter().filter(|table| schema.gives_rows(dialect, table.name)) {
        let sql = format!("DELETE FROM {}", table.name);
        transaction.execute(&sql, &[]).map_err(CopyError::Write)?;
    }
    Ok(())
}

/// Lets columns that number themselves go on behind what was copied.
fn count_on(transaction: &mut Transaction<'_>, schemas: &[&Schema]) -> Result<(), DbError> {
    for row in transaction.query(COUNTERS, &[])?.iter() {
        let (table, column) = (row.text(0)?, row.text(1)?);
        if schemas.iter().any(|schema| schema.tables.iter().any(|ours| ours.name == table)) {
            transaction.query(
                &format!(
                    "SELECT setval(pg_get_serial_sequence(lower('{table}'), lower('{column}')), max({column})) \
                     FROM {table} HAVING max({column}) IS NOT NULL"
                ),
                &[],
            )?;
        }
    }
    Ok(())
}

struct Copy<'a> {
    anonymizer: &'a mut Anonymizer,
    source: Database,
    from: &'a DatabaseUrl,
    seen: &'a mut dyn FnMut(u64),
    rows: u64,
}

/// What ends a table early; the errors of reading come from the source itself.
enum Ended {
    Read(DbError),
    Copy(CopyError),
}

impl From<DbError> for Ended {
    fn from(error: DbError) -> Self {
        Self::Read(error)
    }
}

impl Copy<'_> {
    fn tables(
        &mut self,
        schemas: &[&'static Schema],
        mut target: Option<&mut Transaction<'_>>,
    ) -> Result<(), CopyError> {
        for table in schemas.iter().flat_map(|schema| schema.tables) {
            self.table(table, target.as_deref_mut()).map_err(|ended| match ended {
                Ended::Read(error) => CopyError::Read(error),
                Ended::Copy(error) => error,
            })?;
        }
        Ok(())
    }

    fn table(
        &mut self,
        table: &'static Table,
        mut target: Option<&mut Transaction<'_>>,
    ) -> Result<(), Ended> {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let columns = Columns::new(self.anonymizer, names.iter().copied());
        let sql = format!("SELECT {} FROM {}", names.join(", "), table.name);
        let (anonymizer, seen, rows, from) =
            (&mut *self.anonymizer, &mut *self.seen, &mut self.rows, self.from);
        let mut cells = Vec::new();
        self.source.each(&sql, &[], |row| {
            cells.clear();
            for (at, column) in table.columns.iter().enumerate() {
                cells.push(cell(row.value(at, column.kind)?));
            }
            columns.replace(anonymizer, &mut cells).map_err(|fixed| {
                let (database, table) = (from.to_string(), table.name.to_owned());
                Ended::Copy(CopyError::Fixed { database, table, column: fixed.column, what: fixed.what })
            })?;
            *rows = rows.saturating_add(1);
            seen(*rows);
            let Some(target) = target.as_deref_mut() else { return Ok(()) };
            let values: Vec<Value<'_>> = cells.iter().map(value).collect();
            target.row(table, &values).map_err(|error| Ended::Copy(CopyError::Write(error)))
        })
    }
}

fn cell(value: Value<'_>) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Int(value) => Cell::Int(value),
        Value::Text(text) => Cell::Text(text.as_bytes().to_vec()),
        Value::Time(micros) => Cell::Time(micros),
    }
}

fn value(cell: &Cell) -> Value<'_> {
    match cell {
        // These columns hold neither bytes nor numbers with a point; and the fake of a text is one.
        Cell::Null | Cell::Real(_) | Cell::Blob(_) => Value::Null,
        Cell::Int(value) => Value::Int(*value),
        Cell::Text(text) => std::str::from_utf8(text).map_or(Value::Null, Value::Text),
        Cell::Time(micros) => Value::Time(*micros),
    }
}
