//! What every event begins with (published log), encoded once: EventSequenceNumber, CustomerID, TimeinuSecs, TimeinSecs.

use tlib_proto::wire::{IntPlace, LongPlace, MessageWriter, Prebuilt, Values};
use tlib_proto::{AttributeId, Timestamp};

/// What one event's head says.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) sequence: u64,
    pub(crate) now: Timestamp,
}

/// The prebuilt heads of one switch.
#[derive(Debug)]
pub(crate) struct Heads {
    plain: Head,
    reference: (Head, IntPlace),
}

#[derive(Debug)]
struct Head {
    attributes: Prebuilt,
    sequence: LongPlace,
    micros: IntPlace,
    seconds: IntPlace,
}

impl Heads {
    /// Heads of the events of a tenant.
    pub(crate) fn new(tenant: &str) -> Self {
        Self { plain: Head::new(tenant), reference: Head::with(tenant, AttributeId::REFERENCE_ID) }
    }

    /// Writes a head.
    #[inline]
    pub(crate) fn plain(&self, writer: &mut MessageWriter<'_>, stamp: Stamp) {
        self.plain.write(writer, stamp, |_| {});
    }

    /// Writes a head and ReferenceID.
    #[inline]
    pub(crate) fn reference(&self, writer: &mut MessageWriter<'_>, stamp: Stamp, reference: u32) {
        let (head, place) = &self.reference;
        head.write(writer, stamp, |values| {
            values.int(*place, reference);
        });
    }
}

impl Head {
    fn new(tenant: &str) -> Self {
        let mut attributes = Prebuilt::new();
        let sequence = attributes.long(AttributeId::EVENT_SEQUENCE_NUMBER);
        attributes.str(AttributeId::CUSTOMER_ID, tenant);
        let micros = attributes.int(AttributeId::TIMEINU_SECS);
        let seconds = attributes.int(AttributeId::TIMEIN_SECS);
        Self { attributes, sequence, micros, seconds }
    }

    /// With one more int.
    fn with(tenant: &str, id: AttributeId) -> (Self, IntPlace) {
        let mut head = Self::new(tenant);
        let place = head.attributes.int(id);
        (head, place)
    }

    #[inline]
    fn write(&self, writer: &mut MessageWriter<'_>, stamp: Stamp, more: impl FnOnce(&mut Values<'_>)) {
        writer.prebuilt(&self.attributes, |values| {
            values
                .long(self.sequence, stamp.sequence)
                .int(self.micros, stamp.now.micros)
                .int(self.seconds, stamp.now.wire_seconds());
            more(values);
        });
    }
}
