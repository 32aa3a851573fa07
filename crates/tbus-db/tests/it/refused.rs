//! Databases that cannot be opened, are full, or go away.

use std::net::TcpListener;
use std::time::Duration;

use tbus_db::{Database, DatabaseUrl, ErrorKind, OpenOptions, Sync, Value, sqlite};
use tlib_testkit::Postgres;

use crate::{ALL, POSTGRESQL, SQLITE, assert_error, count, open, row, url};

#[test]
fn sqlite_files_that_do_not_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("letter.txt"), "Dear database, ".repeat(100)).expect("a file");
    std::fs::create_dir(at("folder")).expect("a folder");
    let keep = OpenOptions { create: false, ..OpenOptions::default() };
    let read = OpenOptions { read_only: true, ..OpenOptions::default() };
    for (name, options, words) in [
        ("no/where/test.db", &OpenOptions::default(), "no/where does not exist"),
        ("letter.txt/test.db", &OpenOptions::default(), "letter.txt is not a folder"),
        ("folder", &OpenOptions::default(), "it is a folder"),
        ("letter.txt", &OpenOptions::default(), "not a database"),
        ("letter.txt", &read, "not a database"),
        ("missing.db", &keep, "missing.db: opening: the file does not exist"),
        ("missing.db", &read, "missing.db: opening: the file does not exist"),
    ] {
        let opened = Database::open(&DatabaseUrl::sqlite(at(name)), options);
        assert_error(opened, ErrorKind::Refused, &[name, words]);
        assert_error(sqlite::open(&at(name), options), ErrorKind::Refused, &[name, words]);
    }
    assert!(!at("missing.db").exists());
}

#[test]
fn read_only_is_read_only() {
    let read = OpenOptions { read_only: true, ..OpenOptions::default() };
    let folder = tempfile::tempdir().expect("a folder");
    let file = DatabaseUrl::sqlite(folder.path().join("test.db"));
    open(&file).script(SQLITE).expect("tables");
    let mut database = Database::open(&file, &read).expect("it opens");
    assert_eq!(count(&mut database, "named"), 0);
    assert_error(database.script("DELETE FROM named"), ErrorKind::Refused, &["readonly"]);

    let server = url(&Postgres::shared().new_database());
    open(&server).script(POSTGRESQL).expect("tables");
    let mut database = Database::open(&server, &read).expect("it opens");
    assert_eq!(count(&mut database, "named"), 0);
    assert_error(database.script("DELETE FROM named"), ErrorKind::Refused, &["read-only"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_only_read_needs_no_files_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("50% of #1?.db");
    let file = DatabaseUrl::sqlite(&path);
    open(&file).script(SQLITE).expect("tables");
    // SQLite cannot make its file of this name, as in a folder without the right to write, which would not stop root.
    let beside = |end: &str| folder.path().join(format!("50% of #1?.db{end}"));
    std::os::unix::fs::symlink(beside("/no/where"), beside("-shm")).expect("in its way");
    let read = OpenOptions { read_only: true, ..OpenOptions::default() };
    let mut database = Database::open(&file, &read).expect("it opens");
    assert_eq!(count(&mut database, "named"), 0);
    assert_error(database.script("DELETE FROM named"), ErrorKind::Refused, &["readonly"]);
    // What stands in a log must not be missing in silence.
    std::fs::write(beside("-wal"), "x").expect("a log");
    assert_error(Database::open(&file, &read), ErrorKind::Refused, &["db-wal would be missing"]);
}

#[test]
fn a_full_sqlite_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut database = open(&DatabaseUrl::sqlite(folder.path().join("test.db")));
    database.script(SQLITE).expect("tables");
    database.script("PRAGMA max_page_count = 20").expect("a limit");
    let mut transaction = database.begin().expect("begin");
    let long = "x".repeat(1_000);
    let done =
        (0..200).try_for_each(|n| transaction.row(&ALL, &row(n, &long))).and_then(|()| transaction.commit());
    assert_error(done, ErrorKind::Full, &["inserting into every_kind", "full"]);
    assert_eq!(count(&mut database, "every_kind"), 0);
    let mut transaction = database.begin().expect("begin");
    transaction.row(&ALL, &row(1, "short")).expect("row");
    assert_eq!(transaction.commit().expect("commit"), 1);
}

#[test]
fn the_raw_sqlite_connection_is_set_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("queue.db");
    for (sync, level) in [(Sync::Off, 0), (Sync::Normal, 1), (Sync::Full, 2)] {
        let connection =
            sqlite::open(&path, &OpenOptions { sync, ..OpenOptions::default() }).expect("it opens");
        let pragma = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a value");
        assert_eq!(pragma("PRAGMA synchronous"), level);
        assert_eq!(pragma("PRAGMA busy_timeout"), 5_000);
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode");
        assert_eq!(mode, "wal");
    }
    let memory = sqlite::open(":memory:".as_ref(), &OpenOptions::default()).expect("it opens");
    memory.execute_batch("CREATE TABLE t (n)").expect("a table");
    let error = memory.execute_batch("CREATE TABLE t (n)").expect_err("it is there");
    let error = sqlite::error(":memory:".as_ref(), "making the table", &error);
    assert!(error.to_string().starts_with(":memory:: making the table: table t already exists"), "{error}");
}

#[test]
fn servers_that_do_not_let_us_in() {
    let server = Postgres::shared();
    let (port, role, password) = (server.port(), Postgres::SECURED, Postgres::PASSWORD.replace(' ', "%20"));
    let at = |login: &str, database: &str| url(&format!("postgres://{login}@127.0.0.1:{port}/{database}"));
    let try_open = |url: &DatabaseUrl| Database::open(url, &OpenOptions::default());
    let login = format!("{role}:{password}");
    try_open(&at(&login, "postgres")).expect("the right password");
    let wrong = at(&format!("{role}:battery"), "postgres");
    let text = assert_error(
        try_open(&wrong),
        ErrorKind::Refused,
        &["connecting", "password", "28P01", "secured:***@"],
    );
    assert!(!text.contains("battery"), "{text}");
    assert_error(try_open(&at(role, "postgres")), ErrorKind::Refused, &["password"]);
    assert_error(try_open(&at("nobody_here", "postgres")), ErrorKind::Refused, &["nobody_here"]);
    assert_error(try_open(&at("tbus", "nothing")), ErrorKind::Refused, &["nothing", "does not exist"]);
    let mut database = try_open(&at(&login, "postgres")).expect("the right password");
    let denied = database.query("SELECT 1 FROM pg_authid", &[]);
    assert_error(denied, ErrorKind::Refused, &["permission denied"]);
}

#[test]
fn nobody_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let silent = url(&format!("postgres://tbus:secret@127.0.0.1:{port}/db"));
    let options = OpenOptions { connect_timeout: Duration::from_millis(50), ..OpenOptions::default() };
    let opened = Database::open(&silent, &options);
    assert_error(opened, ErrorKind::Unreachable, &["tbus:***@127.0.0.1", "does not answer within 0.05 s"]);
    drop(listener);
    let opened = Database::open(&silent, &OpenOptions::default());
    let text = assert_error(opened, ErrorKind::Unreachable, &["connecting", "refused"]);
    assert!(!text.contains("secret"), "{text}");
    let nowhere = url("postgres://tbus@no-such-host.invalid/db");
    assert_error(
        Database::open(&nowhere, &OpenOptions::default()),
        ErrorKind::Unreachable,
        &["no-such-host.invalid"],
    );
}

#[test]
fn the_settings_of_a_connection() {
    let server = url(&format!("{}?application_name=from%20url", Postgres::shared().new_database()));
    for (sync, setting) in [(Sync::Off, "off"), (Sync::Normal, "on"), (Sync::Full, "on")] {
        let mut database =
            Database::open(&server, &OpenOptions { sync, ..OpenOptions::default() }).expect("it opens");
        let found = database.query("SHOW synchronous_commit", &[]).expect("a setting");
        assert_eq!(found.first().expect("a row").text(0).expect("text"), setting);
        let found = database.query("SHOW lock_timeout", &[]).expect("a setting");
        assert_eq!(found.first().expect("a row").text(0).expect("text"), "30s");
        let found = database.query("SHOW application_name", &[]).expect("a setting");
        assert_eq!(found.first().expect("a row").text(0).expect("text"), "from url");
    }
}

#[test]
fn a_database_that_cannot_hold_every_text() {
    let server = Postgres::shared();
    server.psql(
        "postgres",
        "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    let opened = Database::open(&url(&server.url("latin")), &OpenOptions::default());
    assert_error(opened, ErrorKind::Refused, &["/latin: connecting", "LATIN1", "UTF8"]);
}

/// A call that gets no answer ends, and what it has begun comes to nothing.
#[test]
fn a_server_that_stops_answering() {
    let idb = url(&Postgres::shared().new_database());
    let mut other = open(&idb);
    other.script(POSTGRESQL).expect("tables");
    let mut locking = other.begin().expect("begin");
    locking.execute("LOCK TABLE named", &[]).expect("a lock");
    let options = OpenOptions { answer_timeout: Duration::from_secs(1), ..OpenOptions::default() };
    let mut database = Database::open(&idb, &options).expect("it opens");
    let mut waiting = database.begin().expect("begin");
    let named = [Value::Int(1), Value::Text("late")];
    let late = waiting.execute("INSERT INTO named (id, name) VALUES ($1, $2)", &named);
    assert_error(late, ErrorKind::Broken, &["INSERT INTO named", "does not answer within 1 s"]);
    drop(waiting);
    assert_error(database.begin(), ErrorKind::Broken, &["open it again"]);
    drop(locking);
    drop(database);
    assert_eq!(count(&mut other, "named"), 0);
}

/// A server that goes away in the midst of a transaction: nothing of it stays, and the database opens again.
#[test]
fn a_connection_that_is_lost() {
    let mut server = Postgres::start();
    server.create_database("idb");
    let idb = url(&server.url("idb"));
    open(&idb).script(POSTGRESQL).expect("tables");
    for (kill, rows) in [(true, 0), (true, 5_000), (false, 0), (false, 5_000)] {
        let mut database = open(&idb);
        let mut transaction = database.begin().expect("begin");
        for n in 0..rows {
            transaction
                .row(&ALL, &row(n, "a word that makes the row long enough to be sent early"))
                .expect("row");
        }
        if kill {
            server.kill()
        } else {
            server.stop()
        }
        transaction.row(&ALL, &row(1, "one more")).expect("it waits");
        assert_error(transaction.commit(), ErrorKind::Broken, &["inserting into every_kind"]);
        assert_error(database.begin(), ErrorKind::Broken, &["open it again"]);
        assert_error(database.query("SELECT 1", &[]), ErrorKind::Broken, &["open it again"]);
        assert_error(Database::open(&idb, &OpenOptions::default()), ErrorKind::Unreachable, &["connecting"]);
        server.start_again();
        let mut database = open(&idb);
        assert_eq!(count(&mut database, "every_kind"), 0);
        let found =
            database.query("SELECT n FROM every_kind WHERE n = $1", &[Value::Int(1)]).expect("it works");
        assert!(found.is_empty());
    }
}

#[test]
fn a_sole_writer_is_the_only_one_that_asks_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let postgresql = url(&Postgres::shared().new_database());
    for database in [DatabaseUrl::sqlite(folder.path().join("claimed.db")), postgresql] {
        let sole = OpenOptions { sole_writer: true, ..OpenOptions::default() };
        let first = Database::open(&database, &sole).expect("nobody else is there");
        let error = Database::open(&database, &sole).expect_err("it is claimed");
        assert_eq!(error.kind(), ErrorKind::Claimed, "{error}");
        Database::open(&database, &OpenOptions::default()).expect("who does not ask is not hindered");
        drop(first);
        Database::open(&database, &sole).expect("it is free again");
    }
}

#[test]
fn a_path_is_never_a_uri() {
    let path = std::path::Path::new("file:here.db?mode=memory");
    let made = std::env::current_dir().expect("a folder").join(path);
    let database = Database::open(&DatabaseUrl::sqlite(path), &OpenOptions::default());
    let is_file = made.is_file();
    drop(database);
    for name in ["", "-wal", "-shm"] {
        let mut file = made.clone().into_os_string();
        file.push(name);
        let _ = std::fs::remove_file(file);
    }
    assert!(is_file, "{} is a file of that name", made.display());
}
