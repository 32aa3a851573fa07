//! RequestQueryServer and RequestQueryAddress, and the state of a DN that EventRegistered tells too.

use tlib_proto::enums::{AddressInfoType, AddressStatusInfo, ServerRole};
use tlib_proto::{AttributeId, EncodeError, ErrorCode, KvList, MessageId};

use crate::calls::Side;
use crate::refusal::Refusal;
use crate::registry::{DnId, Kind, MASK_BYTES, mask_bit};
use crate::turn::{Handled, Turn, is_supported};

/// Most calls that a status lists (chosen): more than 2000 would not fit into a list.
const LISTED_CALLS: usize = 1000;

/// AddressInfoStatus of an AgentStatus query (chosen: the vendor's values are not published).
mod agent_status {
    pub(super) const LOGGED_OUT: i32 = 0;
    pub(super) const READY: i32 = 2;
    pub(super) const NOT_READY: i32 = 3;
}

/// What a DN's state is for one kind of query.
struct State {
    status: i32,
    content: Option<KvList>,
}

impl Turn<'_> {
    /// EventServerInfo: the version, the role (always Primary: there is no backup) and which requests are supported,
    /// as a TMask of 64 bytes (facts 1.3, 3.1).
    pub(crate) fn query_server(&mut self) -> Handled {
        let mut mask = [0_u8; MASK_BYTES];
        for row in tlib_proto::spec::messages().iter().filter(|row| is_supported(row.id)) {
            if let Some((byte, bit)) = mask_bit(row.id)
                && let Some(byte) = mask.get_mut(byte)
            {
                *byte |= bit;
            }
        }
        let version = &self.world.t_server.version;
        self.post.answer(MessageId::EVENT_SERVER_INFO, |writer| {
            writer
                .str(AttributeId::SERVER_VERSION, version)
                .int(AttributeId::SERVER_ROLE, ServerRole::PRIMARY.0)
                .value(AttributeId::SERVER_CAPABILITY_MASK, tlib_proto::ValueRef::Binary(&mask));
        })?;
        Ok(())
    }

    /// EventAddressInfo (facts 3.2). The requester need not have registered the DN (chosen); without AddressInfoType
    /// it gets DNStatus, the one type that every T-Server supports (facts 3.2; the default is chosen).
    pub(crate) fn query_address(&mut self) -> Handled {
        let name = self.this_dn()?;
        let dn = self.known_dn(name)?;
        let asked = self.request.int(AttributeId::ADDRESS_INFO_TYPE)?;
        let asked = asked.map_or(AddressInfoType::DN_STATUS, AddressInfoType);
        self.answer_state(MessageId::EVENT_ADDRESS_INFO, name, dn, asked)
    }

    /// Answers with head, ReferenceID, ThisDN, AddressInfoType, AddressInfoStatus, AgentID, Extensions.
    pub(crate) fn answer_state(
        &mut self,
        event: MessageId,
        name: &[u8],
        dn: DnId,
        asked: AddressInfoType,
    ) -> Handled {
        let mut state = self.state(dn, asked)?;
        if event == MessageId::EVENT_REGISTERED {
            state.content = Some(self.content(dn)?);
        }
        let agent = self.registry.agent(dn);
        self.post.answer(event, |writer| {
            writer
                .str(AttributeId::THIS_DN, name)
                .int(AttributeId::ADDRESS_INFO_TYPE, asked.0)
                .int(AttributeId::ADDRESS_INFO_STATUS, state.status);
            if let Some(agent) = agent {
                writer.str(AttributeId::AGENT_ID, &agent.id);
            }
            if let Some(content) = &state.content {
                writer.list(AttributeId::EXTENSIONS, content.view());
            }
        })?;
        Ok(())
    }

    fn state(&self, dn: DnId, asked: AddressInfoType) -> Result<State, Refusal> {
        let calls = || i32::try_from(self.registry.calls(dn).len()).unwrap_or(i32::MAX);
        let mut content = None;
        let status = match asked {
            AddressInfoType::ADDRESS_STATUS => self.address_status(dn).0,
            AddressInfoType::AGENT_STATUS => match self.registry.agent(dn) {
                None => agent_status::LOGGED_OUT,
                Some(agent) if agent.ready => agent_status::READY,
                Some(_) => agent_status::NOT_READY,
            },
            AddressInfoType::NUMBER_OF_CALLS_IN_QUEUE => calls(),
            AddressInfoType::ADDRESS_TYPE => self.registry.kind(dn).map_or(0, |kind| kind.address_type.0),
            AddressInfoType::DN_STATUS | AddressInfoType::QUEUE_STATUS => {
                content = Some(self.content(dn)?);
                calls()
            }
            other => {
                let text = match other.name() {
                    Some(name) => format!("AddressInfoType {name} is not supported"),
                    None => format!("AddressInfoType {} is not supported", other.0),
                };
                return Err(Refusal::new(ErrorCode::UNSUP_OPER, text));
            }
        };
        Ok(State { status, content })
    }

    /// The Extensions of a status: `conn-%d` per call, counted from 1, and for a DN that is no queue `ps-%d` with the
    /// state of its party (facts 3.2). That the two stand beside each other is chosen.
    fn content(&self, dn: DnId) -> Result<KvList, EncodeError> {
        let queue = self.registry.kind(dn).is_some_and(Kind::is_queue);
        KvList::build(|list| {
            for (number, conn) in (1..).zip(self.registry.calls(dn).iter().take(LISTED_CALLS)) {
                list.str(format!("conn-{number}"), format!("{conn:016x}"));
                let state =
                    self.calls.get(*conn).and_then(|call| call.party_of(dn)).map(|(_, party)| party.state);
                if let Some(state) = state.filter(|_| !queue) {
                    list.int(format!("ps-{number}"), state.party_state());
                }
            }
            list
        })
    }

    /// The state of the call that is not on hold, if there is one; else Held, if a call is; else Idle. Queues are
    /// always Idle (chosen).
    fn address_status(&self, dn: DnId) -> AddressStatusInfo {
        let states = self.registry.calls(dn).iter().filter_map(|conn| self.calls.get(*conn)?.party_of(dn));
        let states = states.map(|(_, party): (Side, _)| party.state.address_status());
        let mut status = AddressStatusInfo::IDLE;
        for state in states {
            if state != AddressStatusInfo::HELD || status == AddressStatusInfo::IDLE {
                status = state;
            }
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use tlib_proto::ValueRef;

    use super::*;
    use crate::testing::{Bench, Seen, THIS};

    const QUERY: MessageId = MessageId::REQUEST_QUERY_ADDRESS;

    fn query(bench: &mut Bench, dn: &str, asked: Option<AddressInfoType>) -> Seen {
        let mut attributes = vec![(THIS, dn.into())];
        attributes.extend(asked.map(|asked| (AttributeId::ADDRESS_INFO_TYPE, ValueRef::Int(asked.0))));
        let mut seen = bench.ask(0, QUERY, &attributes);
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].id(), MessageId::EVENT_ADDRESS_INFO);
        seen.remove(0)
    }

    fn status(bench: &mut Bench, dn: &str, asked: AddressInfoType) -> i32 {
        let seen = query(bench, dn, Some(asked));
        assert_eq!(seen.int(AttributeId::ADDRESS_INFO_TYPE), Some(asked.0));
        seen.int(AttributeId::ADDRESS_INFO_STATUS).unwrap()
    }

    #[test]
    fn server_info() {
        let mut bench = Bench::new(1);
        let seen = bench.ask(0, MessageId::REQUEST_QUERY_SERVER, &[]);
        assert_eq!(seen[0].id(), MessageId::EVENT_SERVER_INFO);
        assert_eq!(seen[0].names(), "ReferenceID ServerVersion ServerRole ServerCapabilityMask");
        assert_eq!(seen[0].text(AttributeId::SERVER_VERSION).unwrap(), "8.1.000.62");
        assert_eq!(seen[0].int(AttributeId::SERVER_ROLE), Some(0));
        let mask = seen[0].view().binary(AttributeId::SERVER_CAPABILITY_MASK).unwrap().unwrap();
        assert_eq!(mask.len(), 64);
        let bits = (0..512_u16).filter(|id| mask[usize::from(id / 8)] & (1 << (id % 8)) != 0);
        let expected = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 16, 17, 18, 19, 30, 31, 32, 33, 48, 49, 149];
        assert_eq!(bits.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_state_of_idle_dns() {
        let mut bench = Bench::new(1);
        for (dn, asked, expected) in [
            ("7001", AddressInfoType::ADDRESS_STATUS, 0),
            ("7001", AddressInfoType::AGENT_STATUS, agent_status::LOGGED_OUT),
            ("7001", AddressInfoType::NUMBER_OF_CALLS_IN_QUEUE, 0),
            ("7001", AddressInfoType::ADDRESS_TYPE, 1),
            ("Callback_VQ", AddressInfoType::ADDRESS_TYPE, 3),
            ("REPORTING", AddressInfoType::ADDRESS_TYPE, 5),
            ("7001", AddressInfoType::DN_STATUS, 0),
            ("Callback_VQ", AddressInfoType::QUEUE_STATUS, 0),
        ] {
            assert_eq!(status(&mut bench, dn, asked), expected, "{dn} {asked}");
        }
        let default = query(&mut bench, "7001", None);
        assert_eq!(default.int(AttributeId::ADDRESS_INFO_TYPE), Some(AddressInfoType::DN_STATUS.0));
        assert_eq!(default.names(), "ReferenceID ThisDN AddressInfoType AddressInfoStatus Extensions");
        let plain = query(&mut bench, "7001", Some(AddressInfoType::ADDRESS_TYPE));
        assert_eq!(plain.names(), "ReferenceID ThisDN AddressInfoType AddressInfoStatus");
    }

    #[test]
    fn the_state_of_busy_dns() {
        let mut bench = Bench::new(1);
        bench.register(0, &["7001", "7002"]);
        let call = |other| [(THIS, "7001".into()), (AttributeId::OTHER_DN, ValueRef::Str(other))];
        let conn = |seen: &[Seen]| seen[0].view().long(AttributeId::CONN_ID).unwrap().unwrap();
        let first = conn(&bench.ask(0, MessageId::REQUEST_MAKE_CALL, &call(b"7002")));
        let asked = AddressInfoType::ADDRESS_STATUS;
        assert_eq!(status(&mut bench, "7001", asked), AddressStatusInfo::DIALING.0);
        assert_eq!(status(&mut bench, "7002", asked), AddressStatusInfo::RINGING.0);
        bench.ask(0, MessageId::REQUEST_ANSWER_CALL, &[(THIS, "7002".into())]);
        assert_eq!(status(&mut bench, "7002", asked), AddressStatusInfo::TALKING.0);
        let held = [(THIS, "7001".into()), (AttributeId::CONN_ID, ValueRef::Long(first))];
        bench.ask(0, MessageId::REQUEST_HOLD_CALL, &held);
        assert_eq!(status(&mut bench, "7001", asked), AddressStatusInfo::HELD.0);
        let second = conn(&bench.ask(0, MessageId::REQUEST_MAKE_CALL, &call(b"Callback_VQ")));
        assert_eq!(status(&mut bench, "7001", asked), AddressStatusInfo::DIALING.0);
        assert_eq!(status(&mut bench, "Callback_VQ", AddressInfoType::NUMBER_OF_CALLS_IN_QUEUE), 1);
        assert_eq!(status(&mut bench, "Callback_VQ", asked), AddressStatusInfo::IDLE.0);
        let expected = KvList::build(|list| {
            list.str("conn-1", format!("{first:016x}"))
                .int("ps-1", 14)
                .str("conn-2", format!("{second:016x}"))
                .int("ps-2", 1)
        });
        let seen = query(&mut bench, "7001", None);
        assert_eq!(seen.int(AttributeId::ADDRESS_INFO_STATUS), Some(2));
        assert_eq!(seen.list(AttributeId::EXTENSIONS), expected.as_ref().ok().cloned());
        let registered = bench.ask(0, MessageId::REQUEST_REGISTER_ADDRESS, &[(THIS, "7001".into())]);
        assert_eq!(registered[0].list(AttributeId::EXTENSIONS), expected.ok());
        let queue = query(&mut bench, "Callback_VQ", Some(AddressInfoType::QUEUE_STATUS));
        let expected = KvList::build(|list| list.str("conn-1", format!("{second:016x}")));
        assert_eq!(queue.list(AttributeId::EXTENSIONS), expected.ok());
    }

    #[test]
    fn agents_show() {
        let mut bench = Bench::new(1);
        bench.register(0, &["7001"]);
        bench.ask(
            0,
            MessageId::REQUEST_AGENT_LOGIN,
            &[(THIS, "7001".into()), (AttributeId::AGENT_ID, "9".into())],
        );
        assert_eq!(status(&mut bench, "7001", AddressInfoType::AGENT_STATUS), agent_status::NOT_READY);
        bench.ask(0, MessageId::REQUEST_AGENT_READY, &[(THIS, "7001".into())]);
        let seen = query(&mut bench, "7001", Some(AddressInfoType::AGENT_STATUS));
        assert_eq!(seen.int(AttributeId::ADDRESS_INFO_STATUS), Some(agent_status::READY));
        assert_eq!(seen.names(), "ReferenceID ThisDN AddressInfoType AddressInfoStatus AgentID");
        let seen = bench.ask(0, MessageId::REQUEST_REGISTER_ADDRESS, &[(THIS, "7001".into())]);
        assert_eq!(
            seen[0].names(),
            "ReferenceID ThisDN AddressInfoType AddressInfoStatus AgentID Extensions"
        );
        assert_eq!(seen[0].text(AttributeId::AGENT_ID).unwrap(), "9");
    }

    #[test]
    fn refused_queries() {
        let this = (THIS, "7001".into());
        let asked = |number| [this, (AttributeId::ADDRESS_INFO_TYPE, ValueRef::Int(number))];
        let mut bench = Bench::new(1);
        for (attributes, code, text) in [
            (&[][..], 53, "AttributeThisDN is missing"),
            (&[(THIS, "x".into())], 59, "DN x is not configured"),
            (&asked(1), 51, "AddressInfoType MessageWaitingStatus is not supported"),
            (&asked(9), 51, "AddressInfoType CallsQuery is not supported"),
            (&asked(77), 51, "AddressInfoType 77 is not supported"),
            (
                &[this, (AttributeId::ADDRESS_INFO_TYPE, "x".into())],
                53,
                "AttributeAddressInfoType is of kind string, expected int",
            ),
        ] {
            assert_eq!(bench.refused(0, QUERY, attributes), (ErrorCode(code), text.to_owned()));
        }
    }

    #[test]
    fn a_long_queue_is_cut_to_what_fits() {
        let mut world = String::from("[[dn]]\nnumber = 'q'\ntype = 'ACD Queue'\n");
        for number in 0..1100 {
            world += &format!("[[dn]]\nnumber = '{number}'\ntype = 'Extension'\n");
        }
        let mut bench = Bench::of(&world, 1);
        for number in 0..1100 {
            let name = number.to_string();
            bench.register(0, &[&name]);
            let call = [(THIS, name.as_str().into()), (AttributeId::OTHER_DN, "q".into())];
            bench.ask(0, MessageId::REQUEST_MAKE_CALL, &call);
        }
        let seen = query(&mut bench, "q", None);
        assert_eq!(seen.int(AttributeId::ADDRESS_INFO_STATUS), Some(1100));
        assert_eq!(seen.list(AttributeId::EXTENSIONS).unwrap().view().len(), LISTED_CALLS);
    }
}
