//! What can be asked.

use std::collections::HashMap;

use super::entry::Entry;
use super::{Machine, Record, start};
use crate::callback::options;
use crate::callback::params::Params;
use crate::callback::refusal::{Phrase, Refusal};
use crate::callback::time;
use crate::session::State;

/// Most callbacks, of a service where an answer goes by services (chosen).
const ANSWER_LIMIT: usize = 1000;

/// Most time buckets in an answer (chosen).
const BUCKETS_LIMIT: usize = 2000;

/// Keys that every callback can be looked for by.
const KEYS: [&str; 6] =
    ["_id", "_callback_state", "_callback_reason", "_customer_number", "_desired_time", "_service_name"];

/// Where a callback stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its place among those of its service that wait, from 1; 0 when it waits no more.
    pub position: usize,
    /// How many of its service wait.
    pub total: usize,
    /// Seconds until its customer is reached, as its session will go.
    pub ewt: i64,
}

impl Machine {
    /// Callbacks with these values, oldest first: by the keys that every callback has, and the lookup keys of services.
    /// With a service only its own, then all of them if no key is named. 1000 at most.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown service, `BAD_PARAMETER`.
    pub fn query(&self, service: Option<&str>, params: Params) -> Result<Vec<Record>, Refusal> {
        let keys = params.into_texts()?;
        if let Some(service) = service {
            self.service(service)?;
        } else if keys.is_empty() {
            return Err(Refusal::bad(format!("name at least one of {}", KEYS.join(", "))));
        }
        for (name, value) in &keys {
            self.check_key(name)?;
            if name == "_callback_state" && State::from_name(value).is_none() {
                return Err(Refusal::value(name, value, states()));
            }
        }
        let fits = |entry: &&Entry| {
            service.is_none_or(|service| entry.service == service)
                && keys.iter().all(|(name, value)| entry.value(name).as_ref() == Some(value))
        };
        let found: Vec<_> = match keys.iter().find(|(name, _)| name == "_id") {
            // One look instead of one at each.
            Some((_, id)) => {
                let entry = self.by_id.get(id).and_then(|order| self.entries.get(order));
                entry.into_iter().filter(fits).collect()
            }
            None => self.entries.values().filter(fits).take(ANSWER_LIMIT).collect(),
        };
        Ok(found.into_iter().map(|entry| entry.record(&self.config.options.returned_keys)).collect())
    }

    fn check_key(&self, name: &str) -> Result<(), Refusal> {
        let mut services = self.config.options.services.values();
        if KEYS.contains(&name)
            || services.any(|service| service.options.lookup_keys.iter().any(|known| known == name))
        {
            return Ok(());
        }
        Err(Refusal::bad(format!(
            "callbacks are not looked for by {}, only by {} and what _customer_lookup_keys names",
            options::cut(name),
            KEYS.join(", ")
        )))
    }

    /// Callbacks by service: `target` (one service), `start_time` and `end_time` (of the desired time; 15 minutes back
    /// to 24 hours ahead), `max` of each service, `states`, and the keys that `filter-keys` names.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown service, `BAD_PARAMETER`.
    pub fn queues(&self, params: &Params, now: i64) -> Result<Vec<(String, Vec<Record>)>, Refusal> {
        let options = &self.config.options;
        let filters: Vec<_> = options.filter_keys.iter().map(String::as_str).collect();
        params.only(&[&["target", "start_time", "end_time", "max", "states"], &filters[..]].concat())?;
        let from = moment(params, "start_time")?.unwrap_or_else(|| now.saturating_sub(15 * 60));
        let to = moment(params, "end_time")?.unwrap_or_else(|| now.saturating_add(24 * 3600));
        let max = count(params, "max", ANSWER_LIMIT)?.unwrap_or(ANSWER_LIMIT);
        let wanted: Vec<State> = match params.text("states")? {
            None => Vec::new(),
            Some(text) => {
                let names = text.split(',').map(|name| State::from_name(name.trim()));
                names.collect::<Option<_>>().ok_or_else(|| Refusal::value("states", text, states()))?
            }
        };
        let target = params.text("target")?;
        if let Some(target) = target {
            self.service(target)?;
        }
        let mut equal = Vec::new();
        for name in filters {
            equal.extend(params.text(name)?.map(|value| (name, value)));
        }
        let services = options.services.keys().filter(|name| target.is_none_or(|target| target == *name));
        let mut answer: Vec<(String, Vec<Record>)> =
            services.map(|name| (name.clone(), Vec::new())).collect();
        for entry in self.entries.values() {
            let fits = (from..=to).contains(&entry.desired)
                && (wanted.is_empty() || entry.state.is_some_and(|state| wanted.contains(&state)))
                && equal.iter().all(|(name, value)| entry.value(name).as_deref() == Some(*value));
            let service = answer.iter_mut().find(|(name, _)| fits && *name == entry.service);
            if let Some((_, records)) = service.filter(|(_, records)| records.len() < max) {
                records.push(entry.record(&options.returned_keys));
            }
        }
        Ok(answer)
    }

    /// How many callbacks can still be scheduled in each time bucket: from `start` (or `timestamp`; now) to `end` or for
    /// `number-of-days` (one), `max-time-slots` at most. Times are seconds since 1970.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown service, `BAD_PARAMETER`.
    pub fn availability(&self, service: &str, params: &Params, now: i64) -> Result<Vec<(i64, u32)>, Refusal> {
        let options = &self.service(service)?.options;
        params.only(&["timestamp", "start", "end", "number-of-days", "max-time-slots"])?;
        let from = match (moment(params, "timestamp")?, moment(params, "start")?) {
            (Some(_), Some(_)) => {
                return Err(Refusal::bad("timestamp and start are the same; name one of them"));
            }
            (timestamp, start) => timestamp.or(start).unwrap_or(now),
        };
        let days = i64::try_from(count(params, "number-of-days", 366)?.unwrap_or(1)).unwrap_or(1);
        let days = days.saturating_mul(86_400);
        let to = moment(params, "end")?.unwrap_or_else(|| from.saturating_add(days));
        let most = count(params, "max-time-slots", BUCKETS_LIMIT)?.unwrap_or(BUCKETS_LIMIT);
        let seconds = start::bucket_seconds(options);
        let mut taken = HashMap::<i64, u32>::new();
        for (_, desired) in self.scheduled(service) {
            let count = taken.entry(desired.div_euclid(seconds)).or_default();
            *count = count.saturating_add(1);
        }
        let free = |bucket: i64| {
            let taken = taken.get(&bucket).copied().unwrap_or_default();
            (bucket.saturating_mul(seconds), options.bucket_limit.saturating_sub(taken))
        };
        let (first, end) = (from.max(now).div_euclid(seconds), to.saturating_sub(1).div_euclid(seconds));
        Ok((first..=end).take(most).map(free).collect())
    }

    /// Where a callback stands among those of its service.
    ///
    /// # Errors
    /// `NOT_FOUND`; `INVALID_STATE` when it is over.
    pub fn position(&self, id: &str, now: i64) -> Result<Position, Refusal> {
        let order = self.find(id, None)?;
        let Some(entry) = self.entries.get(&order).filter(|entry| entry.state != Some(State::Completed))
        else {
            return Err(Refusal::new(Phrase::State, format!("callback {id} is COMPLETED and waits no more")));
        };
        let waiting = || {
            let open = self.open.get(&entry.service).into_iter().flatten();
            open.filter_map(|order| Some((order, self.entries.get(order)?)))
                .filter(|(_, other)| other.waits())
        };
        let total = waiting().count();
        if !entry.waits() {
            return Ok(Position { position: 0, total, ewt: 0 });
        }
        let before = waiting().filter(|(at, other)| (other.desired, **at) < (entry.desired, order)).count();
        let reached = entry.run.as_ref().and_then(|run| {
            let reaches = |state| matches!(state, State::Routing | State::Processing | State::Completed);
            let mut steps = run.plan.steps.iter();
            steps.find(|step| step.state.is_some_and(|(state, _)| reaches(state))).map(|step| step.at)
        });
        let ewt = reached.unwrap_or(now).saturating_sub(now).max(0);
        Ok(Position { position: before.saturating_add(1), total, ewt })
    }

    /// How many callbacks of each service are in the hands of the contact centre: `QUEUED`, `ROUTING`, `PROCESSING`.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown service.
    pub fn watermarks(&self, services: &[String]) -> Result<Vec<(String, usize)>, Refusal> {
        for name in services {
            self.service(name)?;
        }
        let names = self.config.options.services.keys();
        let names = names.filter(|name| services.is_empty() || services.contains(name));
        let is_held =
            |order: &&u64| self.entries.get(order).is_some_and(|entry| entry.state != Some(State::Scheduled));
        let count =
            |name: &String| (name.clone(), self.open.get(name).into_iter().flatten().filter(is_held).count());
        Ok(names.map(count).collect())
    }

    /// Completed callbacks with this `_callback_reason`, oldest first, with these keys of them; without keys, as queries
    /// show them. 1000 at most.
    pub fn report_cancelled(&self, reason: &str, keys: &[String]) -> Vec<Record> {
        let mut wanted: Vec<&String> = Vec::new();
        for key in keys {
            // Each once: a key that is asked for a thousand times would make a thousand values.
            if !wanted.contains(&key) {
                wanted.push(key);
            }
        }
        let record = |entry: &Entry| {
            if wanted.is_empty() {
                return entry.record(&self.config.options.returned_keys);
            }
            wanted.iter().filter_map(|key| Some(((*key).clone(), entry.value(key)?))).collect()
        };
        let completed = self.entries.values().filter(|entry| entry.state == Some(State::Completed));
        let cancelled = completed.filter(|entry| entry.reason.as_deref() == Some(reason));
        cancelled.take(ANSWER_LIMIT).map(record).collect()
    }
}

/// A time, if the parameter is there.
fn moment(params: &Params, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    time::parse(text).map(Some).map_err(|legal| Refusal::value(name, text, legal))
}

/// A number from 1 to the most, if the parameter is there.
fn count(params: &Params, name: &str, most: usize) -> Result<Option<usize>, Refusal> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    let found = text.parse().ok().filter(|count| (1..=most).contains(count));
    found.map(Some).ok_or_else(|| Refusal::value(name, text, format!("a number from 1 to {most}")))
}

fn states() -> String {
    let names: Vec<_> = State::ALL.iter().map(|state| state.name()).collect();
    names.join(", ")
}
