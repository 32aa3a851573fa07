//! The rules for one event: which pairs it has, and what their values say.

use std::borrow::Cow;

use super::{Code, Event, Finding, Pair, Value, cut, is_callback_key, shown};
use crate::keys::{self, KEYS, Key, Kind, domain};

/// Seconds of 2000-01-01: no callback is older (chosen).
const EARLIEST: i64 = 946_684_800;

/// From here on a time is one in milliseconds (chosen): 1973 in milliseconds, the year 5138 in seconds.
const MILLISECONDS: i64 = 100_000_000_000;

/// Columns of the Info Mart are 32 bits wide.
const LARGEST: i64 = i32::MAX as i64;

/// How much later than its event a time may be (chosen): clocks differ.
const AHEAD: i64 = 300;

/// Keys that are published without a column of the Info Mart (facts `infomart` 3.4). They are no mistakes.
const WITHOUT_COLUMN: [&str; 6] = [
    "_CB_N_IS_SNOOZED",
    "_CB_T_NEXT_REDIAL_ATTEMPT",
    "_CB_T_LAST_DIAL_ATTEMPT",
    "_CB_N_CALLBACK_OFFERS_PER_SESSION",
    "_CB_D_LAST_CALLBACK_OFFER",
    "_CB_CUSTOMER_PHONE_NUMBER",
];

/// Times of a service in the order in which they come (facts `infomart` 8, worked example).
const SERVICE_TIMES: [&str; 5] = [
    keys::CB_T_CALLBACK_OFFERED,
    keys::CB_T_CALLBACK_ACCEPTED,
    keys::CB_T_SERVICE_START,
    keys::CB_T_CUSTOMER_CONNECTED,
    keys::CB_T_SERVICE_END,
];

/// Times of dials in their order.
const DIAL_TIMES: [&str; 7] = [
    keys::CB_T_READY_TO_START_MEDIA_IXN,
    keys::CB_T_DIAL_1,
    keys::CB_T_DIAL_2,
    keys::CB_T_DIAL_3,
    keys::CB_T_DIAL_4,
    keys::CB_T_DIAL_5,
    keys::CB_T_SERVICE_END,
];

/// The pairs of an event by their key in the table: of each the first in the published spelling, else the first in another,
/// as the transform takes it.
pub(super) struct Known<'a> {
    pairs: Vec<(&'static Key, Pair<'a>)>,
    /// Their service.
    pub(super) service: Option<String>,
}

impl<'a> Known<'a> {
    pub(super) fn of(event: &Event<'a>) -> Self {
        let mut known = Self { pairs: Vec::new(), service: None };
        for pair in event.pairs {
            let Some(key) = find(pair.key) else { continue };
            match known.pairs.iter_mut().find(|(there, _)| there.name == key.name) {
                None => known.pairs.push((key, *pair)),
                Some((_, there)) if there.key != key.name && pair.key == key.name => *there = *pair,
                Some(_) => {}
            }
        }
        known.service =
            known.text(keys::CB_SERVICE_ID).filter(|id| !id.is_empty()).map(|id| cut(&id).to_owned());
        known
    }

    /// The pair of a key.
    pub(super) fn get(&self, name: &str) -> Option<&Pair<'a>> {
        self.pairs.iter().find(|(key, _)| key.name == name).map(|(_, pair)| pair)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static Key, &Pair<'a>)> {
        self.pairs.iter().map(|(key, pair)| (*key, pair))
    }

    /// The value of a key as the recorder stores it.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(|pair| stored(pair.value))
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|pair| number(pair.value))
    }

    /// A time that can be one; `None` for 0, which means never.
    fn time(&self, name: &str) -> Option<i64> {
        self.number(name).filter(|time| (EARLIEST..=LARGEST).contains(time))
    }
}

/// A value as the recorder stores it.
pub(super) fn stored(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::List | Value::Binary => None,
    }
}

/// The key of the table that is spelled so, or so by an alias.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name).or_else(|| KEYS.iter().find(|key| key.aliases.contains(&name)))
}

fn number(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Number(number) => Some(number),
        // `+5` is read by Rust and by nobody else; blanks around a number do no harm to the transform.
        Value::Text(text) => text.trim_ascii().parse().ok().filter(|_| !text.contains('+')),
        Value::List | Value::Binary => None,
    }
}

/// All rules for one event.
pub(super) fn check_event(event: &Event<'_>, known: &Known<'_>, out: &mut dyn FnMut(Finding)) {
    let mut say = |code, at, text| {
        out(Finding { code, place: Some(event.place(at)), service: known.service.clone(), text });
    };
    for pair in event.pairs {
        match find(pair.key) {
            Some(key) => {
                if key.name != pair.key {
                    let text = format!("{} is another spelling of {}; write that", pair.key, key.name);
                    say(Code::Alias, pair.at, text);
                }
                match known.get(key.name) {
                    Some(first) if first != pair => {
                        if stored(first.value) != stored(pair.value) {
                            let counts = match first.key == pair.key {
                                true => "the first is stored".to_owned(),
                                false => format!("that of {} counts", first.key),
                            };
                            let text = format!("{} comes with another value, too; {counts}", pair.key);
                            say(Code::Twice, pair.at, text);
                        }
                    }
                    _ => check_value(event, key, pair, &mut say),
                }
            }
            None if is_callback_key(pair.key) && !WITHOUT_COLUMN.contains(&pair.key) => {
                unknown(pair, &mut say);
            }
            None => {}
        }
    }
    for key in KEYS.iter().filter(|key| key.mandatory && known.get(key.name).is_none()) {
        say(Code::Missing, event.at, format!("{} is missing: there will be no fact", key.name));
    }
    if known.get(keys::CB_FINAL_RECORD).is_none() {
        let text = format!("{} is missing: the event counts as a first one", keys::CB_FINAL_RECORD);
        say(Code::NoRecord, event.at, text);
    }
    for (code, names) in [(Code::Order, &SERVICE_TIMES[..]), (Code::DialOrder, &DIAL_TIMES[..])] {
        let mut before: Option<(&str, i64)> = None;
        for name in names {
            let Some(time) = known.time(name) else { continue };
            if let Some((earlier, at)) = before
                && at > time
            {
                let place = known.get(name).map_or(event.at, |pair| pair.at);
                say(code, place, format!("{name} {time} is before {earlier} {at}"));
            }
            before = Some((name, time));
        }
    }
}

type Say<'s> = dyn FnMut(Code, super::At, String) + 's;

/// What the value of a known key says.
fn check_value(event: &Event<'_>, key: &Key, pair: &Pair<'_>, say: &mut Say<'_>) {
    let name = key.name;
    let lost = if key.mandatory { "; it is mandatory: there will be no fact" } else { "" };
    let text = match pair.value {
        Value::List => {
            return say(Code::List, pair.at, format!("{name} has a list, which the recorder ignores{lost}"));
        }
        Value::Binary => {
            return say(
                Code::Binary,
                pair.at,
                format!("{name} has no text, so the recorder does not store it{lost}"),
            );
        }
        value => stored(value).unwrap_or_default(),
    };
    let length = text.chars().count();
    match key.kind {
        Kind::Text => {
            if key.mandatory && text.is_empty() {
                say(Code::Unusable, pair.at, format!("{name} is empty: there will be no fact"));
            } else if length > 255 {
                say(Code::TooLong, pair.at, format!("{name} has {length} characters; 255 are stored"));
            }
        }
        Kind::Domain(legal) => {
            // UNKNOWN is what an absent value becomes, so it is legal everywhere.
            if !legal.contains(&&*text) && text != "UNKNOWN" {
                say(Code::Illegal, pair.at, illegal(name, &text, legal));
            }
        }
        Kind::Disposition => disposition(name, &text, pair, say),
        Kind::Time | Kind::Seconds | Kind::Flag | Kind::Count | Kind::Number => {
            let Some(value) = number(pair.value) else {
                let shown = shown(&text);
                return if key.mandatory {
                    say(
                        Code::Unusable,
                        pair.at,
                        format!("{name} is {shown}, no number: there will be no fact"),
                    );
                } else {
                    say(Code::NoNumber, pair.at, format!("{name} is {shown}, no number: it will count as 0"));
                };
            };
            check_number(event, key, value, pair, say);
        }
    }
}

fn check_number(event: &Event<'_>, key: &Key, value: i64, pair: &Pair<'_>, say: &mut Say<'_>) {
    let name = key.name;
    match key.kind {
        Kind::Time if value.unsigned_abs() >= MILLISECONDS.unsigned_abs() => {
            say(Code::Milliseconds, pair.at, format!("{name} is {value}: milliseconds, not seconds"));
        }
        // An optional moment that has not come.
        Kind::Time if value == 0 && !key.mandatory => {}
        Kind::Time if !(EARLIEST..=LARGEST).contains(&value) => {
            say(
                Code::Implausible,
                pair.at,
                format!("{name} is {value}, which is no UTC time in seconds since 1970"),
            );
        }
        // The time that the customer wishes lies ahead.
        Kind::Time if name == keys::CB_T_DESIRED_TIME => {}
        Kind::Time => {
            if let Some(now) = event.time
                && value.saturating_sub(now) > AHEAD
            {
                let ahead = value.saturating_sub(now);
                let text = format!("{name} is {ahead} s later than the event itself: is it local time?");
                say(Code::Future, pair.at, text);
            }
        }
        Kind::Flag if value != 0 && value != 1 => {
            say(Code::NoFlag, pair.at, format!("{name} is {value}; it is a flag, 0 or 1"));
        }
        _ if key.mandatory && !(0..=LARGEST).contains(&value) => {
            let text = format!("{name} is {value}, which its column cannot hold: there will be no fact");
            say(Code::Unusable, pair.at, text);
        }
        Kind::Seconds | Kind::Count if value < 0 => {
            say(Code::Range, pair.at, format!("{name} is {value}, less than 0"));
        }
        _ if value.unsigned_abs() > LARGEST.unsigned_abs() => {
            say(Code::Range, pair.at, format!("{name} is {value}, too large for its column"));
        }
        _ => {}
    }
}

fn disposition(name: &str, text: &str, pair: &Pair<'_>, say: &mut Say<'_>) {
    if text == "UNKNOWN" {
        return;
    }
    let states = &domain::disposition_state::ALL;
    match text.split_once('.') {
        None => say(Code::Disposition, pair.at, format!("{name} is {}, not STATE.REASON", shown(text))),
        Some((state, _)) if !states.contains(&state) => {
            say(Code::Disposition, pair.at, illegal(&format!("the state of {name}"), state, states));
        }
        Some((_, reason)) if !domain::disposition_reason::ALL.contains(&reason) => {
            let text = format!("{name} has the reason {}, which an agent may have given", shown(reason));
            say(Code::OtherReason, pair.at, text);
        }
        Some(_) => {}
    }
}

fn illegal(what: &str, text: &str, legal: &[&'static str]) -> String {
    let close = nearest(text, legal.iter().copied());
    match close {
        Some(close) => format!("{what} is {}; did you mean {close}?", shown(text)),
        None => format!("{what} is {}; legal are {}", shown(text), legal.join(", ")),
    }
}

fn unknown(pair: &Pair<'_>, say: &mut Say<'_>) {
    let name = shown(pair.key);
    let known = KEYS.iter().flat_map(|key| key.aliases.iter().chain([&key.name])).copied();
    match nearest(pair.key, known.chain(WITHOUT_COLUMN)) {
        Some(close) => {
            let close = find(close).map_or(close, |key| key.name);
            say(Code::Misspelt, pair.at, format!("{name} is no known key; did you mean {close}?"));
        }
        None => {
            say(Code::Unknown, pair.at, format!("{name} is no known key: it is stored, and fills no column"))
        }
    }
}

/// The word that is most like this one, if one is: upper and lower case are the same then, and a letter in five may differ
/// (chosen).
fn nearest(text: &str, words: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // A text that is longer than every word resembles none; so the comparison is bounded, too.
    let text =
        text.get(..text.len().min(100)).filter(|start| start.len() == text.len())?.to_ascii_uppercase();
    words
        .map(|word| (strsim::levenshtein(&text, word), word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance <= word.len() / 5)
        .map(|(_, word)| word)
}
