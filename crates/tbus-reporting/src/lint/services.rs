//! The rules for services: first and final events that belong together, and pairs that are sent twice.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash, Hasher};

use super::values::{Known, find, stored};
use super::{CallData, Code, Event, Finding, Place, cut};
use crate::keys::{self, Key, domain};

/// So many services are followed (chosen).
const SERVICES: usize = 500_000;

/// So many calls with callback data are followed (chosen).
const CALLS: usize = 100_000;

/// The keys that are sent twice (facts `infomart` 3.2).
const SENT_TWICE: [&str; 4] = [
    keys::CB_SERVICE_ID,
    keys::CB_T_SERVICE_START,
    keys::CB_T_CALLBACK_ACCEPTED,
    keys::CB_T_CUSTOMER_CONNECTED,
];

/// Values of the keys that are sent twice, as hashes: which value it is need not be remembered.
type Values = [Option<u64>; SENT_TWICE.len()];

#[derive(Debug, Default)]
struct Service {
    /// Its first event of each kind.
    start: Option<Place>,
    end: Option<Place>,
    /// What the final event said, all of it, and whether it only ended a callback that goes on at another time.
    said: u64,
    rescheduled: bool,
    /// Whether a final event says that the offer was declined: then there is no first one.
    declined: bool,
    /// Values that stay: of the mandatory keys.
    fixed: Option<[u64; FIXED.len()]>,
    sent: Values,
    attached: Values,
    attached_at: Option<Place>,
}

/// Mandatory pairs, which the final event repeats (facts `infomart` 8).
const FIXED: [&str; 4] = [
    keys::CB_T_SERVICE_START,
    keys::CB_D_CALLBACK_OFFER,
    keys::CB_N_CALLBACK_OFFERED,
    keys::CB_T_CALLBACK_OFFERED,
];

#[derive(Debug, Default)]
pub(super) struct Services {
    services: HashMap<String, Service>,
    /// In the order in which they came first: so they are told in it.
    order: Vec<String>,
    too_many: bool,
    /// How many are followed, if not as many as usual.
    pub(super) bound: Option<usize>,
    calls: HashMap<String, Call>,
    /// Whether there was attached data of any call.
    pub(super) call_data: bool,
}

#[derive(Debug, Default)]
struct Call {
    service: Option<String>,
    values: Values,
    at: Option<Place>,
}

impl Services {
    pub(super) fn count(&self) -> u64 {
        self.order.len().try_into().unwrap_or(u64::MAX)
    }

    /// The service of this id; `None` when there are too many.
    fn of(&mut self, id: &str) -> Option<&mut Service> {
        let full = self.services.len() >= self.bound.unwrap_or(SERVICES);
        match self.services.entry(id.to_owned()) {
            Entry::Occupied(entry) => Some(entry.into_mut()),
            Entry::Vacant(_) if full => {
                self.too_many = true;
                None
            }
            Entry::Vacant(entry) => {
                self.order.push(id.to_owned());
                Some(entry.insert(Service::default()))
            }
        }
    }

    pub(super) fn user_event(&mut self, event: &Event<'_>, known: &Known<'_>, out: &mut dyn FnMut(Finding)) {
        let Some(id) = &known.service else { return };
        let Some(service) = self.of(id) else { return };
        let place = event.place(event.at);
        let mut say = |code, text| {
            out(Finding { code, place: Some(place.clone()), service: Some(id.clone()), text });
        };
        for (value, name) in service.sent.iter_mut().zip(SENT_TWICE) {
            *value = known
                .text(name)
                .filter(|text| text != "0" && !text.is_empty())
                .map(|text| hash(&text))
                .or(*value);
        }
        let fixed = FIXED.map(|name| known.text(name).map_or(0, |text| hash(&text)));
        if let Some(before) = service.fixed {
            let changed: Vec<_> = FIXED
                .into_iter()
                .zip(before.into_iter().zip(fixed))
                .filter(|(_, (before, now))| *before != 0 && *now != 0 && before != now)
                .map(|(name, _)| name)
                .collect();
            if !changed.is_empty() {
                say(Code::Changed, format!("not as in the event before: {}", changed.join(", ")));
            }
        }
        service.fixed = Some(fixed);
        // A new time is told by an event of its own, final or not: what comes after it is no second one.
        let rescheduled = [keys::CB_DIM_DIAL_DIALOG_RESULT, keys::CB_DIM_FINAL_DIAL_RESULT]
            .into_iter()
            .any(|name| known.text(name).is_some_and(|text| text == domain::dial_dialog_result::RESCHEDULED));
        if known.number(keys::CB_FINAL_RECORD) != Some(1) {
            match (&service.end, &service.start) {
                (Some(end), _) if !service.rescheduled => {
                    say(Code::StartAfterFinal, format!("a first event; the final one was at {end}"));
                }
                (None, Some(start)) if !rescheduled => {
                    say(Code::TwoStarts, format!("a first event again; the other one is at {start}"));
                }
                _ => {}
            }
            service.start.get_or_insert(place);
            return;
        }
        let said = known
            .iter()
            .fold(0_u64, |sum, (key, pair)| sum.wrapping_add(hash(&(key.name, stored(pair.value)))));
        if let Some(end) = &service.end {
            if service.said == said {
                let text = format!(
                    "the final event again, as at {end}: desktops do so unless \
                     interaction.disposition.use-attached-data is false"
                );
                return say(Code::Resent, text);
            }
            if !service.rescheduled {
                say(Code::TwoFinals, format!("another final event is at {end}; reports take the later one"));
            }
        }
        service.said = said;
        service.rescheduled = rescheduled;
        let accepted = [keys::CB_N_CALLBACK_ACCEPTED, keys::CB_T_CALLBACK_ACCEPTED];
        service.declined |= accepted.iter().all(|name| known.number(name).unwrap_or_default() == 0);
        service.end = Some(place);
    }

    pub(super) fn attached(&mut self, call: &str, event: &Event<'_>) {
        let full = self.calls.len() >= CALLS;
        let at = match self.calls.entry(call.to_owned()) {
            Entry::Vacant(_) if full => return,
            entry => entry.or_default(),
        };
        for pair in event.pairs {
            let Some(Key { name, .. }) = find(pair.key) else { continue };
            let Some(text) = stored(pair.value).filter(|text| text != "0" && !text.is_empty()) else {
                continue;
            };
            let value = at.values.iter_mut().zip(SENT_TWICE).find(|(_, twice)| twice == name);
            if let Some((value, _)) = value {
                *value = Some(hash(&text));
                at.at = Some(event.place(pair.at));
            }
            if *name == keys::CB_SERVICE_ID {
                at.service = Some(cut(&text).to_owned());
            }
        }
        let Some(id) = at.service.clone() else { return };
        let (values, place) = (at.values, at.at.clone());
        if let Some(service) = self.of(&id) {
            for (mine, new) in service.attached.iter_mut().zip(values) {
                *mine = new.or(*mine);
            }
            service.attached_at = place;
        }
    }

    pub(super) fn finish(self, call_data: CallData, any: bool, out: &mut dyn FnMut(Finding)) {
        let compare = match call_data {
            CallData::Auto => self.call_data,
            CallData::Always => true,
            CallData::Never => false,
        };
        for id in self.order {
            if let Some(service) = self.services.get(&id) {
                service.finish(&id, compare, out);
            }
        }
        let mut all = |code, text| out(Finding { code, place: None, service: None, text });
        if self.too_many {
            let bound = self.bound.unwrap_or(SERVICES);
            all(Code::TooMany, format!("more than {bound} services: the others are not followed"));
        }
        if any && call_data == CallData::Auto && !self.call_data {
            let text =
                "no attached data of calls was there, so whether four pairs are sent twice is not checked";
            all(Code::NoCallData, text.to_owned());
        }
    }
}

impl Service {
    fn finish(&self, id: &str, compare: bool, out: &mut dyn FnMut(Finding)) {
        let mut say = |code, place: &Place, text| {
            out(Finding { code, place: Some(place.clone()), service: Some(id.to_owned()), text });
        };
        let first = match (&self.start, &self.end) {
            (Some(start), None) => {
                say(
                    Code::NoFinal,
                    start,
                    "no final event: the callback goes on, or its session was lost".to_owned(),
                );
                start
            }
            (None, Some(end)) => {
                if !self.declined {
                    say(Code::NoStart, end, "no first event before the final one".to_owned());
                }
                end
            }
            (Some(start), Some(_)) => start,
            (None, None) => {
                if let Some(at) = &self.attached_at {
                    say(
                        Code::NoEvent,
                        at,
                        "attached to a call, and no user event has this service".to_owned(),
                    );
                }
                return;
            }
        };
        if !compare {
            return;
        }
        // A callback that was declined has no session that would attach anything.
        if self.start.is_none() && self.declined {
            return;
        }
        let each = || SENT_TWICE.into_iter().zip(self.sent.into_iter().zip(self.attached));
        let missing: Vec<_> = each()
            .filter(|(_, (sent, attached))| sent.is_some() && attached.is_none())
            .map(|(name, _)| name)
            .collect();
        if !missing.is_empty() {
            say(Code::NotAttached, first, format!("not attached to the call: {}", missing.join(", ")));
        }
        let differ: Vec<_> = each()
            .filter(|(_, (sent, attached))| sent.is_some() && attached.is_some() && sent != attached)
            .map(|(name, _)| name)
            .collect();
        if !differ.is_empty() {
            let at = self.attached_at.as_ref().unwrap_or(first);
            say(Code::Differs, at, format!("not as in the user event: {}", differ.join(", ")));
        }
    }
}

/// Never 0, which stands for nothing.
fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish().max(1)
}
