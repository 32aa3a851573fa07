//! Other ConnIDs for the same calls.

use std::collections::HashMap;

use tlib_proto::{AttributeId, EncodeError, Message, ValueRef};

/// Calls that are remembered at most (chosen); beyond, those that are known keep their ConnIDs and others are left as captured.
const LIMIT: usize = 1 << 20;

/// Which captured ConnID is which one now. Every attribute that is a ConnID follows, so that transfers and conferences refer to the
/// calls that they referred to.
#[derive(Clone, Debug, Default)]
pub struct ConnIds {
    known: HashMap<u64, u64>,
    next: Option<u64>,
}

impl ConnIds {
    /// ConnIDs change as [`ConnIds::learn`] is told, and not otherwise.
    pub fn learned() -> Self {
        Self::default()
    }

    /// Every call gets a new ConnID: `first`, and so on.
    pub fn renewed(first: u64) -> Self {
        Self { known: HashMap::new(), next: Some(first) }
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
    }

    /// The message with the ConnIDs of now. ConnIDs of 0, which say that there is no call, stay.
    ///
    /// # Errors
    /// [`EncodeError`] when the message does not fit into a frame of the default limits.
    pub fn apply(&mut self, message: &Message) -> Result<Message, EncodeError> {
        if !message.view().attributes().any(|attribute| is_conn_id(attribute.id)) {
            return Ok(message.clone());
        }
        Message::build(message.id(), |m| {
            for attribute in message.view().attributes() {
                match attribute.value {
                    ValueRef::Long(id) if id != 0 && is_conn_id(attribute.id) => {
                        m.long(attribute.id, self.now(id))
                    }
                    _ => m.attribute(attribute),
                };
            }
            m
        })
    }

    fn now(&mut self, captured: u64) -> u64 {
        if let Some(now) = self.known.get(&captured) {
            return *now;
        }
        match &mut self.next {
            Some(next) if self.known.len() < LIMIT => {
                let now = *next;
                *next = next.wrapping_add(1);
                self.known.insert(captured, now);
                now
            }
            _ => captured,
        }
    }
}

/// Whether the attribute's value is a ConnID, by its name.
fn is_conn_id(id: AttributeId) -> bool {
    id.name().is_some_and(|name| name.ends_with("ConnID"))
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
}
