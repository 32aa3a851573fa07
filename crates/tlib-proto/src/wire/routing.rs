//! Where a frame belongs, read from the heads of its attributes alone.

use super::error::Part;
use super::head::{self, ATTRIBUTE_HEAD, MESSAGE_HEAD, Split};
use super::{Limits, WireError, kv, profile};
use crate::{AttributeId, MessageId};

/// What is needed to route a frame, or to say what it was: its length, its id, its ReferenceID and its DN.
///
/// For who only passes frames on, or refuses them: nothing is looked into but the heads of attributes, so a list with
/// a damaged pair is not noticed. [`MessageRef::parse`](super::MessageRef::parse) is what checks a frame.
///
/// ```
/// # use tlib_proto::wire::Routing;
/// # use tlib_proto::{AttributeId, Limits, Message, MessageId};
/// let request = Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
///     m.unsigned(AttributeId::REFERENCE_ID, 431).str(AttributeId::COMMUNICATION_DN, "REPORTING")
/// })?;
/// let routing = Routing::read(request.frame(), &Limits::default())?;
/// assert_eq!(routing.id, MessageId::REQUEST_DISTRIBUTE_USER_EVENT);
/// assert_eq!(routing.reference, Some(431));
/// assert_eq!(routing.dn, Some(&b"REPORTING"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routing<'a> {
    /// Bytes of the frame, its length field included.
    pub length: usize,
    /// Which message it is.
    pub id: MessageId,
    /// The first ReferenceID, if it is an int and not 4294967295, with which clients want no answer (facts 3.3).
    pub reference: Option<u32>,
    /// The first CommunicationDN, if it is a string, else the first such ThisDN.
    pub dn: Option<&'a [u8]>,
}

impl<'a> Routing<'a> {
    /// Reads the frame at the start of `buffer`, which must be complete. What follows it is not looked at.
    ///
    /// # Errors
    /// [`WireError`] when the frame is not complete, or an attribute reaches over its end.
    pub fn read(buffer: &'a [u8], limits: &Limits) -> Result<Self, WireError> {
        let frame = match head::split_frame(buffer, limits)? {
            Split::Frame(frame, _) => frame,
            Split::More(more) => {
                let (needed, left) = (buffer.len().saturating_add(more), buffer.len());
                return Err(kv::truncated(Part::FrameHead, 0, needed, left));
            }
        };
        let Some((bytes, mut rest)) = frame.split_first_chunk::<MESSAGE_HEAD>() else {
            return Err(kv::truncated(Part::FrameHead, 0, MESSAGE_HEAD, frame.len()));
        };
        let (id, count) = head::message_head(bytes);
        let offset = |rest: &[u8]| frame.len().wrapping_sub(rest.len());
        let (mut reference, mut this_dn, mut communication_dn) = (None, None, None);
        for _ in 0..count {
            let Some((bytes, after)) = rest.split_first_chunk::<ATTRIBUTE_HEAD>() else {
                return Err(kv::truncated(Part::AttributeHead, offset(rest), ATTRIBUTE_HEAD, rest.len()));
            };
            let attribute = head::attribute_head(bytes);
            let Some((value, after_value)) = head::split_value(attribute.kind, attribute.length, after)
            else {
                let part = Part::AttributeValue(attribute.id);
                return Err(kv::truncated(part, offset(after), attribute.length, after.len()));
            };
            rest = after_value;
            match attribute.id {
                AttributeId::REFERENCE_ID if reference.is_none() => {
                    reference = Some((attribute.kind, value));
                }
                AttributeId::THIS_DN if this_dn.is_none() => this_dn = Some((attribute.kind, value)),
                AttributeId::COMMUNICATION_DN if communication_dn.is_none() => {
                    communication_dn = Some((attribute.kind, value));
                }
                _ => continue,
            }
            if reference.is_some() && communication_dn.and_then(text).is_some() {
                break;
            }
        }
        Ok(Self {
            length: frame.len(),
            id,
            reference: reference.and_then(int).filter(|reference| *reference != profile::NO_REFERENCE),
            dn: communication_dn.and_then(text).or_else(|| this_dn.and_then(text)),
        })
    }
}

fn int((kind, value): (u8, &[u8])) -> Option<u32> {
    if kind == profile::KIND_INT { value.try_into().ok().map(u32::from_be_bytes) } else { None }
}

fn text((kind, value): (u8, &[u8])) -> Option<&[u8]> {
    matches!(kind, profile::KIND_STRING | profile::KIND_UNICODE).then_some(value)
}
