//! Other ConnIDs for the same calls, and with them the other names of calls.

use std::collections::HashMap;
use std::hash::Hash;

use tlib_proto::{AttributeId, EncodeError, Message, ValueRef};

/// Calls that are remembered at most (chosen); beyond, those that are known keep their ConnIDs and others are left as captured.
const LIMIT: usize = 1 << 20;

/// Which captured ConnID is which one now. Every attribute that is a ConnID follows, so that transfers and conferences refer to the
/// calls that they referred to. Where ConnIDs are renewed, CallIDs and UUIDs of 32 characters are renewed in the same way.
#[derive(Clone, Debug, Default)]
pub struct ConnIds {
    known: HashMap<u64, u64>,
    next: Option<u64>,
    /// CallIDs, and UUIDs by their bytes, with the number that each has now.
    call_ids: HashMap<i32, u64>,
    uuids: HashMap<[u8; 32], u64>,
}

impl ConnIds {
    /// ConnIDs change as [`ConnIds::learn`] is told, and not otherwise.
    pub fn learned() -> Self {
        Self::default()
    }

    /// Every call gets a new ConnID: `first`, and so on.
    pub fn renewed(first: u64) -> Self {
        Self { next: Some(first), ..Self::default() }
    }

    /// The call of this captured ConnID has this one now.
    pub fn learn(&mut self, captured: u64, now: u64) {
        if self.known.len() < LIMIT || self.known.contains_key(&captured) {
            self.known.insert(captured, now);
        }
    }

    /// Whether it is known what has become of this ConnID.
    pub fn knows(&self, captured: u64) -> bool {
        self.known.contains_key(&captured)
    }

    /// Another round begins: its calls are other ones.
    pub fn forget(&mut self) {
        self.known.clear();
        self.call_ids.clear();
        self.uuids.clear();
    }

    /// The message with the ConnIDs of now. ConnIDs of 0, which say that there is no call, stay.
    ///
    /// # Errors
    /// [`EncodeError`] when the message does not fit into a frame of the default limits.
    pub fn apply(&mut self, message: &Message) -> Result<Message, EncodeError> {
        let renews = self.next.is_some();
        if !message.view().attributes().any(|a| is_conn_id(a.id) || renews && is_of_call(a.id)) {
            return Ok(message.clone());
        }
        Message::build(message.id(), |m| {
            for attribute in message.view().attributes() {
                match attribute.value {
                    ValueRef::Long(id) if id != 0 && is_conn_id(attribute.id) => {
                        m.long(attribute.id, self.now(id))
                    }
                    ValueRef::Int(id) if renews && id != 0 && is_of_call(attribute.id) => {
                        m.int(attribute.id, self.call_id(id))
                    }
                    ValueRef::Str(uuid) if renews && is_of_call(attribute.id) => match self.uuid(uuid) {
                        Some(now) => m.str(attribute.id, &now),
                        None => m.attribute(attribute),
                    },
                    _ => m.attribute(attribute),
                };
            }
            m
        })
    }

    fn now(&mut self, captured: u64) -> u64 {
        renewed(&mut self.known, &mut self.next, captured).unwrap_or(captured)
    }

    /// The low 31 bits of a new number.
    fn call_id(&mut self, captured: i32) -> i32 {
        let now = renewed(&mut self.call_ids, &mut self.next, captured);
        now.and_then(|now| i32::try_from(now & 0x7FFF_FFFF).ok()).unwrap_or(captured)
    }

    /// The first half as captured, and a new number as the second.
    fn uuid(&mut self, captured: &[u8]) -> Option<Vec<u8>> {
        let captured: [u8; 32] = captured.try_into().ok()?;
        let now = renewed(&mut self.uuids, &mut self.next, captured)?;
        let (kept, _) = captured.split_at(16);
        Some([kept, format!("{now:016X}").as_bytes()].concat())
    }
}

/// What has become of this one; a new number if it is a new one.
fn renewed<K: Eq + Hash>(known: &mut HashMap<K, u64>, next: &mut Option<u64>, captured: K) -> Option<u64> {
    if let Some(now) = known.get(&captured) {
        return Some(*now);
    }
    let next = next.as_mut().filter(|_| known.len() < LIMIT)?;
    let now = *next;
    *next = next.wrapping_add(1);
    known.insert(captured, now);
    Some(now)
}

/// Whether the attribute's value is a ConnID, by its name.
fn is_conn_id(id: AttributeId) -> bool {
    id.name().is_some_and(|name| name.ends_with("ConnID"))
}

/// Whether the attribute names a call, or a party of one, in another way.
fn is_of_call(id: AttributeId) -> bool {
    id == AttributeId::CALL_ID
        || id == AttributeId::PREVIOUS_CALL_ID
        || id.name().is_some_and(|name| name.ends_with("UUID"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::MessageId;

    fn event(conn_id: u64, transfer: u64) -> Message {
        let event = Message::build(MessageId::EVENT_RINGING, |m| {
            m.long(AttributeId::EVENT_SEQUENCE_NUMBER, conn_id)
                .long(AttributeId::CONN_ID, conn_id)
                .long(AttributeId::TRANSFER_CONN_ID, transfer)
                .str(AttributeId::THIS_DN, "7001")
        });
        event.unwrap()
    }

    fn ids(message: &Message) -> [Option<u64>; 3] {
        [AttributeId::CONN_ID, AttributeId::TRANSFER_CONN_ID, AttributeId::EVENT_SEQUENCE_NUMBER]
            .map(|id| message.view().long(id).unwrap())
    }

    #[test]
    fn references_between_calls_stay() {
        let mut renewed = ConnIds::renewed(100);
        assert_eq!(ids(&renewed.apply(&event(7, 0)).unwrap()), [Some(100), Some(0), Some(7)]);
        assert_eq!(ids(&renewed.apply(&event(8, 7)).unwrap()), [Some(101), Some(100), Some(8)]);
        renewed.forget();
        assert_eq!(ids(&renewed.apply(&event(7, 7)).unwrap()), [Some(102), Some(102), Some(7)]);
    }

    #[test]
    fn what_is_learned_replaces_and_the_rest_stays() {
        let mut learned = ConnIds::learned();
        learned.learn(7, 70);
        assert!(learned.knows(7) && !learned.knows(8));
        assert_eq!(ids(&learned.apply(&event(7, 8)).unwrap()), [Some(70), Some(8), Some(7)]);
    }

    #[test]
    fn other_names_of_a_call_are_renewed_with_it() {
        let uuid = "00D4M9P6O0A5F7E80CG0G2LAES00000A";
        let event = Message::build(MessageId::EVENT_RINGING, |m| {
            m.int(AttributeId::CALL_ID, 9)
                .int(AttributeId::PREVIOUS_CALL_ID, 0)
                .long(AttributeId::CONN_ID, 7)
                .str(AttributeId::CALL_UUID, uuid)
                .str(AttributeId::REF_CALL_UUID, uuid)
        });
        let event = event.unwrap();
        let names = |message: &Message| {
            let view = message.view();
            let text = |id| String::from_utf8_lossy(view.text(id).unwrap().unwrap()).into_owned();
            let int = |id| view.int(id).unwrap().unwrap();
            assert_eq!(int(AttributeId::PREVIOUS_CALL_ID), 0, "no call");
            assert_eq!(text(AttributeId::CALL_UUID), text(AttributeId::REF_CALL_UUID));
            (
                int(AttributeId::CALL_ID),
                view.long(AttributeId::CONN_ID).unwrap(),
                text(AttributeId::CALL_UUID),
            )
        };
        let mut renewed = ConnIds::renewed(100);
        let first = names(&renewed.apply(&event).unwrap());
        assert_eq!(first, (100, Some(101), "00D4M9P6O0A5F7E80000000000000066".to_owned()));
        assert_eq!(names(&renewed.apply(&event).unwrap()), first);
        renewed.forget();
        let again = names(&renewed.apply(&event).unwrap());
        assert!(again.0 != first.0 && again.1 != first.1 && again.2 != first.2, "{again:?}");
        assert_eq!(names(&ConnIds::learned().apply(&event).unwrap()), (9, Some(7), uuid.to_owned()));
    }
}
