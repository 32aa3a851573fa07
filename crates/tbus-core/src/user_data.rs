//! Attached data of calls: RequestAttachUserData, UpdateUserData, DeleteUserData, DeletePair.

use std::collections::HashMap;

use tlib_proto::{AttributeId, EncodeError, KvList, KvRef, MessageId};

use crate::calls::events::CallEvent;
use crate::calls::{Call, Side};
use crate::refusal::Refusal;
use crate::turn::{Handled, Turn};
use crate::{ClientId, Function};

/// All pairs of `old`, then all of `new`: keys may repeat.
fn attach(old: KvRef<'_>, new: KvRef<'_>) -> Result<KvList, EncodeError> {
    KvList::build(|list| list.extend(old).extend(new))
}

/// As if the pairs of `new` came one after the other: each takes the place of the first pair with its key, further ones
/// with that key go; a key that is new goes to the end.
fn update(old: KvRef<'_>, new: KvRef<'_>) -> Result<KvList, EncodeError> {
    // The value that will stand in the end, until it has been written.
    let mut values: HashMap<&[u8], Option<_>> =
        new.pairs().map(|pair| (pair.key, Some(pair.value))).collect();
    KvList::build(|list| {
        for pair in old.pairs() {
            match values.get_mut(pair.key) {
                None => {
                    list.value(pair.key, pair.value);
                }
                Some(value) => {
                    if let Some(value) = value.take() {
                        list.value(pair.key, value);
                    }
                }
            }
        }
        for pair in new.pairs() {
            if let Some(value) = values.get_mut(pair.key).and_then(Option::take) {
                list.value(pair.key, value);
            }
        }
        list
    })
}

/// All pairs but those with this key.
fn delete(old: KvRef<'_>, key: &[u8]) -> Result<KvList, EncodeError> {
    KvList::build(|list| {
        for pair in old.pairs().filter(|pair| pair.key != key) {
            list.value(pair.key, pair.value);
        }
        list
    })
}

impl<'t> Turn<'t> {
    /// Appends pairs.
    pub(crate) fn attach_user_data(&mut self) -> Handled {
        let new = self.new_pairs();
        self.change_user_data(|old| Ok(attach(old, new?)?))
    }

    /// Replaces or appends pairs.
    pub(crate) fn update_user_data(&mut self) -> Handled {
        let new = self.new_pairs();
        self.change_user_data(|old| Ok(update(old, new?)?))
    }

    /// Deletes all pairs.
    pub(crate) fn delete_user_data(&mut self) -> Handled {
        self.change_user_data(|_| Ok(KvList::new()))
    }

    /// Deletes all pairs with the key that DataKey names (all of them: chosen). None there: EventAttachedDataChanged
    /// comes nevertheless (chosen).
    pub(crate) fn delete_pair(&mut self) -> Handled {
        let request = self.request;
        self.change_user_data(|old| {
            let id = AttributeId::DATA_KEY;
            let key = request.text(id)?.ok_or_else(|| Refusal::missing(id))?;
            Ok(delete(old, key)?)
        })
    }

    fn new_pairs(&self) -> Result<KvRef<'t>, Refusal> {
        let id = AttributeId::USER_DATA;
        self.request.list(id)?.ok_or_else(|| Refusal::missing(id))
    }

    /// Tells every party's DN the data as it is now, with ThirdPartyDN = who changed it (facts 3.1, 3.2). The first event
    /// that reaches the requester answers; a requester that no party's event reaches gets one without ThisDN.
    fn change_user_data(&mut self, change: impl FnOnce(KvRef<'_>) -> Result<KvList, Refusal>) -> Handled {
        let mut call = self.call_named()?.clone();
        let initiator = self.request.text(AttributeId::THIS_DN)?;
        if let Some(name) = initiator {
            self.own_dn(name)?;
        }
        call.user_data = change(call.user_data.view())?;
        self.check_user_data(call.user_data.view().packed_len())?;
        let mut answered = false;
        for side in call.sides() {
            let reaches = self.registry.mode(self.post.requester, call.party(side).dn).is_some();
            let is_answer = reaches && !answered;
            answered |= reaches;
            self.tell_data(&call, side, initiator, is_answer)?;
        }
        if !answered {
            let third_party = initiator;
            self.post.answer(MessageId::EVENT_ATTACHED_DATA_CHANGED, |writer| {
                CallEvent { third_party, is_about_data: true, ..CallEvent::new(&call, None) }.write(writer);
            })?;
        }
        self.calls.update(call);
        Ok(())
    }

    fn tell_data(&mut self, call: &Call, side: Side, third_party: Option<&[u8]>, is_answer: bool) -> Handled {
        let event = MessageId::EVENT_ATTACHED_DATA_CHANGED;
        let addressed: Option<ClientId> = self.post.answered().filter(|_| is_answer);
        let function = if is_answer { Function::DistributeResponse } else { Function::DistributeEvent };
        let (dn, reference) = (call.party(side).dn, self.post.reference);
        self.post.distribute(self.registry, dn, (function, event), addressed, |writer, own| {
            let reference = reference.filter(|_| own);
            CallEvent { third_party, reference, is_about_data: true, ..CallEvent::new(call, Some(side)) }
                .write(writer);
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
