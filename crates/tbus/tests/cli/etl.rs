//! `tbus etl` on a database with a few user events.

use tbus_db::{Database, DatabaseUrl, OpenOptions};

use crate::support::run;

/// The mandatory keys of an event.
const WHOLE: [(&str, &str); 5] = [
    ("_CB_SERVICE_ID", "445-1"),
    ("_CB_T_SERVICE_START", "1411120800"),
    ("_CB_D_CALLBACK_OFFER", "12"),
    ("_CB_N_CALLBACK_OFFERED", "1"),
    ("_CB_T_CALLBACK_OFFERED", "1411120788"),
];

/// An interaction database with these events, numbered from 1.
fn idb(folder: &std::path::Path, events: &[Vec<(&str, &str)>]) -> String {
    let path = folder.join("idb.sqlite");
    let schema = run(&["idb", "schema", "--dialect", "sqlite"]).with_code(0).stdout;
    let mut database = Database::open(&DatabaseUrl::sqlite(&path), &OpenOptions::default()).unwrap();
    database.script(&schema).unwrap();
    let mut script = String::new();
    for (sequence, pairs) in (1..).zip(events) {
        for (key, value) in pairs {
            script.push_str(&format!(
                "INSERT INTO G_CUSTOM_DATA_S (PSEQ, KEYNAME, VALUE, ADDED, ADDED_TS, GSYS_DOMAIN, GSYS_SEQ, GSYS_EXT_VCH1, \
                 GSYS_EXT_INT1) VALUES (0, '{key}', '{value}', '2014-09-19 10:00:00.000', 1411120800, 1, 1, \
                 '{sequence:016x}', {sequence});"
            ));
        }
    }
    database.script(&script).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_run_says_what_it_has_done() {
    let folder = tempfile::tempdir().unwrap();
    let mut last = WHOLE.to_vec();
    last.extend([("_CB_FINAL_RECORD", "1"), ("_CB_TENANT_DBID", "7"), ("_CB_NEW", "1")]);
    let events = [WHOLE.to_vec(), last, WHOLE[..4].to_vec(), vec![("other", "1")]];
    let idb = idb(folder.path(), &events);
    let mart = folder.path().join("mart.sqlite");
    let mart = mart.to_str().unwrap();
    let first = run(&["etl", "--idb", &idb, "--info-mart", mart]).with_code(0);
    let table = "read         18 rows of G_CUSTOM_DATA_S, 4 events\n\
                 facts        2 (1 commit, 1 new session)\n\
                 no facts     1\n             1 without _CB_T_CALLBACK_OFFERED\n\
                 known before 0\n\
                 passed over  1 event without a _CB_ key\n\
                 doubtful     1 value\n             1 of _CB_TENANT_DBID: no such DBID in TENANT: TENANT_KEY is -1\n\
                 ignored      1 _CB_ pair that the Info Mart does not know\n\
                 aggregates   1 period of 15 minutes\n";
    assert_eq!(first.stdout, table);
    let said = "tbus: service 445-1: _CB_TENANT_DBID = \"7\": no such DBID in TENANT: TENANT_KEY is -1\n\
                tbus: service 445-1: no fact: missing mandatory keys: _CB_T_CALLBACK_OFFERED (session 1, event 0000000000000003)\n";
    assert_eq!(first.stderr, said);
    let again = run(&["etl", "--idb", &idb, "--info-mart", mart, "--format", "json"]).with_code(0);
    let summary: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&summary["rows"], &summary["facts"], again.stderr.as_str()), (&0.into(), &0.into(), ""));
    let report = run(&["report", "callback-summary", "--info-mart", mart, "--format", "csv"]).with_code(0);
    assert_eq!(report.stdout.lines().count(), 3, "{report:?}");
}

#[test]
fn tenants_are_named_and_sums_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = WHOLE.to_vec();
    whole.extend([("_CB_FINAL_RECORD", "1"), ("_CB_TENANT_DBID", "7")]);
    let idb = idb(folder.path(), &[whole]);
    let mart = folder.path().join("mart.sqlite");
    let mart = mart.to_str().unwrap();
    let ini = folder.path().join("gim.ini");
    let ini = ini.to_str().unwrap();
    std::fs::write(ini, "[agg-feature]\nenable-callback = no\n[schedule]\nrun-scheduler = true\n").unwrap();
    let line = ["etl", "--idb", &idb, "--info-mart", mart, "--tenant", "7=Sales", "--options", ini];
    let ended = run(&line).with_code(0);
    assert!(ended.stdout.contains("aggregates   left out: the options say so\n"), "{ended:?}");
    let said = format!("tbus: {ini}: line 3: section [schedule] has no effect here\n");
    assert_eq!(ended.stderr, said);
    let report = run(&["report", "callback-summary", "--info-mart", mart]);
    assert!(report.stderr.contains("no aggregates: run `tbus etl`"), "{report:?}");
    for text in ["enable-callback = no\n", "[agg-feature]\nenable-callback = sometimes\n"] {
        std::fs::write(ini, text).unwrap();
        let ended = run(&line).with_code(2);
        assert!(
            ended.stderr.contains(&format!("{ini}: line ")) && ended.stderr.contains("enable-callback"),
            "{ended:?}"
        );
    }
    std::fs::remove_file(ini).unwrap();
    assert!(run(&line).with_code(2).stderr.contains(ini), "a file that is not there");
    let ended = run(&["etl", "--idb", &idb, "--info-mart", mart]).with_code(0);
    assert!(ended.stdout.ends_with("aggregates   1 period of 15 minutes\n"), "{ended:?}");
    let report = run(&["report", "callback-summary", "--info-mart", mart, "--format", "csv"]).with_code(0);
    assert!(report.stdout.contains("Sales"), "{report:?}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let idb = idb(folder.path(), &[]);
    let mart = folder.path().join("mart.sqlite");
    let mart = mart.to_str().unwrap();
    let absent = folder.path().join("absent.sqlite");
    for (line, code, text) in [
        (vec!["--idb", absent.to_str().unwrap(), "--info-mart", mart], 2, "absent.sqlite"),
        (vec!["--idb", idb.as_str(), "--info-mart", idb.as_str()], 2, "are the same database"),
        (vec!["--idb", idb.as_str()], 2, "--info-mart"),
        (vec!["--idb", idb.as_str(), "--info-mart", mart, "--tenant", "Sales"], 2, "DBID=NAME"),
        (
            vec!["--idb", "postgres://127.0.0.1:1/idb?connect_timeout=1", "--info-mart", mart],
            3,
            "start the PostgreSQL",
        ),
    ] {
        let ended = run(&[&["etl"], &line[..]].concat()).with_code(code);
        assert!(ended.stderr.contains(text), "{text}: {ended:?}");
    }
    assert!(!std::path::Path::new(mart).exists(), "nothing is made for nothing");
    let claimed = DatabaseUrl::sqlite(mart);
    let claim =
        Database::open(&claimed, &OpenOptions { sole_writer: true, ..OpenOptions::default() }).unwrap();
    let ended = run(&["etl", "--idb", &idb, "--info-mart", mart]).with_code(2);
    assert!(ended.stderr.contains("wait until that run has ended"), "{ended:?}");
    drop(claim);
}
