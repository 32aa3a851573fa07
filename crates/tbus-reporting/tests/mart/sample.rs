//! The published 22 facts: sessions and runs that give their groups of keys.

use std::collections::BTreeMap;

use crate::source::{Chain, Sent};

const SAMPLE: &str = include_str!("../../../../tests/evidence/callback_fact_sample.tsv");
/// Columns of the sample: ADDED_TS, DS_AUDIT_KEY, EVENT_SEQUENCE, CREATE_AUDIT_KEY, TENANT_KEY, SERVICE_ID, FINAL_RECORD.
const COLUMNS: &str =
    "ADDED_TS, DS_AUDIT_KEY, EVENT_SEQUENCE, CREATE_AUDIT_KEY, TENANT_KEY, SERVICE_ID, FINAL_RECORD";

/// For each value the number of the group that it belongs to, counted from the first.
fn groups(values: impl Iterator<Item = String>) -> Vec<usize> {
    let mut known = BTreeMap::new();
    values
        .map(|value| {
            let next = known.len();
            *known.entry(value).or_insert(next)
        })
        .collect()
}

#[test]
fn sessions_and_runs_give_the_groups_of_keys() {
    let rows: Vec<Vec<&str>> = SAMPLE.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 22);
    for chain in Chain::both() {
        let mut at = 0;
        // A run for every group of CREATE_AUDIT_KEY.
        while at < rows.len() {
            let run: Vec<&Vec<&str>> = rows[at..].iter().take_while(|row| row[3] == rows[at][3]).collect();
            at += run.len();
            let events: Vec<Sent> = run
                .iter()
                .map(|row| {
                    let sent = Sent::of(row[5], row[2].parse().unwrap());
                    let sent = sent.with("_CB_FINAL_RECORD", row[6]).with("_CB_TENANT_DBID", row[4]);
                    Sent { session: row[1].parse().unwrap(), added_ts: row[0].parse().ok(), ..sent }
                })
                .collect();
            chain.record(&events);
            assert_eq!(chain.run().facts, u64::try_from(events.len()).unwrap());
        }
        let mut database = chain.mart.open();
        let found =
            database.query(&format!("SELECT {COLUMNS} FROM CALLBACK_FACT ORDER BY ADDED_TS"), &[]).unwrap();
        let found: Vec<Vec<String>> = found
            .iter()
            .map(|row| {
                let cell = |at| {
                    if at == 5 { row.text(at).unwrap().to_owned() } else { row.int(at).unwrap().to_string() }
                };
                (0..7).map(cell).collect()
            })
            .collect();
        for column in [0, 2, 4, 5, 6] {
            let ours: Vec<&str> = found.iter().map(|row| row[column].as_str()).collect();
            let theirs: Vec<&str> = rows.iter().map(|row| row[column]).collect();
            assert_eq!(ours, theirs, "column {column}");
        }
        for column in [1, 3] {
            let ours = groups(found.iter().map(|row| row[column].clone()));
            let theirs = groups(rows.iter().map(|row| row[column].to_owned()));
            assert_eq!(ours, theirs, "column {column}");
        }
        let number = |row: &Vec<String>, at: usize| row[at].parse::<i64>().unwrap();
        assert!(
            found.iter().all(|row| number(row, 3) > number(row, 1)),
            "a session's key is below that of its facts"
        );
    }
}
