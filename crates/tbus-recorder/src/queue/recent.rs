//! The latest records, kept in memory so that a writer that keeps up need not read the file.

use std::collections::VecDeque;

use super::record::{OwnedRecord, RECORD_COST, Record};

/// Bytes kept; the oldest go first (chosen: some transactions of 500 events of 3 KiB).
const CAPACITY: u64 = 8 << 20;

/// Records with consecutive ids.
#[derive(Default)]
pub(super) struct Recent {
    /// The id of the front.
    first: i64,
    records: VecDeque<OwnedRecord>,
    bytes: u64,
}

impl Recent {
    /// Adds the records that got the ids from `first` on.
    pub(super) fn add(&mut self, first: i64, records: &[Record<'_>]) {
        let next = i64::try_from(self.records.len()).ok().and_then(|count| self.first.checked_add(count));
        if next != Some(first) {
            self.records.clear();
            self.bytes = 0;
            self.first = first;
        }
        for record in records {
            self.bytes = self.bytes.saturating_add(cost(record));
            self.records.push_back(record.to_owned());
        }
        while self.bytes > CAPACITY {
            self.drop_front();
        }
    }

    fn drop_front(&mut self) -> Option<OwnedRecord> {
        let record = self.records.pop_front()?;
        self.bytes = self.bytes.saturating_sub(cost(&record.view()));
        self.first = self.first.saturating_add(1);
        Some(record)
    }

    /// The records `first` to `last`, if all are here. They are handed out once, and with them goes what is older.
    pub(super) fn hand_out(&mut self, first: i64, last: i64) -> Option<Vec<OwnedRecord>> {
        while self.first < first && self.drop_front().is_some() {}
        let count = usize::try_from(last.checked_sub(first)?).ok()?.checked_add(1)?;
        if self.first != first || count > self.records.len() {
            return None;
        }
        (0..count).map(|_| self.drop_front()).collect()
    }
}

fn cost(record: &Record<'_>) -> u64 {
    (record.body().len() as u64).saturating_add(RECORD_COST)
}
