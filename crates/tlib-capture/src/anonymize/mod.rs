//! Captured traffic without those whom it is about: one key, one fake for every value, in logs, captures and databases.
//!
//! A [`Secret`] is made of the user's key, [`Rules`] say what is replaced, and an [`Anonymizer`] goes over the input twice:
//! first with [`Anonymizer::learning`], which remembers names and short numbers, so that they are found in free text, too, then
//! with [`Anonymizer::changing`], which replaces. With [`Anonymizer::inspecting`] it goes over what came out and says what was left.
//! Every value keeps its length in bytes, so lengths in logs and frames stay true.
//!
//! The rules are in `protocol-spec/anonymize.md`. What this module is **not**: it opens no files.

mod alphabet;
mod capture;
mod check;
mod cipher;
mod find;
mod json;
mod known;
mod line;
mod log;
mod message;
mod rules;
mod secret;
mod seen;
mod shape;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use capture::CaptureChange;
pub use check::{Left, Leftovers, RawSearch};
pub use rules::{Hide, RULES_LIMIT, Rules, RulesError};
pub use secret::{KeyError, LONGEST_KEY, SHORTEST_KEY, Secret};
pub use seen::Report;

use cipher::Cipher;
use known::Known;
use rules::Treatment;
use seen::Seen;

/// What a value is. The class decides which permutation it goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Phone numbers and DNs: digits.
    Number,
    /// Names of people and whatever a user names: letters and digits.
    Name,
    /// Host names, label by label.
    Host,
    /// IP and hardware addresses.
    Address,
    /// Hidden by stars.
    Hidden,
}

impl Class {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Name => "name",
            Self::Host => "host",
            Self::Address => "address",
            Self::Hidden => "hidden",
        }
    }
}

/// What an anonymiser does with what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Learn,
    Change,
    Inspect,
}

/// Replaces values, the same by the same.
pub struct Anonymizer {
    cipher: Cipher,
    rules: Rules,
    mode: Mode,
    known: Known,
    report: Report,
    seen: Option<Seen>,
}

impl Anonymizer {
    /// One that learns.
    pub fn new(secret: Secret, rules: Rules) -> Self {
        Self {
            cipher: Cipher::new(secret),
            rules,
            mode: Mode::Learn,
            known: Known::default(),
            report: Report::default(),
            seen: None,
        }
    }

    /// Forgets everything but the key, what that has brought forth, and the rules; it learns then.
    pub fn forget(&mut self) {
        self.mode = Mode::Learn;
        self.known = Known::default();
        self.report = Report::default();
        self.seen = None;
    }

    /// From now on names and short numbers are remembered.
    pub fn learning(&mut self) {
        self.mode = Mode::Learn;
    }

    /// From now on values are replaced and counted; what was learnt is found in free text.
    ///
    /// # Errors
    /// When what was learnt is too much to be searched for.
    pub fn changing(&mut self) -> Result<(), TooMuch> {
        self.known.prepare()?;
        self.mode = Mode::Change;
        Ok(())
    }

    /// As [`changing`](Self::changing), and the values are kept, so that [`inspecting`](Self::inspecting) can compare.
    ///
    /// # Errors
    /// As there.
    pub fn comparing(&mut self) -> Result<(), TooMuch> {
        self.seen = Some(Seen::default());
        self.changing()
    }

    /// From now on nothing is replaced: what an original is left is noted.
    pub fn inspecting(&mut self) {
        self.mode = Mode::Inspect;
    }

    /// What was changed so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Counts something that was left out.
    pub fn dropped(&mut self, what: &str, count: u64) {
        if self.mode == Mode::Change && count > 0 {
            *self.report.dropped.entry(what.to_owned()).or_default() += count;
        }
    }

    /// Whether everything that was learnt is searched for; false once there was too much of it.
    pub fn knows_everything(&self) -> bool {
        !self.known.full
    }

    /// The value of a key, or of a column, in place.
    pub fn keyed(&mut self, key: &[u8], value: &mut [u8]) {
        let treatment = self.rules.key(key);
        self.treat(treatment, value, &String::from_utf8_lossy(key));
    }

    /// The value of an attribute, in place; its name may begin with `Attribute`.
    pub fn attribute(&mut self, name: &str, value: &mut [u8]) {
        let treatment = self.rules.attribute(name);
        self.treat(treatment, value, name.strip_prefix("Attribute").unwrap_or(name));
    }

    /// An integer of a key.
    pub fn keyed_int(&mut self, key: &[u8], value: i32) -> i32 {
        let treatment = self.rules.key(key);
        self.treat_int(treatment, value, &String::from_utf8_lossy(key))
    }

    /// Whether a key or column is named by the rules of the user, to be replaced, hidden or kept.
    pub fn is_named(&self, key: &[u8]) -> bool {
        self.rules.named(key).is_some()
    }

    /// An integer of a database's column. It is an id, a time or a count, and stays, unless the rules name the column.
    pub fn column_int(&mut self, column: &[u8], value: i64) -> i64 {
        match self.rules.named(column) {
            Some(treatment) => self.treat_long(treatment, value, &String::from_utf8_lossy(column)),
            None => value,
        }
    }

    fn treat(&mut self, treatment: Treatment, value: &mut [u8], place: &str) {
        match treatment {
            Treatment::Keep => {}
            Treatment::Time if is_time(value) => {}
            Treatment::Time | Treatment::Search => self.free_text(value, place),
            Treatment::Whole(class) => self.whole(class, value, place),
            Treatment::Hide(hide) => self.change(Class::Hidden, value, place, |_, value| hide.apply(value)),
        }
    }

    fn treat_int(&mut self, treatment: Treatment, value: i32, place: &str) -> i32 {
        // What fits into 32 bits goes on fitting.
        i32::try_from(self.treat_long(treatment, value.into(), place)).unwrap_or(value)
    }

    fn treat_long(&mut self, treatment: Treatment, value: i64, place: &str) -> i64 {
        let mut text = value.to_string().into_bytes();
        let whole = match treatment {
            Treatment::Keep => return value,
            Treatment::Time if is_time(&text) => return value,
            Treatment::Time | Treatment::Search => {
                let digits = text.strip_prefix(b"-").unwrap_or(&text);
                digits.len() >= find::NUMBER_FROM || self.known.has_number(digits)
            }
            Treatment::Whole(_) | Treatment::Hide(_) => true,
        };
        if !whole {
            return value;
        }
        let mut fake = value;
        let hidden = matches!(treatment, Treatment::Hide(_));
        let class = if hidden { Class::Hidden } else { Class::Number };
        self.change(class, &mut text, place, |cipher, text| {
            // A hidden integer stays an integer of as many digits.
            fake = if hidden { hidden_int(value) } else { cipher.int(value) };
            let new = fake.to_string();
            if new.len() == text.len() {
                text.copy_from_slice(new.as_bytes());
            }
        });
        fake
    }

    /// One value that is of a class, whole, in place.
    fn whole(&mut self, class: Class, value: &mut [u8], place: &str) {
        if value.is_empty() {
            return;
        }
        if find::is_number(value) {
            return self.change(Class::Number, value, place, |cipher, value| cipher.number(value));
        }
        // A SIP URI or an address is replaced as such wherever it stands, so that it is the same everywhere.
        if self.addresses(value, place, class) {
            return;
        }
        match class {
            // A DN with letters is a name that configuration depends on; what is in it is looked for.
            Class::Number => self.free_text(value, place),
            Class::Host => self.change(Class::Host, value, place, |cipher, value| cipher.host(value)),
            _ => self.names(value, place),
        }
    }

    /// The one place where a value becomes a fake, is remembered, or is compared.
    fn change(
        &mut self,
        class: Class,
        value: &mut [u8],
        place: &str,
        fake: impl FnOnce(&mut Cipher, &mut [u8]),
    ) {
        match self.mode {
            Mode::Learn => self.known.learn(class, value),
            Mode::Change => {
                let original = value.to_vec();
                fake(&mut self.cipher, value);
                if original != value {
                    self.report.count(class, place);
                }
                if let Some(seen) = &mut self.seen {
                    let (original, fake) = (canonical(class, &original), canonical(class, value));
                    seen.changed(class, &original, &fake, place);
                }
            }
            Mode::Inspect => {
                let value = canonical(class, value);
                if let Some(seen) = &mut self.seen {
                    seen.found(class, &value, place);
                }
            }
        }
    }
}

impl std::fmt::Debug for Anonymizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Anonymizer").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// There are more different names than can be searched for at once.
#[derive(Debug, thiserror::Error)]
#[error("the names that were found cannot be searched for: {0}")]
pub struct TooMuch(String);

/// Numbers are one value whatever stands between their digits.
fn canonical(class: Class, value: &[u8]) -> Vec<u8> {
    match class {
        Class::Number => value.iter().copied().filter(u8::is_ascii_digit).collect(),
        _ => value.to_vec(),
    }
}

/// Seconds or milliseconds since 1970, in this century so far; or nothing that could be a number of a person.
fn is_time(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit)
        && (value.len() < find::NUMBER_FROM || matches!(value.len(), 10 | 13) && value.first() == Some(&b'1'))
}

fn hidden_int(value: i64) -> i64 {
    let digits = value.unsigned_abs().checked_ilog10().unwrap_or(0);
    match value {
        0 => 0,
        _ => 10_i64.pow(digits) * value.signum(),
    }
}
