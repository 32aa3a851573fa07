//! `tbus record`: what is stored, what it says, mistakes, signals.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use tlib_testkit::Postgres;

use crate::support::{Ended, PATIENCE, Running, end, run, tbus};

/// A server, and a folder for what the recorder writes.
struct Place {
    server: Running,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { server: Running::server(), folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), text).unwrap();
        self.name(name)
    }

    /// The arguments of a recorder with this database.
    fn line<'a>(&'a self, db: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["record", "--server", &self.server.address, "--db", db], more].concat()
    }

    fn record(&self, db: &str, more: &[&str]) -> Running {
        Running::start(&self.line(db, more))
    }

    /// A recorder that does not start.
    #[track_caller]
    fn refused(&self, code: i32, db: &str, more: &[&str]) -> String {
        run(&self.line(db, more)).with_code(code).stderr
    }

    fn send(&self, pairs: &[&str]) {
        run(&[&["send", "--server", &self.server.address], pairs].concat()).with_code(0);
    }

    fn sqlite(&self, name: &str) -> Connection {
        Connection::open(self.path(name)).unwrap()
    }
}

/// Asks a recorder to end.
#[track_caller]
fn stop(recorder: Running, code: i32) -> Ended {
    recorder.signal("-TERM");
    recorder.end().with_code(code)
}

/// `session KEY=VALUE` for each row of G_CUSTOM_DATA_S.
fn pairs(database: &Connection) -> Vec<String> {
    let sql = "SELECT GSYS_DOMAIN || ' ' || KEYNAME || '=' || VALUE FROM G_CUSTOM_DATA_S ORDER BY ID";
    let mut statement = database.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_was_acknowledged_is_in_the_table_when_it_has_ended() {
    let place = Place::new();
    let db = place.name("idb.sqlite");
    let recorder = place.record(&db, &[]);
    assert_eq!(recorder.address, place.server.address, "the ready file names the server");
    let ready_file = recorder.ready_file.clone();
    place.send(&["gms_ServiceName=inbound-delay", "n:=3", "e="]);
    let ended = stop(recorder, 0);
    assert!(!ready_file.exists());
    assert_eq!(pairs(&place.sqlite("idb.sqlite")), ["1 gms_ServiceName=inbound-delay", "1 n=3", "1 e="]);
    let told: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(told[0], "tbus: the database had none of the tables, they are made");
    // The event, and the session's two ends; three pairs, and the session in two tables.
    let stored = "tbus: 3 records (events, and beginnings and ends of sessions) stored as ";
    assert!(told[1].starts_with(stored) && told.len() == 2, "{told:?}");

    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines[1], format!("Source:   REPORTING of {}, as Icon_Voice", place.server.address));
    assert_eq!(lines[2], format!("Database: {db}"));
    assert_eq!(lines[3], format!("Queue:    {db}.pq"));
    assert!(
        lines[4].starts_with("Options:  store-event-data=all, ") && lines[4].contains("vendor's is none"),
        "{lines:?}"
    );
    let send = format!(" send --dn REPORTING greeting=hello n:=3 --server {}", place.server.address);
    assert!(lines[7].ends_with(&send), "{lines:?}");
    assert_eq!(lines[8], format!("  sqlite3 {db} 'select KEYNAME, VALUE from G_CUSTOM_DATA_S'"));
    let event =
        "Int 04543 Interaction message \"EventUserEvent\" received from 65200 (\"SIP_Server@REPORTING\")";
    let order: Vec<_> =
        lines.iter().filter(|line| line.contains(event) || line.contains(" 25004 ")).collect();
    assert!(order.len() >= 2 && lines.iter().any(|line| line.contains(event)), "{lines:?}");

    // The same database again.
    let recorder = place.record(&db, &[]);
    place.send(&["again=1"]);
    let ended = stop(recorder, 0);
    assert!(ended.stderr.starts_with("tbus: 3 records "), "{}", ended.stderr);
    assert_eq!(pairs(&place.sqlite("idb.sqlite")).last().unwrap(), "2 again=1");
}

#[test]
fn log_queue_and_sync_go_where_they_are_told() {
    let place = Place::new();
    let (db, log, queue) = (place.name("idb.sqlite"), place.name("icon.log"), place.name("other.pq"));
    let recorder = place
        .record(&db, &["--log", &log, "--queue", &queue, "--sync", "full", "--dn", "7001", "--dn", "7002"]);
    place.send(&["--dn", "7002", "a=1"]);
    place.send(&["--dn", "7001", "b=2"]);
    place.send(&["--dn", "REPORTING", "c=3"]);
    let ended = stop(recorder, 0);
    assert_eq!(pairs(&place.sqlite("idb.sqlite")), ["1 a=1", "1 b=2"]);
    assert_eq!(ended.stdout.lines().count(), 9, "no log on the terminal: {}", ended.stdout);
    assert!(ended.stdout.contains(&format!("\nQueue:    {queue}\n")), "{}", ended.stdout);
    assert!(place.path("other.pq").exists() && !place.path("idb.sqlite.pq").exists());
    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.starts_with("Application name: Icon_Voice\nApplication type: Interaction Concentrator\n"),
        "{log}"
    );
    assert!(log.contains("Registered on 7001, 7002 of SIP_Server\n"), "{log}");
    assert!(log.contains("(\"SIP_Server@7002\")\n"), "{log}");
}

#[test]
fn a_queue_in_memory_leaves_no_file() {
    let place = Place::new();
    let recorder = place.record(&place.name("idb.sqlite"), &["--queue", ":memory:", "--log-level", "none"]);
    place.send(&["a=1"]);
    stop(recorder, 0);
    assert_eq!(pairs(&place.sqlite("idb.sqlite")), ["1 a=1"]);
    let files = fs::read_dir(place.folder.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(files.into_iter().all(|file| !file.to_string_lossy().contains(".pq")));
}

#[test]
fn options_and_specification_are_the_vendors() {
    let place = Place::new();
    let specification = "<adata_spec xmlns=\"http://www.genesyslab.com/standards/icon/ed1\">\n<public>\n\
        <key name=\"CaseID\" source=\"userdata\" history=\"all\"/>\n\
        <key name=\"CaseID\" source=\"userdata\" history=\"last\"/>\n</public>\n</adata_spec>\n";
    let specification = place.write("spec.xml", specification);
    let queue = place.name("vendor.pq");
    let text = format!(
        "[custom-states]\nstore-event-data=conf\nEventData=char,kept\n[callconcentrator]\npq-dbname={queue}\n\
        adata-spec-name=spec.xml\npq-startup-check=1\n"
    );
    let options = place.write("icon.ini", text);
    let recorder =
        place.record(&place.name("idb.sqlite"), &["--options", &options, "--log", &place.name("x.log")]);
    place.send(&["kept=1", "other=2"]);
    let ended = stop(recorder, 0);
    assert_eq!(pairs(&place.sqlite("idb.sqlite")), ["1 kept=1"]);
    let screen =
        format!("\nQueue:    {queue}\nOptions:  store-event-data=conf, attached data by {specification}\n");
    assert!(ended.stdout.contains(&screen), "{}", ended.stdout);
    let notices: Vec<_> = ended.stderr.lines().collect();
    assert!(notices[0].starts_with(&format!("tbus: {options}: line 7: ")), "it has no effect: {notices:?}");
    let first = format!(
        "tbus: {specification}: line 4: key \"CaseID\" of userdata is in <public> already; the first definition counts"
    );
    assert_eq!(notices[1], first);
    assert!(notices.last().unwrap().contains("1 not stored ("), "{notices:?}");
}

#[test]
fn the_vendors_default_can_be_had() {
    let place = Place::new();
    let options = place.write("icon.ini", "[custom-states]\nstore-event-data=none\n");
    let recorder = place.record(&place.name("idb.sqlite"), &["--options", &options]);
    place.send(&["a=1"]);
    let ended = stop(recorder, 0);
    assert!(ended.stdout.contains("\nOptions:  store-event-data=none\n"), "{}", ended.stdout);
    assert!(pairs(&place.sqlite("idb.sqlite")).is_empty());
}

#[test]
fn a_database_that_cannot_be_one_is_2() {
    let place = Place::new();
    let told = place.refused(2, &place.name("nowhere/idb.sqlite"), &[]);
    assert!(told.contains("nowhere does not exist") && !told.contains("queue"), "{told}");
    let folder = place.folder.path().to_str().unwrap();
    let told = place.refused(2, folder, &[]);
    assert_eq!(told, format!("tbus: {folder}: opening: it is a folder, not a file\n"));
    let text = place.write("text.sqlite", "this is some text and no database".repeat(100));
    let told = place.refused(2, &text, &[]);
    assert!(
        told.starts_with(&format!("tbus: {text}: ")) && told.contains("file is not a database"),
        "{told}"
    );
    // SQLite writes no file of a later format than it knows: so it is read-only for root, too.
    let later = place.name("later.sqlite");
    Connection::open(&later).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let mut bytes = fs::read(&later).unwrap();
    bytes[18] = 3;
    fs::write(&later, bytes).unwrap();
    let told = place.refused(2, &later, &[]);
    assert!(told.starts_with(&format!("tbus: {later}: ")) && told.contains("readonly"), "{told}");
    for database in ["", "mysql://host/db", "postgres://host:port/db"] {
        let told = place.refused(2, database, &[]);
        assert!(told.contains("'--db <DB>'"), "{told}");
    }
    #[cfg(target_os = "linux")]
    {
        let told = place.refused(2, "sqlite:/proc/version", &[]);
        assert!(told.starts_with("tbus: /proc/version: opening: "), "{told}");
    }
    let beside = fs::read_dir(place.folder.path()).unwrap();
    let names: Vec<_> = beside.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| !name.ends_with(".pq")), "no queue is left: {names:?}");
}

#[test]
fn tables_of_others_are_2() {
    let place = Place::new();
    let db = place.name("idb.sqlite");
    stop(place.record(&db, &[]), 0);
    place.sqlite("idb.sqlite").execute("UPDATE TBUS_SCHEMA SET VERSION = 99", []).unwrap();
    let told = place.refused(2, &db, &[]);
    let start = format!("tbus: {db}: its tables have schema version 99, this tbus needs version ");
    assert!(told.starts_with(&start) && told.lines().count() == 1, "{told}");
    place.sqlite("foreign.sqlite").execute_batch("CREATE TABLE G_CALL (ID INTEGER)").unwrap();
    let told = place.refused(2, &place.name("foreign.sqlite"), &[]);
    assert!(told.contains("foreign.sqlite: it has G_CALL but no TBUS_SCHEMA"), "{told}");
    place
        .sqlite("idb.sqlite")
        .execute_batch("UPDATE TBUS_SCHEMA SET VERSION = 1; DROP TABLE G_CALL")
        .unwrap();
    let told = place.refused(2, &db, &[]);
    assert!(told.contains("G_CALL is missing"), "{told}");
}

#[test]
fn mistakes_in_options_and_specification_have_a_line() {
    let place = Place::new();
    let db = place.name("idb.sqlite");
    for (text, line, cause) in [
        ("[callconcentrator\n", 1, "\"[callconcentrator\""),
        ("[callconcentrator]\nacc-queue-size\n", 2, "acc-queue-size"),
        ("[callconcentrator]\n\nacc-queue-size=0\n", 3, "acc-queue-size = 0: a number from 1 to "),
        ("[callconcentrator]\nacc-queue-sise=5\n", 2, "did you mean acc-queue-size?"),
        ("[custom-states]\nstore-event-data=some\n", 2, "store-event-data"),
        ("[custom-state]\nstore-event-data=all\n", 1, "did you mean [custom-states]?"),
    ] {
        let file = place.write("icon.ini", text);
        let told = place.refused(2, &db, &["--options", &file]);
        assert!(told.starts_with(&format!("tbus: {file}: line {line}")), "{told}");
        assert!(told.contains(cause) && told.lines().count() == 1, "{told}");
    }
    let root = "<a xmlns=\"http://www.genesyslab.com/standards/icon/ed1\">";
    for (text, line, cause) in [
        (format!("{root}\n<public>\n</publik></a>"), 3, "not well formed"),
        ("<a><public/></a>".to_owned(), 1, "namespace"),
        (format!("{root}<public>\n<key name='x' source='userdata' history='some'/></public></a>"), 2, "some"),
        (String::new(), 1, "root element"),
    ] {
        let file = place.write("spec.xml", text);
        let told = place.refused(2, &db, &["--adata-spec", &file]);
        assert!(told.starts_with(&format!("tbus: {file}: line {line}")), "{told}");
        assert!(told.contains(cause) && told.lines().count() == 1, "{told}");
    }
    let told = place.refused(2, &db, &["--options", "nope.ini"]);
    assert_eq!(told, "tbus: options file nope.ini: no such file\n");
    let told = place.refused(2, &db, &["--adata-spec", "nope.xml"]);
    assert_eq!(told, "tbus: specification file nope.xml: no such file\n");
    assert!(!Path::new(&db).exists(), "nothing is made before everything is read");
}

#[test]
fn servers_and_dns_that_are_not_there() {
    let place = Place::new();
    let db = place.name("idb.sqlite");
    let told = place.refused(2, &db, &["--dn", "REPORTING", "--dn", "reporting"]);
    assert!(told.starts_with("tbus: reporting: RequestRegisterAddress: EventError 59"), "{told}");
    assert!(told.contains("; did you mean REPORTING? DN names are case-sensitive; "), "{told}");
    let told = place.refused(2, &db, &["--dn", "7001,7002"]);
    assert!(told.contains("; repeat --dn for several DNs; "), "{told}");
    assert!(place.refused(2, &db, &["--dn", ""]).contains("--dn is empty"));
    // A port of this machine that nobody listens on any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = run(&["record", "--db", &db, "--server", &gone]).with_code(3);
    assert!(ended.stderr.starts_with(&format!("tbus: cannot connect to {gone}: ")), "{ended:?}");
    assert!(ended.stderr.contains(" serve` starts a server, --server names another one"), "{ended:?}");
}

#[test]
fn what_is_written_is_in_different_files() {
    let place = Place::new();
    let db = place.name("idb.sqlite");
    for (option, told) in [("--log", "--db and --log"), ("--queue", "--db and the queue")] {
        let text = place.refused(2, &db, &[option, &db]);
        assert!(text.contains(&format!("{told} are one file")), "{text}");
    }
    assert!(!Path::new(&db).exists(), "nothing was made");
    let text = place.refused(2, &db, &["--ready-file", &place.name("nowhere/ready")]);
    assert!(text.contains("nowhere is no folder"), "{text}");
    let text = place.refused(2, ":memory:", &[]);
    assert!(text.contains("in memory"), "{text}");
}

#[test]
fn queues_that_cannot_be_used() {
    let place = Place::new();
    let (first, second, queue) = (place.name("a.sqlite"), place.name("b.sqlite"), place.name("x.pq"));
    let recorder = place.record(&first, &["--queue", &queue]);
    let told = place.refused(3, &second, &["--queue", &queue]);
    let expected = "another recorder uses it. Stop that one, or give this one another file (pq-dbname)";
    assert_eq!(told, format!("tbus: queue {queue}: {expected}\n"));
    let told = place.refused(3, &first, &["--queue", &place.name("other.pq")]);
    assert!(
        told.contains("another process writes to it") && told.contains("probably another recorder"),
        "{told}"
    );
    place.send(&["a=1"]);
    stop(recorder, 0);
    assert_eq!(pairs(&place.sqlite("a.sqlite")), ["1 a=1"], "the first one is not disturbed");
    let told = place.refused(2, &second, &["--queue", &place.name("nowhere/x.pq")]);
    assert!(told.contains("x.pq: its folder: "), "{told}");
    let text = place.write("text.pq", "no queue");
    let told = place.refused(2, &second, &["--queue", &text]);
    assert!(
        told.starts_with(&format!("tbus: queue {text}: the file is no SQLite file, not a queue")),
        "{told}"
    );
    assert_eq!(fs::read_to_string(text).unwrap(), "no queue");
}

#[test]
fn what_the_database_does_not_take_waits_for_the_next_start() {
    let place = Place::new();
    let db = place.name("idb.sqlite");
    let recorder = place.record(&db, &[]);
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON G_CUSTOM_DATA_S \
        BEGIN SELECT RAISE(ABORT, 'not today'); END";
    place.sqlite("idb.sqlite").execute_batch(refuse).unwrap();
    place.send(&["a=1"]);
    let ended = stop(recorder, 3);
    let left =
        "tbus: the database did not take 2 records; they stay in the queue and go on at the next start\n";
    let left_more = left.replace('2', "3");
    assert!(ended.stderr.ends_with(left) || ended.stderr.ends_with(&left_more), "{}", ended.stderr);
    assert!(ended.stdout.contains(" Std 25193 ") && ended.stdout.contains("not today"), "{}", ended.stdout);
    // Another database does not get them.
    let told = place.refused(2, &place.name("b.sqlite"), &["--queue", &format!("{db}.pq")]);
    assert!(told.contains("idb.sqlite.pq holds ") && told.contains("for another database than "), "{told}");
    place.sqlite("idb.sqlite").execute_batch("DROP TRIGGER refuse").unwrap();
    let ended = stop(place.record(&db, &[]), 0);
    assert!(
        ended.stderr.contains("records of a run before wait in the queue and are written first\n"),
        "{ended:?}"
    );
    assert_eq!(pairs(&place.sqlite("idb.sqlite")), ["1 a=1"]);
}

#[test]
fn a_second_signal_ends_it_although_the_database_is_locked() {
    let place = Place::new();
    let db = place.name("idb.sqlite");
    let mut recorder = place.record(&db, &["--log", &place.name("icon.log")]);
    let other = place.sqlite("idb.sqlite");
    other.busy_timeout(PATIENCE).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    place.send(&["a=1"]);
    // Signals that come together are one; the one that comes half a second later is another.
    while !recorder.has_ended() {
        recorder.signal("-TERM");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let ended = recorder.end().with_code(1);
    assert!(
        ended.stderr.ends_with("stopped at once; what is in the queue goes on at the next start\n"),
        "{ended:?}"
    );
    other.execute_batch("ROLLBACK").unwrap();
    stop(place.record(&db, &[]), 0);
    assert_eq!(pairs(&other), ["1 a=1"]);
}

#[test]
fn postgresql_by_its_url() {
    let place = Place::new();
    let postgres = Postgres::shared();
    let url = postgres.new_database();
    let database = url.rsplit('/').next().unwrap();
    let queue = place.name("pg.pq");
    let recorder = place.record(&url, &["--queue", &queue]);
    place.send(&["a=1", "ü=ß"]);
    let ended = stop(recorder, 0);
    assert_eq!(postgres.psql(database, "SELECT KEYNAME, VALUE FROM G_CUSTOM_DATA_S ORDER BY ID"), "a|1\nü|ß");
    let look = format!("\n  psql {url} -c 'select KEYNAME, VALUE from G_CUSTOM_DATA_S'\n");
    assert!(ended.stdout.contains(&look), "{}", ended.stdout);

    postgres.psql(database, "UPDATE TBUS_SCHEMA SET VERSION = 99");
    let told = place.refused(2, &url, &["--queue", &queue]);
    assert!(told.starts_with(&format!("tbus: {url}: its tables have schema version 99, ")), "{told}");

    let (role, port) = (Postgres::SECURED, postgres.port());
    let told = place.refused(2, &format!("postgres://{role}:guess@127.0.0.1:{port}/{database}"), &[]);
    assert!(told.contains("password authentication failed") && !told.contains("guess"), "{told}");
    let told = place.refused(2, &format!("postgres://{role}@127.0.0.1:{port}/{database}"), &[]);
    assert!(told.contains("password"), "{told}");
    let told = place.refused(2, &url.replace(database, "nosuch"), &[]);
    assert!(told.contains("database \"nosuch\" does not exist"), "{told}");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = place.refused(3, &format!("postgres://x@{gone}/idb"), &["--queue", &place.name("new.pq")]);
    assert!(told.starts_with(&format!("tbus: postgres://x@{gone}/idb: connecting: ")), "{told}");
    assert!(!place.path("new.pq").exists());
}

#[cfg(unix)]
#[test]
fn a_start_that_waits_for_somebody_ends_with_a_signal() {
    // A database that takes the call and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let db = format!("postgres://tbus@{}/idb", silent.local_addr().unwrap());
    let recorder = tbus(["record", "--server", "127.0.0.1:1", "--db", &db]).spawn().unwrap();
    let _connection = silent.accept().unwrap();
    let pid = recorder.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = end(recorder).with_code(1);
    assert!(ended.stderr.contains("stopped before it was registered"), "{ended:?}");
}
