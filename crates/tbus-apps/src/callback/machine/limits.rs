//! How many callbacks there may be.

use std::collections::{HashMap, VecDeque};

use crate::callback::options::{self, ServiceOptions, Throttle};
use crate::callback::refusal::{Phrase, Refusal};

/// Most callbacks that are not completed, of all services together (chosen).
pub(super) const OPEN_LIMIT: usize = 200_000;

/// Most values of throttled parameters that are counted at the same time (chosen).
const VALUES_LIMIT: usize = 500_000;

/// How long the value of a throttled parameter counts: a day.
const DAY: i64 = 86_400;

/// What was started lately.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// Starts of a service within each of its two windows.
    windows: HashMap<String, [VecDeque<i64>; 2]>,
    /// By service, parameter and value: since when, how often.
    values: HashMap<(String, String, String), (i64, u32)>,
}

/// A start that every limit allows.
#[derive(Debug)]
pub(super) struct Allowed {
    service: String,
    values: Vec<(String, String, String)>,
}

impl Limits {
    /// Whether a service may start another callback with these parameters.
    pub(super) fn check(
        &mut self,
        service: &str,
        options: &ServiceOptions,
        params: &[(String, String)],
        immediate: bool,
        now: i64,
    ) -> Result<Allowed, Refusal> {
        let windows = self.windows.entry(service.to_owned()).or_default();
        for (window, Throttle { limit, seconds }) in windows.iter_mut().zip(options.throttles) {
            while window.front().is_some_and(|at| at.saturating_add(seconds.into()) <= now) {
                window.pop_front();
            }
            if window.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                let message =
                    format!("service {service} has started {limit} callbacks within {seconds} s, its limit");
                return Err(Refusal::new(Phrase::Throttled, message));
            }
        }
        let mut allowed = Allowed { service: service.to_owned(), values: Vec::new() };
        let is_counted = |name: &String| immediate && options.throttled_parameters.contains(name);
        for (name, value) in params.iter().filter(|(name, value)| is_counted(name) && !value.is_empty()) {
            let key = (service.to_owned(), name.clone(), value.clone());
            let (since, count) = self.values.get(&key).copied().unwrap_or((now, 0));
            let count = if since.saturating_add(DAY) <= now { 0 } else { count };
            let limit = options.throttled_parameters_limit;
            if count >= limit {
                let value = options::cut(value);
                let message = format!(
                    "Callback for {name}={value} rejected because previous callbacks for this parameter were \
                     requested for more than {limit} times today."
                );
                return Err(Refusal::new(Phrase::Throttled, message));
            }
            allowed.values.push(key);
        }
        if self.values.len() >= VALUES_LIMIT {
            self.values.retain(|_, (since, _)| since.saturating_add(DAY) > now);
        }
        if self.values.len() >= VALUES_LIMIT {
            let message = format!("{VALUES_LIMIT} numbers were called back today; no more can be counted");
            return Err(Refusal::new(Phrase::Throttled, message));
        }
        Ok(allowed)
    }

    /// Counts a start.
    pub(super) fn count(&mut self, allowed: Allowed, now: i64) {
        for window in self.windows.entry(allowed.service).or_default() {
            window.push_back(now);
        }
        for key in allowed.values {
            let value = self.values.entry(key).or_insert((now, 0));
            if value.0.saturating_add(DAY) <= now {
                *value = (now, 0);
            }
            value.1 = value.1.saturating_add(1);
        }
    }
}
