//! Scenario files.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::error::{self, ScenarioError};
use super::{CALL_LIMIT, CALLBACK_LIMIT, Event, Scenario, ScriptedCallback, TEXT_LIMIT, What};
use crate::session::Script;

/// Where in the text a mistake is, and what it is.
type Mistake = (usize, String);

/// Seconds since 1970 that a scenario may name: up to the end of 2099 (chosen).
const LATEST: i64 = 4_102_444_799;

/// Longest number, queue or id, in bytes (chosen): the Info Mart keeps 255.
const NAME_LIMIT: usize = 255;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawScenario {
    title: Spanned<String>,
    zone: Option<Spanned<String>>,
    #[serde(default = "one")]
    first_sequence: u64,
    #[serde(default)]
    callback: Vec<Spanned<RawCallback>>,
    #[serde(default)]
    event: Vec<RawEvent>,
}

const fn one() -> u64 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCallback {
    at: Spanned<Datetime>,
    #[serde(default = "one")]
    count: u64,
    #[serde(default)]
    every: u32,
    number: Option<Spanned<String>>,
    #[serde(default = "callback_vq")]
    queue: Spanned<String>,
    service_id: Option<Spanned<String>>,
    offer: Option<RawOffer>,
    desired_after: Option<u32>,
    #[serde(default)]
    request: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    inbound_call: bool,
    #[serde(default)]
    script: Script,
    cancel_after: Option<u32>,
    reschedule_after: Option<Spanned<u32>>,
    reschedule_to: Option<Spanned<u32>>,
    #[serde(default)]
    sequences: Vec<u64>,
}

fn callback_vq() -> Spanned<String> {
    Spanned::new(0..0, "Callback_VQ".to_owned())
}

/// What was offered; the request then carries it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawOffer {
    lasts: u32,
    ewt: Option<u32>,
    position: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawEvent {
    at: Spanned<Datetime>,
    #[serde(rename = "do")]
    what: RawWhat,
    first_sequence: Option<Spanned<u64>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawWhat {
    RestartServer,
    ReconnectRecorder,
    Etl,
}

impl Scenario {
    /// Reads a scenario. `name` is what errors call it, usually the file's path.
    ///
    /// # Errors
    /// [`ScenarioError`] with the line of the first mistake: TOML that is none, an unknown key or value, a time without
    /// offset from UTC, a number that is over its limit, no callback at all.
    pub fn read(name: &str, text: &str) -> Result<Self, ScenarioError> {
        if text.len() > TEXT_LIMIT {
            let message = format!("{} bytes, over the limit of {TEXT_LIMIT}", text.len());
            return Err(ScenarioError::new(name, "", 0, message));
        }
        let raw: RawScenario =
            toml::from_str(text).map_err(|error| ScenarioError::from_toml(name, text, &error))?;
        raw.check().map_err(|(at, message)| ScenarioError::new(name, text, at, message))
    }
}

impl RawScenario {
    fn check(self) -> Result<Scenario, Mistake> {
        if self.callback.is_empty() {
            return Err((self.title.span().start, "there is no [[callback]]".to_owned()));
        }
        if let Some(zone) = &self.zone
            && jiff::tz::TimeZone::get(zone.get_ref()).is_err()
        {
            let message =
                format!("unknown time zone {}; write one such as Europe/Berlin", error::cut(zone.get_ref()));
            return Err((zone.span().start, message));
        }
        let mut callbacks = Vec::new();
        for (place, raw) in self.callback.into_iter().enumerate() {
            let room = CALLBACK_LIMIT.saturating_sub(callbacks.len());
            expand(raw, place, room, &mut callbacks)?;
        }
        if callbacks.iter().filter(|callback| callback.inbound_call).count() > CALL_LIMIT {
            return Err((
                self.title.span().start,
                format!("more than {CALL_LIMIT} callbacks with inbound-call"),
            ));
        }
        callbacks.sort_by_key(|callback| callback.at);
        let mut events = self.event.into_iter().map(RawEvent::check).collect::<Result<Vec<_>, _>>()?;
        events.sort_by_key(|event| event.at);
        Ok(Scenario {
            title: self.title.into_inner(),
            zone: self.zone.map(Spanned::into_inner),
            first_sequence: self.first_sequence,
            callbacks,
            events,
        })
    }
}

impl RawEvent {
    fn check(self) -> Result<Event, Mistake> {
        let at = seconds(&self.at)?;
        let what = match (self.what, self.first_sequence) {
            (RawWhat::RestartServer, sequence) => {
                What::RestartServer { first_sequence: sequence.map_or(1, Spanned::into_inner) }
            }
            (_, Some(sequence)) => {
                let message = "first-sequence belongs to do = \"restart-server\"".to_owned();
                return Err((sequence.span().start, message));
            }
            (RawWhat::ReconnectRecorder, None) => What::ReconnectRecorder,
            (RawWhat::Etl, None) => What::Etl,
        };
        Ok(Event { at, what })
    }
}

/// The callbacks of a table.
fn expand(
    raw: Spanned<RawCallback>,
    place: usize,
    room: usize,
    callbacks: &mut Vec<ScriptedCallback>,
) -> Result<(), Mistake> {
    let here = raw.span().start;
    let raw = raw.into_inner();
    let first = seconds(&raw.at)?;
    let count = usize::try_from(raw.count).unwrap_or(usize::MAX);
    if count > room {
        return Err((here, format!("more than {CALLBACK_LIMIT} callbacks")));
    }
    for name in [raw.number.as_ref(), Some(&raw.queue), raw.service_id.as_ref()].into_iter().flatten() {
        check_name(name)?;
    }
    if count != 1 && (raw.service_id.is_some() || !raw.sequences.is_empty()) {
        return Err((here, "service-id and sequences are for a callback alone, without count".to_owned()));
    }
    for name in raw.request.keys() {
        let made = ["_customer_number", "_desired_time", "_urs_virtual_queue", "_originating_interaction_id"];
        if made.contains(&name.get_ref().as_str()) {
            let message =
                format!("{} is made from number, desired-after, queue or inbound-call", name.get_ref());
            return Err((name.span().start, message));
        }
    }
    let reschedule = match (&raw.reschedule_after, &raw.reschedule_to) {
        (None, None) => None,
        (Some(after), Some(to)) => Some((*after.get_ref(), *to.get_ref())),
        (Some(one), None) | (None, Some(one)) => {
            return Err((one.span().start, "reschedule-after and reschedule-to belong together".to_owned()));
        }
    };
    let request: BTreeMap<_, _> =
        raw.request.into_iter().map(|(name, value)| (name.into_inner(), value.into_inner())).collect();
    let number = raw.number.map_or_else(|| number_of(place), Spanned::into_inner);
    let (queue, service_id) = (raw.queue.into_inner(), raw.service_id.map(Spanned::into_inner));
    let script = raw.script;
    for nth in 0..count {
        let step = i64::try_from(nth).unwrap_or(i64::MAX).saturating_mul(raw.every.into());
        let at = first.saturating_add(step);
        if at > LATEST {
            return Err((here, "ends after the year 2099".to_owned()));
        }
        let mut request = request.clone();
        request.insert("_customer_number".to_owned(), counted_up(&number, nth));
        request.insert("_urs_virtual_queue".to_owned(), queue.clone());
        if let Some(after) = raw.desired_after {
            request.insert("_desired_time".to_owned(), iso(at.saturating_add(after.into())));
        }
        if let Some(offer) = &raw.offer {
            offer.tell(&mut request, at);
        }
        callbacks.push(ScriptedCallback {
            at,
            queue: queue.clone(),
            request,
            service_id: service_id.clone(),
            script: script.clone(),
            inbound_call: raw.inbound_call,
            cancel_after: raw.cancel_after,
            reschedule,
            sequences: raw.sequences.clone(),
        });
    }
    Ok(())
}

impl RawOffer {
    /// Puts what only the caller knows into the request, where it says nothing else.
    fn tell(&self, request: &mut BTreeMap<String, String>, at: i64) {
        let mut tell = |name: &str, value: String| {
            request.entry(name.to_owned()).or_insert(value);
        };
        tell("_cb_t_callback_offered", at.saturating_sub(self.lasts.into()).to_string());
        tell("_cb_d_callback_offer", self.lasts.to_string());
        if let Some(ewt) = self.ewt {
            tell("_cb_ewt_when_callback_was_offered", ewt.to_string());
        }
        if let Some(position) = self.position {
            tell("_cb_pos_when_callback_was_offered", position.to_string());
        }
    }
}

/// A number that no other table has.
fn number_of(place: usize) -> String {
    format!("+1555{:03}0000", place.saturating_add(200))
}

/// The number, `nth` further: its last digits count up, as many as there are, and it grows when they end.
pub(super) fn counted_up(number: &str, nth: usize) -> String {
    if nth == 0 {
        return number.to_owned();
    }
    let digits = number.bytes().rev().take_while(u8::is_ascii_digit).count().min(18);
    let (head, tail) = number.split_at(number.len().saturating_sub(digits));
    let start: u64 = tail.parse().unwrap_or_default();
    let sum = start.saturating_add(u64::try_from(nth).unwrap_or(u64::MAX));
    format!("{head}{sum:0digits$}")
}

fn check_name(name: &Spanned<String>) -> Result<(), Mistake> {
    let text = name.get_ref();
    let wrong = if text.is_empty() {
        "is empty"
    } else if text.len() > NAME_LIMIT {
        "is over 255 bytes long"
    } else if text.chars().any(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err((name.span().start, format!("\"{}\" {wrong}", error::cut(text).escape_debug())))
}

/// Seconds since 1970 of a time with offset.
fn seconds(time: &Spanned<Datetime>) -> Result<i64, Mistake> {
    let text = time.get_ref().to_string();
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    match parsed.map(jiff::Timestamp::as_second) {
        Ok(seconds) if (0..=LATEST).contains(&seconds) => Ok(seconds),
        Ok(_) => Err((time.span().start, format!("{text} is not in the years 1970 to 2099"))),
        Err(_) => {
            let message =
                format!("{text} is no moment: write date, time and offset, such as 2014-09-19T10:00:00Z");
            Err((time.span().start, message))
        }
    }
}

/// A time as requests write it.
pub(super) fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| format!("{time:.3}"))
}
