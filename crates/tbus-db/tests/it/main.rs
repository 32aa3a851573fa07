//! The crate against real databases: the same test on both engines, then what each refuses.

mod both;
mod refused;
mod rows;

use tbus_db::{Column, Database, DatabaseUrl, DbError, ErrorKind, Kind, OpenOptions, Table, Value};
use tlib_testkit::Postgres;

/// A table with a column of every kind.
static ALL: Table = Table {
    name: "every_kind",
    columns: &[
        Column { name: "n", kind: Kind::Int8 },
        Column { name: "small", kind: Kind::Int4 },
        Column { name: "word", kind: Kind::Text },
        Column { name: "moment", kind: Kind::Time },
    ],
};

/// A second table, with constraints.
static NAMED: Table = Table {
    name: "named",
    columns: &[Column { name: "id", kind: Kind::Int8 }, Column { name: "name", kind: Kind::Text }],
};

/// Its time is a text in SQLite and a timestamp in PostgreSQL; both have a column that numbers itself.
const SQLITE: &str =
    "CREATE TABLE every_kind (id INTEGER PRIMARY KEY, n INTEGER, small INTEGER, word TEXT, moment TEXT);
    CREATE TABLE named (id INTEGER PRIMARY KEY, name TEXT NOT NULL);";
const POSTGRESQL: &str = "CREATE TABLE every_kind (id bigint GENERATED ALWAYS AS IDENTITY, n bigint, small int, word text, moment timestamp);
    CREATE TABLE named (id bigint PRIMARY KEY, name text NOT NULL);";

/// Runs a test on an empty SQLite file and on an empty PostgreSQL database, both with the two tables.
fn on_both(test: impl Fn(&mut Database)) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sqlite = open(&DatabaseUrl::sqlite(folder.path().join("test.db")));
    sqlite.script(SQLITE).expect("the tables");
    test(&mut sqlite);
    let mut postgresql = open(&url(&Postgres::shared().new_database()));
    postgresql.script(POSTGRESQL).expect("the tables");
    test(&mut postgresql);
}

fn url(text: &str) -> DatabaseUrl {
    text.parse().expect("a database URL")
}

fn open(url: &DatabaseUrl) -> Database {
    Database::open(url, &OpenOptions::default()).expect("the database opens")
}

/// How many rows a table has.
fn count(database: &mut Database, table: &str) -> i64 {
    let rows = database.query(&format!("SELECT count(*) FROM {table}"), &[]).expect("a count");
    rows.first().expect("a row").int(0).expect("an integer")
}

/// Asserts the kind of an error and that its text has some words.
#[track_caller]
fn assert_error<T: std::fmt::Debug>(result: Result<T, DbError>, kind: ErrorKind, words: &[&str]) -> String {
    let error = result.expect_err("an error");
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    text
}

/// A row of [`ALL`].
fn row(n: i64, word: &str) -> [Value<'_>; 4] {
    [Value::Int(n), Value::Null, Value::Text(word), Value::Null]
}
