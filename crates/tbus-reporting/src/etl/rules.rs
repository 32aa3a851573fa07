//! What one user event gives: a fact, or the reason why there is none. Pure; the rules stand in `protocol-spec/infomart.md`.

use std::fmt;

use super::event::Event;
use crate::keys::{KEYS, Key, Kind, slot};

/// Seconds of a row of `DATE_TIME`.
pub(crate) const QUARTER_HOUR: i32 = 900;

/// Why an event gave no fact. The numbers are those of `STG_TRANSFORM_DISCARDS.CODE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// These mandatory keys are missing or empty.
    Missing(Vec<&'static str>),
    /// The values of these mandatory keys are no numbers that their columns can hold.
    Bad(Vec<&'static str>),
    /// The event has no time.
    NoTime,
    /// The event has no sequence number.
    NoSequence,
}

impl Reason {
    /// Its number in `STG_TRANSFORM_DISCARDS`.
    pub fn code(&self) -> i64 {
        match self {
            Self::Missing(_) => 1,
            Self::Bad(_) => 2,
            Self::NoTime => 3,
            Self::NoSequence => 4,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(keys) => write!(f, "missing mandatory keys: {}", keys.join(", ")),
            Self::Bad(keys) => write!(f, "values that are no numbers: {}", keys.join(", ")),
            Self::NoTime => f.write_str("the event has no time (ADDED_TS)"),
            Self::NoSequence => {
                f.write_str("the event has no sequence number (GSYS_EXT_INT1, GSYS_EXT_VCH1)")
            }
        }
    }
}

/// What is wrong with a value that did not keep its event from becoming a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Doubt {
    /// It is no number that the column can hold; the column has its default.
    NoNumber,
    /// It is longer than its column and was cut.
    Cut,
    /// It names a tenant that is not in TENANT; the key is -1.
    UnknownTenant,
    /// Nothing names the queue, and none has its DBID; the key is -1.
    UnknownQueue,
}

impl Doubt {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoNumber => "no_number",
            Self::Cut => "cut",
            Self::UnknownTenant => "unknown_tenant",
            Self::UnknownQueue => "unknown_queue",
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoNumber => "no number that its column can hold: the default stands there",
            Self::Cut => "too long: cut",
            Self::UnknownTenant => "no such DBID in TENANT: TENANT_KEY is -1",
            Self::UnknownQueue => "no queue of this DBID, and no name: RESOURCE_KEY is -1",
        })
    }
}

/// What one event gives.
#[derive(Debug)]
pub(crate) enum Verdict<'e> {
    /// It has no key of callbacks.
    NotOurs,
    /// No fact.
    Discard(Reason),
    /// A fact.
    Fact(Box<Reading<'e>>),
}

/// An event that becomes a fact.
#[derive(Debug)]
pub(crate) struct Reading<'e> {
    pub(crate) event: &'e Event,
    pub(crate) added_ts: i32,
    pub(crate) sequence: i32,
    /// 0 where there is none.
    numbers: [i32; KEYS.len()],
    /// Keys whose values are doubtful.
    pub(crate) doubts: Vec<(usize, Doubt)>,
}

impl Reading<'_> {
    /// The number of a key; 0 if it has none.
    pub(crate) fn number(&self, slot: usize) -> i32 {
        self.numbers.get(slot).copied().unwrap_or_default()
    }

    /// The number of a key that the event has and that is one.
    pub(crate) fn given(&self, slot: usize) -> Option<i32> {
        self.event.text(slot).and_then(number)
    }

    /// Start of the 15 minutes in which the callback began.
    pub(crate) fn start_key(&self) -> i32 {
        quarter(self.number(slot::CB_T_SERVICE_START))
    }
}

/// Start of the 15 minutes of a moment that is not before 1970.
pub(crate) fn quarter(seconds: i32) -> i32 {
    seconds - seconds.rem_euclid(QUARTER_HOUR)
}

/// Applies the rules to one event.
pub(crate) fn judge(event: &Event) -> Verdict<'_> {
    if !event.is_callback {
        return Verdict::NotOurs;
    }
    let mandatory = || KEYS.iter().enumerate().filter(|(_, key)| key.mandatory);
    let missing: Vec<&'static str> =
        mandatory().filter(|(slot, _)| event.text(*slot).is_none()).map(|(_, key)| key.name).collect();
    if !missing.is_empty() {
        return Verdict::Discard(Reason::Missing(missing));
    }
    let Some(added_ts) = event.added_ts else { return Verdict::Discard(Reason::NoTime) };
    let Some(sequence) = event.sequence else { return Verdict::Discard(Reason::NoSequence) };
    let mut numbers = [0; KEYS.len()];
    let mut doubts = Vec::new();
    let mut bad = Vec::new();
    for (at, (key, place)) in KEYS.iter().zip(&mut numbers).enumerate() {
        let Some(text) = event.text(at) else { continue };
        if event.is_cut(at) {
            doubts.push((at, Doubt::Cut));
        }
        if !is_number(key) {
            continue;
        }
        match number(text).filter(|number| fits(at, *number)) {
            Some(number) => *place = number,
            None if key.mandatory => bad.push(key.name),
            None => doubts.push((at, Doubt::NoNumber)),
        }
    }
    if !bad.is_empty() {
        return Verdict::Discard(Reason::Bad(bad));
    }
    Verdict::Fact(Box::new(Reading { event, added_ts, sequence, numbers, doubts }))
}

fn is_number(key: &Key) -> bool {
    match key.kind {
        Kind::Time | Kind::Seconds | Kind::Count | Kind::Flag | Kind::Number => true,
        Kind::Text | Kind::Domain(_) | Kind::Disposition => false,
    }
}

/// A number that columns hold: decimal digits, 0 to 2147483647, with blanks around it if need be.
pub(crate) fn number(text: &str) -> Option<i32> {
    let text = text.trim_ascii();
    // `parse` takes a sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Only 1 makes a final event; any other number than 0 and 1 says nothing.
fn fits(at: usize, number: i32) -> bool {
    at != slot::CB_FINAL_RECORD || number <= 1
}

#[cfg(test)]
mod tests {
    use super::{number, quarter};

    #[test]
    fn numbers_are_digits_that_fit() {
        for (text, want) in [
            ("0", Some(0)),
            ("2147483647", Some(i32::MAX)),
            (" 12\t", Some(12)),
            ("007", Some(7)),
            ("2147483648", None),
            ("1465324803000", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            ("1e3", None),
            ("0x10", None),
            ("", None),
            (" ", None),
            ("\u{661}", None),
        ] {
            assert_eq!(number(text), want, "{text:?}");
        }
    }

    #[test]
    fn quarters_begin_before_their_moments() {
        assert_eq!(quarter(1_465_324_803), 1_465_324_200);
        assert_eq!(quarter(i32::MAX), 2_147_482_800);
        assert_eq!([quarter(0), quarter(899), quarter(900)], [0, 0, 900]);
    }
}
