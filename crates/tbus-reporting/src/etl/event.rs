//! Rows of `G_CUSTOM_DATA_S` put together to user events, in bounded memory.

use std::collections::HashMap;
use std::ops::Range;

use tbus_db::{DbError, Row};

use crate::keys::KEYS;

/// Characters of a text in the Info Mart; the rest is cut.
pub(crate) const TEXT_MAX: usize = 255;
/// What keys of callback events begin with.
const PREFIX: &str = "_CB_";

/// One row: the columns of `sql/etl/read.sql`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SourceRow<'a> {
    pub(crate) id: i64,
    pub(crate) insert: Option<i64>,
    pub(crate) domain: Option<i64>,
    pub(crate) low_sequence: Option<i64>,
    pub(crate) added_ts: Option<i64>,
    pub(crate) sequence: Option<&'a str>,
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
}

impl<'a> SourceRow<'a> {
    pub(crate) fn of(row: Row<'a>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.int(0)?,
            insert: row.int_or_null(1)?,
            domain: row.int_or_null(2)?,
            low_sequence: row.int_or_null(3)?,
            added_ts: row.int_or_null(4)?,
            sequence: row.text_or_null(5)?,
            key: row.text_or_null(6)?.unwrap_or_default(),
            value: row.text_or_null(7)?.unwrap_or_default(),
        })
    }
}

/// What tells a row of `G_CUSTOM_DATA_S` from that of another database: ID, GSYS_SEQ, GSYS_DOMAIN and ADDED_TS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) id: i64,
    pub(crate) insert: Option<i64>,
    pub(crate) domain: Option<i64>,
    pub(crate) added_ts: Option<i64>,
}

/// The value of one key.
#[derive(Clone, Debug)]
struct Slot {
    place: Range<usize>,
    by_alias: bool,
    cut: bool,
}

/// One user event: the values of the known keys.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Data-source session; 0 if the row does not tell.
    pub(crate) domain: i32,
    /// Low 31 bits of the sequence number.
    pub(crate) sequence: Option<i32>,
    /// UTC seconds.
    pub(crate) added_ts: Option<i32>,
    /// Its last row.
    pub(crate) end: End,
    /// Whether one of its keys begins with `_CB_`.
    pub(crate) is_callback: bool,
    /// Keys that begin with `_CB_` and mean nothing here.
    pub(crate) unknown: u64,
    /// The identity as the rows have it.
    identity: (Option<i64>, Option<i64>, Option<i64>),
    sequence_text: String,
    slots: [Option<Slot>; KEYS.len()],
    text: String,
}

impl Event {
    fn new() -> Self {
        Self {
            domain: 0,
            sequence: None,
            added_ts: None,
            end: End::default(),
            is_callback: false,
            unknown: 0,
            identity: (None, None, None),
            sequence_text: String::new(),
            slots: [const { None }; KEYS.len()],
            text: String::new(),
        }
    }

    /// The sequence number as the recorder wrote it; empty if it did not.
    pub(crate) fn sequence_text(&self) -> &str {
        &self.sequence_text
    }

    /// The value of a key, cut to what a column holds; `None`: missing or empty.
    pub(crate) fn text(&self, slot: usize) -> Option<&str> {
        let slot = self.slots.get(slot)?.as_ref()?;
        self.text.get(slot.place.clone())
    }

    /// Whether the value of a key was cut.
    pub(crate) fn is_cut(&self, slot: usize) -> bool {
        self.slots.get(slot).and_then(Option::as_ref).is_some_and(|slot| slot.cut)
    }

    fn begin(&mut self, row: &SourceRow<'_>) {
        self.slots.fill(None);
        self.text.clear();
        self.is_callback = false;
        self.unknown = 0;
        self.identity = (row.domain, row.low_sequence, row.added_ts);
        self.sequence_text.clear();
        // Sixteen digits; what is longer is not the recorder's, and only tells events apart.
        self.sequence_text.extend(row.sequence.unwrap_or_default().chars().take(TEXT_MAX));
        self.domain = row.domain.and_then(|domain| i32::try_from(domain).ok()).unwrap_or_default();
        self.added_ts = row.added_ts.and_then(|added| i32::try_from(added).ok());
        let low = row.low_sequence.and_then(|low| i32::try_from(low).ok()).filter(|low| *low >= 0);
        self.sequence = low.or_else(|| low_bits(&self.sequence_text));
    }

    fn has(&self, row: &SourceRow<'_>) -> bool {
        self.identity == (row.domain, row.low_sequence, row.added_ts)
            && self.sequence_text == row.sequence.unwrap_or_default()
    }
}

/// Low 31 bits of 16 hex digits.
fn low_bits(text: &str) -> Option<i32> {
    let number = u64::from_str_radix(text, 16).ok()?;
    i32::try_from(number & 0x7fff_ffff).ok()
}

/// Puts rows together. The event under way stays here from page to page.
#[derive(Debug)]
pub(crate) struct Assembler {
    names: HashMap<&'static str, (usize, bool)>,
    /// Which key came after which the last time: senders keep their order.
    after: [usize; KEYS.len() + 1],
    last: usize,
    event: Event,
    under_way: bool,
}

impl Assembler {
    pub(crate) fn new() -> Self {
        let mut names = HashMap::new();
        for (slot, key) in KEYS.iter().enumerate() {
            names.insert(key.name, (slot, false));
            for alias in key.aliases {
                names.insert(*alias, (slot, true));
            }
        }
        Self { names, after: [0; KEYS.len() + 1], last: KEYS.len(), event: Event::new(), under_way: false }
    }

    /// Whether this row begins another event, so that [`take`](Self::take) gives the one before.
    pub(crate) fn ends_before(&self, row: &SourceRow<'_>) -> bool {
        self.under_way && !self.event.has(row)
    }

    /// Whether an event is under way.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// The event under way, which gets no more rows.
    pub(crate) fn take(&mut self) -> Option<&Event> {
        std::mem::take(&mut self.under_way).then_some(&self.event)
    }

    /// Adds a row to the event under way, or begins one.
    pub(crate) fn add(&mut self, row: &SourceRow<'_>) {
        if !self.under_way {
            self.event.begin(row);
            self.under_way = true;
            self.last = KEYS.len();
        }
        self.event.end = End { id: row.id, insert: row.insert, domain: row.domain, added_ts: row.added_ts };
        let prefixed = row.key.starts_with(PREFIX);
        self.event.is_callback |= prefixed;
        let Some((slot, by_alias)) = self.slot(row.key) else {
            self.event.unknown += u64::from(prefixed);
            return;
        };
        // PostgreSQL cannot hold a NUL, and nobody sends one on purpose.
        let value = row.value.split('\0').next().unwrap_or_default();
        if value.is_empty() {
            return;
        }
        let Some(place) = self.event.slots.get_mut(slot) else { return };
        // The published spelling counts, wherever it stands; else the first.
        if place.as_ref().is_some_and(|there| by_alias || !there.by_alias) {
            return;
        }
        let end = match value.len() > TEXT_MAX {
            true => value.char_indices().nth(TEXT_MAX).map_or(value.len(), |(at, _)| at),
            false => value.len(),
        };
        let begin = self.event.text.len();
        self.event.text.push_str(value.get(..end).unwrap_or_default());
        *place = Some(Slot { place: begin..self.event.text.len(), by_alias, cut: end < row.value.len() });
    }

    /// Where a key stands in [`KEYS`], and whether this is another spelling of it.
    fn slot(&mut self, key: &str) -> Option<(usize, bool)> {
        let guess = self.after.get(self.last).copied().unwrap_or_default();
        let found = match KEYS.get(guess) {
            Some(known) if known.name == key => (guess, false),
            _ => *self.names.get(key)?,
        };
        if let Some(after) = self.after.get_mut(self.last) {
            *after = found.0;
        }
        self.last = found.0;
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::slot;

    fn row<'a>(sequence: &'a str, key: &'a str, value: &'a str) -> SourceRow<'a> {
        let (id, insert, domain) = (7, Some(70), Some(3));
        SourceRow {
            id,
            insert,
            domain,
            low_sequence: None,
            added_ts: Some(9),
            sequence: Some(sequence),
            key,
            value,
        }
    }

    fn event(pairs: &[(&str, &str)]) -> Event {
        let mut assembler = Assembler::new();
        for (key, value) in pairs {
            let row = row("0000000080000ef9", key, value);
            assert!(!assembler.ends_before(&row));
            assembler.add(&row);
        }
        assembler.take().unwrap().clone()
    }

    #[test]
    fn another_sequence_number_is_another_event() {
        let mut assembler = Assembler::new();
        assembler.add(&row("1", "_CB_DIM_VQ", "a"));
        assert!(!assembler.ends_before(&row("1", "x", "")));
        assert!(assembler.ends_before(&row("2", "x", "")));
        assert!(assembler.ends_before(&SourceRow { domain: Some(4), ..row("1", "x", "") }));
        assert!(assembler.ends_before(&SourceRow { added_ts: None, ..row("1", "x", "") }));
        assert_eq!(assembler.take().unwrap().text(slot::CB_DIM_VQ), Some("a"));
        assert!(assembler.take().is_none());
        assembler.add(&row("2", "plain", "b"));
        let second = assembler.take().unwrap();
        assert_eq!((second.is_callback, second.text(slot::CB_DIM_VQ)), (false, None));
    }

    #[test]
    fn the_low_bits_of_the_number_come_from_either_column() {
        assert_eq!(event(&[("k", "v")]).sequence, Some(0xef9));
        let end = End { id: 7, insert: Some(70), domain: Some(3), added_ts: Some(9) };
        assert_eq!(event(&[("k", "v")]).end, end);
        let mut assembler = Assembler::new();
        assembler.add(&SourceRow { low_sequence: Some(5), ..row("zz", "k", "v") });
        assert_eq!(assembler.take().unwrap().sequence, Some(5));
        assembler.add(&SourceRow { sequence: None, ..row("", "k", "v") });
        assert_eq!(assembler.take().unwrap().sequence, None);
    }

    #[test]
    fn the_published_spelling_counts() {
        let (alias, name) = ("_CB_N_I_XN_REQ_AGENT", "_CB_N_IXN_REQ_AGENT");
        for (pairs, want) in [
            (vec![(alias, "1")], Some("1")),
            (vec![(alias, "1"), (name, "2")], Some("2")),
            (vec![(name, "2"), (alias, "1")], Some("2")),
            (vec![(name, ""), (alias, "1")], Some("1")),
            (vec![(name, "2"), (name, "3")], Some("2")),
            (vec![(name, "")], None),
        ] {
            assert_eq!(event(&pairs).text(slot::CB_N_IXN_REQ_AGENT), want, "{pairs:?}");
        }
    }

    #[test]
    fn texts_are_cut_and_unknown_keys_are_counted() {
        let long = "é".repeat(300);
        let event =
            event(&[("_CB_CUSTOMER_ANI", &long), ("_CB_NEW", "1"), ("other", "2"), ("_CB_DIM_VQ", "a\0b")]);
        assert_eq!(event.text(slot::CB_CUSTOMER_ANI), Some("é".repeat(255).as_str()));
        assert!(event.is_cut(slot::CB_CUSTOMER_ANI) && event.is_cut(slot::CB_DIM_VQ));
        assert_eq!(event.text(slot::CB_DIM_VQ), Some("a"));
        assert_eq!((event.unknown, event.is_callback), (1, true));
    }
}
