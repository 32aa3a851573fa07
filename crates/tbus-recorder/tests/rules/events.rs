//! Events for the cases.

use tlib_proto::wire::{KvWriter, MessageWriter};
use tlib_proto::{AttributeId, KvList, Message, MessageId};

/// When cases begin: 2012-09-28 07:34:20 UTC.
pub(crate) const START: u32 = 1_348_817_660;

/// One thing that happens.
#[derive(Clone)]
pub(crate) enum Step {
    /// An event comes.
    Event(Message),
    /// A session begins: its kind, and seconds after the start.
    Session(i32, u32),
}

/// Fills a list.
pub(crate) fn list(fill: impl for<'w, 'b> FnOnce(&'w mut KvWriter<'b>) -> &'w mut KvWriter<'b>) -> KvList {
    KvList::build(fill).unwrap()
}

/// An event `seconds` after the start, whose sequence number is the same.
pub(crate) fn event(
    id: MessageId,
    seconds: u32,
    fill: impl for<'w, 'b> FnOnce(&'w mut MessageWriter<'b>) -> &'w mut MessageWriter<'b>,
) -> Step {
    let message = Message::build(id, |m| {
        m.long(AttributeId::EVENT_SEQUENCE_NUMBER, 0xef0 + u64::from(seconds))
            .unsigned(AttributeId::TIMEINU_SECS, 757_000)
            .unsigned(AttributeId::TIMEIN_SECS, START + seconds);
        fill(m)
    });
    Step::Event(message.unwrap())
}

/// A user event on a DN.
pub(crate) fn user(seconds: u32, dn: &str, data: &KvList) -> Step {
    event(MessageId::EVENT_USER_EVENT, seconds, |m| {
        m.list(AttributeId::USER_DATA, data.view()).str(AttributeId::THIS_DN, dn)
    })
}

/// An event of a call, with UserData if there is any; the CallUUID is `CALL-` and the number.
pub(crate) fn call(id: MessageId, seconds: u32, number: u64, dn: &str, data: Option<&KvList>) -> Step {
    event(id, seconds, |m| {
        m.int(AttributeId::CALL_TYPE, 1)
            .long(AttributeId::CONN_ID, 0x0067_0000_0000_0000 + number)
            .str(AttributeId::CALL_UUID, format!("CALL-{number}"))
            .str(AttributeId::ANI, "777")
            .str(AttributeId::DNIS, "333");
        if let Some(data) = data {
            m.list(AttributeId::USER_DATA, data.view());
        }
        m.str(AttributeId::THIS_DN, dn)
    })
}
