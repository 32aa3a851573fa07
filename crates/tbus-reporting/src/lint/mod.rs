//! Checks of callback user events, over key-value text: what keeps an event from becoming a fact, or makes reports wrong.
//!
//! [`Lint`] takes events in their order, wherever they were read, and gives [`Finding`]s. Keys, kinds of values and legal values
//! come from the table of `protocol-spec/callback.toml`; the codes are described in `protocol-spec/callback-lint.md`. Rules are
//! the published ones where there are such (facts `infomart` 3, 4); bounds and the comparison of events are chosen.

mod code;
mod services;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::sync::Arc;

pub use code::{Code, Severity};
use services::Services;
use values::{Known, check_event};

/// Where something stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    /// Number of a line, from 1.
    Line(u64),
    /// Number of a packet, from 1.
    Packet(u64),
    /// ID of a row of G_CUSTOM_DATA_S or a history table.
    Row(i64),
}

/// A file or database, and a place in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// What to call the file.
    pub file: Arc<str>,
    /// Where in it.
    pub at: At,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            At::Line(line) => write!(f, "{}:{line}", self.file),
            At::Packet(packet) => write!(f, "{}: packet {packet}", self.file),
            At::Row(row) => write!(f, "{}: row {row}", self.file),
        }
    }
}

/// The value of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string; numbers of a database are strings, too.
    Text(&'a str),
    /// A number.
    Number(i64),
    /// A list, which the recorder does not store.
    List,
    /// Anything else without text, which the recorder does not store.
    Binary,
}

/// A pair of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its value.
    pub value: Value<'a>,
    /// Where it stands.
    pub at: At,
}

/// The pairs of a user event, or those that were attached to a call.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What to call the file.
    pub file: &'a Arc<str>,
    /// Where it begins.
    pub at: At,
    /// When it was sent, in UTC seconds since 1970, if that is known.
    pub time: Option<i64>,
    /// Its pairs, the outermost ones, in their order.
    pub pairs: &'a [Pair<'a>],
}

impl Event<'_> {
    fn place(&self, at: At) -> Place {
        Place { file: Arc::clone(self.file), at }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// Where; `None` for what concerns all of the input.
    pub place: Option<Place>,
    /// The service, if it is known: its first 255 characters.
    pub service: Option<String>,
    /// What is wrong, for people: one line.
    pub text: String,
}

/// When it is checked that four pairs are attached to the call, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallData {
    /// If the input shows attached data of any call.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Callback user events.
    pub events: u64,
    /// Other user events, which are nothing to this.
    pub others: u64,
    /// Services.
    pub services: u64,
    /// Attached data with callback pairs.
    pub attached: u64,
}

/// The checks. Memory grows with the services, 500,000 of which are followed at most, and with the calls that have callback data,
/// 100,000.
#[derive(Debug, Default)]
pub struct Lint {
    call_data: CallData,
    checked: Checked,
    services: Services,
}

impl Lint {
    /// Nothing checked yet.
    pub fn new(call_data: CallData) -> Self {
        Self { call_data, ..Self::default() }
    }

    /// Checks a user event. One without any callback key is only counted.
    pub fn user_event(&mut self, event: &Event<'_>, out: &mut dyn FnMut(Finding)) {
        if !event.pairs.iter().any(|pair| is_callback_key(pair.key)) {
            self.checked.others = self.checked.others.saturating_add(1);
            return;
        }
        self.checked.events = self.checked.events.saturating_add(1);
        let known = Known::of(event);
        check_event(event, &known, out);
        self.services.user_event(event, &known, out);
    }

    /// Takes what is attached to a call; `call` tells calls apart.
    pub fn attached(&mut self, call: &str, event: &Event<'_>) {
        self.services.call_data = true;
        if event.pairs.iter().any(|pair| is_callback_key(pair.key)) {
            self.checked.attached = self.checked.attached.saturating_add(1);
            self.services.attached(call, event);
        }
    }

    /// Says what only the end tells: which services are not complete, and what is not attached.
    pub fn finish(mut self, out: &mut dyn FnMut(Finding)) -> Checked {
        self.checked.services = self.services.count();
        self.services.finish(self.call_data, self.checked.events > 0, out);
        self.checked
    }
}

/// Whether a key is one of callbacks, known or not.
fn is_callback_key(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("_CB_"))
}

/// The first 255 characters.
fn cut(text: &str) -> &str {
    text.char_indices().nth(255).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// A text for a finding: one line, not long.
fn shown(text: &str) -> String {
    let mut short: String =
        text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if short.len() < text.len() {
        short.push_str("..");
    }
    format!("'{short}'")
}
