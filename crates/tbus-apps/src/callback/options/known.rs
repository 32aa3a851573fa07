//! Which options there are, and which of them have an effect here.

use tbus_options::nearest;

use super::{CallDirection, InQueueChecking};

/// A likeness by Jaro and Winkler from which one name is taken for another (chosen: high, because all these names begin
/// alike).
const LIKE: f64 = 0.9;

/// What an option is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Report,
    ReportDn,
    ReportSwitch,
    Direction,
    WaitForAgent,
    MediaType,
    AgentPreview,
    FirstParty,
    MaxDialAttempts,
    DialRetryTimeout,
    MaxNotifyAttempts,
    Ttl,
    TimeBucket,
    BucketLimit,
    QueueLimit,
    InQueueChecking,
    Throttle(usize),
    ThrottleTtl(usize),
    ThrottledParameters,
    ThrottledParametersLimit,
    LookupKeys,
    MandatoryKeys,
    Queue,
    Target,
    RoutePoint,
    Channel,
    Overwritable,
    ReturnedKeys,
    FilterKeys,
    /// Exists, and is not acted upon.
    NoEffect,
}

/// Options of `[service.NAME]` that have an effect (facts infomart 7.3; the throttle options' full names: the vendor's
/// page of `[callback]`).
pub(super) const SERVICE: [(&str, Use); 30] = [
    ("_rep_userevent_enable", Use::Report),
    ("_rep_userevent_dn", Use::ReportDn),
    ("_rep_userevent_switch", Use::ReportSwitch),
    ("_call_direction", Use::Direction),
    ("_wait_for_agent", Use::WaitForAgent),
    ("_media_type", Use::MediaType),
    ("_agent_preview", Use::AgentPreview),
    ("_userterminated_first_connect_party", Use::FirstParty),
    ("_max_dial_attempts", Use::MaxDialAttempts),
    ("_dial_retry_timeout", Use::DialRetryTimeout),
    ("_max_notify_delivery_attempts", Use::MaxNotifyAttempts),
    ("_ttl", Use::Ttl),
    ("_request_time_bucket", Use::TimeBucket),
    ("_max_request_by_time_bucket", Use::BucketLimit),
    ("_max_queued_callbacks_per_service", Use::QueueLimit),
    ("_enable_in_queue_checking", Use::InQueueChecking),
    ("_throttle_callbacks_per_service_1", Use::Throttle(0)),
    ("_throttle_callbacks_per_service_2", Use::Throttle(1)),
    ("_throttle_ttl_1", Use::ThrottleTtl(0)),
    ("_throttle_ttl_2", Use::ThrottleTtl(1)),
    ("_throttle_request_parameters", Use::ThrottledParameters),
    ("_throttle_request_parameters_limit", Use::ThrottledParametersLimit),
    // Its name before 8.5.110.
    ("_throttle_customer_number_limit", Use::ThrottledParametersLimit),
    ("_customer_lookup_keys", Use::LookupKeys),
    ("_mandatory_customer_lookup_keys", Use::MandatoryKeys),
    ("_urs_virtual_queue", Use::Queue),
    ("_target", Use::Target),
    ("_route_point", Use::RoutePoint),
    ("_cb_dim_channel", Use::Channel),
    ("_overwritable_options", Use::Overwritable),
];

/// Options of `[callback]` that have an effect: limits for services that have none of their own, and two of its own.
pub(super) const CALLBACK: [(&str, Use); 12] = [
    ("_enable_in_queue_checking", Use::InQueueChecking),
    ("_throttle_callbacks_per_service_1", Use::Throttle(0)),
    ("_throttle_callbacks_per_service_2", Use::Throttle(1)),
    ("_throttle_ttl_1", Use::ThrottleTtl(0)),
    ("_throttle_ttl_2", Use::ThrottleTtl(1)),
    ("_throttle_request_parameters", Use::ThrottledParameters),
    ("_throttle_request_parameters_limit", Use::ThrottledParametersLimit),
    ("_throttle_customer_number_limit", Use::ThrottledParametersLimit),
    ("max_queued_callbacks_per_service", Use::QueueLimit),
    ("_max_queued_callbacks_per_service", Use::QueueLimit),
    ("returned-keys", Use::ReturnedKeys),
    ("filter-keys", Use::FilterKeys),
];

/// Options of services that exist and are not acted upon: the vendor's option references, and the option lists of public
/// tests of its API.
pub(super) const PASSED_OVER: &[&str] = &[
    "_agent_availability_notification_delay",
    "_agent_disposition_timeout",
    "_agent_first_via_rp",
    "_agent_preview_allow_reject",
    "_agent_preview_data",
    "_agent_preview_timeout",
    "_agent_preview_via_rp",
    "_agent_reject_retry_timeout",
    "_agent_reserve_timeout",
    "_agent_timeout_notification_message",
    "_agent_transfer_confirm_timeout",
    "_attach_udata",
    "_booking_expiration_timeout",
    "_business_hours_service",
    "_call_timeguard_timeout",
    "_callback_events_list",
    "_calling_party_display_name",
    "_calling_party_number",
    "_capacity_service",
    "_chat_endpoint",
    "_client_timeout_notification_message",
    "_cpd_enable",
    "_default_country",
    "_desired_connect_time_threshold",
    "_device_notification_id",
    "_device_os",
    "_disallow_impossible_phone_numbers",
    "_disallow_premium_phone_numbers",
    "_disposition_userevent_mediatype",
    "_enable_disposition_dialog",
    "_enable_reject_out_of_office_hours",
    "_enable_status_notification",
    "_enable_throttle_header_parameters",
    "_eta_pos_threshold",
    "_exceptions",
    "_filtering_chat_events",
    "_ixn_createcall_hints",
    "_ixn_createcall_timeout",
    "_ixn_redirect_confirm",
    "_ixn_redirect_hints",
    "_max_number_of_user_availability_confirmation_attempts",
    "_max_ors_submit_attempts",
    "_max_time_to_reach_eta_pos_threshold",
    "_max_time_to_wait_for_agent_on_the_call",
    "_max_time_to_wait_for_ixn_delete",
    "_max_transfer_to_agent_attempts",
    "_max_urs_ewt_pos_polling_interval",
    "_min_queue_wait",
    "_min_urs_ewt_pos_polling_interval",
    "_notification_message_file",
    "_offer_callback",
    "_offer_callback_vxml_app_url",
    "_on_route_done_delay",
    "_on_user_confirm_timeout",
    "_ors",
    "_paused_services_id",
    "_paused_services_list",
    "_plugin_on_dial_associate_ixn",
    "_plugin_on_dial_invoke_on_call_failed",
    "_plugin_on_dial_timeout",
    "_plugin_on_dial_url",
    "_prefix_dial_out",
    "_preview_userevent_mediatype",
    "_provide_code",
    "_provider_name",
    "_queue_ping_ors_period",
    "_queue_poll_period",
    "_queue_poll_period_recovery",
    "_reject_future_desired_time",
    "_rep_userevent_mediatype",
    "_reporting_aggregator_url",
    "_request_ewt_service",
    "_request_execution_time_buffer",
    "_request_queue_time_stat",
    "_resource_group",
    "_retain_session_until_ixn_deleted",
    "_return_pool_health",
    "_service",
    "_service_type",
    "_snooze_duration",
    "_src_route_point",
    "_status_notification_provider",
    "_status_notification_target",
    "_status_notification_type",
    "_transfer_to_agent_retry_timeout",
    "_treatment_call_failure_answering_machine",
    "_treatment_customer_connect",
    "_treatment_find_agent_fail",
    "_treatment_waiting_for_agent",
    "_type",
    "_urs_call_interaction_age",
    "_urs_ewt_estimation_method",
    "_urs_extension_data",
    "_urs_prioritization_strategy",
    "_urs_queued_ttl",
    "_urs_request_timeout",
    "_urs_sec_server_url",
    "_urs_server_url",
    "_urs_strategy_update_sub_routine",
    "_urs_udata_xfer_keys",
    "_urs_vq_priority",
    "_urs_vq_priority_increment",
    "_urs_vq_priority_increment_interval",
    "_use_debug_push_certificate",
    "_use_reporting_aggregator",
    "_user_confirm_timeout",
    "_userorig_connect_limit",
    "_vq_for_outbound_calls",
    "_wait_for_user_confirm",
];

/// Options of `[callback]` that exist and are not acted upon.
pub(super) const CALLBACK_PASSED_OVER: &[&str] = &[
    "_enable_gms_dfm",
    "_enable_throttle_header_parameters",
    "_fetch_retry_attempt",
    "_fetch_retry_delay",
    "_fetch_timeout",
    "_services_credentials",
    "callback_column_alias",
    "log-background-activity",
    "queue-polling-rate",
    "queue-polling-rate-recover",
];

/// Sections of the application that exist and are passed over as a whole (the vendor's list of sections).
pub(super) const SECTIONS_PASSED_OVER: &[&str] = &[
    "business-attributes",
    "cassandra",
    "cassandra-authentication-security",
    "chat",
    "cview",
    "elasticsearch",
    "features",
    "gms",
    "log",
    "log-extended",
    "log-filter",
    "log-filter-data",
    "notification",
    "openmedia",
    "ors",
    "port_restrictions",
    "pulse",
    "push",
    "reporting",
    "resources",
    "security",
    "server",
    "urs",
];

/// What a request may overwrite where `_overwritable_options` says nothing (chosen: the parameters of the published
/// examples, and what changes how the one callback goes).
pub(super) const OVERWRITABLE: &[&str] = &[
    "_call_direction",
    "_wait_for_agent",
    "_media_type",
    "_agent_preview",
    "_userterminated_first_connect_party",
    "_max_dial_attempts",
    "_dial_retry_timeout",
    "_urs_virtual_queue",
    "_target",
    "_route_point",
    "_ttl",
];

pub(super) const DIRECTIONS: [(&str, CallDirection); 2] = [
    ("USERTERMINATED", CallDirection::CustomerTerminated),
    ("USERORIGINATED", CallDirection::CustomerOriginated),
];

pub(super) const CHECKING: [(&str, InQueueChecking); 3] =
    [("true", InQueueChecking::Two), ("strict", InQueueChecking::One), ("false", InQueueChecking::Off)];

/// What an option of a service is for; `None` when there is no such option.
pub(crate) fn find(name: &str) -> Option<Use> {
    lookup(&SERVICE, PASSED_OVER, name)
}

/// The same for `[callback]`.
pub(super) fn find_common(name: &str) -> Option<Use> {
    lookup(&CALLBACK, CALLBACK_PASSED_OVER, name)
}

fn lookup(acted_upon: &[(&str, Use)], passed_over: &[&str], name: &str) -> Option<Use> {
    let found = acted_upon.iter().find(|(known, _)| *known == name).map(|(_, used)| *used);
    found.or_else(|| passed_over.contains(&name).then_some(Use::NoEffect))
}

/// `; did you mean x?`, or nothing.
pub(super) fn hint(name: &str, is_service: bool) -> String {
    let (acted_upon, passed_over): (&[(&str, Use)], _) =
        if is_service { (&SERVICE, PASSED_OVER) } else { (&CALLBACK, CALLBACK_PASSED_OVER) };
    let names = acted_upon.iter().map(|(known, _)| *known).chain(passed_over.iter().copied());
    match nearest(name, names, LIKE) {
        Some(known) => format!("; did you mean {known}?"),
        None => String::new(),
    }
}
