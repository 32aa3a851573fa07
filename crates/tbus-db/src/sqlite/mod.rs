//! SQLite: opening files, errors, statements.

mod bulk;
mod waiting;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Statement};

pub(crate) use self::bulk::Bulk;
use crate::database::{OpenOptions, Sync};
use crate::error::{CLAIMED, DbError, ErrorKind, shortened};
use crate::rows::{Cell, Row, Rows};
use crate::time::TimeText;
use crate::value::Value;

/// How long a statement waits for another process that writes (chosen).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept for each connection: more than the tables and statements of a schema here (chosen).
const STATEMENTS: usize = 128;

/// Opens a SQLite file, or `:memory:`: write-ahead log, `synchronous` as the options say, 5 seconds of patience with
/// other writers. For callers who need the connection itself; the path is taken literally, never as a `file:` URI.
///
/// # Errors
/// [`ErrorKind::Refused`] when the file is not there and not to be created, is no database, or cannot be written.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Connection, DbError> {
    let mode = match (options.read_only, options.create) {
        (true, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
        (false, true) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        (false, false) => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // The SQLite that is built in reads `file:` as the beginning of a URI, whatever the flags say.
    let literal =
        if path.to_string_lossy().starts_with("file:") { Path::new(".").join(path) } else { path.to_owned() };
    let mode = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened =
        connect(&literal, mode, options).or_else(|cause| match unchanging(&literal, options, &cause) {
            Some(uri) => connect(Path::new(&uri), mode | OpenFlags::SQLITE_OPEN_URI, options),
            None => Err(cause),
        });
    let connection = opened.map_err(|cause| not_opened(path, options, &cause))?;
    // A file without the right to write is opened all the same, read-only.
    if !options.read_only && connection.is_readonly("main").is_ok_and(|read_only| read_only) {
        let cause = "there is no right to write the file";
        return Err(DbError::new(ErrorKind::Refused, path.display().to_string(), "opening", cause));
    }
    Ok(connection)
}

fn connect(path: &Path, mode: OpenFlags, options: &OpenOptions) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, mode)?;
    prepare(&connection, options)?;
    Ok(connection)
}

/// The URI of a file that is only to be read, and could not be opened because the files that a write-ahead log needs
/// cannot be made beside it: in a folder without the right to write, on a CD. Nobody has it open then, or these files
/// would be there. Nothing if it has a log with something in it: that would be missing. Nothing either if the files can be made:
/// then another process was just about to make them, and what it writes would never be seen.
fn unchanging(path: &Path, options: &OpenOptions, cause: &rusqlite::Error) -> Option<String> {
    use rusqlite::ErrorCode as Code;
    let is_such = matches!(cause.sqlite_error_code(), Some(Code::CannotOpen | Code::ReadOnly));
    if !options.read_only || !is_such || !path.is_file() || has_log(path) || can_have_index(path) {
        return None;
    }
    let absolute = path.canonicalize().ok()?;
    let text = absolute.to_str().filter(|text| text.starts_with('/') && !text.starts_with("//"))?;
    let literal = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Some(format!("file:{literal}?immutable=1"))
}

/// Whether there is a write-ahead log with something in it.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// Whether the index of a write-ahead log is there or can be made. It is left where it is: by then others may use it.
fn can_have_index(path: &Path) -> bool {
    let mut index = path.as_os_str().to_owned();
    index.push("-shm");
    let index = Path::new(&index);
    index.exists() || File::options().write(true).create(true).truncate(false).open(index).is_ok()
}

fn prepare(connection: &Connection, options: &OpenOptions) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if options.read_only {
        // Opening reads nothing yet; this finds out whether the file is a database.
        return connection.query_row("PRAGMA schema_version", [], |_| Ok(()));
    }
    connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    let level = match options.sync {
        Sync::Off => "OFF",
        Sync::Normal => "NORMAL",
        Sync::Full => "FULL",
    };
    connection.pragma_update(None, "synchronous", level)
}

/// The error of a file that could not be opened, with the cause that SQLite does not tell.
fn not_opened(path: &Path, options: &OpenOptions, cause: &rusqlite::Error) -> DbError {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let words = if path.is_dir() {
        "it is a folder, not a file".to_owned()
    } else if let Some(parent) = parent.filter(|parent| !parent.exists()) {
        format!("the folder {} does not exist", parent.display())
    } else if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        format!("{} is not a folder", parent.display())
    } else if path != Path::new(":memory:") && !path.exists() && kind(cause) == ErrorKind::Refused {
        match options.create && !options.read_only {
            true => "the file is not there and cannot be made: there is no right to write in its folder"
                .to_owned(),
            false => "the file does not exist".to_owned(),
        }
    } else if options.read_only && kind(cause) == ErrorKind::Refused && has_log(path) {
        format!(
            "{}; there is no right to write in its folder, and what stands in {}-wal would be missing",
            text(cause),
            path.display()
        )
    } else {
        text(cause)
    };
    DbError::new(kind(cause), path.display().to_string(), "opening", words)
}

/// An error of SQLite as one of this crate, for callers who use the connection itself; `doing` says what was done.
pub fn error(path: &Path, doing: &str, cause: &rusqlite::Error) -> DbError {
    DbError::new(kind(cause), path.display().to_string(), doing, text(cause))
}

/// The kind of an error of SQLite.
fn kind(cause: &rusqlite::Error) -> ErrorKind {
    use rusqlite::ErrorCode as Code;
    match cause.sqlite_error_code() {
        Some(Code::CannotOpen | Code::NotADatabase | Code::ReadOnly | Code::PermissionDenied) => {
            ErrorKind::Refused
        }
        Some(Code::AuthorizationForStatementDenied | Code::NotFound) => ErrorKind::Refused,
        Some(Code::DiskFull) => ErrorKind::Full,
        Some(Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed) => ErrorKind::Busy,
        Some(Code::ConstraintViolation) => ErrorKind::Constraint,
        Some(Code::SystemIoFailure) => ErrorKind::Broken,
        _ => ErrorKind::Other,
    }
}

fn text(cause: &rusqlite::Error) -> String {
    match cause {
        rusqlite::Error::SqliteFailure(code, Some(message)) => {
            // `Error code 26: file is not a database`; the number says no more than the words.
            let known = code.to_string();
            let known = known.split_once(": ").map_or(known.as_str(), |(_, words)| words);
            if known.contains(message.as_str()) { known.to_owned() } else { format!("{message} ({known})") }
        }
        other => other.to_string(),
    }
}

/// An open SQLite database.
#[derive(Debug)]
pub(crate) struct Engine {
    connection: Connection,
    name: String,
    /// Locked while this is open.
    _claim: Option<File>,
}

impl Engine {
    pub(crate) fn open(path: &Path, options: &OpenOptions) -> Result<Self, DbError> {
        let connection = open(path, options)?;
        let claim =
            (options.sole_writer && path != Path::new(":memory:")).then(|| claim(path)).transpose()?;
        Ok(Self { connection, name: path.display().to_string(), _claim: claim })
    }

    pub(crate) fn script(&self, sql: &str) -> Result<(), DbError> {
        // It may change tables that prepared statements know in their old form.
        self.connection.flush_prepared_statement_cache();
        self.connection
            .execute_batch(sql)
            .map_err(|cause| DbError::new(kind(&cause), &self.name, "running a script", text(&cause)))
    }

    pub(crate) fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Rows, DbError> {
        query(&self.connection, &self.name, sql, values)
    }

    pub(crate) fn each<E: From<DbError>>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        row: &mut dyn FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        each(&self.connection, &self.name, sql, values, row)
    }

    pub(crate) fn begin(&self) -> Result<Bulk<'_>, DbError> {
        Bulk::begin(&self.connection, &self.name)
    }
}

/// Opens the file that locks for a SQLite file are taken on: its name with `.lock` after it, made when it is not there. It
/// is a file of its own because SQLite's locks are POSIX locks, which any `close` of the same file in this process would
/// drop.
///
/// # Errors
/// What the system says.
pub fn lock_file(path: &Path) -> std::io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    File::options().write(true).create(true).truncate(false).open(name)
}

/// Takes the lock of a sole writer.
fn claim(path: &Path) -> Result<File, DbError> {
    let failed = |kind, words: String| DbError::new(kind, path.display().to_string(), "claiming it", words);
    let file = lock_file(path);
    let file =
        file.map_err(|cause| failed(ErrorKind::Refused, format!("{}.lock: {cause}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(failed(ErrorKind::Claimed, CLAIMED.to_owned())),
        Err(TryLockError::Error(cause)) => Err(failed(ErrorKind::Other, cause.to_string())),
    }
}

fn failed(name: &str, sql: &str, cause: &rusqlite::Error) -> DbError {
    DbError::new(kind(cause), name, shortened(sql), text(cause))
}

fn query(connection: &Connection, name: &str, sql: &str, values: &[Value<'_>]) -> Result<Rows, DbError> {
    let mut statement = connection.prepare_cached(sql).map_err(|cause| failed(name, sql, &cause))?;
    bind(&mut statement, name, sql, values)?;
    let mut rows = Rows::new(name, statement.column_names().map(str::to_owned).collect());
    let mut found = statement.raw_query();
    while let Some(row) = found.next().map_err(|cause| failed(name, sql, &cause))? {
        rows.push(cells(row, rows.columns().len()).map_err(|cause| failed(name, sql, &cause))?);
    }
    Ok(rows)
}

fn each<E: From<DbError>>(
    connection: &Connection,
    name: &str,
    sql: &str,
    values: &[Value<'_>],
    each: &mut dyn FnMut(Row<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = connection.prepare_cached(sql).map_err(|cause| failed(name, sql, &cause))?;
    bind(&mut statement, name, sql, values)?;
    let mut rows = Rows::new(name, statement.column_names().map(str::to_owned).collect());
    let mut found = statement.raw_query();
    while let Some(row) = found.next().map_err(|cause| failed(name, sql, &cause))? {
        rows.clear();
        rows.push(cells(row, rows.columns().len()).map_err(|cause| failed(name, sql, &cause))?);
        rows.first().map_or(Ok(()), &mut *each)?;
    }
    Ok(())
}

/// The cells of one row.
fn cells(row: &rusqlite::Row<'_>, count: usize) -> rusqlite::Result<Vec<Cell>> {
    let cells = (0..count).map(|column| {
        Ok(match row.get_ref(column)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Int(value),
            ValueRef::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
            other => {
                let kind = other.data_type();
                let words = "cast it to integer or text".into();
                return Err(rusqlite::Error::InvalidColumnType(column, words, kind));
            }
        })
    });
    cells.collect()
}

fn execute(connection: &Connection, name: &str, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(sql).map_err(|cause| failed(name, sql, &cause))?;
    bind(&mut statement, name, sql, values)?;
    let changed = statement.raw_execute().map_err(|cause| failed(name, sql, &cause))?;
    Ok(u64::try_from(changed).unwrap_or_default())
}

fn bind(statement: &mut Statement<'_>, name: &str, sql: &str, values: &[Value<'_>]) -> Result<(), DbError> {
    let wanted = statement.parameter_count();
    let wrong = |cause: String| DbError::new(ErrorKind::Other, name, shortened(sql), cause);
    if wanted != values.len() {
        return Err(wrong(format!("it has {wanted} placeholders, {} values were given", values.len())));
    }
    let mut times = TimeText::new();
    for (index, value) in (1..).zip(values) {
        match *value {
            Value::Null => statement.raw_bind_parameter(index, rusqlite::types::Null),
            Value::Int(value) => statement.raw_bind_parameter(index, value),
            Value::Text(text) if text.as_bytes().contains(&0) => {
                return Err(wrong(format!("value {index}: the text has a U+0000 in it")));
            }
            Value::Text(text) => statement.raw_bind_parameter(index, text),
            Value::Time(micros) => {
                let time = times.of(micros);
                let time = time.ok_or_else(|| {
                    wrong(format!("value {index}: {micros} us is not in the years 1 to 9999"))
                })?;
                statement.raw_bind_parameter(index, time)
            }
        }
        .map_err(|cause| failed(name, sql, &cause))?;
    }
    Ok(())
}
