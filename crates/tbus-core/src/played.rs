//! Events that were captured elsewhere and happen again.

use tlib_proto::{AttributeId, MessageId, MessageRef, Timestamp};

use crate::events::is_head;
use crate::heads::Heads;
use crate::refusal::Refusal;
use crate::switch::{Switch, post};
use crate::{ClientId, Effects, Function};

/// What a played event keeps of its own; the rest of its head is that of an event that happens now. What it has not, it cannot keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// TimeinSecs and TimeinuSecs.
    pub times: bool,
    /// EventSequenceNumber. Events in between go on counting from the switch's own.
    pub sequence: bool,
}

/// Why an event cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unplayable(String);

impl From<Refusal> for Unplayable {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.text.into_owned())
    }
}

impl Switch {
    /// Sends an event to everybody who is registered on its ThisDN and wants it, as [`Function::DistributeUserEvent`] or
    /// [`Function::DistributeEvent`], and says how many that are. Nothing of the switch's state changes but the number of the next
    /// event: calls that are played do not exist. CustomerID stays if the event has one.
    ///
    /// # Errors
    /// [`Unplayable`] when it is no event, has no ThisDN, the DN is not configured, or the event does not fit.
    pub fn play(
        &mut self,
        event: MessageRef<'_>,
        keep: Keep,
        now: Timestamp,
        out: &mut Effects,
    ) -> Result<usize, Unplayable> {
        let (mark, before) = (out.mark(), out.receivers().len());
        let played = self.try_play(event, keep, now, out);
        if played.is_err() {
            out.take_back(mark);
        }
        played?;
        Ok(out.receivers().len().saturating_sub(before))
    }

    fn try_play(
        &mut self,
        event: MessageRef<'_>,
        keep: Keep,
        now: Timestamp,
        out: &mut Effects,
    ) -> Result<(), Refusal> {
        let id = event.id();
        if !id.is_event() {
            return Err(Refusal::new(tlib_proto::ErrorCode::INVALID_ATTR, format!("{id} is no event")));
        }
        let this_dn =
            event.text(AttributeId::THIS_DN)?.ok_or_else(|| Refusal::missing(AttributeId::THIS_DN))?;
        let dn = self.registry.resolve(this_dn, tlib_proto::enums::AddressType::DN)?;
        let own_time = event.time()?.filter(|_| keep.times);
        let own_number = event.long(AttributeId::EVENT_SEQUENCE_NUMBER)?.filter(|_| keep.sequence);
        let tenant = event.text(AttributeId::CUSTOMER_ID)?.and_then(|name| std::str::from_utf8(name).ok());
        let mut number = own_number.unwrap_or(self.sequence);
        // Nobody has asked, so the requester's place is nobody's.
        let own_heads = tenant.filter(|name| *name != self.world.tenant.name).map(Heads::new);
        let nobody = ClientId(u32::MAX);
        let mut post = post(&self.world, &self.heads, &mut number, nobody, own_time.unwrap_or(now), out);
        if let Some(heads) = &own_heads {
            post.heads = heads;
        }
        let function = match id {
            MessageId::EVENT_USER_EVENT => Function::DistributeUserEvent,
            _ => Function::DistributeEvent,
        };
        post.distribute(&self.registry, dn, (function, id), None, |writer, _| {
            writer.copy(event, |id| !is_head(id));
        })?;
        if own_number.is_none() {
            self.sequence = number;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, message};
    use tlib_proto::{Message, ValueRef};

    fn event(dn: &str) -> Message {
        Message::build(MessageId::EVENT_RINGING, |m| {
            m.long(AttributeId::EVENT_SEQUENCE_NUMBER, 0xef9)
                .str(AttributeId::CUSTOMER_ID, "Elsewhere")
                .unsigned(AttributeId::TIMEINU_SECS, 757_000)
                .unsigned(AttributeId::TIMEIN_SECS, 1_348_817_660)
                .long(AttributeId::CONN_ID, 7)
                .str(AttributeId::THIS_DN, dn)
        })
        .unwrap()
    }

    /// Number, seconds and CustomerID of what everybody gets, and how many.
    fn play(bench: &mut Bench, keep: Keep) -> (usize, Option<u64>, Option<u32>, String) {
        let now = Timestamp::new(2_000_000_000, 1);
        bench.effects = Effects::new();
        let count = bench.switch.play(event("REPORTING").view(), keep, now, &mut bench.effects).unwrap();
        let frame = bench.effects.events.clone().freeze();
        let Ok(played) = Message::from_frame(frame, &tlib_proto::Limits::default()) else {
            panic!("one event")
        };
        let view = played.view();
        assert_eq!(view.find(AttributeId::CONN_ID), Some(ValueRef::Long(7)));
        assert_eq!(view.len(), event("REPORTING").view().len());
        let customer = view.text(AttributeId::CUSTOMER_ID).unwrap().unwrap();
        (
            count,
            view.long(AttributeId::EVENT_SEQUENCE_NUMBER).unwrap(),
            view.unsigned(AttributeId::TIMEIN_SECS).unwrap(),
            String::from_utf8_lossy(customer).into_owned(),
        )
    }

    #[test]
    fn a_captured_event_goes_to_everybody_on_its_dn() {
        let mut bench = Bench::new(3);
        bench.register(0, &["REPORTING"]);
        bench.register(2, &["REPORTING"]);
        bench.switch.set_next_sequence(5);
        let (now, then, name) = (2_000_000_000, 1_348_817_660, "Elsewhere".to_owned());
        assert_eq!(play(&mut bench, Keep::default()), (2, Some(5), Some(now), name.clone()));
        let all = Keep { times: true, sequence: true };
        assert_eq!(play(&mut bench, all), (2, Some(0xef9), Some(then), name.clone()));
        assert_eq!(play(&mut bench, Keep::default()), (2, Some(6), Some(now), name), "its own count goes on");
    }

    #[test]
    fn what_cannot_be_played_leaves_nothing_behind() {
        let mut bench = Bench::new(1);
        bench.register(0, &["REPORTING"]);
        bench.effects = Effects::new();
        let now = Timestamp::new(1, 0);
        let mut fails = |message: Message| {
            let error =
                bench.switch.play(message.view(), Keep::default(), now, &mut bench.effects).unwrap_err();
            assert!(bench.effects.events.is_empty() && bench.effects.steps().next().is_none());
            error.to_string()
        };
        assert_eq!(fails(event("NOWHERE")), "DN NOWHERE is not configured");
        assert_eq!(fails(message(MessageId::EVENT_RINGING, &[])), "AttributeThisDN is missing");
        let request = message(MessageId::REQUEST_MAKE_CALL, &[(AttributeId::THIS_DN, "REPORTING".into())]);
        assert_eq!(fails(request), "RequestMakeCall is no event");
    }
}
