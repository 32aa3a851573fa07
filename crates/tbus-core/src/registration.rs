//! RequestRegisterAddress, RequestUnregisterAddress, RequestSetInputMask.

use tlib_proto::enums::{AddressInfoType, AddressType, ControlMode, RegisterMode};
use tlib_proto::{AttributeId, ErrorCode, MessageId};

use crate::refusal::Refusal;
use crate::registry::{MASK_BYTES, Mask};
use crate::turn::{Handled, Turn};

impl Turn<'_> {
    /// EventRegistered with the state of the DN (facts 3.2, 3.4). Registering again answers again and may change the
    /// mode; the place in the order stays (chosen). A second ModePrivate is refused with 42 (chosen).
    pub(crate) fn register_address(&mut self) -> Handled {
        let name = self.this_dn()?;
        let mode = self.named(AttributeId::REGISTER_MODE, RegisterMode, RegisterMode::name)?;
        let mode = mode.unwrap_or(RegisterMode::MODE_SHARE);
        let address_type = self.named(AttributeId::ADDRESS_TYPE, AddressType, AddressType::name)?;
        // Whether a real switch would be told makes no difference here.
        self.named(AttributeId::CONTROL_MODE, ControlMode, ControlMode::name)?;
        let dn = self.registry.resolve(name, address_type.unwrap_or(AddressType::DN))?;
        if mode == RegisterMode::MODE_PRIVATE && self.registry.is_seized(self.post.requester, dn) {
            let text = "another client has registered the DN in ModePrivate";
            return Err(Refusal::new(ErrorCode::RESOURCE_SEIZED, text));
        }
        self.answer_state(MessageId::EVENT_REGISTERED, name, dn, AddressInfoType::ADDRESS_TYPE)?;
        self.registry.register(self.post.requester, dn, mode);
        Ok(())
    }

    /// A number that must have a name in its enumeration.
    fn named<T: Copy>(
        &self,
        id: AttributeId,
        new: impl Fn(i32) -> T,
        name: impl Fn(T) -> Option<&'static str>,
    ) -> Result<Option<T>, Refusal> {
        let Some(number) = self.request.int(id)? else { return Ok(None) };
        let value = new(number);
        name(value).map(|_| Some(value)).ok_or_else(|| Refusal::no_such_value(id, number))
    }

    /// EventUnregistered; 41 when there is nothing to end (chosen).
    pub(crate) fn unregister_address(&mut self) -> Handled {
        let name = self.this_dn()?;
        let dn = self.known_dn(name)?;
        if self.registry.mode(self.post.requester, dn).is_none() {
            return Err(Refusal::not_registered(name));
        }
        self.post.answer(MessageId::EVENT_UNREGISTERED, |writer| {
            writer.str(AttributeId::THIS_DN, name);
        })?;
        self.registry.unregister(self.post.requester, dn);
        Ok(())
    }

    /// EventACK (chosen). The mask holds for what is distributed; direct answers always come (chosen).
    pub(crate) fn set_input_mask(&mut self) -> Handled {
        let id = AttributeId::INPUT_MASK;
        let bytes = self.request.binary(id)?.ok_or_else(|| Refusal::missing(id))?;
        let Ok(mask) = Mask::try_from(bytes) else {
            let text = format!("AttributeInputMask has {} bytes, must have {MASK_BYTES}", bytes.len());
            return Err(Refusal::new(ErrorCode::INVALID_ATTR, text));
        };
        let this_dn = self.request.text(AttributeId::THIS_DN)?;
        self.post.ack(self.request.id(), this_dn)?;
        self.registry.set_mask(self.post.requester, mask);
        Ok(())
    }
}
