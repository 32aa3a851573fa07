//! A callback as the service keeps it.

use super::{Job, News, What};
use crate::callback::time;
use crate::session::{Plan, State};

/// A callback as the service keeps it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) session_id: String,
    pub(super) service: String,
    pub(super) customer_number: String,
    /// `None` only while it is being started.
    pub(super) state: Option<State>,
    pub(super) reason: Option<String>,
    /// The desired time; without one, the start.
    pub(super) desired: i64,
    pub(super) scheduled: bool,
    pub(super) ttl: u32,
    /// When its record goes.
    pub(super) expires: i64,
    /// All parameters of its request.
    pub(super) params: Vec<(String, String)>,
    pub(super) lookup_keys: Vec<String>,
    /// DN of its user events, if there are any.
    pub(super) report: Option<String>,
    /// Switch of that DN.
    pub(super) switch: String,
    /// ConnID of the call that it was offered in.
    pub(super) call: Option<u64>,
    /// What is left to do.
    pub(super) run: Option<Run>,
    /// Where it stands in the list of what is due.
    pub(super) due: Option<i64>,
}

/// What is left to do for a callback.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) next: usize,
    /// Work under way.
    pub(super) busy: Option<Job>,
}

impl Run {
    /// When the next step is due; `None` when there is none.
    pub(super) fn next_at(&self) -> Option<i64> {
        self.plan.steps.get(self.next).map(|step| step.at)
    }

    pub(super) fn is_over(&self) -> bool {
        self.busy.is_none() && self.next_at().is_none()
    }
}

/// What a query shows of a callback: keys and values, each key once.
pub type Record = Vec<(String, String)>;

/// Keys that every record has, `_callback_reason` only when there is one (facts infomart 7.1).
const ALWAYS: [&str; 8] = [
    "_id",
    "_desired_time",
    "_service_name",
    "_callback_state",
    "_expiration_time",
    "_customer_number",
    "_url",
    "_callback_reason",
];

impl Entry {
    pub(super) fn news(&self, at: i64, what: What) -> News {
        News {
            at,
            id: self.id.clone(),
            service: self.service.clone(),
            customer_number: self.customer_number.clone(),
            what,
        }
    }

    /// Whether its customer waits to be reached.
    pub(super) fn waits(&self) -> bool {
        matches!(self.state, Some(State::Scheduled | State::Queued))
    }

    /// The value of a key, as queries compare and show it.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        Some(match key {
            "_id" | "_service_id" => self.id.clone(),
            "_service_name" => self.service.clone(),
            "_callback_state" => self.state?.name().to_owned(),
            "_callback_reason" => self.reason.clone()?,
            "_customer_number" => self.customer_number.clone(),
            "_desired_time" => time::format(self.desired),
            "_expiration_time" => time::format(self.expires),
            "_ors_session_id" => self.session_id.clone(),
            "_url" => format!("/genesys/1/service/callback/{}/{}", self.service, self.id),
            _ => self.params.iter().find(|(name, _)| name == key)?.1.clone(),
        })
    }

    /// What a query shows of it: the keys that are always there, its lookup keys, and more.
    pub(super) fn record(&self, more: &[String]) -> Record {
        let mut record: Record = Vec::new();
        let keys = ALWAYS.into_iter().chain(self.lookup_keys.iter().chain(more).map(String::as_str));
        for key in keys {
            if let Some(value) = self.value(key)
                && !record.iter().any(|(known, _)| known == key)
            {
                record.push((key.to_owned(), value));
            }
        }
        record
    }
}
