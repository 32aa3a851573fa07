//! What a run has done, in numbers.

use std::collections::BTreeMap;

use super::rules::{Doubt, Reason};

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows of G_CUSTOM_DATA_S that were read.
    pub rows: u64,
    /// User events that they make.
    pub events: u64,
    /// Facts that were written.
    pub facts: u64,
    /// Events without a key of callbacks.
    pub not_callback: u64,
    /// Events whose facts were there already.
    pub duplicates: u64,
    /// Events without a fact because mandatory keys are missing, by key. An event counts for each of them.
    pub missing: BTreeMap<&'static str, u64>,
    /// The same for mandatory values that are no numbers.
    pub bad: BTreeMap<&'static str, u64>,
    /// Events without a fact.
    pub discarded: u64,
    /// Those of them that have no time or no sequence number.
    pub nameless: u64,
    /// Values that are doubtful, by key.
    pub doubts: BTreeMap<(&'static str, Doubt), u64>,
    /// Keys that begin with `_CB_` and mean nothing here.
    pub unknown_keys: u64,
    /// Data-source sessions that were new.
    pub sessions: u64,
    /// Transactions of the Info Mart with events.
    pub commits: u64,
    /// Periods of 15 minutes whose sums were made anew.
    pub periods: u64,
}

impl Summary {
    pub(crate) fn discard(&mut self, reason: &Reason) {
        self.discarded += 1;
        let (keys, counts) = match reason {
            Reason::Missing(keys) => (keys, &mut self.missing),
            Reason::Bad(keys) => (keys, &mut self.bad),
            Reason::NoTime | Reason::NoSequence => {
                self.nameless += 1;
                return;
            }
        };
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
    }

    pub(crate) fn doubt(&mut self, key: &'static str, doubt: Doubt) {
        *self.doubts.entry((key, doubt)).or_default() += 1;
    }
}
