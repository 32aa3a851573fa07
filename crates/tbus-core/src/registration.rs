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

#[cfg(test)]
mod tests {
    use tlib_proto::{ErrorCode, KvList, ValueRef};

    use super::*;
    use crate::ClientId;
    use crate::testing::{Bench, Seen, THIS};

    const REGISTER: MessageId = MessageId::REQUEST_REGISTER_ADDRESS;
    const UNREGISTER: MessageId = MessageId::REQUEST_UNREGISTER_ADDRESS;
    const MASK: MessageId = MessageId::REQUEST_SET_INPUT_MASK;
    const REPORTING: (AttributeId, ValueRef<'static>) = (THIS, ValueRef::Str(b"REPORTING"));

    fn mode(mode: RegisterMode) -> [(AttributeId, ValueRef<'static>); 2] {
        [REPORTING, (AttributeId::REGISTER_MODE, ValueRef::Int(mode.0))]
    }

    /// Who gets a user event that client 0 sends.
    fn receivers(bench: &mut Bench) -> Vec<u32> {
        let seen = bench.ask(0, MessageId::REQUEST_DISTRIBUTE_USER_EVENT, &[REPORTING]);
        seen.iter().skip(1).map(|seen| seen.to).collect()
    }

    #[test]
    fn registered_tells_the_state_of_the_dn() {
        let mut bench = Bench::new(1);
        let seen = bench.ask(0, REGISTER, &[REPORTING]);
        assert_eq!(seen[0].names(), "ReferenceID ThisDN AddressInfoType AddressInfoStatus Extensions");
        assert_eq!(seen[0].int(AttributeId::ADDRESS_INFO_TYPE), Some(AddressInfoType::ADDRESS_TYPE.0));
        assert_eq!(seen[0].int(AttributeId::ADDRESS_INFO_STATUS), Some(AddressType::TRUNK.0));
        assert_eq!(seen[0].list(AttributeId::EXTENSIONS), Some(KvList::new()));
    }

    #[test]
    fn refused_registrations() {
        let number = |id, number| (id, ValueRef::Int(number));
        let mut bench = Bench::new(1);
        for (attributes, code, text) in [
            (vec![], 53, "AttributeThisDN is missing"),
            (vec![(THIS, ValueRef::Str(b"x"))], 59, "DN x is not configured"),
            (vec![(THIS, ValueRef::Int(1))], 53, "AttributeThisDN is of kind int, expected string"),
            (
                vec![REPORTING, number(AttributeId::REGISTER_MODE, 3)],
                53,
                "AttributeRegisterMode 3 is not defined",
            ),
            (
                vec![REPORTING, number(AttributeId::ADDRESS_TYPE, 14)],
                53,
                "AttributeAddressType 14 is not defined",
            ),
            (
                vec![REPORTING, number(AttributeId::CONTROL_MODE, -1)],
                53,
                "AttributeControlMode -1 is not defined",
            ),
            (
                vec![REPORTING, (AttributeId::REGISTER_MODE, ValueRef::Str(b"1"))],
                53,
                "AttributeRegisterMode is of kind string, expected int",
            ),
        ] {
            assert_eq!(bench.refused(0, REGISTER, &attributes), (ErrorCode(code), text.to_owned()));
        }
        assert!(receivers(&mut bench).is_empty(), "a refused registration is none");
    }

    #[test]
    fn registering_again_keeps_the_place() {
        let mut bench = Bench::new(3);
        bench.register(1, &["REPORTING"]);
        bench.register(2, &["REPORTING"]);
        bench.register(1, &["REPORTING"]);
        assert_eq!(receivers(&mut bench), [1, 2]);
    }

    #[test]
    fn unregistering() {
        let mut bench = Bench::new(3);
        bench.register(1, &["REPORTING"]);
        bench.register(2, &["REPORTING"]);
        let seen = bench.ask(1, UNREGISTER, &[REPORTING]);
        assert_eq!(seen.iter().map(Seen::brief).collect::<Vec<_>>(), ["1 EventUnregistered* REPORTING"]);
        assert_eq!(seen[0].names(), "ReferenceID ThisDN");
        assert_eq!(receivers(&mut bench), [2]);
        let again = bench.refused(1, UNREGISTER, &[REPORTING]);
        assert_eq!(
            again,
            (ErrorCode::NOT_REGISTERED, "DN REPORTING is not registered by this client".to_owned())
        );
        assert_eq!(bench.refused(1, UNREGISTER, &[]).0, ErrorCode::INVALID_ATTR);
        assert_eq!(bench.refused(1, UNREGISTER, &[(THIS, "x".into())]).0, ErrorCode::NOT_CONFIGURED);
        bench.register(1, &["REPORTING"]);
        assert_eq!(receivers(&mut bench), [2, 1], "who comes back stands last");
    }

    #[test]
    fn a_private_holder_is_alone() {
        let mut bench = Bench::new(4);
        bench.register(1, &["REPORTING"]);
        assert_eq!(
            bench.ask(2, REGISTER, &mode(RegisterMode::MODE_PRIVATE)).len(),
            1,
            "sharers do not hinder it"
        );
        assert_eq!(receivers(&mut bench), [2]);
        let (code, _) = bench.refused(1, REGISTER, &mode(RegisterMode::MODE_PRIVATE));
        assert_eq!(code, ErrorCode::RESOURCE_SEIZED);
        for later in [RegisterMode::MODE_SHARE, RegisterMode::MODE_MONITOR] {
            assert_eq!(bench.ask(3, REGISTER, &mode(later))[0].id(), MessageId::EVENT_REGISTERED);
            assert_eq!(receivers(&mut bench), [2]);
        }
        assert_eq!(bench.ask(2, REGISTER, &mode(RegisterMode::MODE_PRIVATE)).len(), 1, "its own again");
        bench.ask(2, REGISTER, &mode(RegisterMode::MODE_SHARE));
        assert_eq!(receivers(&mut bench), [1, 2, 3]);
        for leave in [false, true] {
            bench.ask(3, REGISTER, &mode(RegisterMode::MODE_PRIVATE));
            assert_eq!(receivers(&mut bench), [3]);
            if leave {
                bench.switch.disconnected(ClientId(3));
            } else {
                bench.ask(3, UNREGISTER, &[REPORTING]);
            }
            assert_eq!(receivers(&mut bench), [1, 2]);
        }
    }

    #[test]
    fn a_created_dn_has_the_type_that_was_asked_for() {
        let mut bench = Bench::of("[switch]\ncreate-unknown-dns = true", 1);
        let queue = ValueRef::Int(AddressType::QUEUE.0);
        let seen = bench.ask(0, REGISTER, &[(THIS, "q".into()), (AttributeId::ADDRESS_TYPE, queue)]);
        assert_eq!(seen[0].int(AttributeId::ADDRESS_INFO_STATUS), Some(AddressType::QUEUE.0));
        let seen = bench.ask(0, REGISTER, &[(THIS, "e".into())]);
        assert_eq!(seen[0].int(AttributeId::ADDRESS_INFO_STATUS), Some(AddressType::DN.0));
    }

    #[test]
    fn masks_filter_what_is_distributed() {
        let mut bench = Bench::new(3);
        bench.register(1, &["REPORTING", "7001"]);
        bench.register(2, &["REPORTING"]);
        let mut mask = [u8::MAX; 64];
        mask[96 / 8] &= !(1 << (96 % 8));
        let seen = bench.ask(1, MASK, &[(AttributeId::INPUT_MASK, ValueRef::Binary(&mask))]);
        assert_eq!((seen[0].id(), seen[0].names().as_str()), (MessageId::EVENT_ACK, "ReferenceID UserEvent"));
        assert_eq!(receivers(&mut bench), [2]);
        bench.ask(0, MessageId::REQUEST_DISTRIBUTE_USER_EVENT, &[(THIS, "7001".into())]);
        assert_eq!(
            bench.notes,
            ["-- no distribution of EventUserEvent: the input masks of all clients on 7001 leave it out"]
        );
        // With a mask of zeros direct answers still come, be it that the event also goes to others.
        let none = [0; 64];
        bench.ask(1, MASK, &[(AttributeId::INPUT_MASK, ValueRef::Binary(&none))]);
        bench.register(1, &["7002"]);
        let login = [(THIS, "7001".into()), (AttributeId::AGENT_ID, "a".into())];
        assert_eq!(bench.brief(1, MessageId::REQUEST_AGENT_LOGIN, &login), ["1 EventAgentLogin* 7001"]);
        // Ones are as good as no mask at all, and a client that goes takes its mask with it.
        let all = [u8::MAX; 64];
        bench.ask(1, MASK, &[(AttributeId::INPUT_MASK, ValueRef::Binary(&all))]);
        assert_eq!(receivers(&mut bench), [1, 2]);
        bench.ask(2, MASK, &[(AttributeId::INPUT_MASK, ValueRef::Binary(&none))]);
        bench.switch.disconnected(ClientId(2));
        assert_eq!(receivers(&mut bench), [1]);
    }

    #[test]
    fn refused_masks() {
        let mut bench = Bench::new(1);
        for (value, text) in [
            (ValueRef::Binary(&[0; 63]), "AttributeInputMask has 63 bytes, must have 64"),
            (ValueRef::Binary(&[0; 65]), "AttributeInputMask has 65 bytes, must have 64"),
            (ValueRef::Str(&[0; 64]), "AttributeInputMask is of kind string, expected binary"),
        ] {
            let refused = bench.refused(0, MASK, &[(AttributeId::INPUT_MASK, value)]);
            assert_eq!(refused, (ErrorCode::INVALID_ATTR, text.to_owned()));
        }
        assert_eq!(bench.refused(0, MASK, &[]).1, "AttributeInputMask is missing");
    }
}
