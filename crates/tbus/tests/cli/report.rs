//! `tbus report`: its forms, where they go, and what is said about mistakes.

use std::path::Path;

use rusqlite::Connection;
use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tbus_reporting::schema;

use crate::support::{end, evidence, run, tbus};

/// The two lines of the published report, as aggregates, and a callback as facts.
const ROWS: &str = "
    INSERT INTO TENANT (TENANT_KEY, TENANT_NAME, CREATE_AUDIT_KEY) VALUES (1001, 'Environment', 1);
    INSERT INTO RESOURCE_ (RESOURCE_KEY, RESOURCE_NAME, CREATE_AUDIT_KEY)
        VALUES (1001, 'Callback_VQ', 1), (1002, 'Performance_VCB_VQ', 1);
    INSERT INTO CALLBACK_DIM_1 (ID, CHANNEL, CALLBACK_TYPE, CREATE_AUDIT_KEY) VALUES (1001, 'IVR', 'IMMEDIATE', 1);
    INSERT INTO AGT_CALLBACK_DAY VALUES
        (1410998400, 1001, 1001, 1001, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 6, 7),
        (1411084800, 1001, 1002, 1001, 1, 1, 391, 364, 27, 364, 364, 364, 0, 1, 363, 0, 2184, 2548);
    INSERT INTO CALLBACK_FACT (ADDED_TS, DS_AUDIT_KEY, EVENT_SEQUENCE, CREATE_AUDIT_KEY, UPDATE_AUDIT_KEY, TENANT_KEY,
            SERVICE_ID, FINAL_RECORD, CALLBACK_OFFER_TIME, CALLBACK_OFFERED_TS, CALLBACK_OFFERED, SERVICE_START_TS,
            START_DATE_TIME_KEY, RESOURCE_KEY, CALLBACK_DIM_1_KEY, CALLBACK_ACCEPTED, CALLBACK_ATTEMPTS)
        VALUES (1411034418, 1, 1, 2, 2, 1001, '445-g', 1, 12, 1411034388, 1, 1411034400, 1411034400, 1001, 1001, 1, 1);";

/// An Info Mart with these rows; gives its path.
fn info_mart(folder: &Path, rows: &str) -> String {
    let path = folder.join("infomart.sqlite");
    let url = DatabaseUrl::sqlite(&path);
    let mut database = Database::open(&url, &OpenOptions::default()).unwrap();
    schema::prepare(&mut database, &url).unwrap();
    drop(database);
    Connection::open(&path).unwrap().execute_batch(rows).unwrap();
    path.display().to_string()
}

#[test]
fn csv_is_the_published_report_with_commas() {
    let folder = tempfile::tempdir().unwrap();
    let mart = info_mart(folder.path(), ROWS);
    let expected =
        std::fs::read_to_string(evidence("callback_summary_report.tsv")).unwrap().replace('\t', ",");
    let ended = run(&["report", "callback-summary", "--info-mart", &mart, "--format", "csv"]).with_code(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (expected.as_str(), ""));
    let url = format!("sqlite:{mart}");
    let file = folder.path().join("report.csv");
    let file = file.to_str().unwrap();
    let ended = run(&["report", "callback-summary", "--info-mart", &url, "-o", file]).with_code(0);
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr, format!("written to {file}\n"));
    assert_eq!(std::fs::read_to_string(file).unwrap(), expected);
    // A file that is there is replaced, and nothing is left beside it.
    run(&["report", "callback-summary", "--info-mart", &url, "--queue", "Callback_VQ", "-o", file])
        .with_code(0);
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 3);
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("tbus-report")));
}

#[test]
fn the_table_is_the_default_and_says_what_could_be_next() {
    let folder = tempfile::tempdir().unwrap();
    let mart = info_mart(folder.path(), ROWS);
    let ended = run(&["report", "callback-summary", "--info-mart", &mart]).with_code(0);
    let sum = "SUB TOTAL:                        391      364       27    6.91%     364       364   100.00%   0.00%   0.27%     363";
    assert!(ended.stdout.contains(sum), "{}", ended.stdout);
    assert!(ended.stdout.starts_with("Callback Summary Report\nReport Date(s): ALL\n"), "{}", ended.stdout);
    let hint = format!("\nwith charts: tbus report callback-summary --info-mart {mart} -o report.html\n");
    assert_eq!(ended.stderr, hint);
    let ended = run(&["report", "callback-details", "--info-mart", &mart]).with_code(0);
    assert!(ended.stdout.contains("2014-09-18 10:00:00 445-g"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("\n1 callback\n"), "{}", ended.stdout);
}

#[test]
fn json_and_html_of_both_reports() {
    let folder = tempfile::tempdir().unwrap();
    let mart = info_mart(folder.path(), ROWS);
    for report in ["callback-summary", "callback-details"] {
        let json = run(&["report", report, "--info-mart", &mart, "--format", "json"]).with_code(0).stdout;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["report"], report);
        assert!(!json["rows"].as_array().unwrap().is_empty());
        let page = run(&["report", report, "--info-mart", &mart, "--format", "html"]).with_code(0).stdout;
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"), "{page}");
        assert!(page.contains("Performance_VCB_VQ") || report == "callback-details", "{page}");
        assert!(page.contains("<svg"), "{page}");
    }
}

#[test]
fn prompts_narrow_the_report_and_an_empty_one_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let mart = info_mart(folder.path(), ROWS);
    let with = |more: &[&str]| {
        run(&[&["report", "callback-summary", "--info-mart", &mart], more].concat()).with_code(0)
    };
    let csv = |more: &[&str]| with(&[more, &["--format", "csv"]].concat()).stdout.lines().count();
    assert_eq!(csv(&[]), 5);
    assert_eq!(csv(&["--from", "2014-09-19"]), 3);
    assert_eq!(
        csv(&["--to", "2014-09-18", "--type", "IMMEDIATE", "--channel", "IVR", "--tenant", "Environment"]),
        3
    );
    assert_eq!(csv(&["--queue", "Callback_VQ", "--queue", "Performance_VCB_VQ"]), 5);
    assert_eq!(csv(&["--channel", "WEB"]), 1);
    let ended = with(&["--from", "2014-01-01", "--to", "2014-12-31", "--queue", "Calback_VQ"]);
    assert!(ended.stdout.contains("Report Date(s): 1/1/2014 to 12/31/2014\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Queue: Calback_VQ "), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("no callback has the queue \"Calback_VQ\"; there are: Callback_VQ"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("callbacks from 2014-09-18 to 2014-09-18"), "{ended:?}");
    // There is no sub-hour level in these rows: another zone has nothing to show, and says so.
    let ended = with(&["--zone", "Europe/Berlin"]);
    assert!(
        ended.stdout.ends_with("\nNo callbacks.\n") && ended.stdout.contains("Time Zone: Europe/Berlin"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("there are callbacks but no aggregates: run `tbus etl`"), "{ended:?}");
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let mart = info_mart(folder.path(), ROWS);
    let missing = folder.path().join("nowhere.sqlite").display().to_string();
    let other = folder.path().join("other.sqlite").display().to_string();
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE x (y int)").unwrap();
    let old = folder.path().join("old").join("infomart.sqlite");
    std::fs::create_dir(old.parent().unwrap()).unwrap();
    let old = info_mart(old.parent().unwrap(), "UPDATE CTL_TBUS_SCHEMA SET VERSION = 999");
    let nowhere = folder.path().join("no").join("report.html").display().to_string();
    for (code, more, words) in [
        (2, &["--info-mart", &mart, "--from", "1.9.2014"][..], "expected a day such as 2014-09-19"),
        (
            2,
            &["--info-mart", &mart, "--from", "2014-09-20", "--to", "2014-09-19"],
            "is after the last day, 2014-09-19",
        ),
        (2, &["--info-mart", &mart, "--zone", "berlin"], "did you mean Europe/Berlin?"),
        (2, &["--info-mart", &mart, "--format", "xls"], "[possible values: table, csv, json, html]"),
        (2, &[], "--info-mart <URL>"),
        (2, &["--info-mart", &missing], "the file does not exist"),
        (2, &["--info-mart", &other], "there is no CTL_TBUS_SCHEMA in it"),
        (2, &["--info-mart", &old], "schema version 999"),
        (3, &["--info-mart", "postgres://x@127.0.0.1:1/x"], "start the PostgreSQL server"),
        (3, &["--info-mart", &mart, "-o", &nowhere], "its folder does not exist"),
    ] {
        for report in ["callback-summary", "callback-details"] {
            let ended = run(&[&["report", report], more].concat()).with_code(code);
            assert!(ended.stderr.contains(words), "{words}: {ended:?}");
            assert_eq!(ended.stdout, "", "{words}");
        }
    }
    assert!(!Path::new(&missing).exists(), "nothing is made");
}

/// A report that cannot be finished does not replace the one that is there.
#[test]
fn a_report_that_fails_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let mart = info_mart(folder.path(), ROWS);
    let file = folder.path().join("report.csv");
    std::fs::write(&file, "old").unwrap();
    let odd = "UPDATE CALLBACK_FACT SET SERVICE_END_TS = 'soon'";
    Connection::open(&mart).unwrap().execute_batch(odd).unwrap();
    let arguments = ["report", "callback-details", "--info-mart", &mart, "-o", file.to_str().unwrap()];
    let ended = run(&arguments).with_code(3);
    assert!(ended.stderr.contains("SERVICE_END_TS") && ended.stderr.contains("`soon`"), "{ended:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
}

#[test]
fn nobody_reads_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let many = "INSERT INTO CALLBACK_FACT (ADDED_TS, DS_AUDIT_KEY, EVENT_SEQUENCE, CREATE_AUDIT_KEY, UPDATE_AUDIT_KEY,
            SERVICE_ID, FINAL_RECORD, CALLBACK_OFFER_TIME, CALLBACK_OFFERED_TS, CALLBACK_OFFERED, SERVICE_START_TS,
            START_DATE_TIME_KEY)
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
        SELECT 1411034418, 1, n, 2, 2, '445-' || n, 1, 12, 1411034388, 1, 1411034400, 1411034400 FROM n;";
    let mart = info_mart(folder.path(), many);
    let mut child =
        tbus(["report", "callback-details", "--info-mart", &mart, "--format", "csv"]).spawn().unwrap();
    drop(child.stdout.take());
    let ended = end(child).with_code(0);
    assert_eq!(ended.stderr, "");
}
