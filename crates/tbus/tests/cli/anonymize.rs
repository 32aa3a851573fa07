//! `tbus anonymize`: what comes out, that it replays, and that the check tells.

use std::fs;
use std::path::Path;

use tlib_testkit::Postgres;

use crate::support::{evidence, run};

const KEY: &str = "correct horse";

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn the_published_log_is_anonymised_checked_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let published = evidence("tserver_reporting.log");
    let out = path(folder.path(), "out.log");
    let key = path(folder.path(), "key");
    fs::write(&key, format!("{KEY}\r\n")).unwrap();
    let ended = run(&["anonymize", "--key-file", &key, &published, &out]).with_code(0);
    assert_eq!(ended.stderr, "");
    assert!(
        ended.stdout.starts_with("replaced ") && ended.stdout.contains("number   ANI"),
        "{}",
        ended.stdout
    );
    let (before, after) = (fs::read_to_string(&published).unwrap(), fs::read_to_string(&out).unwrap());
    assert_eq!(before.len(), after.len());
    assert!(
        !after.contains("192.168.27.50") && !after.contains("'777'") && after.contains("'REPORTING'"),
        "{after}"
    );

    let checked = run(&["anonymize", "--key", KEY, "--check", &published, &out]).with_code(0);
    assert_eq!(checked.stdout, "nothing is left\n");
    let (one, two) = (run(&["replay", "--dry-run", &published]), run(&["replay", "--dry-run", &out]));
    assert_eq!(one.with_code(0).stdout, two.with_code(0).stdout);

    // The key in the file and the key in the option are one, and another one is another.
    let again = path(folder.path(), "again.log");
    run(&["anonymize", "--key", KEY, &published, &again]).with_code(0);
    assert_eq!(fs::read(&again).unwrap(), after.as_bytes());
    run(&["anonymize", "--key", "battery staple", &published, &again]).with_code(0);
    assert_ne!(fs::read(&again).unwrap(), after.as_bytes());

    // Somebody puts an original back.
    fs::write(&again, format!("{after}client 192.168.27.50\n")).unwrap();
    let found = run(&["anonymize", "--key", KEY, "--check", "--show", &published, &again]).with_code(1);
    assert_eq!(found.stdout, "        1  address  line  192.168.27.50\n1 original is left\n");
    let found =
        run(&["anonymize", "--key", KEY, "--check", "--format", "json", &published, &again]).with_code(1);
    assert!(
        !found.stdout.contains("192.168") && found.stdout.contains("\"complete\":true"),
        "{}",
        found.stdout
    );
}

#[test]
fn the_shipped_capture_is_anonymised_checked_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = format!("{}/../../tests/captures/callback.pcapng", env!("CARGO_MANIFEST_DIR"));
    let out = path(folder.path(), "out.pcapng");
    run(&["anonymize", "--key", KEY, &shipped, &out]).with_code(0);
    let checked = run(&["anonymize", "--key", KEY, "--check", "--show", &shipped, &out]).with_code(0);
    assert_eq!(checked.stdout, "nothing is left\n");
    // The same messages of the same applications in the same order.
    let plan = |file: &str| run(&["replay", "--dry-run", file]).with_code(0).stdout;
    assert_eq!(plan(&shipped), plan(&out));
}

#[test]
fn a_database_is_anonymised_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (path(folder.path(), "in.sqlite"), path(folder.path(), "out.sqlite"));
    let source = rusqlite::Connection::open(&input).unwrap();
    source
        .execute_batch("CREATE TABLE G_USERDATA_HISTORY (KEYNAME TEXT, VALUE TEXT); INSERT INTO G_USERDATA_HISTORY VALUES ('Phone', '4155550100'), ('Owner', 'Gold')")
        .unwrap();
    drop(source);
    run(&["anonymize", "--key", KEY, "--hide-key", "owner", &input, &out]).with_code(0);
    run(&["anonymize", "--key", KEY, "--hide-key", "owner", "--check", &input, &out]).with_code(0);
    let result = rusqlite::Connection::open(&out).unwrap();
    let value = |key: &str| {
        result.query_row("SELECT VALUE FROM G_USERDATA_HISTORY WHERE KEYNAME = ?", [key], |row| {
            row.get::<_, String>(0)
        })
    };
    // The fake that logs and captures have.
    assert_eq!(value("Phone").unwrap(), "2465028119");
    assert_ne!(value("Owner").unwrap(), "Gold");
    result.execute("INSERT INTO G_USERDATA_HISTORY VALUES ('x', 'tel:4155550100')", []).unwrap();
    drop(result);
    run(&["anonymize", "--key", KEY, "--hide-key", "owner", "--check", &input, &out]).with_code(1);
}

#[test]
fn postgresql_is_anonymised_checked_and_never_written_over() {
    let server = Postgres::shared();
    let (from, to) = (server.new_database(), server.new_database());
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (path(folder.path(), "out.sqlite"), evidence("tserver_reporting.log"));
    let schema = run(&["idb", "schema", "--dialect", "postgresql"]).with_code(0).stdout;
    let database = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    server.psql(&database(&from), &schema);
    server.psql(
        &database(&from),
        "INSERT INTO G_USERDATA_HISTORY (CALLID, KEYNAME, VALUE, AGENTID, ADDED) VALUES ('c', 'Phone', '4155550100', 777, now())",
    );
    let done = run(&["anonymize", "--key", KEY, "--hide-key", "AgentId", &from, &to]).with_code(0);
    assert!(
        done.stdout.contains("number   Phone") && done.stdout.contains("number   AGENTID"),
        "{}",
        done.stdout
    );
    let sql = "SELECT VALUE, AGENTID FROM G_USERDATA_HISTORY";
    let (phone, agent) =
        server.psql(&database(&to), sql).split_once('|').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    // The fake that logs and captures have.
    assert_eq!(phone, "2465028119");
    assert!(agent.len() == 3 && agent != "777", "{agent}");
    let check = ["anonymize", "--key", KEY, "--hide-key", "AgentId", "--check", &from];
    assert_eq!(run(&[&check[..], &[&to]].concat()).with_code(0).stdout, "nothing is left\n");

    run(&["anonymize", "--key", KEY, "--hide-key", "AgentId", &from, &file]).with_code(0);
    run(&[&check[..], &[&format!("sqlite:{file}")]].concat()).with_code(0);
    let back = server.new_database();
    run(&["anonymize", "--key", "battery staple", &file, &back]).with_code(0);
    assert_ne!(server.psql(&database(&back), sql), server.psql(&database(&to), sql));

    let told = |arguments: &[&str], code: i32, what: &str| {
        let ended = run(&[&["anonymize", "--key", KEY], arguments].concat());
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(what), "{what}: {}", ended.stderr);
    };
    told(&[&from, &to], 2, "G_USERDATA_HISTORY has rows already");
    told(&[&from, &file], 2, "never written over");
    told(&[&from, &from], 2, "same database");
    told(&[&log, &to], 2, "OUT must be a file");
    told(&[&server.new_database(), &to], 2, "neither an interaction database nor an Info Mart");
    told(&["--hide-key", "ADDED", &from, &server.new_database()], 2, "has times, which cannot be replaced");
    told(&["postgres://127.0.0.1:1/idb?connect_timeout=1", &to], 3, "start the PostgreSQL server");
    told(&[&format!("sqlite:{log}"), &to], 2, "no SQLite database");
    server.psql(&database(&to), "INSERT INTO G_USERDATA_HISTORY (CALLID, KEYNAME, VALUE, ADDED) VALUES ('d', 'x', '4155550100', now())");
    run(&[&check[..], &[&to]].concat()).with_code(1);
}

#[test]
fn bad_input_is_told_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let published = evidence("tserver_reporting.log");
    let out = path(folder.path(), "out");
    let rules = path(folder.path(), "rules.ini");
    let bad = path(folder.path(), "bad.pcap");
    fs::write(&rules, "[log-filter-data]\nx=mask\n").unwrap();
    fs::write(&bad, b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00garbage").unwrap();
    let missing = path(folder.path(), "missing");
    let told = |arguments: &[&str], code: i32, what: &str| {
        let ended = run(&[&["anonymize"], arguments].concat());
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(what), "{what}: {}", ended.stderr);
    };
    told(&[&published, &out], 2, "--key");
    told(&["--key", "short", &published, &out], 2, "at least 8 are needed");
    told(&["--key", KEY, &missing, &out], 2, "no such file");
    told(&["--key-file", &missing, &published, &out], 2, "no such file");
    told(&["--key", KEY, &published, &published], 2, "same file");
    told(&["--key", KEY, "--rules", &rules, &published, &out], 2, "line 2: x=mask");
    told(&["--key", KEY, "--rules", &published, &published, &out], 2, "no rule");
    told(&["--key", KEY, &bad, &out], 2, "bad.pcap");
    told(&["--key", KEY, &published, &path(&folder.path().join("no"), "out")], 3, "cannot be written");
    told(&["--key", KEY, "--check", &published, &bad], 2, "a packet capture");
    assert!(!Path::new(&out).exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let folder = tempfile::tempdir().unwrap();
    let published = evidence("tserver_reporting.log");
    let socket = path(folder.path(), "socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let told = |out: &str, what: &str| {
        let ended = run(&["anonymize", "--key", KEY, &published, out]).with_code(2);
        assert!(ended.stderr.contains(what), "{}", ended.stderr);
    };
    told(&socket, "no regular file");
    assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
    told(folder.path().to_str().unwrap(), "is a directory");
    told("-", "OUT is a file");
}
