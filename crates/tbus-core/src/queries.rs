//! RequestQueryServer and RequestQueryAddress, and the state of a DN that EventRegistered tells too.

use tlib_proto::enums::{AddressInfoType, AddressStatusInfo, ServerRole};
use tlib_proto::{AttributeId, EncodeError, ErrorCode, KvList, MessageId};

use crate::calls::Side;
use crate::refusal::Refusal;
use crate::registry::{DnId, MASK_BYTES, mask_bit};
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
        let agent = self.registry.dn(dn).and_then(|dn| dn.agent.as_ref());
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
            AddressInfoType::AGENT_STATUS => match self.registry.dn(dn).and_then(|dn| dn.agent.as_ref()) {
                None => agent_status::LOGGED_OUT,
                Some(agent) if agent.ready => agent_status::READY,
                Some(_) => agent_status::NOT_READY,
            },
            AddressInfoType::NUMBER_OF_CALLS_IN_QUEUE => calls(),
            AddressInfoType::ADDRESS_TYPE => self.registry.dn(dn).map_or(0, |dn| dn.address_type.0),
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
        let queue = self.registry.dn(dn).is_some_and(crate::registry::Dn::is_queue);
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
