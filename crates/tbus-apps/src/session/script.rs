//! How a callback goes: what nobody knows when it is requested.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::values::{DialResult, Ending};

/// How a callback goes. All times are seconds. What a scenario's `script` table leaves out is as in the worked example of
/// facts infomart 8: dialled after 2 s, reached after 6, an agent after 7, over after 3 more.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Script {
    /// From the callback's turn (its start, or the desired time) until an agent is expected:
    /// `_CB_D_WAITING_FOR_AGENT_OFFLINE`.
    pub offline_wait: u32,
    /// From then to the first dial, or notification.
    pub dial_after: u32,
    /// Dials, or notifications, in turn, until one reaches the customer. More than the options allow are not made.
    pub dials: Vec<Dial>,
    /// From a confirmed notification until the customer calls in. Without meaning where the contact centre dials.
    pub customer_after: u32,
    /// From the customer's connection to the agent's, or to the ending that comes instead:
    /// `_CB_D_CUSTOMER_CONNECTED_WAITING_FOR_AGENT`.
    pub agent_wait: u32,
    /// From there to the end of the session.
    pub handling: u32,
    /// How it ends when the customer is reached.
    pub ending: Ending,
    /// Transfers to an agent that failed: `_CB_N_TRANSFER_TO_AGENT_FAILED`.
    pub transfers_failed: u32,
    /// `_CB_DIM_DIAL_DIALOG_RESULT` instead of what follows from the rest.
    pub dialog_result: Option<String>,
    /// `_CB_DIM_FINAL_DIAL_RESULT` instead of what follows from the rest.
    pub final_dial_result: Option<String>,
    /// `_CB_DISPOSITION` of the end, as an agent may give it.
    pub disposition: Option<String>,
    /// `_CB_DIM_FINAL_TARGET`, the target that the call was routed to.
    pub target: Option<String>,
    /// What the queue says at each moment.
    pub queue: QueueFigures,
    /// The session dies.
    pub crash: Option<Crash>,
    /// The desktop sends the final event a second time, so long after the first (facts infomart 4.6).
    pub resend_after: Option<u32>,
    /// Keys that a broken strategy leaves out of its user events.
    pub leave_out: Vec<String>,
    /// Pairs that the strategy puts into its user events, instead of or beside its own.
    pub pairs: BTreeMap<String, String>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            offline_wait: 0,
            dial_after: 2,
            dials: vec![Dial::new(DialResult::Connected)],
            customer_after: 0,
            agent_wait: 7,
            handling: 3,
            ending: Ending::Agent,
            transfers_failed: 0,
            dialog_result: None,
            final_dial_result: None,
            disposition: None,
            target: None,
            queue: QueueFigures::default(),
            crash: None,
            resend_after: None,
            leave_out: Vec::new(),
            pairs: BTreeMap::new(),
        }
    }
}

impl Script {
    /// The worked example, with another ending.
    pub fn ending(ending: Ending) -> Self {
        Self { ending, ..Self::default() }
    }

    /// The worked example, with other dials.
    pub fn dialling(results: impl IntoIterator<Item = DialResult>) -> Self {
        Self { dials: results.into_iter().map(Dial::new).collect(), ..Self::default() }
    }
}

/// One dial, or one notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dial {
    /// What it gave.
    pub result: DialResult,
    /// How long that took; for the one that connects, `_CB_D_ESTABLISH_MEDIA_IXN`.
    #[serde(default = "six")]
    pub takes: u32,
    /// From then to the next dial, instead of `_dial_retry_timeout`.
    #[serde(default)]
    pub retry_after: Option<u32>,
}

const fn six() -> u32 {
    6
}

impl Dial {
    /// A dial of six seconds.
    pub const fn new(result: DialResult) -> Self {
        Self { result, takes: six(), retry_after: None }
    }
}

/// What the queue says: expected waiting times in seconds, positions, priorities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct QueueFigures {
    /// `_CB_EWT_WHEN_READY_TO_START_MEDIA_IXN`.
    pub ewt_ready: u32,
    /// `_CB_POS_WHEN_READY_TO_START_MEDIA_IXN`.
    pub pos_ready: u32,
    /// `_CB_EWT_WHEN_READY_TO_START_LAST_MEDIA_IXN`.
    pub ewt_last: u32,
    /// `_CB_POS_WHEN_READY_TO_START_LAST_MEDIA_IXN`.
    pub pos_last: u32,
    /// `_CB_PRIORITY_WHEN_CALLBACK_ACCEPTED`.
    pub priority_accepted: u32,
    /// `_CB_PRIORITY_WHEN_CUSTOMER_CONNECTED`.
    pub priority_connected: u32,
    /// `_CB_PRIORITY_AT_THE_END_OF_ONLINE_WAIT`.
    pub priority_end: u32,
}

/// The session dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Crash {
    /// So long after the service's start.
    pub after: u32,
    /// A second session takes the callback over, so long after the crash. Without it nothing comes after the crash.
    #[serde(default)]
    pub back_after: Option<u32>,
}
