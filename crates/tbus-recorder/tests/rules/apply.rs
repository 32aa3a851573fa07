//! The same steps on every engine.

use std::sync::Arc;

use tbus_db::{Database, DatabaseUrl, OpenOptions, Row as DbRow};
use tbus_recorder::adata::AttachedDataSpec;
use tbus_recorder::directory::Directory;
use tbus_recorder::interpret::{Arrival, Interpreter, Session, Sink, State};
use tbus_recorder::options::Options;
use tbus_recorder::rows::Rows;
use tbus_recorder::schema;
use tlib_testkit::Postgres;

use super::events::{START, Step};
use super::memory::{Cell, Memory};

/// What a case is about.
pub(crate) struct Case {
    pub(crate) options: &'static str,
    pub(crate) specification: &'static str,
    pub(crate) steps: Vec<Step>,
}

/// Which columns of which tables are compared.
pub(crate) type Shown<'s> = &'s [(&'static str, &'static [&'static str])];

impl Case {
    pub(crate) fn new(options: &'static str, steps: Vec<Step>) -> Self {
        Self { options, specification: "", steps }
    }

    fn interpreter(&self) -> Interpreter {
        let (options, _) = Options::read("options", self.options.as_bytes()).unwrap();
        let specification = if self.specification.is_empty() {
            AttachedDataSpec::default()
        } else {
            AttachedDataSpec::read("specification", self.specification.as_bytes()).unwrap().0
        };
        let dns = [("REPORTING".to_owned(), 101), ("1001".to_owned(), 102)].into();
        let directory = Directory { tenant: 1, switch: 2, t_server: 3, icon: 4, dns };
        Interpreter::new(Arc::new(options), Arc::new(specification), Arc::new(directory))
    }

    /// The rows as text, and the decisions, on the memory sink.
    pub(crate) fn in_memory(&self, shown: Shown<'_>) -> (String, Vec<String>) {
        let mut memory = Memory::default();
        let mut interpreter = self.interpreter();
        for (at, step) in self.steps.iter().enumerate() {
            take(&mut interpreter, at, step, &mut memory).unwrap();
        }
        interpreter.end_transaction(&mut memory).unwrap();
        let mut text = String::new();
        for (table, columns) in shown {
            for row in memory.tables.get(table).into_iter().flatten() {
                line(&mut text, table, columns.iter().map(|column| row[column].clone()));
            }
        }
        (text, memory.decisions)
    }

    /// The rows as text, on a database; with `reload`, every step is a transaction and the machine is made anew
    /// between two of them.
    fn in_database(&self, url: &str, reload: bool, shown: Shown<'_>) -> String {
        let url: DatabaseUrl = url.parse().unwrap();
        let options = OpenOptions { create: true, ..OpenOptions::default() };
        let mut database = Database::open(&url, &options).unwrap();
        schema::prepare(&mut database, &url).unwrap();
        let size = if reload { 1 } else { self.steps.len().max(1) };
        let mut at = 0;
        for steps in self.steps.chunks(size) {
            let mut interpreter = self.interpreter();
            interpreter.load(State::load(&mut database, 4).unwrap());
            let mut rows = Rows::new(database.begin().unwrap());
            for step in steps {
                take(&mut interpreter, at, step, &mut rows).unwrap();
                at += 1;
            }
            interpreter.end_transaction(&mut rows).unwrap();
            rows.finish().unwrap().0.commit().unwrap();
        }
        let mut text = String::new();
        for (table, columns) in shown {
            let order =
                if columns.contains(&"GSYS_SEQ") || table.starts_with("G_C") || table.ends_with("HISTORY") {
                    "GSYS_SEQ"
                } else if *table == "TBUS_PARTY" {
                    "ID"
                } else {
                    columns[0]
                };
            let sql = format!("SELECT {} FROM {table} ORDER BY {order}", columns.join(", "));
            for row in database.query(&sql, &[]).unwrap().iter() {
                line(&mut text, table, (0..columns.len()).map(|at| cell(&row, at, columns[at])));
            }
        }
        text
    }

    /// That SQLite has the same rows, which are given.
    pub(crate) fn check_sqlite(&self, name: &str, expected: &str, shown: Shown<'_>) {
        for reload in [false, true] {
            let found = self.in_database(":memory:", reload, shown);
            let wrong = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
            assert_eq!(wrong, None, "{name}: SQLite, reload: {reload}");
            assert_eq!(found.lines().count(), expected.lines().count(), "{name}: SQLite, reload: {reload}");
        }
    }

    /// That every engine has the same rows, which are given.
    pub(crate) fn check_databases(&self, name: &str, expected: &str, shown: Shown<'_>) {
        let folder = tempfile::tempdir().unwrap();
        let postgres = Postgres::shared();
        for reload in [false, true] {
            let file = folder.path().join(format!("{reload}.sqlite"));
            let on_sqlite = self.in_database(file.to_str().unwrap(), reload, shown);
            let url = postgres.new_database();
            let on_postgresql = self.in_database(&url, reload, shown);
            assert_eq!(on_sqlite, expected, "{name}: SQLite, reload: {reload}");
            assert_eq!(on_postgresql, expected, "{name}: PostgreSQL, reload: {reload}");
        }
    }
}

fn take<S: Sink>(
    interpreter: &mut Interpreter,
    at: usize,
    step: &Step,
    sink: &mut S,
) -> Result<(), S::Error> {
    let reception = i64::from(START) * 1_000_000 + i64::try_from(at).unwrap();
    match step {
        Step::Event(message) => {
            interpreter.event(&Arrival { session: 1, at: reception, message: message.view() }, sink)
        }
        Step::Session(kind, seconds) => {
            let at = i64::from(START + seconds) * 1_000_000;
            interpreter.session_opened(&Session { id: 1, kind: *kind, at }, sink)
        }
    }
}

fn cell(row: &DbRow<'_>, at: usize, column: &str) -> Cell {
    if row.is_null(at) {
        return Cell::Null;
    }
    let is_time = matches!(column, "ADDED" | "CREATED" | "TERMINATED" | "STARTTIME" | "ENDTIME" | "CHANGED");
    if is_time {
        return Cell::Time(row.time(at).unwrap());
    }
    match row.int(at) {
        Ok(number) => Cell::Int(number),
        Err(_) => Cell::Text(row.text(at).unwrap().to_owned()),
    }
}

/// One row: the table, then its columns, with tabs between. Runs of one character are shortened.
fn line(text: &mut String, table: &str, cells: impl Iterator<Item = Cell>) {
    text.push_str(table);
    for cell in cells {
        text.push('\t');
        match cell {
            Cell::Null => text.push_str("NULL"),
            Cell::Int(number) => text.push_str(&number.to_string()),
            Cell::Text(value) => text.push_str(&short(&value)),
            Cell::Time(time) => text.push_str(&tbus_db::format_time(time).unwrap()),
        }
    }
    text.push('\n');
}

fn short(value: &str) -> String {
    let first = value.chars().next().unwrap_or_default();
    let count = value.chars().count();
    if count > 20 && value.chars().all(|character| character == first) {
        format!("{first}*{count}")
    } else {
        format!("'{}'", value.escape_debug())
    }
}
