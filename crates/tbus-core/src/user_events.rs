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

/// Places of attributes in [`Parts`]: first those that EventUserEvent carries, in its order.
const USER_DATA: u8 = 0;
const EXTENSIONS: u8 = 1;
const REASON: u8 = 2;
const ANI: u8 = 3;
const DNIS: u8 = 4;
const REFERENCE: u8 = 5;
const THIS_DN: u8 = 6;
const COMMUNICATION_DN: u8 = 7;
/// What the server writes itself.
const OWN: u8 = 8;
/// Everything else.
const REST: u8 = 9;
const PLACES: usize = 10;

const fn place(id: AttributeId) -> u8 {
    match id {
        AttributeId::USER_DATA => USER_DATA,
        AttributeId::EXTENSIONS => EXTENSIONS,
        AttributeId::REASON => REASON,
        AttributeId::ANI => ANI,
        AttributeId::DNIS => DNIS,
        AttributeId::REFERENCE_ID => REFERENCE,
        AttributeId::THIS_DN => THIS_DN,
        AttributeId::COMMUNICATION_DN => COMMUNICATION_DN,
        id if is_servers_own(id) => OWN,
        _ => REST,
    }
}

/// [`place`] of the ids below 192, to be looked up: all that have a place are among them.
#[expect(clippy::indexing_slicing, reason = "the index is below the length, and the compiler runs it")]
static PLACE: [u8; 192] = {
    let mut places = [REST; 192];
    let mut id = 0_u16;
    while id < 192 {
        places[id as usize] = place(AttributeId(id));
        id = id.wrapping_add(1);
    }
    places
};

/// Where the attributes lie that have their places in EventUserEvent, found in one pass over the request.
#[derive(Default)]
struct Parts {
    spans: [Span; PLACES],
    /// Whether the request has anything else to copy.
    rest: bool,
}

impl Parts {
    #[inline]
    fn read(&mut self, request: MessageRef<'_>) {
        for (id, span) in request.spans() {
            let place = Self::place(id);
            match self.spans.get_mut(usize::from(place)) {
                Some(first) if first.is_empty() => *first = span,
                // A second one: what becomes of it is looked at when the rest is copied.
                _ => self.rest = true,
            }
        }
        self.rest |= !self.span(REST).is_empty();
    }

    #[inline]
    fn place(id: AttributeId) -> u8 {
        PLACE.get(usize::from(id.0)).copied().unwrap_or(REST)
    }

    #[inline]
    fn span(&self, place: u8) -> Span {
        self.spans.get(usize::from(place)).copied().unwrap_or_default()
    }

    /// What the event carries before the rest, and what after it: ReferenceID and ThisDN.
    #[inline]
    fn carried(&self) -> (&[Span], &[Span]) {
        let carried = self.spans.get(..=usize::from(THIS_DN)).unwrap_or_default();
        carried.split_at_checked(usize::from(REFERENCE)).unwrap_or_default()
    }

    /// Copies what has no place of its own, in the request's order; a second attribute of one kind is such a thing.
    #[cold]
    fn copy_rest(request: MessageRef<'_>, writer: &mut MessageWriter<'_>) {
        let mut seen = [false; PLACES];
        for (id, span) in request.spans() {
            let place = Self::place(id);
            let first = seen.get_mut(usize::from(place)).is_some_and(|seen| !std::mem::replace(seen, true));
            let has_place = first && place < OWN;
            if !has_place && !is_servers_own(id) {
                writer.copy_spans(request, &[span]);
            }
        }
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
        let mut parts = Parts::default();
        parts.read(request);
        self.post.reference = match request.value_at(parts.span(REFERENCE)) {
            None => None,
            Some(ValueRef::Int(id)) => Some(id.cast_unsigned()).filter(|id| *id != profile::NO_REFERENCE),
            Some(value) => return Err(wrong_kind(AttributeId::REFERENCE_ID, value, "int").into()),
        };
        let this_dn_value = request.value_at(parts.span(THIS_DN));
        let this_dn = dn_text(AttributeId::THIS_DN, this_dn_value)?;
        let communication_dn = request.value_at(parts.span(COMMUNICATION_DN));
        let communication_dn = dn_text(AttributeId::COMMUNICATION_DN, communication_dn)?;
        match request.value_at(parts.span(USER_DATA)) {
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
        // ThisDN is copied as it stands in the request; one that is absent or no string is written.
        let (data, end) = parts.carried();
        let written = !matches!(this_dn_value, Some(ValueRef::Str(_)));
        let end = if written { end.get(..1).unwrap_or_default() } else { end };
        self.post.ack_with(request.id(), |writer| {
            if written {
                writer.str(AttributeId::THIS_DN, this_dn);
            } else {
                writer.copy_spans(request, end.get(1..).unwrap_or_default());
            }
        })?;
        let event = (Function::DistributeUserEvent, MessageId::EVENT_USER_EVENT);
        self.post.distribute(self.registry, dn, event, None, |writer, _| {
            writer.user_event(MessageId::EVENT_USER_EVENT).copy_spans(request, data);
            if parts.rest {
                Parts::copy_rest(request, writer);
            }
            writer.copy_spans(request, end);
            if written {
                writer.str(AttributeId::THIS_DN, this_dn);
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
