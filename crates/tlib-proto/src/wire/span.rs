//! Where attributes lie in a message, for those who read a few of them and copy the rest.

use super::build::MessageWriter;
use super::head::{self, ATTRIBUTE_HEAD, MESSAGE_HEAD};
use super::kv::KvRef;
use super::message::{MessageRef, ValueRef};
use super::profile;
use crate::AttributeId;

/// Where an attribute lies in its message: cheaper to keep than the view of it. The default is that of no attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// Whether it is that of no attribute.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.end == 0
    }
}

/// Iterates over the spans of a message; see [`MessageRef::spans`].
#[derive(Clone, Debug)]
pub struct Spans<'a> {
    frame: &'a [u8],
    next: usize,
}

impl Iterator for Spans<'_> {
    type Item = (AttributeId, Span);

    #[inline]
    fn next(&mut self) -> Option<(AttributeId, Span)> {
        let start = self.next;
        let attribute = head::attribute_head(self.frame.get(start..)?.first_chunk::<ATTRIBUTE_HEAD>()?);
        // Both are within a checked frame.
        self.next = start.wrapping_add(ATTRIBUTE_HEAD).wrapping_add(attribute.length);
        Some((attribute.id, Span { start, end: self.next }))
    }
}

impl<'a> MessageRef<'a> {
    /// Which attribute lies where, in the order of [`MessageRef::attributes`].
    #[inline]
    pub const fn spans(self) -> Spans<'a> {
        Spans { frame: self.frame(), next: MESSAGE_HEAD }
    }

    /// The value of the attribute at a span of this message; `None` for the span of no attribute.
    #[inline]
    pub fn value_at(self, span: Span) -> Option<ValueRef<'a>> {
        let encoded = self.frame().get(span.start..span.end)?;
        let (attribute, value) = encoded.split_first_chunk::<ATTRIBUTE_HEAD>()?;
        Some(match head::attribute_head(attribute).kind {
            profile::KIND_LIST => ValueRef::List(KvRef::checked(value)),
            kind => ValueRef::flat(kind, value),
        })
    }
}

impl MessageWriter<'_> {
    /// Appends copies of the attributes at these spans of a message, byte for byte; spans of no attribute are left out.
    /// Attributes that lie side by side are copied in one piece.
    #[inline]
    pub fn copy_spans(&mut self, from: MessageRef<'_>, spans: &[Span]) -> &mut Self {
        let (mut run, mut count) = (Span::default(), 0_usize);
        for span in spans {
            if span.is_empty() {
                continue;
            }
            if span.start != run.end {
                self.copy_run(from, run, count);
                (run.start, count) = (span.start, 0);
            }
            run.end = span.end;
            count = count.wrapping_add(1);
        }
        self.copy_run(from, run, count);
        self
    }

    #[inline]
    fn copy_run(&mut self, from: MessageRef<'_>, run: Span, count: usize) {
        if let Some(attributes) = from.frame().get(run.start..run.end)
            && count > 0
        {
            self.encoded(attributes, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KvList, Message, MessageId};

    fn message() -> Message {
        let list = KvList::build(|list| list.str("key", "value")).unwrap();
        Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
            m.unsigned(AttributeId::REFERENCE_ID, 431)
                .list(AttributeId::USER_DATA, list.view())
                .str(AttributeId::ANI, "")
                .long(AttributeId::CONN_ID, 7)
                .value(AttributeId(999), ValueRef::Other(77, b"?"))
                .str(AttributeId::THIS_DN, "7001")
        })
        .unwrap()
    }

    #[test]
    fn spans_are_the_attributes() {
        let message = message();
        let view = message.view();
        let by_span: Vec<_> = view.spans().map(|(id, span)| (id, view.value_at(span))).collect();
        let attributes: Vec<_> =
            view.attributes().map(|attribute| (attribute.id, Some(attribute.value))).collect();
        assert_eq!(by_span.len(), 6);
        assert_eq!(by_span, attributes);
        assert_eq!(view.value_at(Span::default()), None);
        assert!(Span::default().is_empty() && view.spans().all(|(_, span)| !span.is_empty()));
        let empty = Message::build(MessageId::EVENT_ACK, |m| m).unwrap();
        assert_eq!(empty.view().spans().count(), 0);
    }

    #[test]
    fn copies_are_those_of_single_attributes() {
        let message = message();
        let view = message.view();
        let spans: Vec<_> = view.spans().map(|(_, span)| span).collect();
        let attributes: Vec<_> = view.attributes().collect();
        for order in [
            &[0, 1, 2, 3, 4, 5][..],
            &[],
            &[3],
            &[1, 2, 0, 5],
            &[5, 4, 3, 2, 1, 0],
            &[0, 0, 1, 1, 2],
            &[2, 3, 5, 0, 1],
        ] {
            let spans: Vec<_> = order
                .iter()
                .flat_map(|place: &usize| [Span::default(), spans[*place], Span::default()])
                .collect();
            let by_span =
                Message::build(view.id(), |m| m.int(AttributeId::SESSION_ID, 1).copy_spans(view, &spans));
            let one_by_one = Message::build(view.id(), |m| {
                m.int(AttributeId::SESSION_ID, 1);
                for place in order {
                    m.attribute(attributes[*place]);
                }
                m
            });
            assert_eq!(by_span, one_by_one, "{order:?}");
        }
    }
}
