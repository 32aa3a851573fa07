//! Names and short numbers of the first pass, to be found in free text.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::{Class, TooMuch, find};

/// How many are remembered, and their bytes (chosen).
const VALUES: usize = 200_000;
const BYTES: usize = 8 << 20;

/// Shorter ones are not looked for: too much is equal to them by chance (chosen).
const SHORTEST: usize = 3;

/// What stands before an address: no name, even if something is called so.
const SCHEMES: [&[u8]; 7] = [b"sip", b"sips", b"tel", b"mailto", b"http", b"https", b"xmpp"];

/// Longest value that is a name (chosen).
const LONGEST: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Known {
    values: HashMap<Vec<u8>, Class>,
    bytes: usize,
    /// Whether there were too many.
    pub(super) full: bool,
    search: Option<(AhoCorasick, Vec<Class>)>,
}

impl Known {
    pub(super) fn learn(&mut self, class: Class, value: &[u8]) {
        let wanted = match class {
            // Longer numbers are found by their looks.
            Class::Number => value.len() < find::NUMBER_FROM && value.iter().all(u8::is_ascii_digit),
            Class::Name | Class::Host => {
                value.iter().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
            }
            Class::Address | Class::Hidden => false,
        };
        let scheme = SCHEMES.iter().any(|scheme| value.eq_ignore_ascii_case(scheme));
        if scheme
            || !wanted
            || !(SHORTEST..=LONGEST).contains(&value.len())
            || self.values.contains_key(value)
        {
            return;
        }
        if self.values.len() >= VALUES || self.bytes + value.len() > BYTES {
            self.full = true;
            return;
        }
        self.bytes += value.len();
        self.values.insert(value.to_vec(), class);
        self.search = None;
    }

    pub(super) fn prepare(&mut self) -> Result<(), TooMuch> {
        if self.search.is_some() || self.values.is_empty() {
            return Ok(());
        }
        let mut values: Vec<(&Vec<u8>, Class)> =
            self.values.iter().map(|(value, class)| (value, *class)).collect();
        values.sort();
        // A fake keeps the case of each place, so that JSMITH and jsmith stay one name.
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(values.iter().map(|(value, _)| value))
            .map_err(|error| TooMuch(error.to_string()))?;
        self.search = Some((search, values.into_iter().map(|(_, class)| class).collect()));
        Ok(())
    }

    pub(super) fn has_number(&self, digits: &[u8]) -> bool {
        self.values.get(digits) == Some(&Class::Number)
    }

    /// Where known values stand in a text, as words of their own.
    pub(super) fn find(&self, text: &[u8]) -> Vec<(usize, usize, Class)> {
        let Some((search, classes)) = &self.search else { return Vec::new() };
        let mut found: Vec<_> = search
            .find_overlapping_iter(text)
            .filter_map(|found| {
                let class = *classes.get(found.pattern().as_usize())?;
                let word = find::stands_alone(text, found.start(), found.end(), class == Class::Number);
                word.then_some((found.start(), found.end(), class))
            })
            .collect();
        // Of those that begin together the longest.
        found.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        found
    }
}
