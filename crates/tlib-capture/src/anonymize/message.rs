//! Messages: every value of every attribute, at the length that it has.

use bytes::BytesMut;
use tlib_proto::wire::{KvWriter, MessageWriter};
use tlib_proto::{EncodeError, KvList, KvRef, Limits, Message, MessageRef, ValueRef};

use super::rules::Treatment;
use super::{Anonymizer, Class};

impl Anonymizer {
    /// A message with fakes in it. Attributes, keys, order and lengths stay.
    ///
    /// # Errors
    /// [`EncodeError`] when the message does not fit into the limits, which one that was read within them does.
    pub fn message(&mut self, message: MessageRef<'_>, limits: &Limits) -> Result<Message, EncodeError> {
        let mut frame = BytesMut::new();
        let mut writer = MessageWriter::start(&mut frame, message.id());
        for attribute in message.attributes() {
            let name = attribute.id.to_string();
            let treatment = self.rules.attribute(&name);
            let place = name.strip_prefix("Attribute").unwrap_or(&name);
            match attribute.value {
                ValueRef::Str(text)
                | ValueRef::Binary(text)
                | ValueRef::Unicode(text)
                | ValueRef::Other(_, text) => {
                    let mut text = text.to_vec();
                    let exact = matches!(attribute.value, ValueRef::Str(_) | ValueRef::Unicode(_));
                    let treatment = if exact { treatment } else { binary(treatment) };
                    self.treat(treatment, &mut text, place);
                    writer.value(attribute.id, with(attribute.value, &text));
                }
                ValueRef::List(list) => {
                    let list = self.list(list, of_list(treatment))?;
                    writer.list(attribute.id, list.view());
                }
                // Ids, times and states, unless they are said to be hidden.
                ValueRef::Int(value) if matches!(treatment, Treatment::Whole(_)) => {
                    let value = self.treat_int(treatment, value, place);
                    writer.value(attribute.id, ValueRef::Int(value));
                }
                value => {
                    writer.value(attribute.id, value);
                }
            }
        }
        writer.finish(limits)?;
        Message::from_frame(frame.freeze(), limits).map_err(|_| EncodeError::TooMany { what: "attributes" })
    }

    /// The pairs of a list; what a key above them says of all it holds comes first.
    pub(super) fn list(&mut self, list: KvRef<'_>, above: Option<Treatment>) -> Result<KvList, EncodeError> {
        let mut packed = BytesMut::new();
        let mut writer = KvWriter::start(&mut packed);
        for pair in list.pairs() {
            let treatment = above.unwrap_or_else(|| self.rules.key(pair.key));
            let place = String::from_utf8_lossy(pair.key);
            match pair.value {
                ValueRef::Str(text)
                | ValueRef::Binary(text)
                | ValueRef::Unicode(text)
                | ValueRef::Other(_, text) => {
                    let mut text = text.to_vec();
                    self.treat(treatment, &mut text, &place);
                    writer.value(pair.key, with(pair.value, &text));
                }
                ValueRef::Int(value) => {
                    let value = self.treat_int(treatment, value, &place);
                    writer.int(pair.key, value);
                }
                ValueRef::List(inner) => {
                    let inner = self.list(inner, below(treatment))?;
                    writer.list(pair.key, inner.view());
                }
                value => {
                    writer.value(pair.key, value);
                }
            }
        }
        writer.finish()?;
        // The writer has made it: it is a list, and as deep as the one that it was made from.
        KvList::from_packed(packed.freeze(), &Limits { nesting: usize::MAX, ..Limits::default() })
            .map_err(|_| EncodeError::TooMany { what: "pairs" })
    }
}

/// What the treatment of a list means for all that is in it.
pub(super) fn below(treatment: Treatment) -> Option<Treatment> {
    match treatment {
        Treatment::Whole(_) | Treatment::Keep | Treatment::Hide(_) => Some(treatment),
        _ => None,
    }
}

/// What the treatment of an attribute means for the pairs in it: what the user has said of it.
pub(super) fn of_list(treatment: Treatment) -> Option<Treatment> {
    matches!(treatment, Treatment::Whole(_) | Treatment::Keep).then_some(treatment)
}

/// Bytes are searched; they are replaced as a whole only if the user says so of strings, too.
pub(super) fn binary(treatment: Treatment) -> Treatment {
    match treatment {
        Treatment::Whole(Class::Number | Class::Host) => Treatment::Search,
        treatment => treatment,
    }
}

fn with<'a>(value: ValueRef<'_>, bytes: &'a [u8]) -> ValueRef<'a> {
    match value {
        ValueRef::Binary(_) => ValueRef::Binary(bytes),
        ValueRef::Unicode(_) => ValueRef::Unicode(bytes),
        ValueRef::Other(kind, _) => ValueRef::Other(kind, bytes),
        _ => ValueRef::Str(bytes),
    }
}
