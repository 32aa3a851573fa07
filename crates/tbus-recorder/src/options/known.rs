//! Which sections and options there are, and which of them have an effect here.

/// What an option is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    StoreEventData,
    EventData,
    GlobalData,
    AgentRecordUserTypes,
    AgentUserFields,
    AccQueueSize,
    AccQueueLifespan,
    PqDbname,
    AdataSpecName,
    UserdataHistory,
    ReasonsHistory,
    ExtensionsHistory,
    MaxUserdataLength,
    DssMonitor,
    Role,
    CallDeletionTimeout,
    /// Exists, and has no effect here.
    NoEffect,
}

pub(super) const CUSTOM_STATES: &str = "custom-states";
pub(super) const CALLCONCENTRATOR: &str = "callconcentrator";
pub(super) const GTS: &str = "gts";

/// The sections whose options are known one by one.
pub(super) const SECTIONS: [&str; 3] = [CUSTOM_STATES, CALLCONCENTRATOR, GTS];

/// Sections that exist and are passed over as a whole: `filter-data` (facts 1.4), and those that every application of the
/// vendor can have (its reference of common options).
pub(super) const PASSED_OVER: [&str; 8] =
    ["filter-data", "log", "log-extended", "log-filter", "log-filter-data", "security", "sml", "common"];

/// The options of facts 2.1, 3.1, 4.1 and 4.4, and more that the vendor's option references name.
pub(super) const OPTIONS: [(&str, &str, Use); 68] = [
    (CUSTOM_STATES, "store-event-data", Use::StoreEventData),
    (CUSTOM_STATES, "EventData", Use::EventData),
    (CUSTOM_STATES, "GlobalData", Use::GlobalData),
    (CUSTOM_STATES, "AgentRecordUserTypes", Use::AgentRecordUserTypes),
    (CUSTOM_STATES, "AgentUserFields", Use::AgentUserFields),
    (CUSTOM_STATES, "store-event-extensions", Use::NoEffect),
    (CUSTOM_STATES, "EventExtensions", Use::NoEffect),
    (CUSTOM_STATES, "max-party-info", Use::NoEffect),
    (CALLCONCENTRATOR, "acc-queue-size", Use::AccQueueSize),
    (CALLCONCENTRATOR, "acc-queue-lifespan", Use::AccQueueLifespan),
    (CALLCONCENTRATOR, "pq-dbname", Use::PqDbname),
    (CALLCONCENTRATOR, "adata-spec-name", Use::AdataSpecName),
    (CALLCONCENTRATOR, "adata-userdata-history", Use::UserdataHistory),
    (CALLCONCENTRATOR, "adata-reasons-history", Use::ReasonsHistory),
    (CALLCONCENTRATOR, "adata-extensions-history", Use::ExtensionsHistory),
    (CALLCONCENTRATOR, "max-userdata-length", Use::MaxUserdataLength),
    (CALLCONCENTRATOR, "use-dss-monitor", Use::DssMonitor),
    (CALLCONCENTRATOR, "role", Use::Role),
    (CALLCONCENTRATOR, "acc-proc-tout", Use::NoEffect),
    (CALLCONCENTRATOR, "agent-pstorage-name", Use::NoEffect),
    (CALLCONCENTRATOR, "cfg-annex", Use::NoEffect),
    (CALLCONCENTRATOR, "cfg-dbname", Use::NoEffect),
    (CALLCONCENTRATOR, "dest-busy-processing", Use::NoEffect),
    (CALLCONCENTRATOR, "dss-no-data-tout", Use::NoEffect),
    (CALLCONCENTRATOR, "enable-supervision-subscription", Use::NoEffect),
    (CALLCONCENTRATOR, "extended-route-result", Use::NoEffect),
    (CALLCONCENTRATOR, "gls-acw-first", Use::NoEffect),
    (CALLCONCENTRATOR, "gls-stats-update", Use::NoEffect),
    (CALLCONCENTRATOR, "gls-stats-update-delta", Use::NoEffect),
    (CALLCONCENTRATOR, "gls-store-event-seq", Use::NoEffect),
    (CALLCONCENTRATOR, "gos-write-duplicate-metrics", Use::NoEffect),
    (CALLCONCENTRATOR, "gud-cust-disp", Use::NoEffect),
    (CALLCONCENTRATOR, "gud-cust-disp-groups", Use::NoEffect),
    (CALLCONCENTRATOR, "log-call-failure", Use::NoEffect),
    (CALLCONCENTRATOR, "mcr-om-processing", Use::NoEffect),
    (CALLCONCENTRATOR, "om-flush-adata", Use::NoEffect),
    (CALLCONCENTRATOR, "pq-startup-check", Use::NoEffect),
    (CALLCONCENTRATOR, "pq-startup-purge", Use::NoEffect),
    (CALLCONCENTRATOR, "ssc-processing", Use::NoEffect),
    (CALLCONCENTRATOR, "store-releasing-party", Use::NoEffect),
    (CALLCONCENTRATOR, "use-server-id", Use::NoEffect),
    (GTS, "call-deletion-timeout", Use::CallDeletionTimeout),
    (GTS, "delivered-flag", Use::NoEffect),
    (GTS, "emulate-event-queued-extrp", Use::NoEffect),
    (GTS, "emulate-event-queued-rp", Use::NoEffect),
    (GTS, "emulate-event-queued-rq", Use::NoEffect),
    (GTS, "fix-time-stamps", Use::NoEffect),
    (GTS, "gcti-re-registration-tout", Use::NoEffect),
    (GTS, "gls-acw-first", Use::NoEffect),
    (GTS, "gls-associations-rule", Use::NoEffect),
    (GTS, "gls-enable-acw-busy", Use::NoEffect),
    (GTS, "gls-flag-on-disconnect", Use::NoEffect),
    (GTS, "gls-improve-data-for-agent", Use::NoEffect),
    (GTS, "gls-max-duration", Use::NoEffect),
    (GTS, "gls-max-inactivity", Use::NoEffect),
    (GTS, "gls-use-ts-id", Use::NoEffect),
    (GTS, "gts-dnis-detection", Use::NoEffect),
    (GTS, "lookup-queue-on-ringing", Use::NoEffect),
    (GTS, "min-tsync-roundtrip", Use::NoEffect),
    (GTS, "ring-divert", Use::NoEffect),
    (GTS, "same-dn", Use::NoEffect),
    (GTS, "sst-options", Use::NoEffect),
    (GTS, "suppress-user-data", Use::NoEffect),
    (GTS, "switch-multi-links-enabled", Use::NoEffect),
    (GTS, "sync-calls-on-switchover", Use::NoEffect),
    (GTS, "third-party-queue-in-divert", Use::NoEffect),
    (GTS, "use-server-partyuuid", Use::NoEffect),
    (GTS, "valid-digits", Use::NoEffect),
];

/// X of `EventData_X`.
pub(super) fn event_data_number(name: &str) -> Option<u32> {
    number(name, "EventData_")
}

/// The number behind a prefix, written without leading zeros.
fn number(name: &str, prefix: &str) -> Option<u32> {
    let digits = name.strip_prefix(prefix)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain)
}

/// What an option is for; `None` when there is no such option in the section.
pub(super) fn find(section: &str, name: &str) -> Option<Use> {
    if section == CUSTOM_STATES && event_data_number(name).is_some() {
        return Some(Use::EventData);
    }
    // `support-dn-type-N`, for the number of a kind of DN.
    if section == GTS && number(name, "support-dn-type-").is_some() {
        return Some(Use::NoEffect);
    }
    OPTIONS.iter().find(|row| row.0 == section && row.1 == name).map(|row| row.2)
}

/// `; did you mean [x]?`, else the sections there are.
pub(super) fn section_hint(name: &str) -> String {
    match nearest(name, SECTIONS.into_iter().chain(PASSED_OVER)) {
        Some(known) => format!("; did you mean [{known}]?"),
        None => format!("; there are [{}]", SECTIONS.join("], [")),
    }
}

/// `; did you mean x?`, `; it belongs into [section]`, or nothing.
pub(super) fn option_hint(section: &str, name: &str) -> String {
    if let Some(row) = OPTIONS.iter().find(|row| row.1 == name) {
        return format!("; it belongs into [{}]", row.0);
    }
    let here = OPTIONS.iter().filter(|row| row.0 == section).map(|row| row.1);
    match nearest(name, here) {
        Some(known) => format!("; did you mean {known}?"),
        None => String::new(),
    }
}

/// The name that differs least, if it is like the one that was given at all (chosen: a Jaro-Winkler likeness of 0.8).
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    tbus_options::nearest(name, names, 0.8)
}
