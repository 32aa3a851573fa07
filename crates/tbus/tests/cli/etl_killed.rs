//! `tbus etl` is killed again and again: the tables are those of a run that nobody has disturbed.
//!
//! `TBUS_FAULT_SEED` changes when.

use std::process::{Child, Stdio};
use std::time::Instant;

use tbus_db::{Database, DatabaseUrl, OpenOptions, Table};
use tbus_recorder::idb::{self, Added, GCustomDataS, Gsys};
use tbus_reporting::mart;
use tlib_testkit::Postgres;

use crate::support::{PATIENCE, end, run, tbus};

/// Callbacks; each has an event of its start and one of its end.
const CALLBACKS: i64 = 400;
/// Rows of a page: less than two events, so that there are some hundred commits.
const PAGE: &str = "12";
/// Kills of a run, if the runs last so long.
const KILLS: usize = 8;
/// When the first callback began: 2014-09-19T10:00:00Z.
const FIRST: i64 = 1_411_120_800;

/// Numbers from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// The pairs of a callback's first or last event. One in nine misses what is mandatory, one in seven is new of its kind.
fn pairs(callback: i64, last: bool) -> Vec<(&'static str, String)> {
    let start = FIRST + callback * 97;
    let mut pairs = vec![
        ("_CB_SERVICE_ID", format!("445-{callback}")),
        ("_CB_T_SERVICE_START", start.to_string()),
        ("_CB_D_CALLBACK_OFFER", "12".to_owned()),
        ("_CB_N_CALLBACK_OFFERED", "1".to_owned()),
        ("_CB_T_CALLBACK_OFFERED", (start - 12).to_string()),
        ("_CB_DIM_VQ", format!("VQ_{}", callback / 40)),
        ("_CB_DISPOSITION", format!("COMPLETED.REASON_{}", callback / 7)),
        ("_CB_N_CALLBACK_ACCEPTED", "1".to_owned()),
    ];
    if last {
        pairs.push(("_CB_FINAL_RECORD", "1".to_owned()));
    }
    if callback % 9 == 0 {
        pairs.remove(4);
    }
    pairs
}

/// Writes the events as a recorder does.
fn record(url: &DatabaseUrl) {
    let mut database = Database::open(url, &OpenOptions::default()).unwrap();
    tbus_recorder::schema::prepare(&mut database, url).unwrap();
    let mut transaction = database.begin().unwrap();
    for event in 0..CALLBACKS * 2 {
        let (callback, at) = (event / 2, FIRST + event * 50);
        let sequence = format!("{event:016x}");
        for (key, value) in pairs(callback, event % 2 == 1) {
            let row = GCustomDataS {
                keyname: Some(key),
                value: Some(&value),
                added: Added { added: at * 1_000_000, added_ts: i32::try_from(at).ok(), added_tcode: None },
                gsys: Gsys {
                    gsys_domain: i32::try_from(1 + event / 150).ok(),
                    gsys_seq: Some(event * 100),
                    gsys_ext_vch1: Some(&sequence),
                    gsys_ext_int1: i32::try_from(event).ok(),
                    ..Gsys::default()
                },
                ..GCustomDataS::default()
            };
            transaction.row(&idb::G_CUSTOM_DATA_S, &row.values()).unwrap();
        }
    }
    transaction.commit().unwrap();
}

fn open(url: &DatabaseUrl) -> Database {
    Database::open(url, &OpenOptions { read_only: true, create: false, ..OpenOptions::default() }).unwrap()
}

/// How far an Info Mart has been read; 0 while it has not its tables.
fn mark(database: &mut Database) -> i64 {
    let rows = database.query("SELECT LAST_ID FROM CTL_TBUS_MARK", &[]);
    rows.ok().and_then(|rows| rows.first().map(|row| row.int(0).unwrap())).unwrap_or_default()
}

/// Every row of every table that a run writes, but for audit keys, which count commits, and the times of runs.
fn everything(url: &DatabaseUrl) -> Vec<String> {
    let tables: [(&Table, &str); 17] = [
        (&mart::CALLBACK_FACT, ""),
        (&mart::CALLBACK_DIM_1, ""),
        (&mart::CALLBACK_DIM_2, ""),
        (&mart::CALLBACK_DIM_3, ""),
        (&mart::CALLBACK_DIM_4, ""),
        (&mart::CALLBACK_DIAL_RESULTS, ""),
        (&mart::TENANT, ""),
        (&mart::RESOURCE_, ""),
        // Not the days of the runs.
        (&mart::DATE_TIME, " WHERE DATE_TIME_KEY < 1420070400"),
        (&mart::STG_TRANSFORM_DISCARDS, ""),
        (&mart::CTL_TBUS_MARK, ""),
        (&mart::CTL_TBUS_SESSION, ""),
        (&mart::CTL_TBUS_PENDING, ""),
        (&mart::AGT_CALLBACK_SUBHOUR, ""),
        (&mart::AGT_CALLBACK_HOUR, ""),
        (&mart::AGT_CALLBACK_DAY, ""),
        (&mart::AGT_CALLBACK_MONTH, ""),
    ];
    let mut database = open(url);
    let mut all = Vec::new();
    for (table, condition) in tables {
        let of_runs = |name: &str| {
            name.ends_with("AUDIT_KEY") || ["ETL_TS", "ETL_DATE_TIME_KEY", "UPDATED_TS"].contains(&name)
        };
        let names = table.columns.iter().map(|column| column.name).filter(|name| !of_runs(name));
        let mut columns: Vec<String> =
            names.map(|name| format!("COALESCE(CAST({name} AS varchar(300)), '-')")).collect();
        if table.name == mart::CALLBACK_FACT.name {
            let session = "SELECT GSYS_DOMAIN FROM CTL_TBUS_SESSION s WHERE s.AUDIT_KEY = DS_AUDIT_KEY";
            columns.push(format!("CAST(({session}) AS varchar(300))"));
        }
        let sql = format!("SELECT {} FROM {}{condition}", columns.join(" || ' ' || "), table.name);
        let rows = database.query(&sql, &[]).unwrap();
        let mut lines: Vec<String> =
            rows.iter().map(|row| format!("{}: {}", table.name, row.text(0).unwrap())).collect();
        lines.sort();
        all.extend(lines);
    }
    all
}

/// Waits until a run has committed so much; `false`: it has ended before.
fn reached(child: &mut Child, mart: &DatabaseUrl, wanted: i64) -> bool {
    let start = Instant::now();
    let mut database = None;
    loop {
        assert!(start.elapsed() < PATIENCE, "the mark does not come to {wanted}");
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        // A file that is being made cannot be opened yet.
        if database.is_none() {
            let options = OpenOptions { read_only: true, create: false, ..OpenOptions::default() };
            database = Database::open(mart, &options).ok();
        }
        if database.as_mut().is_some_and(|database| mark(database) >= wanted) {
            return true;
        }
        std::thread::yield_now();
    }
}

/// The arguments name databases as users do.
fn killed_and_undisturbed(idb: &str, disturbed: &str, whole: &str) {
    let arguments = |mart| ["etl", "--idb", idb, "--info-mart", mart, "--page", PAGE];
    let (line, line_of_whole) = (arguments(disturbed), arguments(whole));
    let [idb, disturbed, whole] = &[idb, disturbed, whole].map(|url| url.parse::<DatabaseUrl>().unwrap());
    record(idb);
    run(&line_of_whole).with_code(0);
    let rows = mark(&mut open(whole));
    assert!(rows > 6000, "{rows}");

    let seed = std::env::var("TBUS_FAULT_SEED").map_or(20_140_919, |seed| seed.parse().unwrap());
    println!("TBUS_FAULT_SEED={seed}");
    let mut random = Random(seed);
    // In the first two thirds, so that no run ends by itself before its kill.
    let mut moments: Vec<i64> = (0..KILLS)
        .map(|_| i64::try_from(random.below(u64::try_from(rows * 2 / 3).unwrap())).unwrap())
        .collect();
    moments.sort_unstable();
    let (mut kills, mut before) = (0, 0);
    for moment in moments {
        let mut child = tbus(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Every run gets at least one commit further.
        if !reached(&mut child, disturbed, moment.max(before + 1)) {
            assert_eq!(end(child).code, Some(0));
            break;
        }
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        kills += usize::from(ended.code().is_none());
        let now = mark(&mut open(disturbed));
        assert!(now > before, "{now} {before}");
        before = now;
    }
    println!("{kills} kills, the last at row {before} of {rows}");
    assert!(kills >= 3, "{kills} kills show little");
    run(&line).with_code(0);
    assert_eq!(mark(&mut open(disturbed)), rows);
    let (ours, wanted) = (everything(disturbed), everything(whole));
    assert_eq!(ours.len(), wanted.len());
    for (one, other) in ours.iter().zip(&wanted) {
        assert_eq!(one, other);
    }
    let facts = wanted.iter().filter(|line| line.starts_with("CALLBACK_FACT:")).count();
    assert_eq!(facts, (0..CALLBACKS).filter(|n| n % 9 != 0).count() * 2);
}

#[test]
fn kills_change_nothing_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    killed_and_undisturbed(&file("idb.sqlite"), &file("killed.sqlite"), &file("whole.sqlite"));
}

#[test]
fn kills_change_nothing_on_postgresql() {
    let database = || Postgres::shared().new_database();
    killed_and_undisturbed(&database(), &database(), &database());
}
