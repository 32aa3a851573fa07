//! Counting: user events per DN, and per value of chosen keys.

use std::collections::HashMap;

use tlib_proto::{AttributeId, MessageId, MessageRef, ValueRef};

/// So many bytes of a value tell it from others (chosen): what is longer is counted with what begins alike.
const VALUE_LIMIT: usize = 255;

/// A number since the period began, and since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Since the last [`Counts::next_period`], or the start.
    pub current: u64,
    /// Since the start.
    pub total: u64,
}

impl Tally {
    fn add(&mut self) {
        self.current = self.current.saturating_add(1);
        self.total = self.total.saturating_add(1);
    }
}

/// The value of a key in user events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A string as it is, its first 255 bytes; a number in decimal; `(list)`, `(binary)` for what has no text.
    Text(String),
    /// Events without the key.
    Absent,
    /// Values that came when the limit of distinct ones was reached, together.
    Others,
}

/// What a DN has had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnRow {
    /// The DN; `None` for events whose ThisDN is none of those that are registered, or is not there.
    pub dn: Option<String>,
    /// EventUserEvent.
    pub user_events: Tally,
    /// Every other event.
    pub other_events: Tally,
}

/// How often a key had a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// User events in which it had it.
    pub user_events: Tally,
}

/// All counts at one moment. DNs and keys in the order in which they were named, values by number, the most frequent first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// EventUserEvent on all DNs.
    pub user_events: Tally,
    /// Every other event on all DNs.
    pub other_events: Tally,
    /// A row for every DN, and one for unknown ones if there was such an event.
    pub dns: Vec<DnRow>,
    /// A row for every value of every key that has come.
    pub keys: Vec<KeyRow>,
}

/// Counts events. Memory is bounded by the number of DNs and by keys times the limit of distinct values, of 255 bytes each.
#[derive(Clone, Debug)]
pub struct Counts {
    dns: Vec<DnRow>,
    unknown_dn: DnRow,
    keys: Vec<Key>,
    limit: usize,
}

#[derive(Clone, Debug)]
struct Key {
    name: String,
    values: HashMap<Box<[u8]>, Tally>,
    absent: Tally,
    others: Tally,
}

impl Counts {
    /// Nothing counted: these DNs, these keys, and at most so many distinct values of each key. What is named twice is one.
    pub fn new(dns: &[String], keys: &[String], limit: usize) -> Self {
        let row = |dn: Option<&str>| DnRow {
            dn: dn.map(str::to_owned),
            user_events: Tally::default(),
            other_events: Tally::default(),
        };
        let mut counts = Self { dns: Vec::new(), unknown_dn: row(None), keys: Vec::new(), limit };
        for dn in dns {
            if !counts.dns.iter().any(|known| known.dn.as_ref() == Some(dn)) {
                counts.dns.push(row(Some(dn)));
            }
        }
        for name in keys {
            if !counts.keys.iter().any(|known| known.name == *name) {
                counts.keys.push(Key {
                    name: name.clone(),
                    values: HashMap::new(),
                    absent: Tally::default(),
                    others: Tally::default(),
                });
            }
        }
        counts
    }

    /// Counts an event. Of a key that comes more than once the first pair counts, as the recorder stores it; pairs of inner
    /// lists do not count.
    pub fn add(&mut self, event: MessageRef<'_>) {
        let this_dn = event.text(AttributeId::THIS_DN).ok().flatten();
        let is_it = |row: &&mut DnRow| row.dn.as_deref().map(str::as_bytes) == this_dn && this_dn.is_some();
        let row = self.dns.iter_mut().find(is_it).unwrap_or(&mut self.unknown_dn);
        if event.id() != MessageId::EVENT_USER_EVENT {
            row.other_events.add();
            return;
        }
        row.user_events.add();
        let data = event.list(AttributeId::USER_DATA).ok().flatten();
        for key in &mut self.keys {
            key.add(data.and_then(|data| data.find(&key.name)), self.limit);
        }
    }

    /// All counts as they are.
    pub fn snapshot(&self) -> Snapshot {
        let mut dns = self.dns.clone();
        if self.unknown_dn.user_events.total + self.unknown_dn.other_events.total > 0 {
            dns.push(self.unknown_dn.clone());
        }
        let sum = |of: fn(&DnRow) -> Tally| {
            dns.iter().map(of).fold(Tally::default(), |sum, row| Tally {
                current: sum.current.saturating_add(row.current),
                total: sum.total.saturating_add(row.total),
            })
        };
        Snapshot {
            user_events: sum(|row| row.user_events),
            other_events: sum(|row| row.other_events),
            keys: self.keys.iter().flat_map(Key::rows).collect(),
            dns,
        }
    }

    /// Begins a period: everything current is 0.
    pub fn next_period(&mut self) {
        for row in self.dns.iter_mut().chain([&mut self.unknown_dn]) {
            row.user_events.current = 0;
            row.other_events.current = 0;
        }
        for key in &mut self.keys {
            key.absent.current = 0;
            key.others.current = 0;
            key.values.values_mut().for_each(|tally| tally.current = 0);
        }
    }
}

impl Key {
    fn add(&mut self, value: Option<ValueRef<'_>>, limit: usize) {
        let number;
        let value = match value {
            None => return self.absent.add(),
            Some(ValueRef::Str(bytes) | ValueRef::Unicode(bytes)) => {
                bytes.get(..VALUE_LIMIT).unwrap_or(bytes)
            }
            Some(ValueRef::Int(value)) => {
                number = value.to_string();
                number.as_bytes()
            }
            Some(ValueRef::Long(value)) => {
                number = format!("{value:016x}");
                number.as_bytes()
            }
            Some(ValueRef::List(_)) => b"(list)",
            Some(_) => b"(binary)",
        };
        if let Some(tally) = self.values.get_mut(value) {
            tally.add();
        } else if self.values.len() < limit {
            self.values.entry(value.into()).or_default().add();
        } else {
            self.others.add();
        }
    }

    fn rows(&self) -> Vec<KeyRow> {
        let row = |value, user_events| KeyRow { key: self.name.clone(), value, user_events };
        let mut rows: Vec<_> = self
            .values
            .iter()
            .map(|(value, tally)| row(Value::Text(String::from_utf8_lossy(value).into_owned()), *tally))
            .collect();
        rows.sort_by(|a, b| {
            b.user_events.total.cmp(&a.user_events.total).then_with(|| a.value.cmp(&b.value))
        });
        let rest = [(Value::Others, self.others), (Value::Absent, self.absent)];
        rows.extend(
            rest.into_iter().filter(|(_, tally)| tally.total > 0).map(|(value, tally)| row(value, tally)),
        );
        rows
    }
}

#[cfg(test)]
mod tests {
    use tlib_proto::{KvList, Message};

    use super::*;

    /// An EventUserEvent with these pairs.
    fn event(dn: &str, pairs: &[(&str, ValueRef<'_>)]) -> Message {
        let data =
            KvList::build(|list| pairs.iter().fold(list, |list, (key, value)| list.value(key, *value)));
        let data = data.unwrap();
        Message::build(MessageId::EVENT_USER_EVENT, |m| {
            m.str(AttributeId::THIS_DN, dn).list(AttributeId::USER_DATA, data.view())
        })
        .unwrap()
    }

    fn counts(keys: &[&str], limit: usize) -> Counts {
        let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        Counts::new(&["REPORTING".to_owned(), "7001".to_owned()], &keys, limit)
    }

    fn values(counts: &Counts) -> Vec<(Value, u64, u64)> {
        let rows = counts.snapshot().keys.into_iter();
        rows.map(|row| (row.value, row.user_events.current, row.user_events.total)).collect()
    }

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    #[test]
    fn events_are_counted_per_dn() {
        let mut counts = counts(&[], 1);
        for dn in ["REPORTING", "REPORTING", "7001", "elsewhere"] {
            counts.add(event(dn, &[]).view());
        }
        let ringing = Message::build(MessageId::EVENT_RINGING, |m| m.str(AttributeId::THIS_DN, "7001"));
        counts.add(ringing.unwrap().view());
        counts.add(Message::build(MessageId::EVENT_USER_EVENT, |m| m).unwrap().view());
        let rows: Vec<_> = counts
            .snapshot()
            .dns
            .into_iter()
            .map(|row| (row.dn, row.user_events.total, row.other_events.total))
            .collect();
        let dn = |dn: &str| Some(dn.to_owned());
        assert_eq!(rows, [(dn("REPORTING"), 2, 0), (dn("7001"), 1, 1), (None, 2, 0)]);
        let sums = counts.snapshot();
        assert_eq!((sums.user_events.total, sums.other_events.total), (5, 1));
    }

    #[test]
    fn a_period_begins_with_nothing_current() {
        let mut counts = counts(&["k"], 10);
        counts.add(event("7001", &[("k", "a".into())]).view());
        counts.next_period();
        counts.add(event("7001", &[("k", "a".into())]).view());
        counts.add(event("7001", &[("k", 7.into())]).view());
        assert_eq!(values(&counts), [(text("a"), 1, 2), (text("7"), 1, 1)]);
        let snapshot = counts.snapshot();
        assert_eq!(snapshot.user_events, Tally { current: 2, total: 3 });
        counts.next_period();
        assert_eq!(counts.snapshot().user_events, Tally { current: 0, total: 3 });
    }

    #[test]
    fn distinct_values_are_bounded() {
        let mut counts = counts(&["k"], 2);
        for value in ["a", "b", "c", "d", "b"] {
            counts.add(event("7001", &[("k", value.into()), ("k", "ignored".into())]).view());
        }
        counts.add(event("7001", &[("other", "x".into())]).view());
        assert_eq!(
            values(&counts),
            [(text("b"), 2, 2), (text("a"), 1, 1), (Value::Others, 2, 2), (Value::Absent, 1, 1)]
        );
    }

    #[test]
    fn long_and_odd_values() {
        let mut counts = counts(&["k"], 10);
        let long = "x".repeat(300);
        let inner = KvList::build(|list| list.str("k", "inner")).unwrap();
        counts.add(event("7001", &[("k", long.as_str().into())]).view());
        counts.add(event("7001", &[("k", inner.view().into())]).view());
        counts.add(event("7001", &[("k", ValueRef::Str(b"\xff"))]).view());
        counts.add(event("7001", &[("k", "".into())]).view());
        let found: Vec<_> = values(&counts).into_iter().map(|(value, ..)| value).collect();
        assert_eq!(found, [text(""), text("(list)"), text(&long[..255]), text("\u{fffd}")]);
    }

    #[test]
    fn what_is_named_twice_is_one() {
        let names = ["a".to_owned(), "a".to_owned()];
        let mut counts = Counts::new(&names, &names, 10);
        counts.add(event("a", &[("a", "1".into())]).view());
        let snapshot = counts.snapshot();
        assert_eq!((snapshot.dns.len(), snapshot.keys.len()), (1, 1));
    }
}
