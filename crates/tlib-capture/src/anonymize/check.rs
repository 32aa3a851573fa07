//! What is left of the originals.

use std::io::{self, Read};

use aho_corasick::AhoCorasick;

use super::find::stands_alone;
use super::{Anonymizer, Class, TooMuch};

/// Shorter originals are not searched for in the bytes of a file: too much is equal to them by chance (chosen).
const SHORTEST: usize = 5;

/// Bytes that are searched at once.
const CHUNK: usize = 1 << 20;

/// An original that is still there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// What it is.
    pub class: Class,
    /// The original. A report that is passed on should not have it.
    pub value: Vec<u8>,
    /// How often it was found.
    pub count: u64,
    /// Where: an attribute, a key, a column, or `bytes`.
    pub place: String,
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// The originals that are left.
    pub left: Vec<Left>,
    /// Whether there were more values than a check keeps: then nothing is proven.
    pub incomplete: bool,
}

/// Searches the bytes of what came out for originals that must be gone, whatever holds them.
#[derive(Debug)]
pub struct RawSearch {
    search: AhoCorasick,
    patterns: Vec<(Class, Vec<u8>)>,
}

impl Anonymizer {
    /// What was left at places that are understood. The raw bytes are searched by [`raw_search`](Self::raw_search).
    pub fn leftovers(&self) -> Leftovers {
        let Some(seen) = &self.seen else { return Leftovers::default() };
        let left = seen.left.iter().map(|((class, value), (count, place))| Left {
            class: *class,
            value: value.clone(),
            count: *count,
            place: place.clone(),
        });
        Leftovers { left: left.collect(), incomplete: seen.full || self.known.full }
    }

    /// What must not be anywhere in the bytes of what came out: originals that are nobody's fake.
    ///
    /// # Errors
    /// When there are too many to be searched for.
    pub fn raw_search(&self) -> Result<RawSearch, TooMuch> {
        let patterns: Vec<(Class, Vec<u8>)> = self
            .seen
            .iter()
            .flat_map(|seen| seen.gone())
            .filter(|(class, value)| {
                let long =
                    value.len() >= if *class == Class::Number { super::find::NUMBER_FROM } else { SHORTEST };
                long && value.iter().any(u8::is_ascii_alphanumeric)
            })
            .map(|(class, value)| (class, value.to_vec()))
            .collect();
        let search = AhoCorasick::new(patterns.iter().map(|(_, value)| value));
        Ok(RawSearch { search: search.map_err(|error| TooMuch(error.to_string()))?, patterns })
    }
}

impl RawSearch {
    /// Reads to the end; what stands there as a word of its own is left. Parts that are searched one after the other are added up.
    ///
    /// # Errors
    /// What reading gives.
    pub fn search(&self, mut from: impl Read, into: &mut Leftovers) -> io::Result<()> {
        let longest = self.patterns.iter().map(|(_, value)| value.len()).max().unwrap_or(0) + 2;
        let mut counts = vec![0_u64; self.patterns.len()];
        let mut buffer = Vec::new();
        // Where the part of the buffer begins that was not searched before.
        let mut fresh = 0;
        loop {
            let read = from.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)?;
            let last = read == 0;
            for found in self.search.find_overlapping_iter(&buffer) {
                // One that ends at the very end may go on: it is looked at again with what follows.
                let whole = last || found.end() + 2 <= buffer.len();
                let known = found.end() + 2 <= fresh;
                let pattern = found.pattern().as_usize();
                if whole
                    && !known
                    && stands_alone(&buffer, found.start(), found.end(), false)
                    && let Some(count) = counts.get_mut(pattern)
                {
                    *count += 1;
                }
            }
            if last {
                break;
            }
            let keep = buffer.len().min(longest * 2);
            buffer.drain(..buffer.len() - keep);
            fresh = keep;
        }
        for ((class, value), count) in self.patterns.iter().zip(counts).filter(|(_, count)| *count > 0) {
            let known = into.left.iter_mut().find(|left| left.class == *class && left.value == *value);
            if let Some(known) = known {
                // Another part of the same bytes; a place that is understood has counted it already.
                known.count += if known.place == "bytes" { count } else { 0 };
            } else {
                into.left.push(Left {
                    class: *class,
                    value: value.clone(),
                    count,
                    place: "bytes".to_owned(),
                });
            }
        }
        Ok(())
    }
}
