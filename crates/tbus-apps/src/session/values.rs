//! Words that pairs of callback events may hold, in the vendor's spelling (facts infomart 2).

/// Defines an enum of words: its name in pairs, in scenario files and in messages is the vendor's.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The vendor's spelling.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The one that is spelt so.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.name() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What the customer chose, `_CB_DIM_TYPE`.
    #[derive(Default)]
    CallbackType {
        /// Called back at once.
        #[default] Immediate "IMMEDIATE",
        /// Called back when an agent is free.
        WaitForAgent "WAIT_FOR_AGENT",
        /// Called back at a time that the customer chose.
        Scheduled "SCHEDULED",
    }
}

words! {
    /// Who calls whom, `_CB_DIM_CALL_DIRECTION`.
    #[derive(Default)]
    CallDirection {
        /// The contact centre dials.
        #[default] CustomerTerminated "CUSTOMER_TERMINATED",
        /// The customer's application calls after a notification.
        CustomerOriginated "CUSTOMER_ORIGINATED",
    }
}

words! {
    /// Who is connected first, `_CB_DIM_CONNECT_ORDER`.
    #[derive(Default)]
    ConnectOrder {
        /// The customer.
        #[default] CustomerFirst "CUSTOMER_FIRST",
        /// An agent, who sees the callback before it is dialled.
        AgentFirstPreview "AGENT_FIRST_PREVIEW",
        /// An agent, without a look at it.
        AgentFirstNoPreview "AGENT_FIRST_NO_PREVIEW",
    }
}

words! {
    /// What a dial, or a notification, gave: `_CB_DIAL_n_RESULT`.
    DialResult {
        /// The call could not be made.
        CreateCallError "CREATE_CALL_ERROR",
        /// Busy.
        Busy "BUSY",
        /// Nobody answered.
        NoAnswer "NO_ANSWER",
        /// A machine answered.
        AnsweringMachine "ANSWERING_MACHINE",
        /// The network answered with a tone.
        ErrorTone "ERROR_TONE",
        /// A fax answered.
        Fax "FAX",
        /// A person answered.
        Person "PERSON",
        /// The call was connected, without a look at who answered.
        Connected "CONNECTED",
        /// The customer's application could not call in.
        FailedToEstablish "FAILED_TO_ESTABLISH_CUSTOMER_ORIGINATED_MEDIA",
        /// The notification arrived.
        PushDeliveryConfirmed "PUSH_DELIVERY_CONFIRMED",
        /// The notification could not be sent.
        PushSendError "PUSH_SEND_ERROR",
        /// The notification was sent, nobody said that it arrived.
        PushDeliveryNotConfirmed "PUSH_DELIVERY_NOT_CONFIRMED",
        /// The customer called in.
        UserOriginatedConnected "USERORIGINATED_CONNECTED",
    }
}

impl DialResult {
    /// Whether no further dial is needed: the customer is there, or will call.
    pub const fn reaches_customer(self) -> bool {
        matches!(
            self,
            Self::Person | Self::Connected | Self::PushDeliveryConfirmed | Self::UserOriginatedConnected
        )
    }
}

words! {
    /// How a script ends, once the customer is reached (or before, where it says so).
    #[derive(Default)]
    Ending {
        /// An agent talks to the customer.
        #[default] Agent "AGENT",
        /// The customer originated the call and is connected.
        Connected "CONNECTED",
        /// The customer hangs up while waiting for an agent.
        Abandoned "ABANDONED",
        /// No agent is found in time.
        Timeout "TIMEOUT",
        /// The call is transferred to a routing point.
        TransferredToRp "TRANSFERRED_TO_RP",
        /// The strategy's dial plug-in cancels instead of dialling.
        CancelledByPlugIn "CANCELLED_BY_PLUG_IN",
        /// The customer declines the offer. There is no session: the application that made the offer sends one event.
        Declined "DECLINED",
        /// The customer hangs up during the offer. There is no session either.
        OfferAbandoned "OFFER_ABANDONED",
    }
}

impl Ending {
    /// Whether the offer is all there is, so that no callback is requested.
    pub const fn is_offer_only(self) -> bool {
        matches!(self, Self::Declined | Self::OfferAbandoned)
    }
}

words! {
    /// State of a callback (facts infomart 7.4).
    State {
        /// Waits for its time.
        Scheduled "SCHEDULED",
        /// Waits for an agent, or is being dialled.
        Queued "QUEUED",
        /// The customer is reached and waits for an agent.
        Routing "ROUTING",
        /// The customer talks to an agent.
        Processing "PROCESSING",
        /// Over.
        Completed "COMPLETED",
    }
}

words! {
    /// Why a callback is `COMPLETED`, as queries show it (facts infomart 7.4). Which of them an ending gets is chosen.
    Reason {
        /// An agent talked to the customer.
        AgentConnected "AGENT_CONNECTED",
        /// Somebody cancelled it.
        Cancelled "CANCELLED",
        /// The call was gone: the customer hung up.
        InteractionDeleted "FAIL_INTERACTION_DELETED",
        /// No agent in time.
        AgentConnect "FAIL_AGENT_CONNECT",
        /// The customer could not be called.
        CallToCustomer "FAIL_CALL_TO_CUSTOMER",
        /// The notification failed.
        UserNoConfirm "FAIL_USER_NO_CONFIRM",
        /// The user event could not be sent.
        Error "FAIL_ERROR",
    }
}

/// Constants for dispositions, `STATE.REASON`. What waits is `.AGENT` (chosen: it waits for one).
pub(super) mod disposition {
    pub(crate) const SCHEDULED: &str = "SCHEDULED.AGENT";
    pub(crate) const QUEUED: &str = "QUEUED.AGENT";
    pub(crate) const AGENT: &str = "COMPLETED.AGENT";
    pub(crate) const CONNECTED: &str = "COMPLETED.CONNECTED";
    pub(crate) const ABANDONED: &str = "COMPLETED.ABANDONED_IN_QUEUE";
    pub(crate) const FAILED: &str = "COMPLETED.FAILED";
    pub(crate) const TRANSFERRED: &str = "COMPLETED.TRANSFERRED_TO_RP";
    pub(crate) const CANCELLED: &str = "COMPLETED.CANCELLED";
    pub(crate) const REJECTED: &str = "COMPLETED.REJECTED";
    pub(crate) const REDIAL_LIMIT: &str = "COMPLETED.REDIAL_LIMIT_REACHED";
    pub(crate) const PUSH_SEND_ERROR: &str = "COMPLETED.PUSH_SEND_ERROR";
}
