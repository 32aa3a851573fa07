//! What all rows of an event have in common, read from it once.

use std::borrow::Cow;

use tlib_proto::{AttributeId, MessageRef};

use super::Arrival;
use super::text::short;
use crate::directory::Directory;
use crate::idb::{Added, Gsys};
use crate::time::{self, Moment};

/// Most characters of ENDPOINTDN, and of a call's id.
pub(super) const DN_MAX: usize = 255;
pub(super) const ID_MAX: usize = 50;

/// 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hex([u8; 16]);

impl Hex {
    pub(super) fn new(number: u64) -> Self {
        let mut digits = *b"0000000000000000";
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789abcdef".get((rest & 15) as usize).copied().unwrap_or(b'0');
            rest >>= 4;
        }
        Self(digits)
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// An event, and what its rows have in common.
#[derive(Clone, Debug)]
pub(super) struct Context<'a> {
    pub(super) message: MessageRef<'a>,
    pub(super) session: i32,
    /// The event's own time, else when it was received.
    pub(super) moment: Moment,
    /// ThisDN; empty counts as absent.
    pub(super) dn: Option<Cow<'a, str>>,
    /// DBID of that DN.
    pub(super) endpoint: i32,
    /// PartyUUID.
    pub(super) party: Option<Cow<'a, str>>,
    pub(super) switch: i32,
    pub(super) tenant: i32,
    sequence: Option<Hex>,
    sequence_low: Option<i32>,
}

impl<'a> Context<'a> {
    /// Reads what an event has. An attribute of another kind than it should have counts as absent.
    pub(super) fn new(arrival: &Arrival<'a>, directory: &Directory) -> Self {
        let mut context = Context {
            message: arrival.message,
            session: arrival.session,
            moment: Moment::new(arrival.at),
            dn: None,
            endpoint: 0,
            party: None,
            switch: directory.switch,
            tenant: directory.tenant,
            sequence: None,
            sequence_low: None,
        };
        let message = arrival.message;
        if let Some(at) = time::of(message) {
            context.moment = Moment::new(at);
        }
        if let Ok(Some(number)) = message.long(AttributeId::EVENT_SEQUENCE_NUMBER) {
            context.sequence = Some(Hex::new(number));
            context.sequence_low = i32::try_from(number & 0x7fff_ffff).ok();
        }
        context.dn = attribute(message, AttributeId::THIS_DN, DN_MAX);
        context.endpoint = context.dn.as_deref().map_or(0, |dn| directory.dn(dn));
        context.party = attribute(message, AttributeId::PARTY_UUID, ID_MAX);
        context
    }

    pub(super) fn added(&self) -> Added {
        self.moment.added()
    }

    /// The system columns of a new row with this number.
    #[inline]
    pub(super) fn gsys(&self, number: i64) -> Gsys<'_> {
        Gsys {
            gsys_domain: Some(self.session),
            gsys_seq: Some(number),
            gsys_useq: Some(0),
            gsys_ext_vch1: self.sequence(),
            gsys_ext_int1: self.sequence_low,
            ..Gsys::default()
        }
    }

    pub(super) fn sequence(&self) -> Option<&str> {
        self.sequence.as_ref().map(Hex::as_str)
    }

    pub(super) fn sequence_low(&self) -> Option<i32> {
        self.sequence_low
    }
}

/// A text attribute, cut; an empty one counts as absent.
pub(super) fn attribute(message: MessageRef<'_>, id: AttributeId, most: usize) -> Option<Cow<'_, str>> {
    let bytes = message.text(id).ok().flatten().filter(|bytes| !bytes.is_empty())?;
    Some(short(bytes, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_has_16_digits() {
        assert_eq!(Hex::new(0xef9).as_str(), "0000000000000ef9");
        assert_eq!(Hex::new(u64::MAX).as_str(), "ffffffffffffffff");
    }
}
