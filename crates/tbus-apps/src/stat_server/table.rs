//! The counts as a table for people.

use std::fmt::Write;

use super::{KeyRow, Snapshot, Tally, Value};

/// The counts as lines, each ended by a line feed: a block for DNs, and one for every key. `since` and `now` are printed as they
/// are.
pub fn table(snapshot: &Snapshot, since: &str, now: &str) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{now}: {} user events, {} other events since {since}",
        snapshot.user_events.total, snapshot.other_events.total
    );
    let width = 40;
    let _ = writeln!(text, "{:<width$} {:>12} {:>12} {:>12}", "DN", "current", "since start", "other events");
    for row in &snapshot.dns {
        let dn = row.dn.as_deref().map_or_else(|| "(others)".to_owned(), printable);
        let _ = writeln!(
            text,
            "  {:<38} {:>12} {:>12} {:>12}",
            dn, row.user_events.current, row.user_events.total, row.other_events.total
        );
    }
    let mut key = None;
    for row in &snapshot.keys {
        if key != Some(&row.key) {
            let name = printable(&row.key);
            let _ = writeln!(text, "{name:<width$} {:>12} {:>12}", "current", "since start");
            key = Some(&row.key);
        }
        let Tally { current, total } = row.user_events;
        let _ = writeln!(text, "  {:<38} {current:>12} {total:>12}", value(row));
    }
    text
}

fn value(row: &KeyRow) -> String {
    match &row.value {
        Value::Text(text) => format!("'{}'", printable(text)),
        Value::Absent => "(absent)".to_owned(),
        Value::Others => "(others)".to_owned(),
    }
}

/// A text that stays in its line and moves no cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::DnRow;
    use super::*;

    #[test]
    fn a_table_has_dns_and_values() {
        let tally = |current, total| Tally { current, total };
        let row = |value, user_events| KeyRow { key: "_CB_DIM_TYPE".to_owned(), value, user_events };
        let snapshot = Snapshot {
            user_events: tally(2, 5),
            other_events: tally(0, 1),
            dns: vec![
                DnRow {
                    dn: Some("REPORTING".to_owned()),
                    user_events: tally(2, 4),
                    other_events: tally(0, 1),
                },
                DnRow { dn: None, user_events: tally(0, 1), other_events: tally(0, 0) },
            ],
            keys: vec![
                row(Value::Text("IMMEDIATE\n".to_owned()), tally(1, 3)),
                row(Value::Others, tally(1, 1)),
                row(Value::Absent, tally(0, 1)),
            ],
        };
        let expected = "\
NOW: 5 user events, 1 other events since THEN
DN                                            current  since start other events
  REPORTING                                         2            4            1
  (others)                                          0            1            0
_CB_DIM_TYPE                                  current  since start
  'IMMEDIATE\u{fffd}'                                      1            3
  (others)                                          1            1
  (absent)                                          0            1
";
        assert_eq!(table(&snapshot, "THEN", "NOW"), expected);
    }
}
