//! Opening the file: whose it is, what it is, and what is left in it.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::{QueueError, QueueOptions, QueuePath, Sync, sql};

/// "tbsq" in SQLite's `application_id`: which file is a queue (chosen).
pub(super) const APPLICATION: i64 = 0x7462_7371;

/// The layout, in SQLite's `user_version`.
pub(super) const LAYOUT: i64 = 1;

/// Bytes of a page. A read of some frames fits on one, and a large one is a short chain (chosen, measured).
pub(super) const PAGE: i64 = 8192;

/// Bytes of the write-ahead log after which it is folded into the file. Most of what it holds was removed by
/// then, so little of it is written twice (chosen).
pub(super) const CHECKPOINT: u64 = 16 << 20;

/// Pages of the write-ahead log after which an append folds it into the file, because nobody removes: 64 MiB (chosen).
const CHECKPOINT_ANYWAY: i64 = (64 << 20) / PAGE;

/// Bytes to which the write-ahead log is cut when it starts again: twice its usual size.
const LOG_LIMIT: i64 = 32 << 20;

/// How long to wait for somebody who looks into the file with a tool of SQLite (chosen).
const BUSY: Duration = Duration::from_secs(10);

/// How every SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// An open file and the lock that keeps it.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// A second connection, so that reading does not hold up an append. None in memory.
    pub(super) reader: Option<Connection>,
    /// A third one, for folding the write-ahead log. None in memory.
    pub(super) folder: Option<Connection>,
    /// Kept for its lock, which ends with the process, however it ends.
    pub(super) lock: Option<File>,
}

/// Opens or makes the file. Nothing in it is changed before it is known to be a queue.
pub(super) fn open(options: &QueueOptions) -> Result<Opened, QueueError> {
    let queue = options.path.to_string();
    let sqlite = |what| {
        let queue = queue.clone();
        move |source| QueueError::from_sqlite(&queue, what, source)
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let (connection, file) = match &options.path {
        QueuePath::Memory => (Connection::open_in_memory_with_flags(flags).map_err(sqlite("open it"))?, None),
        QueuePath::File(path) => {
            let path = real(path).map_err(|cause| unreachable(&queue, &cause))?;
            let lock = lock(&path, &queue)?;
            look(&path, &queue)?;
            (Connection::open_with_flags(&path, flags).map_err(sqlite("open it"))?, Some((path, lock)))
        }
    };
    if connection.is_readonly("main").map_err(sqlite("open it"))? {
        return Err(QueueError::ReadOnly { queue });
    }
    let new = recognise(&connection, &queue)?;
    prepare(&connection, options, new).map_err(sqlite("prepare it"))?;
    if new {
        create(&connection).map_err(sqlite("make its tables"))?;
    } else {
        if options.check {
            check(&connection, &queue)?;
        }
        compact(&connection, options).map_err(sqlite("compact it"))?;
    }
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages).map_err(sqlite("limit its pages"))?;
    }
    let Some((path, lock)) = file else {
        return Ok(Opened { connection, reader: None, folder: None, lock: None });
    };
    let again = || {
        let other = Connection::open_with_flags(&path, flags)?;
        settings(&other, options).map(|()| other)
    };
    let reader = Some(again().map_err(sqlite("open it a second time"))?);
    let folder = Some(again().map_err(sqlite("open it a third time"))?);
    Ok(Opened { connection, reader, folder, lock: Some(lock) })
}

fn unreachable(queue: &str, cause: &std::io::Error) -> QueueError {
    let queue = queue.to_owned();
    match cause.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => QueueError::ReadOnly { queue },
        _ => QueueError::Unreachable { queue, cause: cause.to_string() },
    }
}

/// The path without links, so that two names of one file have one lock.
fn real(path: &Path) -> Result<PathBuf, std::io::Error> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(fs::canonicalize(folder.unwrap_or_else(|| Path::new(".")))
                .map_err(|cause| std::io::Error::new(cause.kind(), format!("its folder: {cause}")))?
                .join(name))
        }
        found => found,
    }
}

/// Takes the lock.
fn lock(path: &Path, queue: &str) -> Result<File, QueueError> {
    let file = tbus_db::sqlite::lock_file(path).map_err(|cause| unreachable(queue, &cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(QueueError::InUse { queue: queue.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(unreachable(queue, &cause)),
    }
}

/// Refuses what is no SQLite file before SQLite sees it.
fn look(path: &Path, queue: &str) -> Result<(), QueueError> {
    let foreign = |found| QueueError::Foreign { queue: queue.to_owned(), found };
    let mut head = Vec::new();
    let read = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreachable(queue, &error)),
        Ok(file) if file.metadata().is_ok_and(|data| !data.is_file()) => {
            return Err(foreign("a folder or a device"));
        }
        Ok(file) => file.take(MAGIC.len() as u64).read_to_end(&mut head),
    };
    read.map_err(|cause| unreachable(queue, &cause))?;
    // An empty file is one whose making was cut short.
    if head.is_empty() || head == MAGIC { Ok(()) } else { Err(foreign("no SQLite file")) }
}

/// Whether the file is new; an error when it is not ours.
fn recognise(connection: &Connection, queue: &str) -> Result<bool, QueueError> {
    let sqlite = |source| QueueError::from_sqlite(queue, "read its head", source);
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(sqlite);
    let tables: i64 = connection.query_row(sql::TABLES, [], |row| row.get(0)).map_err(sqlite)?;
    let (application, layout) = (number("application_id")?, number("user_version")?);
    match (application, layout, tables) {
        (0, 0, 0) => Ok(true),
        (APPLICATION, LAYOUT, _) => Ok(false),
        (APPLICATION, found, _) => {
            Err(QueueError::Version { queue: queue.to_owned(), found, expected: LAYOUT })
        }
        _ => Err(QueueError::Foreign { queue: queue.to_owned(), found: "a database for something else" }),
    }
}

fn prepare(connection: &Connection, options: &QueueOptions, new: bool) -> rusqlite::Result<()> {
    if new {
        connection.pragma_update(None, "page_size", PAGE)?;
    }
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_ANYWAY, |_| Ok(()))?;
    settings(connection, options)
}

/// What each connection has to be told.
fn settings(connection: &Connection, options: &QueueOptions) -> rusqlite::Result<()> {
    let level = match options.sync {
        Sync::Off => "off",
        Sync::Normal => "normal",
        Sync::Full => "full",
    };
    connection.pragma_update(None, "synchronous", level)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_LIMIT, |_| Ok(()))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Makes the tables, all or none.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(sql::SCHEMA)?;
    transaction.execute(sql::CREATE_HEAD, [Uuid::new_v4().to_string()])?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    transaction.commit()
}

/// Checks the structure of the file and stops at the first damage.
fn check(connection: &Connection, queue: &str) -> Result<(), QueueError> {
    let found: String = connection
        .pragma_update_and_check(None, "quick_check", 1, |row| row.get(0))
        .map_err(|source| QueueError::from_sqlite(queue, "check it", source))?;
    if found == "ok" { Ok(()) } else { Err(QueueError::Damaged { queue: queue.to_owned(), detail: found }) }
}

/// Gives unused pages back to the disk when the file is too large.
fn compact(connection: &Connection, options: &QueueOptions) -> rusqlite::Result<()> {
    let (Some(above), Some(path)) = (options.compact_above, options.path.file()) else { return Ok(()) };
    if fs::metadata(path).is_ok_and(|data| data.len() > above) {
        connection.execute_batch(sql::COMPACT)?;
    }
    Ok(())
}
