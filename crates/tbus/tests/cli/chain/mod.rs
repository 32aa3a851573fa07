//! `tbus chain`: from the request to the report, by the real binary, over real sockets.

mod facts;
mod truth;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Command;

use tlib_testkit::Postgres;

use crate::support::{Ended, end, evidence, run, tbus};

/// The published report, with commas.
fn published_report() -> String {
    fs::read_to_string(evidence("callback_summary_report.tsv")).unwrap().replace('\t', ",")
}

fn chain(arguments: &[&str]) -> Ended {
    let mut all = vec!["chain"];
    all.extend(arguments);
    run(&all)
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_published_report_digit_by_digit_on_sqlite() {
    let ended = chain(&["--scenario", "guide", "--format", "csv"]).with_code(0);
    assert_eq!(ended.stdout, published_report());
    assert!(ended.stderr.contains("757 user events sent"), "{}", ended.stderr);
}

#[test]
fn the_published_report_digit_by_digit_on_postgresql() {
    let server = Postgres::shared();
    let (idb, mart) = (server.new_database(), server.new_database());
    let ended = chain(&["--scenario", "guide", "--idb", &idb, "--info-mart", &mart, "--format", "csv"]);
    assert_eq!(ended.with_code(0).stdout, published_report());
}

#[test]
fn without_options_it_plays_the_published_report() {
    let ended = chain(&[]).with_code(0);
    let line = ended.stdout.lines().find(|line| line.contains("2014-09-19")).unwrap();
    let fields: Vec<_> = line.split_whitespace().collect();
    let figures = ["391", "364", "27", "6.91%", "364", "364", "100.00%", "0.00%", "0.27%", "363"];
    assert_eq!(fields[3..], figures);
    assert!(ended.stderr.contains("Try next:"), "{}", ended.stderr);
    assert!(ended.stderr.lines().all(|line| line.chars().count() <= 120), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_no_temporary_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = tbus(["chain", "--count", "20000"]).env("TMPDIR", temporary.path()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "seed 1: 20000 generated callbacks\n", "the first thing that is said");
    // Everything runs when the recorder is named.
    while !line.contains("recorder") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it has ended");
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    end(child).with_code(1);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("tbus: interrupted\n"), "{rest}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_keeps_everything_and_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    chain(&["--scenario", "a", "--dir", &text(&dir)]).with_code(0);
    for name in ["idb.sqlite", "infomart.sqlite", "tserver.log", "icon.log"] {
        assert!(fs::metadata(dir.join(name)).unwrap().len() > 0, "{name}");
    }
    // T-Server's log is of the scenario's time, and can be read again.
    let log = run(&["log", &text(&dir.join("tserver.log"))]).with_code(0);
    assert!(log.stdout.contains("EventUserEvent"), "{}", log.stdout);
    // The report's own command says the same.
    let mart = text(&dir.join("infomart.sqlite"));
    let report = run(&["report", "callback-summary", "--info-mart", &mart, "--format", "csv"]).with_code(0);
    assert!(report.stdout.contains(",2014-09-19,1,1,0,"), "{}", report.stdout);

    let again = chain(&["--scenario", "a", "--dir", &text(&dir)]).with_code(2);
    assert!(again.stderr.contains("idb.sqlite is there already"), "{}", again.stderr);
    for name in ["idb.sqlite", "idb.pq", "infomart.sqlite"] {
        fs::remove_file(dir.join(name)).unwrap();
    }
    let again = chain(&["--scenario", "a", "--dir", &text(&dir)]).with_code(2);
    assert!(again.stderr.contains("tserver.log is there already"), "{}", again.stderr);
}

#[test]
fn a_second_run_of_the_transform_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = text(folder.path());
    chain(&["--scenario", "l", "--dir", &dir]).with_code(0);
    let (idb, mart) = (format!("{dir}/idb.sqlite"), format!("{dir}/infomart.sqlite"));
    let before = facts::facts(&mart);
    run(&["etl", "--idb", &idb, "--info-mart", &mart]).with_code(0);
    assert_eq!(facts::facts(&mart), before);
}

#[test]
fn every_named_scenario_is_listed() {
    let listed = chain(&["--list"]).with_code(0).stdout;
    let names: Vec<_> = listed.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    let mut tested = truth::NAMES.to_vec();
    tested.extend(["guide", "sample"]);
    tested.sort_unstable();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, tested, "a named scenario has a test");
    assert_eq!(names.first(), Some(&"guide"));
}

#[test]
fn the_sample_is_as_published() {
    let folder = tempfile::tempdir().unwrap();
    let dir = text(folder.path());
    chain(&["--scenario", "sample", "--dir", &dir]).with_code(0);
    let rows = facts::sample(&format!("{dir}/infomart.sqlite"));
    let published = fs::read_to_string(evidence("callback_fact_sample.tsv")).unwrap();
    let published: Vec<Vec<String>> =
        published.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert_eq!(rows.len(), 22);
    // Keys of audits are another database's numbers: what they tell apart is the same, and their order.
    const AUDIT: [usize; 2] = [1, 3];
    for (row, expected) in rows.iter().zip(&published) {
        for (column, (value, wanted)) in row.iter().zip(expected).enumerate() {
            assert!(AUDIT.contains(&column) || value == wanted, "{row:?}\n{expected:?}");
        }
        let key = |column: usize| row[column].parse::<i64>().unwrap();
        assert!(key(AUDIT[0]) < key(AUDIT[1]), "{row:?}");
    }
    for column in AUDIT {
        let steps = |rows: &[Vec<String>]| -> Vec<std::cmp::Ordering> {
            let key = |row: &Vec<String>| row[column].parse::<i64>().unwrap();
            rows.windows(2).map(|pair| key(&pair[1]).cmp(&key(&pair[0]))).collect()
        };
        assert_eq!(steps(&rows), steps(&published), "column {column}");
    }
}

#[test]
fn the_four_pairs_that_are_sent_twice_are_attached_to_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let dir = text(folder.path());
    let ended = chain(&["--scenario", "n", "--dir", &dir]).with_code(0);
    assert!(ended.stderr.contains("2 attachments to calls"), "{}", ended.stderr);
    let idb = format!("{dir}/idb.sqlite");
    let found = facts::query(&idb, "select distinct KEYNAME, VALUE from G_USERDATA_HISTORY order by KEYNAME");
    let service = facts::sample(&format!("{dir}/infomart.sqlite"))[0][5].clone();
    let expected = [
        ["_CB_SERVICE_ID", &service],
        ["_CB_T_CALLBACK_ACCEPTED", "1411120800"],
        ["_CB_T_CUSTOMER_CONNECTED", "1411120808"],
        ["_CB_T_SERVICE_START", "1411120800"],
    ];
    assert_eq!(found, expected);
}

#[test]
fn days_of_another_zone() {
    for (scenario, zone, days) in [
        ("dst-day", "UTC", &[("2014-10-25", 2), ("2014-10-26", 4)][..]),
        ("midnight", "Europe/Berlin", &[("2014-09-19", 2)]),
        ("midnight", "America/New_York", &[("2014-09-18", 2)]),
    ] {
        let ended = chain(&["--scenario", scenario, "--zone", zone, "--format", "csv"]).with_code(0);
        let lines = ended.stdout.lines().filter(|line| line.contains(",IMMEDIATE,"));
        let found: Vec<_> = lines.map(|line| line.split(',').collect::<Vec<_>>()).collect();
        let found: Vec<_> = found.iter().map(|fields| (fields[4], fields[5].parse().unwrap())).collect();
        assert_eq!(found, days, "{scenario} {zone}");
    }
}

#[test]
fn a_seed_makes_the_same_report_again() {
    let report =
        |seed: &str| chain(&["--seed", seed, "--count", "40", "--format", "csv"]).with_code(0).stdout;
    let first = report("7");
    assert_eq!(report("7"), first);
    assert_ne!(report("8"), first);
    let offered: u32 = first
        .lines()
        .filter(|line| line.contains("SUB TOTAL:"))
        .map(|line| line.split(',').nth(5).unwrap().parse::<u32>().unwrap())
        .sum();
    // A session that dies has no final event, and is not in the report.
    assert!((36..=40).contains(&offered), "{first}");
}

#[test]
fn a_missing_mandatory_key_is_named_and_disturbs_nobody() {
    let ended = chain(&["--scenario", "missing-keys", "--format", "csv"]).with_code(0);
    for key in [
        "_CB_SERVICE_ID",
        "_CB_T_SERVICE_START",
        "_CB_D_CALLBACK_OFFER",
        "_CB_N_CALLBACK_OFFERED",
        "_CB_T_CALLBACK_OFFERED",
    ] {
        let named = ended.stderr.lines().filter(|line| line.contains("no fact") && line.contains(key));
        assert_eq!(named.count(), 2, "one for each event: {key}\n{}", ended.stderr);
    }
    assert!(ended.stdout.contains(",2014-09-19,2,2,0,"), "{}", ended.stdout);
}

#[test]
fn a_scenario_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    let one = "title = \"mine\"\n[[callback]]\nat = 2026-11-22T10:00:00Z\n";
    fs::write(&file, format!("{one}count = 3\nevery = 60\nqueue = \"My_VQ\"\ninbound-call = true\n"))
        .unwrap();
    let ended = chain(&["--scenario", &text(&file), "--format", "csv"]).with_code(0);
    assert!(ended.stdout.contains("Environment,My_VQ,IMMEDIATE,WEB,2026-11-22,3,3,0,"), "{}", ended.stdout);

    fs::write(&file, format!("{one}cuont = 3\n")).unwrap();
    let ended = chain(&["--scenario", &text(&file)]).with_code(2);
    let expected = format!("{}:4: unknown key `cuont`; did you mean `count`?", text(&file));
    assert!(ended.stderr.contains(&expected), "{}", ended.stderr);

    // A service refuses what is no value of an option; the others go on.
    let bad = "[callback.request]\n_call_direction = \"SIDEWAYS\"\n[[callback]]\nat = 2026-11-22T11:00:00Z\n";
    fs::write(&file, format!("{one}{bad}")).unwrap();
    let ended = chain(&["--scenario", &text(&file), "--format", "csv"]).with_code(1);
    assert!(
        ended.stderr.contains("refused: _customer_number=") && ended.stderr.contains("BAD_PARAMETER"),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.contains(",2026-11-22,1,1,0,"), "{}", ended.stdout);
}

#[test]
fn wrong_usage_is_told() {
    for (arguments, expected) in [
        (&["--scenario", "giude"][..], "there is no scenario and no file giude; did you mean guide?"),
        (&["--scenario", "no/such.toml"], "no/such.toml: no such file"),
        (&["--scenario", "/dev/zero"], "over the limit of"),
        (&["--zone", "Europe/Bonn"], "unknown time zone Europe/Bonn"),
        (&["--count", "0"], "0 is not in 1..=1000000"),
        (&["--scenario", "a", "--count", "5"], "cannot be used with"),
        (&["--dir", env!("CARGO_BIN_EXE_tbus")], "is a file; --dir names a folder"),
        (&["--idb", "postgres://nobody@127.0.0.1:1/none"], "127.0.0.1"),
    ] {
        let ended = chain(arguments);
        assert_ne!(ended.code, Some(0), "{arguments:?}");
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn a_sequence_number_that_has_passed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    let text_of = "title = \"mine\"\n[[callback]]\nat = 2026-11-22T10:00:00Z\nsequences = [3, 4]\n";
    fs::write(&file, text_of).unwrap();
    let ended = chain(&["--scenario", &text(&file)]).with_code(1);
    assert!(ended.stderr.contains("wants sequence number 3 for a user event"), "{}", ended.stderr);
}
