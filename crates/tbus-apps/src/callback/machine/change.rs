//! Cancelling and rescheduling.

use super::start::{self, given};
use super::{Machine, Record, What};
use crate::callback::options;
use crate::callback::params::{COUNT_LIMIT, Params, check_size};
use crate::callback::refusal::{Phrase, Refusal};
use crate::session::{Reason, Refused, State};

/// Names of the new time.
const TIMES: [&str; 2] = ["_new_desired_time", "_desired_time"];

impl Machine {
    /// Cancels a callback: its last user event says so, and `_callback_reason` is `CANCELLED`.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown service or id, `INVALID_STATE` when an agent talks to the customer or it is over.
    pub fn cancel(&mut self, service: &str, id: &str, now: i64) -> Result<(), Refusal> {
        self.service(service)?;
        let order = self.find(id, Some(service))?;
        self.cancel_entry(order, None, now)
    }

    /// Cancels callbacks of any service, with another `_callback_reason` if one is given. The first value has those that
    /// are cancelled, the second those that could not be.
    pub fn cancel_many(
        &mut self,
        ids: &[String],
        reason: Option<&str>,
        now: i64,
    ) -> (Vec<String>, Vec<(String, Refusal)>) {
        let (mut cancelled, mut refused) = (Vec::new(), Vec::new());
        for id in ids {
            match self.find(id, None).and_then(|order| self.cancel_entry(order, reason, now)) {
                Ok(()) => cancelled.push(id.clone()),
                Err(refusal) => refused.push((id.clone(), refusal)),
            }
        }
        (cancelled, refused)
    }

    fn cancel_entry(&mut self, order: u64, reason: Option<&str>, now: i64) -> Result<(), Refusal> {
        let Some(entry) = self.entries.get_mut(&order) else { return Ok(()) };
        let refused = |state| wrong_state(&entry.id, state, "cancelled");
        match &mut entry.run {
            Some(run) if entry.state != Some(State::Completed) => {
                run.plan.cancel(now).map_err(|error| plan_refused(&error, refused))?;
            }
            _ => return Err(refused(State::Completed)),
        }
        let reason = reason.unwrap_or(Reason::Cancelled.name()).to_owned();
        // Before the work that is under way is done, so that who asks next sees it.
        self.enter(order, State::Completed, Some(reason), now);
        self.step(order, now);
        Ok(())
    }

    /// Gives a callback another time, `_new_desired_time` or `_desired_time`, under the same id. Other parameters become
    /// parameters of its record.
    ///
    /// # Errors
    /// `NOT_FOUND`, `INVALID_STATE` when the customer is reached or it is over, `BAD_PARAMETER`.
    pub fn reschedule(
        &mut self,
        service: &str,
        id: &str,
        params: Params,
        now: i64,
    ) -> Result<Record, Refusal> {
        let params = params.into_texts()?;
        let service_options = self.service(service)?.options.clone();
        let order = self.find(id, Some(service))?;
        let desired = new_time(&params, now)?;
        let Some(entry) = self.entries.get(&order) else { return Err(unknown(id)) };
        let number = given(&params, "_customer_number");
        if let Some(number) = number.filter(|number| *number != entry.customer_number) {
            let legal = format!("{}, the number it was started with", entry.customer_number);
            return Err(Refusal::value("_customer_number", number, legal));
        }
        if entry.state == Some(State::Completed) {
            return Err(wrong_state(id, State::Completed, "changed"));
        }
        if desired.is_none() && params.iter().all(|(name, _)| name == "_customer_number") {
            let message = "parameter _new_desired_time is missing, and no other one says what to change";
            return Err(Refusal::bad(message));
        }
        if entry.params.len().saturating_add(params.len()) > COUNT_LIMIT {
            return Err(Refusal::bad(format!("the callback would have more than {COUNT_LIMIT} parameters")));
        }
        let stays = |(name, _): &&(String, String)| given(&params, name).is_none();
        check_size(entry.params.iter().filter(stays).chain(&params))?;
        if let Some(desired) = desired {
            self.check_bucket(service, &service_options, desired, Some(order))?;
            self.move_to(order, desired, now)?;
        }
        let Some(entry) = self.entries.get_mut(&order) else { return Err(unknown(id)) };
        for (name, value) in params {
            if TIMES.contains(&name.as_str()) || name == "_customer_number" {
                continue;
            }
            match entry.params.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => entry.params.push((name, value)),
            }
        }
        Ok(entry.record(&self.config.options.returned_keys))
    }

    fn move_to(&mut self, order: u64, desired: i64, now: i64) -> Result<(), Refusal> {
        let Some(entry) = self.entries.get_mut(&order) else { return Ok(()) };
        let refused = |state| wrong_state(&entry.id, state, "rescheduled");
        let Some(run) = &mut entry.run else { return Err(refused(State::Completed)) };
        run.plan.reschedule(now, desired).map_err(|error| plan_refused(&error, refused))?;
        entry.desired = desired;
        entry.scheduled = true;
        entry.expires = desired.saturating_add(entry.ttl.into());
        self.news.push(entry.news(now, What::Rescheduled { desired }));
        // Before the work that is under way is done, so that who asks next sees it.
        self.enter(order, State::Scheduled, None, now);
        self.step(order, now);
        Ok(())
    }

    /// The callback of this id, of a service if one is named.
    pub(super) fn find(&self, id: &str, service: Option<&str>) -> Result<u64, Refusal> {
        let order = self.by_id.get(id).copied().ok_or_else(|| unknown(id))?;
        match (self.entries.get(&order), service) {
            (Some(entry), Some(service)) if entry.service != service => {
                let message = format!("callback {} belongs to service {}", entry.id, entry.service);
                Err(Refusal::new(Phrase::NotFound, message))
            }
            _ => Ok(order),
        }
    }
}

/// The new time of a request, if it has one.
fn new_time(params: &[(String, String)], now: i64) -> Result<Option<i64>, Refusal> {
    let [new, old] = TIMES.map(|name| given(params, name));
    match (new, old) {
        (Some(new), Some(old)) if new != old => {
            Err(Refusal::bad("_new_desired_time and _desired_time differ; name one of them"))
        }
        (Some(text), _) => start::desired("_new_desired_time", text, now).map(Some),
        (None, Some(text)) => start::desired("_desired_time", text, now).map(Some),
        (None, None) => Ok(None),
    }
}

fn unknown(id: &str) -> Refusal {
    let message = format!("there is no callback {}; its record may be gone (_ttl)", options::cut(id));
    Refusal::new(Phrase::NotFound, message)
}

fn wrong_state(id: &str, state: State, what: &str) -> Refusal {
    Refusal::new(Phrase::State, format!("callback {id} is {state} and cannot be {what} any more"))
}

fn plan_refused(error: &Refused, wrong: impl Fn(State) -> Refusal) -> Refusal {
    match error {
        Refused::TooLate(state) => wrong(*state),
        Refused::NoSession => wrong(State::Completed),
        Refused::TooOften => Refusal::new(Phrase::State, error.to_string()),
        error => Refusal::bad(error.to_string()),
    }
}
