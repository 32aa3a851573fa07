//! An anonymised copy of an SQLite database: a new file, into which every row is written with its fakes. No byte of the
//! original file gets over but the text of its schema.

use std::path::{Path, PathBuf};

use tbus_db::rusqlite::types::{Value, ValueRef};
use tbus_db::rusqlite::{Connection, Row, params_from_iter};
use tbus_db::{DbError, OpenOptions, rusqlite, sqlite};
use tlib_capture::anonymize::Anonymizer;
use tlib_proto::{Limits, MessageRef};

/// Columns that identify rows and calls, and times as text: they stay. Compared without regard to case (chosen).
const KEPT: &[&str] = &[
    "CALLID",
    "PARENTCALLID",
    "MERGECALLID",
    "PARTYID",
    "CONNID",
    "CONNIDNUM",
    "IRID",
    "KEYNAME",
    "QUEUE_ID",
    "FEVENT_DSSEQ",
    "LEVENT_DSSEQ",
];

/// Why a database could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the databases cannot be opened.
    #[error(transparent)]
    Open(#[from] DbError),
    /// A statement has failed.
    #[error("{}: {doing}: {source}", path.display())]
    Statement {
        /// Which file.
        path: PathBuf,
        /// What was done.
        doing: String,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// A table that is no plain one.
    #[error("{}: table {table} is a virtual one; such tables are not copied, drop it or copy without it", path.display())]
    Virtual {
        /// Which file.
        path: PathBuf,
        /// Its name.
        table: String,
    },
}

/// Goes over all rows of `from`. They are written to `to`, which must not be there, or to nowhere: for learning and inspecting.
///
/// # Errors
/// [`CopyError`].
pub fn anonymize_sqlite(
    anonymizer: &mut Anonymizer,
    from: &Path,
    to: Option<&Path>,
) -> Result<(), CopyError> {
    let reading = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
    let source = sqlite::open(from, &reading)?;
    let target = to
        .map(|path| sqlite::open(path, &OpenOptions::default()).map(|target| (target, path)))
        .transpose()?;
    let target = target.as_ref().map(|(target, path)| Target { connection: target, path });
    let failed = |doing: &str| {
        let (path, doing) = (from.to_owned(), doing.to_owned());
        move |source| CopyError::Statement { path, doing, source }
    };
    let schema = schema(&source).map_err(failed("reading the schema"))?;
    if let Some(target) = &target {
        // Rows come table by table, whatever they refer to, and names of several kinds may refer to each other.
        target.run("PRAGMA foreign_keys = OFF")?;
        target.run("BEGIN")?;
        for pragma in ["user_version", "application_id"] {
            let value: i64 = source
                .query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
                .map_err(failed(pragma))?;
            target.run(&format!("PRAGMA {pragma} = {value}"))?;
        }
    }
    for part in schema.iter().filter(|part| part.kind == "table") {
        let start: String = part.sql.chars().take(20).collect();
        if start.to_ascii_uppercase().starts_with("CREATE VIRTUAL") {
            return Err(CopyError::Virtual { path: from.to_owned(), table: part.name.clone() });
        }
        if let Some(target) = &target {
            target.run(&part.sql)?;
        }
        table(anonymizer, &source, from, target.as_ref(), &part.name)?;
    }
    let Some(target) = target else { return Ok(()) };
    for kind in ["index", "view", "trigger"] {
        for part in schema.iter().filter(|part| part.kind == kind) {
            target.run(&part.sql)?;
        }
    }
    target.run("COMMIT")?;
    // What is written is in the one file, not in a log beside it.
    target.connection.query_row("PRAGMA journal_mode=DELETE", [], |_| Ok(())).map_err(|source| {
        CopyError::Statement { path: target.path.to_owned(), doing: "closing".to_owned(), source }
    })
}

struct Target<'a> {
    connection: &'a Connection,
    path: &'a Path,
}

impl Target<'_> {
    fn run(&self, sql: &str) -> Result<(), CopyError> {
        self.connection.execute_batch(sql).map_err(|source| {
            let doing = sql.chars().take(60).collect();
            CopyError::Statement { path: self.path.to_owned(), doing, source }
        })
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

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn table(
    anonymizer: &mut Anonymizer,
    source: &Connection,
    from: &Path,
    target: Option<&Target<'_>>,
    name: &str,
) -> Result<(), CopyError> {
    let doing = format!("copying table {name}");
    let failed = |path: &Path| {
        let (path, doing) = (path.to_owned(), doing.clone());
        move |source| CopyError::Statement { path, doing, source }
    };
    let columns = columns(source, name).map_err(failed(from))?;
    if columns.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT INTO {} ({}) VALUES ({marks})", quoted(name), list.join(", "));
    let mut insert =
        target.map(|target| target.connection.prepare(&insert).map_err(failed(target.path))).transpose()?;
    let select = format!("SELECT {} FROM {}", list.join(", "), quoted(name));
    let mut select = source.prepare(&select).map_err(failed(from))?;
    let mut rows = select.query([]).map_err(failed(from))?;
    let key = columns.iter().position(|column| column.eq_ignore_ascii_case("KEYNAME"));
    while let Some(row) = rows.next().map_err(failed(from))? {
        let values = values(anonymizer, &columns, key, row).map_err(failed(from))?;
        if let (Some(insert), Some(target)) = (&mut insert, target) {
            insert.execute(params_from_iter(values)).map_err(failed(target.path))?;
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

fn values(
    anonymizer: &mut Anonymizer,
    columns: &[String],
    key: Option<usize>,
    row: &Row<'_>,
) -> rusqlite::Result<Vec<Value>> {
    // Where a row has a key's name, its value is treated as that key's.
    let pair = match key.map(|at| row.get_ref(at)).transpose()? {
        Some(ValueRef::Text(name)) => Some(name.to_vec()),
        _ => None,
    };
    // A table of constants has names of kinds, not of people.
    let has = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    let constants = has("TYPE") && has("NAME");
    let mut values = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        let name = match &pair {
            Some(pair) if column.eq_ignore_ascii_case("VALUE") => pair.as_slice(),
            _ => column.as_bytes(),
        };
        let kept = KEPT.iter().any(|kept| column.eq_ignore_ascii_case(kept))
            || constants && ["NAME", "DESCRIPTION"].iter().any(|kept| column.eq_ignore_ascii_case(kept));
        values.push(match row.get_ref(at)? {
            _ if kept => row.get(at)?,
            ValueRef::Text(text) => {
                let mut text = text.to_vec();
                anonymizer.keyed(name, &mut text);
                // Text that is no UTF-8 cannot be bound as text; its bytes are what counts.
                match String::from_utf8(text) {
                    Ok(text) => Value::Text(text),
                    Err(error) => Value::Blob(error.into_bytes()),
                }
            }
            ValueRef::Blob(bytes) => Value::Blob(blob(anonymizer, name, bytes)),
            // Ids, times and counts: numbers of people are text, in every schema that is known here.
            _ => row.get(at)?,
        });
    }
    Ok(values)
}

/// A frame, as the recorder's queue has them, or any bytes.
fn blob(anonymizer: &mut Anonymizer, name: &[u8], bytes: &[u8]) -> Vec<u8> {
    let limits = Limits::default();
    if let Ok(message) = MessageRef::parse(bytes, &limits)
        && let Ok(fake) = anonymizer.message(message, &limits)
    {
        return fake.frame().to_vec();
    }
    let mut bytes = bytes.to_vec();
    anonymizer.keyed(name, &mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_capture::anonymize::{Rules, Secret};

    #[test]
    fn a_database_has_the_fakes_of_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("in.db"), folder.path().join("out.db"));
        let source = Connection::open(&from).unwrap();
        source
            .execute_batch(
                "PRAGMA user_version = 7;
                 CREATE TABLE G_CALL (ID INTEGER PRIMARY KEY AUTOINCREMENT, CALLID TEXT, CALLANI TEXT UNIQUE, CREATED TEXT, N INT);
                 CREATE TABLE G_USERDATA_HISTORY (KEYNAME TEXT, VALUE TEXT, B BLOB);
                 CREATE VIEW V AS SELECT * FROM G_CALL;
                 CREATE INDEX I ON G_CALL (CALLANI);
                 INSERT INTO G_CALL VALUES (5, '1234567890', '4155550100', '2012-09-28 00:34:20.757', 1348817660);
                 INSERT INTO G_CALL VALUES (9, 'x', '8005550199', NULL, 2);
                 INSERT INTO G_USERDATA_HISTORY VALUES ('FirstName', 'Anna', x'00'), ('Note', 'Anna: 415-555-0100', NULL);
                 INSERT INTO G_USERDATA_HISTORY VALUES ('gone', '7775550123', NULL);
                 DELETE FROM G_USERDATA_HISTORY WHERE KEYNAME = 'gone';",
            )
            .unwrap();
        drop(source);
        let mut anonymizer = Anonymizer::new(Secret::derive(b"correct horse").unwrap(), Rules::default());
        anonymize_sqlite(&mut anonymizer, &from, None).unwrap();
        anonymizer.changing().unwrap();
        anonymize_sqlite(&mut anonymizer, &from, Some(&to)).unwrap();
        let mut log = Vec::new();
        anonymizer.log(&b"\tAttributeANI\t'4155550100'\n"[..], &mut log).unwrap();
        let ani = String::from_utf8(log).unwrap().split('\'').nth(1).unwrap().to_owned();

        let out = Connection::open(&to).unwrap();
        let one = |sql: &str| out.query_row(sql, [], |row| row.get::<_, Value>(0)).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(one("SELECT CALLANI FROM V WHERE ID = 5"), text(&ani));
        assert_eq!(one("SELECT CALLID FROM G_CALL WHERE ID = 5"), text("1234567890"));
        assert_eq!(one("SELECT CREATED FROM G_CALL WHERE ID = 5"), text("2012-09-28 00:34:20.757"));
        assert_eq!(one("SELECT N FROM G_CALL WHERE ID = 5"), Value::Integer(1_348_817_660));
        assert_eq!(one("SELECT B FROM G_USERDATA_HISTORY WHERE KEYNAME = 'FirstName'"), Value::Blob(vec![0]));
        assert_eq!(one("PRAGMA user_version"), Value::Integer(7));
        let name = one("SELECT VALUE FROM G_USERDATA_HISTORY WHERE KEYNAME = 'FirstName'");
        let note = one("SELECT VALUE FROM G_USERDATA_HISTORY WHERE KEYNAME = 'Note'");
        let (Value::Text(name), Value::Text(note)) = (name, note) else { panic!() };
        let (area, rest) = ani.split_at(3);
        let (exchange, line) = rest.split_at(3);
        assert_eq!(note, format!("{name}: {area}-{exchange}-{line}"));
        drop(out);
        let bytes = std::fs::read(&to).unwrap();
        for original in ["4155550100", "8005550199", "7775550123", "Anna", "555-0100"] {
            assert!(!bytes.windows(original.len()).any(|part| part == original.as_bytes()), "{original}");
        }
    }

    fn changing() -> Anonymizer {
        let mut anonymizer = Anonymizer::new(Secret::derive(b"correct horse").unwrap(), Rules::default());
        anonymizer.changing().unwrap();
        anonymizer
    }

    #[test]
    fn rows_may_refer_to_rows_that_come_later() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("in.db"), folder.path().join("out.db"));
        Connection::open(&from)
            .unwrap()
            .execute_batch(
                "PRAGMA foreign_keys = OFF;
                 CREATE TABLE CHILD (ANI TEXT REFERENCES PARENT (PHONE));
                 CREATE TABLE PARENT (PHONE TEXT PRIMARY KEY, SELF TEXT REFERENCES PARENT (PHONE));
                 INSERT INTO CHILD VALUES ('4155550100');
                 INSERT INTO PARENT VALUES ('8005550199', '4155550100'), ('4155550100', NULL);",
            )
            .unwrap();
        anonymize_sqlite(&mut changing(), &from, Some(&to)).unwrap();
        let out = Connection::open(&to).unwrap();
        let joined: i64 = out
            .query_row("SELECT count(*) FROM CHILD JOIN PARENT ON ANI = PHONE", [], |row| row.get(0))
            .unwrap();
        assert_eq!(joined, 1);
    }
}
