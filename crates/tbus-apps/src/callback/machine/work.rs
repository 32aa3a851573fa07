//! What comes out of the machine: work, and news.

use tlib_proto::KvList;

use crate::session::State;

/// Something to send to a T-Server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What [`Machine::done`](super::Machine::done) is told.
    pub id: u64,
    /// Id of the callback.
    pub callback: String,
    /// The switch, `_rep_userevent_switch`; empty: the first.
    pub switch: String,
    /// What to send.
    pub job: Job,
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// RequestDistributeUserEvent to a DN.
    UserEvent {
        /// The DN.
        dn: String,
        /// UserData.
        pairs: KvList,
    },
    /// RequestUpdateUserData for a call.
    Attach {
        /// ConnID of the call.
        call: u64,
        /// UserData.
        pairs: KvList,
    },
}

/// Something that has happened to a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// When, in seconds since 1970.
    pub at: i64,
    /// Id of the callback.
    pub id: String,
    /// Its service.
    pub service: String,
    /// Its customer.
    pub customer_number: String,
    /// What.
    pub what: What,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It has entered a state.
    State {
        /// The state before; `None` at its start.
        from: Option<State>,
        /// The state now.
        to: State,
        /// Why it is `COMPLETED`.
        reason: Option<String>,
    },
    /// Its desired time has changed.
    Rescheduled {
        /// To what, in seconds since 1970.
        desired: i64,
    },
    /// A user event was taken by the T-Server.
    Sent {
        /// On which DN.
        dn: String,
        /// How many pairs.
        pairs: usize,
    },
    /// Pairs were attached to a call.
    Attached {
        /// ConnID of the call.
        call: u64,
        /// How many pairs.
        pairs: usize,
    },
    /// A user event was not sent; the callback ends.
    Unsent {
        /// On which DN it should have been.
        dn: String,
        /// Why.
        error: String,
        /// How many later messages are not sent either.
        given_up: usize,
    },
    /// Pairs were not attached to a call; the callback goes on.
    NotAttached {
        /// ConnID of the call.
        call: u64,
        /// Why.
        error: String,
    },
}
