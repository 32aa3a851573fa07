//! A callback, as its request and its service's options make it.

use std::collections::BTreeMap;

use super::values::{CallDirection, CallbackType, ConnectOrder};

/// A callback, as its request and its service's options make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Its id, `<node>-<uuid>`: `_id` of the answer, `_CB_SERVICE_ID`.
    pub service_id: String,
    /// The service that was asked for.
    pub service_name: String,
    /// Id of the session that runs it, `_CB_ORS_SESSION_ID`.
    pub session_id: String,
    /// Whom to call.
    pub customer_number: String,
    /// The tenant's number in the configuration database.
    pub tenant_dbid: u32,
    /// The virtual queue.
    pub queue: Queue,
    /// What the customer chose.
    pub callback_type: CallbackType,
    /// Who calls whom.
    pub direction: CallDirection,
    /// Who is connected first.
    pub connect_order: ConnectOrder,
    /// What the caller gave for the report, by key: see [`caller_parameters`].
    pub parameters: BTreeMap<String, String>,
    /// The call that the callback was offered in, which gets the pairs that are sent twice.
    pub originating_interaction: Option<String>,
    /// When the service starts, in seconds since 1970.
    pub start: i64,
    /// When to call, if the customer chose a time; seconds since 1970.
    pub desired: Option<i64>,
    /// What the service is told.
    pub options: Options,
}

impl Callback {
    /// An immediate callback on the published example's queue, for everything else see the fields.
    pub fn new(
        service_id: impl Into<String>,
        session_id: impl Into<String>,
        customer_number: impl Into<String>,
        start: i64,
    ) -> Self {
        Self {
            service_id: service_id.into(),
            service_name: "callback".to_owned(),
            session_id: session_id.into(),
            customer_number: customer_number.into(),
            tenant_dbid: 1,
            queue: Queue::default(),
            callback_type: CallbackType::default(),
            direction: CallDirection::default(),
            connect_order: ConnectOrder::default(),
            parameters: BTreeMap::new(),
            originating_interaction: None,
            start,
            desired: None,
            options: Options::default(),
        }
    }
}

/// A virtual queue, as the four keys that name it hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its name, `_CB_DIM_VQ`.
    pub name: String,
    /// Its number in the configuration database, `_CB_DIM_VQ_DBID`.
    pub dbid: Option<u32>,
    /// Number of its type, `VQ_CFG_TYPE_ID`. 5 is a virtual queue (facts infomart 4.4, unconfirmed).
    pub type_id: Option<u32>,
    /// Name of its type, `VQ_CFG_TYPE`.
    pub type_name: Option<String>,
}

impl Queue {
    /// A virtual queue of this name and number.
    pub fn new(name: impl Into<String>, dbid: Option<u32>) -> Self {
        Self { name: name.into(), dbid, type_id: Some(5), type_name: Some("Virtual Queue".to_owned()) }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self::new("Callback_VQ", None)
    }
}

/// Options of a service that its sessions obey (facts infomart 7.3). Times are seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `_max_dial_attempts`.
    pub max_dial_attempts: u32,
    /// `_dial_retry_timeout`: from the end of a dial that failed to the next one.
    pub dial_retry_timeout: u32,
    /// `_max_notify_delivery_attempts`, for callbacks that the customer originates.
    pub max_notify_delivery_attempts: u32,
    /// `_cb_dim_channel`, where the request names none.
    pub channel: String,
    /// `_target`, the `_CB_DIM_FINAL_TARGET` of who got an agent, unless the script names another.
    pub target: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_dial_attempts: 3,
            dial_retry_timeout: 300,
            max_notify_delivery_attempts: 3,
            // Chosen: who asks over HTTP and says nothing else is a web page.
            channel: "WEB".to_owned(),
            target: None,
        }
    }
}

/// The reporting parameters of a request: `_cb_t_callback_offered` and the like, with their keys in upper case (facts
/// infomart 7.2). Everything else is left out; of a name given twice the first value counts (chosen).
///
/// ```
/// # use tbus_apps::session::caller_parameters;
/// let given = caller_parameters([("_customer_number", "5551234"), ("_cb_dim_channel", "IVR")]);
/// assert_eq!(given.into_iter().collect::<Vec<_>>(), [("_CB_DIM_CHANNEL".to_owned(), "IVR".to_owned())]);
/// ```
pub fn caller_parameters<'a>(
    request: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, value) in request {
        if name.starts_with("_cb_") {
            found.entry(name.to_ascii_uppercase()).or_insert_with(|| value.to_owned());
        }
    }
    found
}
