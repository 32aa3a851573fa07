//! What must be true at the end, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Name, Stored};
use super::process::matching;

/// Nothing is there twice or in part, and nothing under the sequence number of another event. `sent` has the sequence
/// number of every event by its number. Returns those that are not stored.
pub(super) fn missed(stored: &Stored, sent: &BTreeMap<u64, u64>) -> BTreeMap<u64, u64> {
    let by_number = stored.by_number();
    for (number, names) in &by_number {
        assert_eq!(names.len(), 1, "event {number} is stored as {names:?}");
        assert!(stored.is_whole(names[0], *number), "event {number}: {:?}", stored.events.get(&names[0]));
        assert_eq!(sent.get(number), Some(&names[0].1), "event {number} under its own sequence number");
    }
    sent.iter().filter(|(n, _)| !by_number.contains_key(n)).map(|(n, s)| (*n, *s)).collect()
}

/// Within a session no event is missing between the first and the last.
pub(super) fn no_holes(by_number: &BTreeMap<u64, Vec<Name>>) {
    let mut sessions: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    for (number, names) in by_number {
        sessions.entry(names[0].0).or_default().push(*number);
    }
    for (session, numbers) in sessions {
        let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
        let numbers: BTreeSet<u64> = numbers.into_iter().collect();
        let holes: Vec<u64> = (first..=last).filter(|number| !numbers.contains(number)).collect();
        assert!(holes.is_empty(), "session {session} lacks {holes:?}");
    }
}

/// Every event that was not stored is in a range of a line 25191.
pub(super) fn all_told(missed: &BTreeMap<u64, u64>, logs: &[String]) {
    let told: Vec<(u64, u64)> = logs.iter().flat_map(|log| log.lines().filter_map(range)).collect();
    let untold: Vec<_> = missed
        .iter()
        .filter(|(_, sequence)| !told.iter().any(|(first, last)| (first..=last).contains(sequence)))
        .collect();
    assert!(untold.is_empty(), "not stored, and not told to be missing: {untold:?}");
}

/// What the logs call received and queued is stored.
pub(super) fn as_logged(stored: &Stored, logs: &[String]) {
    let mut queued: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sessions = BTreeSet::new();
    for (run, log) in logs.iter().enumerate() {
        let of_run: BTreeSet<i64> = log.lines().filter_map(session).collect();
        let received = matching(log, &[" 04543 ", "\"EventUserEvent\""]);
        let events = stored.events.keys().filter(|(session, _)| of_run.contains(session)).count();
        assert!(received <= events, "run {run} logged {received} events, stored are {events}");
        sessions.extend(of_run);
        for line in log.lines().filter(|line| line.contains(" 25016 ")) {
            let (_, rest) = line.split_once("transaction ").expect("a number");
            let (transaction, rest) = rest.split_once(" is committed. ").expect("25016 as documented");
            let records = rest.split(' ').next().and_then(|text| text.parse().ok()).expect("a number");
            let twice = queued.insert(transaction, records);
            assert_eq!(twice, None, "transaction {transaction} is committed once");
        }
    }
    let logged: u64 = queued.values().sum();
    // Every session is opened and closed; one that was never logged was opened, too.
    let most = stored.events.len() + 2 * (sessions.len() + logs.len());
    assert!(logged <= most as u64, "{logged} records are logged as queued, at most {most} are stored");
}

/// The sequence numbers that a line says may be missing.
fn range(line: &str) -> Option<(u64, u64)> {
    if let Some((_, rest)) = line.split_once(" 25191 Events from sequence number ") {
        // Until the connection is made again: then there is a range.
        let (first, _) = rest.split_once(" on may be missing: ")?;
        return Some((u64::from_str_radix(first, 16).ok()?, u64::MAX));
    }
    let (_, rest) = line.split_once(" 25191 Events with sequence numbers ")?;
    let (numbers, _) = rest.split_once(" may be missing")?;
    let (first, last) = numbers.split_once(" to ")?;
    Some((u64::from_str_radix(first, 16).ok()?, u64::from_str_radix(last, 16).ok()?))
}

/// The session that a line says is open.
fn session(line: &str) -> Option<i64> {
    line.split_once(", data source session ")?.1.trim().parse().ok()
}
