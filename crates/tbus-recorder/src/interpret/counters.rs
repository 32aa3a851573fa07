//! What became of the pairs, in numbers.

use std::fmt::Write;

use super::decision::{Decision, Outcome, Reason, Remark};

/// Numbers of decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Pairs that a row has, counted once for each table.
    pub stored: u64,
    /// Values that were cut.
    pub cut: u64,
    /// Keys that were cut.
    pub keys_cut: u64,
    /// Events without ThisDN.
    pub without_dn: u64,
    dropped: [u64; Reason::ALL.len()],
}

impl Counters {
    /// Counts a decision.
    #[inline]
    pub fn count(&mut self, decision: &Decision<'_>) {
        match decision.outcome {
            Outcome::Stored { cut, key_cut, .. } => {
                self.stored = self.stored.saturating_add(1);
                self.cut = self.cut.saturating_add(u64::from(cut.is_some()));
                self.keys_cut = self.keys_cut.saturating_add(u64::from(key_cut.is_some()));
            }
            Outcome::Dropped(reason) => {
                if let Some(count) = self.dropped.get_mut(reason as usize) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// Counts a remark.
    pub fn remark(&mut self, remark: Remark) {
        match remark {
            Remark::NoThisDn => self.without_dn = self.without_dn.saturating_add(1),
        }
    }

    /// How many pairs were dropped for this reason.
    pub fn dropped(&self, reason: Reason) -> u64 {
        self.dropped.get(reason as usize).copied().unwrap_or_default()
    }

    /// How many pairs were dropped.
    pub fn all_dropped(&self) -> u64 {
        self.dropped.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Adds the numbers of others.
    pub fn add(&mut self, other: &Self) {
        self.stored = self.stored.saturating_add(other.stored);
        self.cut = self.cut.saturating_add(other.cut);
        self.keys_cut = self.keys_cut.saturating_add(other.keys_cut);
        self.without_dn = self.without_dn.saturating_add(other.without_dn);
        for (sum, more) in self.dropped.iter_mut().zip(other.dropped) {
            *sum = sum.saturating_add(more);
        }
    }

    /// What a log should say of pairs that were not stored as they came; `None` when there is nothing to say. That a
    /// call has a value already is nothing to say.
    pub fn not_stored(&self) -> Option<String> {
        let mut text = String::new();
        let mut part = |count: u64, what: &str| {
            if count > 0 {
                let _ = write!(text, "{}{count} {what}", if text.is_empty() { "" } else { ", " });
            }
        };
        for reason in Reason::ALL {
            if reason != Reason::Unchanged {
                part(self.dropped(reason), &format!("not stored ({reason})"));
            }
        }
        part(self.cut, "with a value that was cut");
        part(self.keys_cut, "with a key that was cut");
        let events = |count| if count == 1 { "event without ThisDN" } else { "events without ThisDN" };
        if self.without_dn > 0 {
            let pairs = if text.is_empty() { String::new() } else { format!("pairs: {text}; ") };
            return Some(format!("{pairs}{} {}", self.without_dn, events(self.without_dn)));
        }
        (!text.is_empty()).then(|| format!("pairs: {text}"))
    }
}
