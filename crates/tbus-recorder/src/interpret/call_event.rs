//! What an event says of a call: which one, and what happens in it.

use std::sync::Arc;

use tlib_proto::{AttributeId, MessageId, MessageRef};

use super::context::{Hex, ID_MAX, attribute};

/// What an event means for its DN and its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallEvent {
    /// The DN is in the call now.
    In,
    /// The DN holds the call.
    Held,
    /// The DN has left the call.
    Left,
    /// The call goes on as it is.
    Same,
    /// The call is over for all.
    Over,
}

impl CallEvent {
    /// What a message means; `None` for messages that are not about calls.
    pub(super) fn of(id: MessageId) -> Option<Self> {
        match id {
            MessageId::EVENT_QUEUED
            | MessageId::EVENT_RINGING
            | MessageId::EVENT_DIALING
            | MessageId::EVENT_NETWORK_REACHED
            | MessageId::EVENT_DESTINATION_BUSY
            | MessageId::EVENT_ESTABLISHED
            | MessageId::EVENT_RETRIEVED
            | MessageId::EVENT_PARTY_CHANGED
            | MessageId::EVENT_ROUTE_REQUEST
            | MessageId::EVENT_BRIDGED => Some(Self::In),
            MessageId::EVENT_HELD => Some(Self::Held),
            MessageId::EVENT_RELEASED | MessageId::EVENT_ABANDONED | MessageId::EVENT_DIVERTED => {
                Some(Self::Left)
            }
            MessageId::EVENT_ATTACHED_DATA_CHANGED
            | MessageId::EVENT_CALL_INFO_CHANGED
            | MessageId::EVENT_PARTY_ADDED
            | MessageId::EVENT_PARTY_DELETED
            | MessageId::EVENT_PARTY_INFO
            | MessageId::EVENT_ROUTE_USED
            | MessageId::EVENT_TREATMENT_APPLIED
            | MessageId::EVENT_TREATMENT_NOT_APPLIED
            | MessageId::EVENT_TREATMENT_END
            | MessageId::EVENT_TREATMENT_REQUIRED
            | MessageId::EVENT_DIGITS_COLLECTED
            | MessageId::EVENT_DTMF_SENT
            | MessageId::EVENT_LISTEN_DISCONNECTED
            | MessageId::EVENT_LISTEN_RECONNECTED
            | MessageId::EVENT_MUTE_ON
            | MessageId::EVENT_MUTE_OFF
            | MessageId::EVENT_CALL_CREATED
            | MessageId::EVENT_CALL_DATA_CHANGED
            | MessageId::EVENT_CALL_PARTY_ADDED
            | MessageId::EVENT_CALL_PARTY_STATE
            | MessageId::EVENT_CALL_PARTY_MOVED
            | MessageId::EVENT_CALL_PARTY_DELETED => Some(Self::Same),
            MessageId::EVENT_CALL_DELETED => Some(Self::Over),
            _ => None,
        }
    }
}

impl CallEvent {
    /// Whether it is a sign of a new call where none is known. With others, a call that was there before the recorder
    /// is heard for the first time.
    pub(super) fn begins(self) -> bool {
        matches!(self, Self::In | Self::Held)
    }
}

/// How a call is named.
#[derive(Clone, Debug)]
pub(super) struct CallName {
    pub(super) conn_id: Option<u64>,
    /// CallUUID, else the ConnID as 16 hex digits (chosen).
    pub(super) callid: Arc<str>,
    /// Whether it is the CallUUID.
    pub(super) is_uuid: bool,
}

impl CallName {
    /// The name that an event has for its call; `None` when it names none.
    pub(super) fn of(message: MessageRef<'_>) -> Option<Self> {
        let conn_id = message.long(AttributeId::CONN_ID).ok().flatten().filter(|id| *id != 0);
        match attribute(message, AttributeId::CALL_UUID, ID_MAX) {
            Some(uuid) => Some(Self { conn_id, callid: (&*uuid).into(), is_uuid: true }),
            None => {
                let callid = Hex::new(conn_id?).as_str().into();
                Some(Self { conn_id, callid, is_uuid: false })
            }
        }
    }
}
