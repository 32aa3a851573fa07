//! How a callback begins.

use super::Machine;
use super::entry::{Entry, Run};
use super::limits::OPEN_LIMIT;
use crate::callback::options::{self, InQueueChecking, Service, ServiceOptions, Use};
use crate::callback::params::{Params, check_size};
use crate::callback::refusal::{Phrase, Refusal};
use crate::callback::time;
use crate::session::{self, CallDirection, Callback, CallbackType, Queue, State};

/// Farthest desired time: so many seconds from now (chosen).
const FARTHEST: i64 = 366 * 86_400;

/// The parameter that names the call that the callback was offered in.
const ORIGIN: &str = "_originating_interaction_id";

/// What the answer to a start says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Id of the callback.
    pub id: String,
    /// Who calls whom.
    pub direction: CallDirection,
    /// The number that the customer calls, if the customer does and the service has one.
    pub access_number: Option<String>,
    /// Whether it is a chat.
    pub chat: bool,
    /// The desired time, if there was one; seconds since 1970.
    pub desired: Option<i64>,
    /// When the record goes; seconds since 1970.
    pub expires: i64,
}

/// The value of a parameter.
pub(super) fn given<'p>(params: &'p [(String, String)], name: &str) -> Option<&'p str> {
    params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

impl Machine {
    /// Starts a callback: at once, or at `_desired_time`. Its state is known when this returns.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown service, `BAD_PARAMETER`, and `SERVICE_UNAVAILABLE` when a limit is reached.
    pub fn start(&mut self, service: &str, params: Params, now: i64) -> Result<Started, Refusal> {
        let params = params.into_texts()?;
        check_size(params.iter())?;
        let options = effective(self.service(service)?, &params)?;
        for key in &options.mandatory_keys {
            if given(&params, key).is_none_or(str::is_empty) {
                return Err(Refusal::bad(format!("parameter {key} is missing")));
            }
        }
        let desired =
            given(&params, "_desired_time").map(|text| desired("_desired_time", text, now)).transpose()?;
        let call = given(&params, ORIGIN).map(conn_id).transpose()?;
        let customer_number = given(&params, "_customer_number").unwrap_or_default();
        self.check_room(service, &options, customer_number)?;
        if let Some(desired) = desired {
            self.check_bucket(service, &options, desired, None)?;
        }
        let allowed = self.limits.check(service, &options, &params, desired.is_none(), now)?;

        let callback = self.callback(service, &options, &params, desired, now);
        let script = self.config.outcomes.script(&callback);
        let plan = session::plan(&callback, &script)
            .map_err(|error| Refusal::bad(format!("the parameters do not fit into a user event: {error}")))?;
        self.limits.count(allowed, now);

        let expires = desired.unwrap_or(now).saturating_add(options.ttl.into());
        let started = Started {
            id: callback.service_id.clone(),
            direction: options.direction,
            access_number: options.access_number,
            chat: options.chat,
            desired,
            expires,
        };
        let entry = Entry {
            id: callback.service_id,
            session_id: callback.session_id,
            service: service.to_owned(),
            customer_number: callback.customer_number,
            state: None,
            reason: None,
            desired: desired.unwrap_or(now),
            scheduled: desired.is_some(),
            ttl: options.ttl,
            expires,
            params,
            lookup_keys: options.lookup_keys,
            report: options.report.then_some(options.report_dn),
            switch: options.report_switch,
            call,
            run: Some(Run { plan, next: 0, busy: None }),
            due: None,
        };
        let order = self.next_order;
        self.next_order = self.next_order.wrapping_add(1);
        self.by_id.insert(entry.id.clone(), order);
        self.entries.insert(order, entry);
        self.open.entry(service.to_owned()).or_default().insert(order);
        self.step(order, now);
        Ok(started)
    }

    /// The callback as its session sees it.
    fn callback(
        &mut self,
        service: &str,
        options: &ServiceOptions,
        params: &[(String, String)],
        desired: Option<i64>,
        now: i64,
    ) -> Callback {
        let number = given(params, "_customer_number").unwrap_or_default();
        let mut callback = Callback::new(self.config.ids.service(), self.config.ids.session(), number, now);
        service.clone_into(&mut callback.service_name);
        callback.tenant_dbid = self.config.tenant_dbid;
        callback.queue = Queue::new(&options.queue, self.config.queues.get(&options.queue).copied());
        callback.callback_type = match (desired, options.wait_for_agent) {
            (Some(_), _) => CallbackType::Scheduled,
            (None, true) => CallbackType::WaitForAgent,
            (None, false) => CallbackType::Immediate,
        };
        callback.direction = options.direction;
        callback.connect_order = options.connect_order();
        callback.parameters =
            session::caller_parameters(params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        callback.originating_interaction = given(params, ORIGIN).map(str::to_owned);
        callback.desired = desired;
        callback.options = session::Options {
            max_dial_attempts: options.max_dial_attempts,
            dial_retry_timeout: options.dial_retry_timeout,
            max_notify_delivery_attempts: options.max_notify_delivery_attempts,
            channel: options.channel.clone(),
            target: options.target.clone(),
        };
        callback
    }

    /// Whether one more callback may be open.
    fn check_room(&self, service: &str, options: &ServiceOptions, number: &str) -> Result<(), Refusal> {
        let throttled = |message| Err(Refusal::new(Phrase::Throttled, message));
        let open = self.open.get(service);
        let count = open.map_or(0, std::collections::BTreeSet::len);
        if count >= usize::try_from(options.queue_limit).unwrap_or(usize::MAX) {
            return throttled(format!("{count} callbacks of service {service} are not completed, its limit"));
        }
        if self.open_callbacks() >= OPEN_LIMIT {
            return throttled(format!("{OPEN_LIMIT} callbacks are not completed, the most there may be"));
        }
        let most = match options.in_queue_checking {
            InQueueChecking::Off => return Ok(()),
            InQueueChecking::One => 1,
            InQueueChecking::Two => 2,
        };
        let waits = |order: &&u64| {
            self.entries.get(order).is_some_and(|entry| entry.customer_number == number && entry.waits())
        };
        if open.into_iter().flatten().filter(waits).count() >= most {
            let number = options::cut(number);
            return throttled(format!(
                "Callback for _customer_number={number} rejected because {most} of this number wait already \
                 (_enable_in_queue_checking)"
            ));
        }
        Ok(())
    }

    /// Whether there is room in the time bucket of a desired time. `except` does not count: it leaves another one.
    pub(super) fn check_bucket(
        &self,
        service: &str,
        options: &ServiceOptions,
        desired: i64,
        except: Option<u64>,
    ) -> Result<(), Refusal> {
        let seconds = bucket_seconds(options);
        let bucket = desired.div_euclid(seconds);
        let taken = self
            .scheduled(service)
            .filter(|(order, at)| except != Some(*order) && at.div_euclid(seconds) == bucket)
            .count();
        if taken < usize::try_from(options.bucket_limit).unwrap_or(usize::MAX) {
            return Ok(());
        }
        Err(Refusal::bad(format!(
            "_desired_time={}: the {} minutes from {} have their {} callbacks; GET \
             /genesys/1/service/callback/{service}/availability lists times that are free",
            time::format(desired),
            options.time_bucket,
            time::format(bucket.saturating_mul(seconds)),
            options.bucket_limit
        )))
    }

    /// Orders and desired times of a service's callbacks that wait for their time.
    pub(super) fn scheduled(&self, service: &str) -> impl Iterator<Item = (u64, i64)> {
        self.open.get(service).into_iter().flatten().filter_map(|order| {
            let entry = self.entries.get(order)?;
            (entry.scheduled && entry.state == Some(State::Scheduled)).then_some((*order, entry.desired))
        })
    }
}

/// Length of a time bucket.
pub(super) fn bucket_seconds(options: &ServiceOptions) -> i64 {
    i64::from(options.time_bucket.max(1)).saturating_mul(60)
}

/// A desired time that is not over.
pub(super) fn desired(name: &str, text: &str, now: i64) -> Result<i64, Refusal> {
    let at = time::parse(text).map_err(|legal| Refusal::value(name, text, legal))?;
    if at < now {
        let legal = format!("a time that is not over; it is {} now", time::format(now));
        return Err(Refusal::value(name, text, legal));
    }
    if at > now.saturating_add(FARTHEST) {
        return Err(Refusal::value(name, text, "a time within 366 days"));
    }
    Ok(at)
}

/// ConnID of a call: 16 hex digits, as logs print it.
fn conn_id(text: &str) -> Result<u64, Refusal> {
    let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = u64::from_str_radix(text, 16).ok().filter(|_| is_hex);
    id.ok_or_else(|| {
        Refusal::value(ORIGIN, text, "the ConnID of a call, 16 hex digits such as 0123456789abcdef")
    })
}

/// The options of a service with what this request says instead.
fn effective(service: &Service, params: &[(String, String)]) -> Result<ServiceOptions, Refusal> {
    let mut effective = service.options.clone();
    for (name, template) in &service.templates {
        let text = fill(name, template, params)?;
        set(&mut effective, name, &text)?;
    }
    for (name, value) in params {
        // `_cb_dim_channel` is both; as a parameter it goes to the report.
        let acted_upon = options::find(name).is_some_and(|used| used != Use::NoEffect);
        if !acted_upon || name.starts_with("_cb_") {
            continue;
        }
        if !service.overwritable.contains(name) {
            let may = match service.overwritable.as_slice() {
                [] => "none".to_owned(),
                names => names.join(", "),
            };
            let message = format!("a request may not overwrite option {name} of this service; it may: {may}");
            return Err(Refusal::bad(message));
        }
        set(&mut effective, name, value)?;
    }
    if effective.report && effective.report_dn.is_empty() {
        return Err(Refusal::bad("_rep_userevent_dn of the service is empty with these parameters"));
    }
    Ok(effective)
}

fn set(options: &mut ServiceOptions, name: &str, text: &str) -> Result<(), Refusal> {
    let Some(used) = options::find(name) else { return Ok(()) };
    options::apply(options, used, text).map_err(|legal| Refusal::value(name, text, legal))
}

/// A value with each `$name$` replaced by the parameter of that name.
fn fill(option: &str, template: &str, params: &[(String, String)]) -> Result<String, Refusal> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let Some((name, behind)) = after.split_once('$') else {
            text.push('$');
            rest = after;
            continue;
        };
        let Some(value) = given(params, name) else {
            return Err(Refusal::bad(format!(
                "parameter {name} is missing: option {option} of the service has ${name}$"
            )));
        };
        text.push_str(value);
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}
