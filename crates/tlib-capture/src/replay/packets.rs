//! The plan of a packet capture: what it shows are messages already.

use tlib_proto::MessageId;

use super::step::{Place, Planned, Skip, Step, is_answer};
use crate::packet::{CaptureItem, Captured};

/// What a packet capture says next; `None` for items that are neither message nor complaint. A client whose RequestRegisterClient is
/// not in the capture has no name.
pub fn packet_event(item: CaptureItem) -> Option<Step> {
    match item {
        CaptureItem::Message(captured) => Some(message(captured)),
        CaptureItem::Complaint(complaint) => Some(Step::Skipped {
            place: Place::Packet(complaint.place.packet),
            why: Skip::Damaged,
            detail: complaint.to_string(),
        }),
    }
}

fn message(captured: Captured) -> Step {
    let place = Place::Packet(captured.packet);
    let id = captured.message.id();
    if id == MessageId::REQUEST_REGISTER_CLIENT {
        return Step::Skipped { place, why: Skip::Handshake, detail: String::new() };
    }
    if !id.is_request() && !id.is_event() {
        // Polls and what belongs to the connection itself.
        return Step::Skipped { place, why: Skip::Unknown, detail: id.to_string() };
    }
    Step::Message(Planned {
        place,
        at: Some(captured.at.into()),
        application: captured.application,
        rebuilt: false,
        answer: id.is_event() && is_answer(id),
        unpublished: 0,
        receivers: Vec::new(),
        message: captured.message,
    })
}
