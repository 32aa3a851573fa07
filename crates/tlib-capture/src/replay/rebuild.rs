//! A request that the log does not show, from the event that it has caused.

use tlib_proto::{AttributeId, EncodeError, Message, MessageId};

/// What the server adds to an event, so that a request does not have it.
const SERVERS_OWN: [AttributeId; 6] = [
    AttributeId::EVENT_SEQUENCE_NUMBER,
    AttributeId::CUSTOMER_ID,
    AttributeId::TIMEIN_SECS,
    AttributeId::TIMEINU_SECS,
    AttributeId::USER_EVENT,
    AttributeId::THIS_DN,
];

/// The RequestDistributeUserEvent that makes a server send this EventUserEvent. `absent_this_dn` says that the log has the note
/// `-- Absent ThisDN, X was used`: the request had CommunicationDN X and no ThisDN. Without the note it gets both (chosen: the
/// server then answers and distributes as captured, whichever of them the client had sent).
///
/// # Errors
/// [`EncodeError`] when the request does not fit into a frame.
pub fn rebuild_request(event: &Message, absent_this_dn: bool) -> Result<Message, EncodeError> {
    let view = event.view();
    let dn = view.find(AttributeId::THIS_DN);
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.optional(AttributeId::COMMUNICATION_DN, dn)
            .optional(AttributeId::THIS_DN, dn.filter(|_| !absent_this_dn))
            .copy(view, |id| !SERVERS_OWN.contains(&id))
    })
}
