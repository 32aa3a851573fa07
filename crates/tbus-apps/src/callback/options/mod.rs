//! What the callback service is told, in the vendor's INI spelling: section `[callback]` for all services, one section
//! `[service.NAME]` for each (facts infomart 7.3).
//!
//! [`Options::default`] is what runs without a file: one service, [`DEFAULT_SERVICE`], that reports on DN `REPORTING` and
//! that takes callbacks of the same number without end, 1000 immediate ones a day.
//! [`Options::read`] reads INI text. An option that is read has its effect; one that exists and that the simulator does
//! not act upon becomes a [`Notice`].

mod error;
mod known;
mod read;
mod value;

use std::collections::BTreeMap;

pub use error::{Notice, OptionsError, OptionsErrorKind};
pub(crate) use known::{Use, find};
pub(crate) use read::apply;
pub(crate) use tbus_options::cut;

use crate::session::{CallDirection, ConnectOrder};

/// Name of the service that is there without a file (chosen).
pub const DEFAULT_SERVICE: &str = "default";

/// Most services (chosen).
pub const SERVICE_LIMIT: usize = 100;

/// Whether a customer who waits already may have another callback: `_enable_in_queue_checking`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InQueueChecking {
    /// `true`, the vendor's default: a number with two callbacks in the queue gets no third one.
    #[default]
    Two,
    /// `strict`: one is enough.
    One,
    /// `false`: nobody looks.
    Off,
}

/// At most so many callbacks of a service in so long: `_throttle_callbacks_per_service_N`, `_throttle_ttl_N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Most callbacks.
    pub limit: u32,
    /// Length of the window in seconds.
    pub seconds: u32,
}

/// What one service is told. Times are seconds unless a field says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceOptions {
    /// `_rep_userevent_enable`: whether user events are sent.
    pub report: bool,
    /// `_rep_userevent_dn`: on which DN.
    pub report_dn: String,
    /// `_rep_userevent_switch`: the switch of that DN. With more than one T-Server it says which one; empty: the first.
    pub report_switch: String,
    /// `_call_direction`.
    pub direction: CallDirection,
    /// `_wait_for_agent`: the customer is called when an agent is free.
    pub wait_for_agent: bool,
    /// `_media_type` is chat, not voice.
    pub chat: bool,
    /// `_agent_preview`: an agent looks at the callback before the customer is called.
    pub agent_preview: bool,
    /// `_userterminated_first_connect_party` is the agent.
    pub agent_first: bool,
    /// `_max_dial_attempts`.
    pub max_dial_attempts: u32,
    /// `_dial_retry_timeout`.
    pub dial_retry_timeout: u32,
    /// `_max_notify_delivery_attempts`.
    pub max_notify_delivery_attempts: u32,
    /// `_ttl`: how long after its desired time (or its start) a callback is kept.
    pub ttl: u32,
    /// `_request_time_bucket`, in minutes: 5, 10, 15, 20, 30, 60 or 120.
    pub time_bucket: u32,
    /// `_max_request_by_time_bucket`.
    pub bucket_limit: u32,
    /// `_max_queued_callbacks_per_service`.
    pub queue_limit: u32,
    /// `_enable_in_queue_checking`.
    pub in_queue_checking: InQueueChecking,
    /// `_throttle_callbacks_per_service_1` and `_2`.
    pub throttles: [Throttle; 2],
    /// `_throttle_request_parameters`: parameters whose values are counted.
    pub throttled_parameters: Vec<String>,
    /// `_throttle_request_parameters_limit`: immediate callbacks with the same value in 24 hours.
    pub throttled_parameters_limit: u32,
    /// `_customer_lookup_keys`: parameters that queries may look for, and show.
    pub lookup_keys: Vec<String>,
    /// `_mandatory_customer_lookup_keys`: parameters that a request must have.
    pub mandatory_keys: Vec<String>,
    /// `_urs_virtual_queue`: the queue that the report names.
    pub queue: String,
    /// `_target`: where agents are sought.
    pub target: Option<String>,
    /// `_route_point`: the number that customers call who originate the call themselves; without `@switch`.
    pub access_number: Option<String>,
    /// `_cb_dim_channel`: the channel where the request names none.
    pub channel: String,
}

impl Default for ServiceOptions {
    /// The vendor's defaults (facts infomart 7.3); the queue, the lookup keys and the channel are chosen.
    fn default() -> Self {
        let key = || vec!["_customer_number".to_owned()];
        Self {
            report: false,
            report_dn: String::new(),
            report_switch: String::new(),
            direction: CallDirection::CustomerTerminated,
            wait_for_agent: false,
            chat: false,
            agent_preview: false,
            agent_first: false,
            max_dial_attempts: 3,
            dial_retry_timeout: 300,
            max_notify_delivery_attempts: 3,
            ttl: 86_400,
            time_bucket: 5,
            bucket_limit: 100,
            queue_limit: 1000,
            in_queue_checking: InQueueChecking::Two,
            throttles: [Throttle { limit: 500, seconds: 300 }, Throttle { limit: 1000, seconds: 3600 }],
            throttled_parameters: key(),
            throttled_parameters_limit: 6,
            lookup_keys: key(),
            mandatory_keys: key(),
            queue: "Callback_VQ".to_owned(),
            target: None,
            access_number: None,
            channel: "WEB".to_owned(),
        }
    }
}

impl ServiceOptions {
    /// Who is connected first. A preview comes before the customer whoever is connected first (chosen).
    pub const fn connect_order(&self) -> ConnectOrder {
        match (self.agent_preview, self.agent_first) {
            (true, _) => ConnectOrder::AgentFirstPreview,
            (false, true) => ConnectOrder::AgentFirstNoPreview,
            (false, false) => ConnectOrder::CustomerFirst,
        }
    }
}

/// A service: its options, and their text, because a request may overwrite some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What it is told.
    pub options: ServiceOptions,
    /// `_overwritable_options`: options that a request may overwrite.
    pub overwritable: Vec<String>,
    /// Options whose value has `$name$` in it, which parameter `name` of a request replaces.
    pub(crate) templates: Vec<(String, String)>,
}

impl Default for Service {
    fn default() -> Self {
        Self::new(ServiceOptions::default())
    }
}

impl Service {
    /// A service with these options; a request may overwrite what the defaults of `_overwritable_options` name.
    pub fn new(options: ServiceOptions) -> Self {
        let overwritable = known::OVERWRITABLE.iter().map(|name| (*name).to_owned()).collect();
        Self { options, overwritable, templates: Vec::new() }
    }
}

/// What the callback service is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The services, by name.
    pub services: BTreeMap<String, Service>,
    /// `[callback] returned-keys`: parameters that query answers show beside those that they always have.
    pub returned_keys: Vec<String>,
    /// `[callback] filter-keys`: keys that a query by queues may filter by.
    pub filter_keys: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        // Who tries it out calls the same number again and again.
        let reporting = ServiceOptions {
            report: true,
            report_dn: "REPORTING".to_owned(),
            in_queue_checking: InQueueChecking::Off,
            throttled_parameters_limit: 1000,
            ..ServiceOptions::default()
        };
        Self {
            services: BTreeMap::from([(DEFAULT_SERVICE.to_owned(), Service::new(reporting))]),
            ..Self::without_services()
        }
    }
}

impl Options {
    /// Largest text that [`Options::read`] takes, in bytes (chosen).
    pub const TEXT_LIMIT: usize = 1 << 20;

    fn without_services() -> Self {
        let keys = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            services: BTreeMap::new(),
            returned_keys: keys(&["_desired_time", "_callback_state", "_callback_reason", "_ors_session_id"]),
            filter_keys: keys(&[
                "_callback_state",
                "_callback_reason",
                "_request_queue_time_stat",
                "_request_ewt_service",
                "_vq",
            ]),
        }
    }

    /// Reads options in INI spelling: `[section]`, `name = value`, comments after `;` or `#` at the start of a line. A
    /// byte order mark, CRLF and blanks are tolerated. `name` is what errors call the text, usually its path.
    ///
    /// The second value tells of options that exist and are not acted upon.
    ///
    /// # Errors
    /// [`OptionsError`] with file and line: an unknown section or option, a value that the option cannot have, the same
    /// option twice, no service at all, a text over [`Options::TEXT_LIMIT`], text that is not UTF-8.
    pub fn read(name: &str, text: &[u8]) -> Result<(Self, Vec<Notice>), OptionsError> {
        read::read(name, text)
    }
}

#[cfg(test)]
mod tests;
