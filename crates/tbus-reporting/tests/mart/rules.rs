//! What events become, by a truth table and beside it.

use crate::place::number;
use crate::source::{Chain, MANDATORY, Sent, heard};

const TRUTH: &str = include_str!("truth/event.tsv");

/// The fact of a callback with its dimensions; the column's value comes from wherever it stands.
const JOINED: &str = "FROM CALLBACK_FACT f \
    JOIN CALLBACK_DIM_1 d1 ON d1.ID = f.CALLBACK_DIM_1_KEY JOIN CALLBACK_DIM_2 d2 ON d2.ID = f.CALLBACK_DIM_2_KEY \
    JOIN CALLBACK_DIM_3 d3 ON d3.ID = f.CALLBACK_DIM_3_KEY JOIN CALLBACK_DIM_4 d4 ON d4.ID = f.CALLBACK_DIM_4_KEY \
    JOIN CALLBACK_DIAL_RESULTS dr ON dr.ID = f.CALLBACK_DIAL_RESULTS_KEY \
    JOIN TENANT t ON t.TENANT_KEY = f.TENANT_KEY JOIN RESOURCE_ r ON r.RESOURCE_KEY = f.RESOURCE_KEY \
    WHERE f.SERVICE_ID = ";

/// A line of the truth table.
struct Line {
    service: String,
    text: &'static str,
    changes: Vec<(&'static str, &'static str)>,
    outcome: &'static str,
    columns: Vec<(&'static str, &'static str)>,
}

fn lines() -> Vec<Line> {
    let pairs = |text: &'static str| text.split(' ').filter_map(|pair| pair.split_once('=')).collect();
    let lines = TRUTH.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    lines
        .map(|(at, text)| {
            let mut cells = text.split('\t');
            let mut cell = || cells.next().unwrap_or_default();
            let (changes, outcome, columns) = (pairs(cell()), cell(), pairs(cell()));
            Line { service: format!("445-{at}"), text, changes, outcome, columns }
        })
        .collect()
}

#[test]
fn events_become_what_the_table_says() {
    let lines = lines();
    for chain in Chain::both() {
        let events: Vec<Sent> = (100..)
            .zip(&lines)
            .map(|(sequence, line)| {
                let event = Sent::of(&line.service, sequence);
                line.changes.iter().fold(event, |event, (key, value)| event.with(key, value))
            })
            .collect();
        chain.record(&events);
        let mut options = chain.options();
        options.tenants = vec![(101, "Second".to_owned())];
        let (ended, heard) = heard(&options);
        let summary = ended.unwrap();
        let discarded =
            lines.iter().filter(|line| ["missing", "bad"].iter().any(|word| line.outcome.starts_with(word)));
        assert_eq!(summary.discarded, u64::try_from(discarded.count()).unwrap());
        assert_eq!((summary.events, summary.duplicates), (u64::try_from(lines.len()).unwrap(), 0));
        let mut database = chain.mart.open();
        for (at, line) in lines.iter().enumerate() {
            let service = &line.service;
            let sequence = format!("{:016x}", 100 + at);
            let count = format!("SELECT COUNT(*) FROM CALLBACK_FACT WHERE EVENT_SEQUENCE = {}", 100 + at);
            let facts = number(&mut database, &count);
            let complaint =
                heard.discarded.iter().find(|said| said.sequence == sequence).map(ToString::to_string);
            let doubts: Vec<&str> =
                heard.doubted.iter().filter(|said| said.service == *service).map(|said| said.key).collect();
            let (word, keys) = line.outcome.split_once(' ').unwrap_or((line.outcome, ""));
            let want = match word {
                "missing" => Some(format!("missing mandatory keys: {keys} (session 1, event {sequence})")),
                "bad" => Some(format!("values that are no numbers: {keys} (session 1, event {sequence})")),
                _ => None,
            };
            match (&want, &complaint) {
                (Some(want), Some(said)) => {
                    let name = if keys == "_CB_SERVICE_ID" { "(unknown)" } else { service };
                    assert_eq!(*said, format!("service {name}: no fact: {want}"), "{}", line.text);
                }
                (None, None) => {}
                _ => panic!("{}: {complaint:?}", line.text),
            }
            assert_eq!(facts, i64::from(want.is_none()), "{}", line.text);
            assert_eq!(doubts.join(", "), if word == "doubt" { keys } else { "" }, "{}", line.text);
            for (column, value) in &line.columns {
                let sql = format!("SELECT CAST({} AS varchar(255)) {JOINED} '{service}'", qualified(column));
                let rows = database.query(&sql, &[]).unwrap();
                let found = rows.first().unwrap().text_or_null(0).unwrap().unwrap_or("NULL").to_owned();
                assert_eq!(found, *value, "{column}: {}", line.text);
            }
        }
    }
}

/// A column whose name two of the joined tables have.
fn qualified(column: &str) -> String {
    match column {
        "TENANT_KEY" | "RESOURCE_KEY" => format!("f.{column}"),
        other => other.to_owned(),
    }
}

#[test]
fn a_discard_leaves_a_row_that_says_why() {
    for chain in Chain::both() {
        let long = "4".repeat(60);
        chain.record(&[
            Sent::of(&long, 7).with("_CB_T_SERVICE_START", ""),
            Sent { added_ts: None, ..Sent::of("445-2", 8) },
            Sent { sequence: -1, ..Sent::of("445-3", 9) },
        ]);
        let summary = chain.run();
        assert_eq!((summary.facts, summary.discarded, summary.nameless), (0, 3, 2));
        let mut database = chain.mart.open();
        let sql = "SELECT CODE, REASON, GUID, INTERACTION_ID, ETL_TS, ETL_DATE_TIME_KEY FROM STG_TRANSFORM_DISCARDS ORDER BY CODE";
        let rows = database.query(sql, &[]).unwrap();
        let found: Vec<(i64, String, String)> = rows
            .iter()
            .map(|row| {
                (row.int(0).unwrap(), row.text(1).unwrap().to_owned(), row.text(2).unwrap().to_owned())
            })
            .collect();
        assert_eq!(found[0].1, "missing mandatory keys: _CB_T_SERVICE_START");
        assert_eq!(found[0].2, long[..50]);
        assert_eq!(
            found[1..].iter().map(|row| (row.0, row.2.as_str())).collect::<Vec<_>>(),
            [(3, "445-2"), (4, "445-3")]
        );
        let first = rows.first().unwrap();
        assert_eq!([3, 4, 5].map(|at| first.int(at).unwrap()), [-2, 1_411_124_400, 1_411_124_400]);
        assert_eq!(
            number(&mut database, "SELECT COUNT(*) FROM DATE_TIME WHERE DATE_TIME_KEY = 1411124400"),
            1
        );
    }
}

#[test]
fn other_events_are_passed_over() {
    for chain in Chain::both() {
        let other = |sequence, key: &str| Sent {
            pairs: vec![(key.to_owned(), "1".to_owned())],
            ..Sent::of("445-1", sequence)
        };
        chain.record(&[
            other(1, "gms_ServiceName"),
            other(2, "VQ_CFG_TYPE_ID"),
            Sent::of("445-1", 3),
            other(4, "_cb_x"),
        ]);
        let summary = chain.run();
        assert_eq!((summary.events, summary.not_callback, summary.facts, summary.discarded), (4, 3, 1, 0));
        let (_, heard) = heard(&chain.options());
        assert!(heard.discarded.is_empty());
    }
}

#[test]
fn texts_are_cut_and_combinations_are_there_once() {
    for chain in Chain::both() {
        let event = |service, sequence| Sent::of(service, sequence).with("_CB_DIM_CHANNEL", "WEB");
        chain.record(&[
            event("445-1", 1),
            event("445-1", 2).last(),
            event("445-2", 3).with("_CB_DIM_TYPE", "SCHEDULED"),
        ]);
        assert_eq!(chain.run().facts, 3);
        chain.record(&[event("445-3", 4)]);
        assert_eq!(chain.run().facts, 1);
        let mut database = chain.mart.open();
        assert_eq!(number(&mut database, "SELECT COUNT(*) FROM CALLBACK_DIM_1"), 2);
        assert_eq!(number(&mut database, "SELECT COUNT(*) FROM CALLBACK_DIM_3"), 1);
        let keys = "SELECT COUNT(DISTINCT CALLBACK_DIM_1_KEY) FROM CALLBACK_FACT WHERE SERVICE_ID <> '445-2'";
        assert_eq!(number(&mut database, keys), 1);
        assert_eq!(
            number(&mut database, "SELECT COUNT(*) FROM DATE_TIME WHERE DATE_TIME_DAY_KEY = 1411084800"),
            96
        );
    }
    // Only SQLite holds more than a column's length.
    let [chain, _] = Chain::both();
    chain.record(&[Sent::of("445-1", 1).with("_CB_CUSTOMER_ANI", &"é".repeat(300))]);
    let (ended, heard) = heard(&chain.options());
    assert_eq!(ended.unwrap().facts, 1);
    assert_eq!(heard.doubted.len(), 1);
    assert!(heard.doubted[0].to_string().ends_with("too long: cut"), "{}", heard.doubted[0]);
    assert_eq!(number(&mut chain.mart.open(), "SELECT LENGTH(CUSTOMER_ANI) FROM CALLBACK_FACT"), 255);
}

#[test]
fn without_one_mandatory_key_only_its_event_is_missing() {
    for chain in Chain::both() {
        let dropped = (10..).zip(MANDATORY);
        let events: Vec<Sent> = dropped
            .flat_map(|(sequence, (key, _))| {
                let whole = Sent::of(&format!("whole-{sequence}"), sequence * 2);
                [whole, Sent::of("broken", sequence * 2 + 1).with(key, "")]
            })
            .collect();
        chain.record(&events);
        let summary = chain.run();
        assert_eq!((summary.facts, summary.discarded), (5, 5));
        assert!(MANDATORY.iter().all(|(key, _)| summary.missing.get(key) == Some(&1)), "{summary:?}");
        let broken = "SELECT COUNT(*) FROM CALLBACK_FACT WHERE SERVICE_ID = 'broken'";
        assert_eq!(number(&mut chain.mart.open(), broken), 0);
    }
}
