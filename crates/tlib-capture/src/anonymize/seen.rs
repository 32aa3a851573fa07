//! What was there and what came in its place: counts for the report, values for the check.

use std::collections::{BTreeMap, HashMap};

use super::Class;

/// Distinct values that are kept for the check, and their bytes (chosen).
const VALUES: usize = 1_000_000;
const BYTES: usize = 64 << 20;

/// Originals that were left and are kept for the report (chosen): one is too many already.
const LEFT: usize = 10_000;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Places that a report names; more of them are one row (chosen).
const PLACES: usize = 2000;

/// What was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How often values of a class were replaced at a place: an attribute, a key, a kind of line, a column.
    pub changed: BTreeMap<(Class, String), u64>,
    /// What was left out, and how often: packets, frames.
    pub dropped: BTreeMap<String, u64>,
}

impl Report {
    pub(super) fn count(&mut self, class: Class, place: &str) {
        let place: String = place.chars().take(80).collect();
        let full = self.changed.len() >= PLACES && !self.changed.contains_key(&(class, place.clone()));
        let place = if full { "(other places)".to_owned() } else { place };
        *self.changed.entry((class, place)).or_default() += 1;
    }

    /// How many values were replaced.
    pub fn total(&self) -> u64 {
        self.changed.values().sum()
    }
}

/// The originals, and how often each may be seen as somebody's fake.
#[derive(Debug, Default)]
pub(super) struct Seen {
    values: HashMap<(Class, Vec<u8>), Times>,
    bytes: usize,
    /// Whether there were too many values.
    pub(super) full: bool,
    /// First and last time of the messages, in seconds since 1970.
    times: Option<(u64, u64)>,
    /// Places where more than that was found.
    pub(super) left: BTreeMap<(Class, Vec<u8>), (u64, String)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Times {
    original: u64,
    fake: u64,
    found: u64,
}

impl Seen {
    pub(super) fn changed(&mut self, class: Class, original: &[u8], fake: &[u8], place: &str) {
        if original == fake {
            // Addresses of no one in particular stay, and what was told to stay visible does. Anything else that is its own
            // fake is left: letters that no alphabet here has, and one in a million by chance.
            let letters = String::from_utf8_lossy(original).contains(char::is_alphanumeric);
            if letters && matches!(class, Class::Number | Class::Name) {
                self.leave(class, original, place);
            }
            if class == Class::Hidden {
                return;
            }
        }
        if let Some(times) = self.at(class, original) {
            times.original += 1;
        }
        if let Some(times) = self.at(class, fake) {
            times.fake += 1;
        }
    }

    pub(super) fn found(&mut self, class: Class, value: &[u8], place: &str) {
        let Some(times) = self.values.get_mut(&(class, value.to_vec())) else { return };
        times.found += 1;
        if times.original > 0 && times.found > times.fake {
            self.leave(class, value, place);
        }
    }

    /// A message's time, in seconds since 1970.
    pub(super) fn time(&mut self, seconds: u64) {
        let (first, last) = self.times.unwrap_or((seconds, seconds));
        self.times = Some((first.min(seconds), last.max(seconds)));
    }

    /// Whether a number is a time of the traffic, give or take a day, in seconds or milliseconds. It may stand where times
    /// stay, and be taken for a number in a damaged line.
    fn is_time(&self, value: &[u8]) -> bool {
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
        let seconds = match (value.len(), number) {
            (10, Some(seconds)) => seconds,
            (13, Some(milliseconds)) => milliseconds / 1000,
            _ => return false,
        };
        self.times.is_some_and(|(first, last)| {
            (first.saturating_sub(DAY)..=last.saturating_add(DAY)).contains(&seconds)
        })
    }

    pub(super) fn leave(&mut self, class: Class, value: &[u8], place: &str) {
        if self.left.len() < LEFT {
            self.left.entry((class, value.to_vec())).or_insert_with(|| (0, place.to_owned())).0 += 1;
        }
    }

    /// Originals that are nobody's fake: they must not be anywhere.
    pub(super) fn gone(&self) -> impl Iterator<Item = (Class, &[u8])> {
        let gone = self.values.iter().filter(|((class, value), times)| {
            times.original > 0 && times.fake == 0 && !(*class == Class::Number && self.is_time(value))
        });
        gone.map(|((class, value), _)| (*class, value.as_slice()))
    }

    fn at(&mut self, class: Class, value: &[u8]) -> Option<&mut Times> {
        let key = (class, value.to_vec());
        if !self.values.contains_key(&key) {
            if self.values.len() >= VALUES || self.bytes + value.len() > BYTES {
                self.full = true;
                return None;
            }
            self.bytes += value.len();
        }
        Some(self.values.entry(key).or_default())
    }
}
