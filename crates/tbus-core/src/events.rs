//! Building events: their common head, their numbers, and one frame for all receivers.
//!
//! The order of attributes is that of the published log where it shows them, and chosen elsewhere: head
//! (EventSequenceNumber, CustomerID, TimeinuSecs, TimeinSecs), then what the event is about, then ReferenceID, ThisDN and
//! the other DNs. Direct answers have their ReferenceID right after the head, as EventACK in the log.

use tlib_proto::wire::MessageWriter;
use tlib_proto::{AttributeId, EncodeError, Limits, MessageId, Timestamp};

use crate::effects::Buffer;
use crate::heads::{Heads, Stamp};
use crate::registry::{DnId, Registry};
use crate::{ClientId, DnName, Effects, Function, Note};

/// What every event begins with, so never copies from elsewhere (published log).
pub(crate) const fn is_head(id: AttributeId) -> bool {
    matches!(
        id,
        AttributeId::EVENT_SEQUENCE_NUMBER
            | AttributeId::CUSTOMER_ID
            | AttributeId::TIMEINU_SECS
            | AttributeId::TIMEIN_SECS
    )
}

/// Builds the events that one request leads to, and puts them into [`Effects`].
pub(crate) struct Post<'t> {
    /// Who has sent the request.
    pub(crate) requester: ClientId,
    /// The ReferenceID that the answer must carry.
    pub(crate) reference: Option<u32>,
    pub(crate) out: &'t mut Effects,
    /// Number of the next event.
    pub(crate) sequence: &'t mut u64,
    pub(crate) heads: &'t Heads,
    pub(crate) limits: Limits,
    pub(crate) now: Timestamp,
}

impl Post<'_> {
    /// Writes one frame with the number that the next event has, and says where it begins; the caller counts on. A
    /// ReferenceID that is given here stands right after the head.
    #[inline]
    fn write(
        &mut self,
        buffer: Buffer,
        event: MessageId,
        reference: Option<u32>,
        fill: impl FnOnce(&mut MessageWriter<'_>),
    ) -> Result<usize, EncodeError> {
        let out = self.out.buffer(buffer);
        let start = out.len();
        let mut writer = MessageWriter::start(out, event);
        let stamp = Stamp { sequence: *self.sequence, now: self.now };
        match reference {
            Some(reference) => self.heads.reference(&mut writer, stamp, reference),
            None => self.heads.plain(&mut writer, stamp),
        }
        fill(&mut writer);
        writer.finish(&self.limits)?;
        Ok(start)
    }

    /// Every event built takes a number; two copies of one event share it.
    fn count(&mut self) {
        *self.sequence = self.sequence.wrapping_add(1);
    }

    /// Sends an event to the requester alone, with its ReferenceID if it gave one.
    pub(crate) fn answer(
        &mut self,
        event: MessageId,
        fill: impl FnOnce(&mut MessageWriter<'_>),
    ) -> Result<(), EncodeError> {
        let start = self.write(Buffer::Answers, event, self.reference, fill)?;
        self.count();
        let to = self.out.receivers().len();
        self.out.receivers().push(self.requester);
        self.out.deliver((Function::SendToClient, event), Buffer::Answers, start, to);
        Ok(())
    }

    /// EventACK, if the requester wants an answer: head, ReferenceID, ThisDN, UserEvent (published log).
    pub(crate) fn ack(&mut self, request: MessageId, this_dn: Option<&[u8]>) -> Result<(), EncodeError> {
        self.ack_with(request, |writer| {
            if let Some(this_dn) = this_dn {
                writer.str(AttributeId::THIS_DN, this_dn);
            }
        })
    }

    /// The same with a ThisDN that `put_this_dn` writes.
    #[inline]
    pub(crate) fn ack_with(
        &mut self,
        request: MessageId,
        put_this_dn: impl FnOnce(&mut MessageWriter<'_>),
    ) -> Result<(), EncodeError> {
        if self.reference.is_none() {
            return Ok(());
        }
        self.answer(MessageId::EVENT_ACK, |writer| {
            put_this_dn(writer);
            writer.user_event(request);
        })
    }

    /// Who gets the copy with the ReferenceID of an event that answers: the requester, if it gave one.
    pub(crate) fn answered(&self) -> Option<ClientId> {
        self.reference.map(|_| self.requester)
    }

    /// Sends an event of a DN to the clients that are registered on it. `addressed` gets it in any case, in a copy of
    /// its own: `fill` is told by `true` that it writes this copy. Nobody there: the event is not built, a note says so.
    #[inline]
    pub(crate) fn distribute(
        &mut self,
        registry: &Registry,
        dn: DnId,
        (function, event): (Function, MessageId),
        addressed: Option<ClientId>,
        fill: impl Fn(&mut MessageWriter<'_>, bool),
    ) -> Result<(), EncodeError> {
        let to = self.out.receivers().len();
        registry.receivers(dn, event, addressed, self.out.receivers());
        match (self.out.receivers().len().saturating_sub(to), addressed) {
            (0, _) => {
                self.nobody(registry, dn, event);
                return Ok(());
            }
            (1, Some(_)) => {
                let start = self.write(Buffer::Answers, event, None, |writer| fill(writer, true))?;
                self.out.deliver((function, event), Buffer::Answers, start, to);
            }
            (_, Some(addressed)) => {
                let own = self.write(Buffer::Answers, event, None, |writer| fill(writer, true))?;
                let start = self.write(Buffer::Events, event, None, |writer| fill(writer, false))?;
                self.out.deliver((function, event), Buffer::Events, start, to);
                self.out.deliver_own(addressed, own);
            }
            (_, None) => {
                let start = self.write(Buffer::Events, event, None, |writer| fill(writer, false))?;
                self.out.deliver((function, event), Buffer::Events, start, to);
            }
        }
        self.count();
        Ok(())
    }

    #[cold]
    fn nobody(&mut self, registry: &Registry, dn: DnId, event: MessageId) {
        let name = registry.dn(dn).map_or_else(|| DnName::from(""), |dn| dn.name.clone());
        self.out.note(if registry.has_receivers(dn) {
            Note::NobodyWants { dn: name, event }
        } else {
            Note::NobodyRegistered { dn: name, event }
        });
    }

    /// Sends one event to all clients whose masks let it through.
    pub(crate) fn send_to_all(
        &mut self,
        registry: &Registry,
        event: MessageId,
        fill: impl FnOnce(&mut MessageWriter<'_>),
    ) -> Result<(), EncodeError> {
        let to = self.out.receivers().len();
        self.out.receivers().extend(registry.all_wanting(event));
        if self.out.receivers().len() == to {
            return Ok(());
        }
        let start = self.write(Buffer::Events, event, None, fill)?;
        self.count();
        self.out.deliver((Function::SendToAll, event), Buffer::Events, start, to);
        Ok(())
    }
}
