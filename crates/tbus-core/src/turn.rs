//! One request's turn: what every handler works on, and which handler a request has.

use tlib_proto::enums::{AddressType, RegisterMode};
use tlib_proto::{AttributeId, ErrorCode, KvRef, MessageId, MessageRef};

use crate::World;
use crate::agents::Agents;
use crate::calls::Calls;
use crate::events::Post;
use crate::refusal::Refusal;
use crate::registry::{DnId, Registry};

/// The state of the switch while it handles one request.
///
/// Handlers build their events first and change the state last: when an event does not fit, [`crate::Switch`] takes the
/// events back and answers with EventError, and nothing has happened.
pub(crate) struct Turn<'t> {
    pub(crate) request: MessageRef<'t>,
    pub(crate) world: &'t World,
    pub(crate) registry: &'t mut Registry,
    pub(crate) agents: &'t mut Agents,
    pub(crate) calls: &'t mut Calls,
    pub(crate) post: Post<'t>,
}

/// What handlers give back.
pub(crate) type Handled = Result<(), Refusal>;

type Handler<'t> = fn(&mut Turn<'t>) -> Handled;

/// The handler of a request that is supported.
fn handler<'t>(id: MessageId) -> Option<Handler<'t>> {
    Some(match id {
        MessageId::REQUEST_DISTRIBUTE_USER_EVENT => Turn::distribute_user_event,
        MessageId::REQUEST_DISTRIBUTE_EVENT => Turn::distribute_event,
        MessageId::REQUEST_REGISTER_CLIENT => Turn::register_client_again,
        MessageId::REQUEST_QUERY_SERVER => Turn::query_server,
        MessageId::REQUEST_QUERY_ADDRESS => Turn::query_address,
        MessageId::REQUEST_REGISTER_ADDRESS => Turn::register_address,
        MessageId::REQUEST_UNREGISTER_ADDRESS => Turn::unregister_address,
        MessageId::REQUEST_SET_INPUT_MASK => Turn::set_input_mask,
        MessageId::REQUEST_AGENT_LOGIN => Turn::agent_login,
        MessageId::REQUEST_AGENT_LOGOUT => Turn::agent_logout,
        MessageId::REQUEST_AGENT_READY => Turn::agent_ready,
        MessageId::REQUEST_AGENT_NOT_READY => Turn::agent_not_ready,
        MessageId::REQUEST_MAKE_CALL => Turn::make_call,
        MessageId::REQUEST_ANSWER_CALL => Turn::answer_call,
        MessageId::REQUEST_RELEASE_CALL => Turn::release_call,
        MessageId::REQUEST_HOLD_CALL => Turn::hold_call,
        MessageId::REQUEST_RETRIEVE_CALL => Turn::retrieve_call,
        MessageId::REQUEST_ATTACH_USER_DATA => Turn::attach_user_data,
        MessageId::REQUEST_UPDATE_USER_DATA => Turn::update_user_data,
        MessageId::REQUEST_DELETE_USER_DATA => Turn::delete_user_data,
        MessageId::REQUEST_DELETE_PAIR => Turn::delete_pair,
        MessageId::REQUEST_PRIVATE_SERVICE => Turn::private_service,
        _ => return None,
    })
}

/// Whether the switch does what this request asks for.
pub(crate) fn is_supported(id: MessageId) -> bool {
    handler(id).is_some()
}

impl<'t> Turn<'t> {
    /// Handles the request; whatever is not supported is refused by name.
    pub(crate) fn handle(&mut self) -> Handled {
        match handler(self.request.id()) {
            Some(handler) => handler(self),
            None => {
                let id = self.request.id();
                let what = if id.is_event() { "is an event, not a request" } else { "is not supported" };
                Err(Refusal::new(ErrorCode::UNSUP_OPER, format!("{id} {what}")))
            }
        }
    }

    /// The driver lets only the first one open a client, so this is a second one (chosen).
    fn register_client_again(&mut self) -> Handled {
        Err(Refusal::new(ErrorCode::IN_SAME_STATE, "RequestRegisterClient has been sent already"))
    }

    /// There is no switch that could do something private (chosen): the request is acknowledged.
    fn private_service(&mut self) -> Handled {
        let this_dn = self.request.text(AttributeId::THIS_DN)?;
        Ok(self.post.ack(self.request.id(), this_dn)?)
    }

    /// The bytes of ThisDN.
    pub(crate) fn this_dn(&self) -> Result<&'t [u8], Refusal> {
        self.request.text(AttributeId::THIS_DN)?.ok_or_else(|| Refusal::missing(AttributeId::THIS_DN))
    }

    /// A DN of the world.
    pub(crate) fn known_dn(&self, name: &[u8]) -> Result<DnId, Refusal> {
        self.registry.find(name).ok_or_else(|| Refusal::unknown_dn(name))
    }

    /// A DN of the world, created if the world says so.
    pub(crate) fn resolve(&mut self, name: &[u8]) -> Result<DnId, Refusal> {
        self.registry.resolve(name, AddressType::DN)
    }

    /// A DN for which the requester may speak: known, and registered by it not only to listen (facts 3.4).
    pub(crate) fn own_dn(&self, name: &[u8]) -> Result<DnId, Refusal> {
        let dn = self.known_dn(name)?;
        match self.registry.mode(self.post.requester, dn) {
            Some(RegisterMode::MODE_MONITOR) => {
                let text = "the DN is registered in ModeMonitor, which allows no requests";
                Err(Refusal::new(ErrorCode::NOT_REGISTERED, text))
            }
            Some(_) => Ok(dn),
            None => Err(Refusal::not_registered(name)),
        }
    }

    /// UserData, if it is there and within `user-data-limit`.
    pub(crate) fn user_data(&self) -> Result<Option<KvRef<'t>>, Refusal> {
        let list = self.request.list(AttributeId::USER_DATA)?;
        if let Some(list) = list {
            self.check_user_data(list.packed_len())?;
        }
        Ok(list)
    }

    pub(crate) fn check_user_data(&self, length: usize) -> Handled {
        let limit = self.world.t_server.options.user_data_limit;
        if length <= limit {
            return Ok(());
        }
        let text = format!("user data of {length} bytes is over the user-data-limit of {limit}");
        Err(Refusal::new(ErrorCode::INVALID_ATTR, text))
    }
}
