//! RequestDistributeUserEvent and RequestDistributeEvent: what the whole simulator is for.

use tlib_proto::wire::{MessageWriter, Span, profile};
use tlib_proto::{AttributeError, AttributeId, ErrorCode, MessageId, MessageRef, ValueRef};

use crate::events::is_head;
use crate::refusal::Refusal;
use crate::turn::{Handled, Turn};
use crate::{ClientId, DnName, Function, Note};

/// What the server writes into every event itself, so never copies from a request (published log).
const fn is_servers_own(id: AttributeId) -> bool {
    is_head(id) || matches!(id, AttributeId::USER_EVENT | AttributeId::COMMUNICATION_DN)
}

/// Where the attributes lie that have their places in EventUserEvent, found in one pass over the request.
#[derive(Default)]
struct Parts {
    communication_dn: Span,
    user_data: Span,
    extensions: Span,
    reason: Span,
    ani: Span,
    dnis: Span,
    reference: Span,
    this_dn: Span,
    /// Whether the request has anything else to copy.
    rest: bool,
}

impl Parts {
    #[inline]
    fn read(request: MessageRef<'_>) -> Self {
        let mut parts = Self::default();
        for (id, span) in request.spans() {
            match parts.place(id) {
                Some(place) if place.is_empty() => *place = span,
                Some(_) => parts.rest = true,
                None if is_servers_own(id) => {}
                None => parts.rest = true,
            }
        }
        parts
    }

    #[inline]
    fn place(&mut self, id: AttributeId) -> Option<&mut Span> {
        Some(match id {
            AttributeId::COMMUNICATION_DN => &mut self.communication_dn,
            AttributeId::USER_DATA => &mut self.user_data,
            AttributeId::EXTENSIONS => &mut self.extensions,
            AttributeId::REASON => &mut self.reason,
            AttributeId::ANI => &mut self.ani,
            AttributeId::DNIS => &mut self.dnis,
            AttributeId::REFERENCE_ID => &mut self.reference,
            AttributeId::THIS_DN => &mut self.this_dn,
            _ => return None,
        })
    }

    /// Copies what has no place of its own, in the request's order; a second attribute of one kind is such a thing.
    #[cold]
    fn copy_rest(request: MessageRef<'_>, writer: &mut MessageWriter<'_>) {
        let mut seen = Self::default();
        let rest = request.spans().filter_map(|(id, span)| match seen.place(id) {
            Some(place) if place.is_empty() => {
                *place = span;
                None
            }
            _ => Some(span).filter(|_| !is_servers_own(id)),
        });
        writer.copy_spans(request, rest);
    }
}

/// The error of an attribute that is of another kind than its reader needs.
#[cold]
fn wrong_kind(attribute: AttributeId, value: ValueRef<'_>, expected: &'static str) -> AttributeError {
    AttributeError { attribute, expected, found: value.kind_name() }
}

#[inline]
fn dn_text(id: AttributeId, value: Option<ValueRef<'_>>) -> Result<Option<&[u8]>, AttributeError> {
    let Some(value) = value else { return Ok(None) };
    value.as_text().map(Some).ok_or_else(|| wrong_kind(id, value, "string"))
}

impl Turn<'_> {
    /// EventACK to the sender, then EventUserEvent to everybody who is registered on the target: CommunicationDN, else
    /// ThisDN. The sender need not be registered; if it is, it gets its copy in its place (published log, facts 3.3).
    ///
    /// EventUserEvent: head, UserEvent, UserData, Extensions, Reason, ANI, DNIS, whatever else the request carries in its
    /// order, ReferenceID, ThisDN last. The places of UserData, ANI, DNIS, ReferenceID and ThisDN are those of the
    /// published log, the others chosen. Every copy keeps the ReferenceID.
    pub(crate) fn distribute_user_event(&mut self) -> Handled {
        let request = self.request;
        let parts = Parts::read(request);
        self.post.reference = match request.value_at(parts.reference) {
            None => None,
            Some(ValueRef::Int(id)) => Some(id.cast_unsigned()).filter(|id| *id != profile::NO_REFERENCE),
            Some(value) => return Err(wrong_kind(AttributeId::REFERENCE_ID, value, "int").into()),
        };
        let this_dn_value = request.value_at(parts.this_dn);
        let this_dn = dn_text(AttributeId::THIS_DN, this_dn_value)?;
        let communication_dn =
            dn_text(AttributeId::COMMUNICATION_DN, request.value_at(parts.communication_dn))?;
        match request.value_at(parts.user_data) {
            None => {}
            Some(ValueRef::List(list)) => self.check_user_data(list.packed_len())?,
            Some(value) => return Err(wrong_kind(AttributeId::USER_DATA, value, "list").into()),
        }
        let Some(target) = communication_dn.or(this_dn) else {
            let text = "AttributeCommunicationDN and AttributeThisDN are missing";
            return Err(Refusal::new(ErrorCode::INVALID_ATTR, text));
        };
        let dn = self.resolve(target);
        if this_dn.is_none() {
            let known = dn.as_ref().ok().and_then(|dn| self.registry.dn(*dn));
            let used = known.map_or_else(|| DnName::from(target), |dn| dn.name.clone());
            self.post.out.note(Note::AbsentThisDn { used });
        }
        let (dn, this_dn) = (dn?, this_dn.unwrap_or(target));
        self.post.ack(request.id(), Some(this_dn))?;
        let event = (Function::DistributeUserEvent, MessageId::EVENT_USER_EVENT);
        self.post.distribute(self.registry, dn, event, None, |writer, _| {
            let data = [parts.user_data, parts.extensions, parts.reason, parts.ani, parts.dnis];
            writer.user_event(MessageId::EVENT_USER_EVENT).copy_spans(request, data);
            if parts.rest {
                Parts::copy_rest(request, writer);
            }
            if let Some(ValueRef::Str(_)) = this_dn_value {
                writer.copy_spans(request, [parts.reference, parts.this_dn]);
            } else {
                writer.copy_spans(request, [parts.reference]).str(AttributeId::THIS_DN, this_dn);
            }
        })?;
        Ok(())
    }

    /// EventACK to the sender, then the event that AttributeUserEvent names to everybody who is registered on ThisDN and
    /// to the client that ClientID names, whose copy alone keeps the ReferenceID (facts 3.3). The other attributes are
    /// copied in the request's order; the server does not look inside. That ClientID is the SessionID of the client's
    /// EventLinkConnected, and that an input mask cannot keep its copy away, is chosen.
    pub(crate) fn distribute_event(&mut self) -> Handled {
        let request = self.request;
        let this_dn = self.this_dn()?;
        let event = self.event_to_send()?;
        self.user_data()?;
        let named = request.int(AttributeId::CLIENT_ID)?;
        let dn = self.resolve(this_dn)?;
        let addressed =
            named.map(|id| ClientId(id.cast_unsigned())).filter(|id| self.registry.client(*id).is_some());
        if let (Some(client), None) = (named, addressed) {
            self.post.out.note(Note::NoSuchClient { client });
        }
        self.post.ack(request.id(), Some(this_dn))?;
        let event_to = (Function::DistributeEvent, event);
        self.post.distribute(self.registry, dn, event_to, addressed, |writer, is_addressed| {
            writer.user_event(event).copy(request, |id| match id {
                AttributeId::CLIENT_ID => false,
                AttributeId::REFERENCE_ID => is_addressed,
                _ => !is_servers_own(id),
            });
        })?;
        Ok(())
    }

    fn event_to_send(&self) -> Result<MessageId, Refusal> {
        let id = AttributeId::USER_EVENT;
        let number = self.request.int(id)?.ok_or_else(|| Refusal::missing(id))?;
        let event = u16::try_from(number).ok().map(MessageId).filter(|event| event.is_event());
        event.ok_or_else(|| {
            Refusal::new(ErrorCode::INVALID_ATTR, format!("AttributeUserEvent {number} is no event"))
        })
    }
}

#[cfg(test)]
mod tests;
