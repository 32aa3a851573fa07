//! Copies from and to both databases, and that they have the fakes of a log.

use std::sync::LazyLock;

use tbus_db::rusqlite::Connection;
use tbus_db::rusqlite::types::Value;
use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tlib_capture::anonymize::{Anonymizer, Leftovers, Rules, Secret};
use tlib_testkit::Postgres;

use super::{CopyError, anonymize_database, search_database};

fn anonymizer(rules: Rules) -> Anonymizer {
    // Stretching takes a second when it is not optimised.
    static SECRET: LazyLock<Secret> = LazyLock::new(|| Secret::derive(b"correct horse").unwrap());
    Anonymizer::new(SECRET.clone(), rules)
}

fn copy(anonymizer: &mut Anonymizer, from: &DatabaseUrl, to: Option<&DatabaseUrl>) {
    anonymize_database(anonymizer, from, to, &mut |_| {}).unwrap();
}

/// Both passes.
fn anonymize(rules: Rules, from: &DatabaseUrl, to: &DatabaseUrl) -> Result<Anonymizer, CopyError> {
    let mut anonymizer = anonymizer(rules);
    anonymize_database(&mut anonymizer, from, None, &mut |_| {})?;
    anonymizer.changing().unwrap();
    anonymize_database(&mut anonymizer, from, Some(to), &mut |_| {})?;
    Ok(anonymizer)
}

fn open(url: &DatabaseUrl) -> Database {
    Database::open(url, &OpenOptions::default()).unwrap()
}

/// What is left of `from` in `to`.
fn left(rules: Rules, from: &DatabaseUrl, to: &DatabaseUrl) -> Vec<String> {
    let mut anonymizer = anonymizer(rules);
    copy(&mut anonymizer, from, None);
    anonymizer.comparing().unwrap();
    copy(&mut anonymizer, from, None);
    anonymizer.inspecting();
    copy(&mut anonymizer, to, None);
    let mut left: Leftovers = anonymizer.leftovers();
    let search = anonymizer.raw_search().unwrap();
    match to.sqlite_path() {
        Some(path) => search.search(std::fs::File::open(path).unwrap(), &mut left).unwrap(),
        None => search_database(&search, to, &mut left).unwrap(),
    }
    assert!(!left.incomplete);
    left.left.iter().map(|left| format!("{} {}", left.place, String::from_utf8_lossy(&left.value))).collect()
}

#[test]
fn a_database_has_the_fakes_of_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.db"), folder.path().join("out.db"));
    let source = Connection::open(&from).unwrap();
    let (file, from, to) = (to.clone(), DatabaseUrl::sqlite(from), DatabaseUrl::sqlite(to));
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
    let mut anonymizer = anonymizer(Rules::default());
    copy(&mut anonymizer, &from, None);
    anonymizer.changing().unwrap();
    copy(&mut anonymizer, &from, Some(&to));
    let mut log = Vec::new();
    anonymizer.log(&b"\tAttributeANI\t'4155550100'\n"[..], &mut log).unwrap();
    let ani = String::from_utf8(log).unwrap().split('\'').nth(1).unwrap().to_owned();

    let out = Connection::open(&file).unwrap();
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
    let bytes = std::fs::read(&file).unwrap();
    for original in ["4155550100", "8005550199", "7775550123", "Anna", "555-0100"] {
        assert!(!bytes.windows(original.len()).any(|part| part == original.as_bytes()), "{original}");
    }
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
    let mut changing = anonymizer(Rules::default());
    changing.changing().unwrap();
    copy(&mut changing, &DatabaseUrl::sqlite(from), Some(&DatabaseUrl::sqlite(&to)));
    let out = Connection::open(&to).unwrap();
    let joined: i64 =
        out.query_row("SELECT count(*) FROM CHILD JOIN PARENT ON ANI = PHONE", [], |row| row.get(0)).unwrap();
    assert_eq!(joined, 1);
}

/// An interaction database with a call, and the Info Mart's tables beside it.
fn fill(url: &DatabaseUrl) {
    let mut database = open(url);
    tbus_recorder::schema::prepare(&mut database, url).unwrap();
    tbus_reporting::schema::prepare(&mut database, url).unwrap();
    database
        .script(
            "INSERT INTO G_USERDATA_HISTORY (ID, CALLID, ENDPOINTID, ENDPOINTDN, AGENTID, KEYNAME, VALUE, ADDED)
             VALUES (7, '1234567890', 41, '4155550100', 777, 'FirstName', 'Jürgen', '2012-09-28 00:34:20.757');
             INSERT INTO G_USERDATA_HISTORY (ID, CALLID, KEYNAME, VALUE, ADDED)
             VALUES (8, '1234567890', 'Note', 'Jürgen: 415-555-0100', '2012-09-28 00:34:21.000');
             INSERT INTO RESOURCE_ (RESOURCE_KEY, RESOURCE_NAME, CREATE_AUDIT_KEY) VALUES (5, '4155550100', 0);",
        )
        .unwrap();
}

/// What a database says of the call.
fn told(url: &DatabaseUrl) -> Vec<String> {
    let mut database = open(url);
    let sql = "SELECT ID, CALLID, ENDPOINTDN, KEYNAME, VALUE, ADDED FROM G_USERDATA_HISTORY ORDER BY ID";
    let mut told = Vec::new();
    for row in database.query(sql, &[]).unwrap().iter() {
        let text = |at| row.text_or_null(at).unwrap().unwrap_or("-").to_owned();
        told.push(format!(
            "{} {} {} {} {} {}",
            row.int(0).unwrap(),
            text(1),
            text(2),
            text(3),
            text(4),
            row.time(5).unwrap()
        ));
    }
    let sql = "SELECT RESOURCE_NAME FROM RESOURCE_ ORDER BY RESOURCE_KEY";
    told.extend(database.query(sql, &[]).unwrap().iter().map(|row| row.text(0).unwrap().to_owned()));
    for sql in ["SELECT VERSION FROM TBUS_SCHEMA", "SELECT count(*) FROM G_DICTIONARY"] {
        told.push(database.query(sql, &[]).unwrap().first().unwrap().int(0).unwrap().to_string());
    }
    told
}

#[test]
fn every_way_between_the_databases_gives_the_same() {
    let server = Postgres::shared();
    let folder = tempfile::tempdir().unwrap();
    let postgres = || server.new_database().parse::<DatabaseUrl>().unwrap();
    let sqlite = |name: &str| DatabaseUrl::sqlite(folder.path().join(name));
    let (from_postgres, from_sqlite) = (postgres(), sqlite("in.db"));
    fill(&from_postgres);
    fill(&from_sqlite);
    assert_eq!(told(&from_postgres), told(&from_sqlite));

    let mut log = Vec::new();
    let mut first = anonymizer(Rules::default());
    first.changing().unwrap();
    first.log("\tAttributeANI\t'4155550100'\n\t\t'FirstName'\t'Jürgen'\n".as_bytes(), &mut log).unwrap();
    let log = String::from_utf8(log).unwrap();
    let values: Vec<&str> = log.split('\'').collect();
    let (ani, name) = (values[1], values[5]);

    let ways = [
        (&from_postgres, postgres()),
        (&from_postgres, sqlite("a.db")),
        (&from_sqlite, postgres()),
        (&from_sqlite, sqlite("b.db")),
    ];
    let mut results = Vec::new();
    for (from, to) in &ways {
        anonymize(Rules::default(), from, to).unwrap();
        let told = told(to);
        assert!(
            told[0].starts_with(&format!("7 1234567890 {ani} FirstName {name} ")),
            "{from} {to} {told:?}"
        );
        assert!(told[1].contains(&format!("Note {name}: ")), "{told:?}");
        assert!(told.contains(&ani.to_owned()) && told.contains(&"UNKNOWN".to_owned()), "{told:?}");
        results.push(told);
        assert_eq!(left(Rules::default(), from, to), [""; 0], "{from} {to}");
    }
    assert!(results.iter().all(|told| *told == results[0]));

    // What is put in afterwards gets a number of its own, and what is put back is found, in a table of somebody else, too.
    let mut copied = open(&ways[0].1);
    copied
        .script(
            "INSERT INTO G_USERDATA_HISTORY (CALLID, KEYNAME, VALUE, ADDED) VALUES ('x', 'Other', 'y', now());
             CREATE SCHEMA \"Else\"; CREATE TABLE \"Else\".\"No tes\" (t text);
             INSERT INTO \"Else\".\"No tes\" VALUES ('of 4155550100')",
        )
        .unwrap();
    let found = left(Rules::default(), &from_postgres, &ways[0].1);
    assert_eq!(found, ["bytes 4155550100"]);
}

#[test]
fn nothing_is_written_over_and_strange_tables_stay_behind() {
    let server = Postgres::shared();
    let postgres = || server.new_database().parse::<DatabaseUrl>().unwrap();
    let (from, full, empty) = (postgres(), postgres(), postgres());
    fill(&from);
    fill(&full);
    let before = told(&full);
    let refused = anonymize(Rules::default(), &from, &full).unwrap_err();
    assert!(
        matches!(&refused, CopyError::NotEmpty { table, .. } if table == "G_USERDATA_HISTORY"),
        "{refused}"
    );
    assert_eq!(told(&full), before);

    let refused = anonymize(Rules::default(), &empty, &full).unwrap_err();
    assert!(matches!(refused, CopyError::Unknown { .. }), "{refused}");

    open(&from).script("CREATE TABLE notes (t text); INSERT INTO notes VALUES ('Anna'), ('Otto')").unwrap();
    let done = anonymize(Rules::default(), &from, &empty).unwrap();
    let dropped: Vec<_> = done.report().dropped.iter().collect();
    assert!(matches!(dropped[..], [(what, 2)] if what.contains("notes")), "{dropped:?}");
    let refused = open(&empty).query("SELECT 1 FROM notes", &[]).unwrap_err();
    assert!(refused.to_string().contains("notes"), "{refused}");
}

#[test]
fn columns_of_integers_change_only_if_they_are_named() {
    let server = Postgres::shared();
    let folder = tempfile::tempdir().unwrap();
    let postgres = || server.new_database().parse::<DatabaseUrl>().unwrap();
    let (from_postgres, from_sqlite) = (postgres(), DatabaseUrl::sqlite(folder.path().join("in.db")));
    fill(&from_postgres);
    fill(&from_sqlite);
    let agent = |url: &DatabaseUrl| {
        let sql = "SELECT AGENTID, ENDPOINTID FROM G_USERDATA_HISTORY WHERE ID = 7";
        let rows = open(url).query(sql, &[]).unwrap();
        let row = rows.first().unwrap();
        (row.int(0).unwrap(), row.int(1).unwrap())
    };
    let rules = || {
        let mut rules = Rules::default();
        rules.hide_key("agentid");
        rules
    };
    let targets = [postgres(), DatabaseUrl::sqlite(folder.path().join("out.db"))];
    anonymize(rules(), &from_postgres, &targets[0]).unwrap();
    anonymize(rules(), &from_sqlite, &targets[1]).unwrap();
    // As the pair of a message.
    let mut pair = anonymizer(rules());
    pair.changing().unwrap();
    let fake = i64::from(pair.keyed_int(b"AgentId", 777));
    assert!((100..1000).contains(&fake) && fake != 777);
    for target in &targets {
        assert_eq!(agent(target), (fake, 41));
    }
    assert_eq!(left(rules(), &from_postgres, &targets[0]), [""; 0]);
    // It is seen when it was not done.
    let plain = postgres();
    anonymize(Rules::default(), &from_postgres, &plain).unwrap();
    assert_eq!(agent(&plain), (777, 41));
    assert_eq!(left(rules(), &from_postgres, &plain), ["AGENTID 777"]);

    // Times are refused, not passed over.
    let mut rules = Rules::default();
    rules.hide_key("ADDED");
    let refused = anonymize(rules, &from_postgres, &postgres()).unwrap_err();
    assert!(refused.to_string().contains("G_USERDATA_HISTORY.ADDED has times"), "{refused}");
}
