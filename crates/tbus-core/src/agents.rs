//! RequestAgentLogin, Logout, Ready, NotReady. The model is the smallest that desktops can start with: an agent is
//! logged out, not ready or ready on one DN.

use std::collections::HashMap;
use std::sync::Arc;

use tlib_proto::{AttributeError, AttributeId, ErrorCode, KvRef, MessageId, MessageRef};

use crate::effects::Shown;
use crate::events::Post;
use crate::refusal::Refusal;
use crate::registry::{DnId, Registry};
use crate::turn::{Handled, Turn};
use crate::{Function, World};

/// Longest AgentID in bytes (chosen): it is kept as long as the agent is logged in.
const AGENT_ID_LIMIT: usize = 255;

/// The agent on a DN.
#[derive(Clone, Debug)]
pub(crate) struct LoggedIn {
    pub(crate) id: Arc<[u8]>,
    pub(crate) ready: bool,
}

/// Who may log in, and who has.
#[derive(Debug)]
pub(crate) struct Agents {
    /// Password by AgentID. Empty: any AgentID may log in (chosen).
    known: HashMap<Vec<u8>, Option<String>>,
    logged_in: HashMap<Arc<[u8]>, DnId>,
}

impl Agents {
    pub(crate) fn new(world: &World) -> Self {
        let known = world
            .agents
            .iter()
            .map(|agent| (agent.id.clone().into_bytes(), agent.password.clone()))
            .collect();
        Self { known, logged_in: HashMap::new() }
    }

    fn check(&self, id: &[u8], password: Option<&[u8]>) -> Handled {
        if self.known.is_empty() {
            return Ok(());
        }
        let Some(expected) = self.known.get(id) else {
            let text = format!("agent {} is not configured", Shown(id));
            return Err(Refusal::new(ErrorCode::MERIDIAN_AGENT_ID_INVALID, text));
        };
        match expected {
            Some(expected) if password != Some(expected.as_bytes()) => {
                let text = format!("wrong password for agent {}", Shown(id));
                Err(Refusal::new(ErrorCode::SOFT_AGENT_PASSWORD, text))
            }
            _ => Ok(()),
        }
    }
}

/// What the events of agents repeat of their requests, as desktops read it back (chosen).
struct Echo<'t> {
    this_queue: Option<&'t [u8]>,
    work_mode: Option<i32>,
    reason: Option<KvRef<'t>>,
    extensions: Option<KvRef<'t>>,
}

impl<'t> Echo<'t> {
    fn read(request: MessageRef<'t>) -> Result<Self, AttributeError> {
        Ok(Self {
            this_queue: request.text(AttributeId::THIS_QUEUE)?,
            work_mode: request.int(AttributeId::AGENT_WORK_MODE)?,
            reason: request.list(AttributeId::REASON)?,
            extensions: request.list(AttributeId::EXTENSIONS)?,
        })
    }
}

/// Tells everybody on the DN: head, ReferenceID in the requester's copy, ThisDN, AgentID, ThisQueue, AgentWorkMode,
/// Reason, Extensions (the order is chosen).
fn tell(
    post: &mut Post<'_>,
    registry: &Registry,
    dn: DnId,
    event: MessageId,
    agent: &[u8],
    echo: &Echo<'_>,
) -> Handled {
    let (reference, addressed) = (post.reference, post.answered());
    let name = registry.dn(dn).map(|dn| dn.name.clone());
    post.distribute(registry, dn, (Function::DistributeResponse, event), addressed, |writer, own| {
        if let Some(reference) = reference.filter(|_| own) {
            writer.unsigned(AttributeId::REFERENCE_ID, reference);
        }
        if let Some(name) = &name {
            writer.str(AttributeId::THIS_DN, name.as_bytes());
        }
        writer.str(AttributeId::AGENT_ID, agent);
        if let Some(queue) = echo.this_queue {
            writer.str(AttributeId::THIS_QUEUE, queue);
        }
        if let Some(mode) = echo.work_mode {
            writer.int(AttributeId::AGENT_WORK_MODE, mode);
        }
        writer
            .optional(AttributeId::REASON, echo.reason.map(Into::into))
            .optional(AttributeId::EXTENSIONS, echo.extensions.map(Into::into));
    })?;
    Ok(())
}

impl Turn<'_> {
    /// EventAgentLogin. Whatever AgentWorkMode says, the agent is not ready then (chosen); with one agent to a DN and
    /// one DN to an agent.
    pub(crate) fn agent_login(&mut self) -> Handled {
        let name = self.this_dn()?;
        let dn = self.own_dn(name)?;
        let id = self.request.text(AttributeId::AGENT_ID)?.filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Refusal::missing(AttributeId::AGENT_ID))?;
        let password = self.request.text(AttributeId::PASSWORD)?;
        let echo = Echo::read(self.request)?;
        if id.len() > AGENT_ID_LIMIT {
            let text =
                format!("AttributeAgentID of {} bytes is over the limit of {AGENT_ID_LIMIT}", id.len());
            return Err(Refusal::new(ErrorCode::INVALID_ATTR, text));
        }
        if !self.registry.kind(dn).is_some_and(|kind| kind.takes_agents) {
            let text =
                format!("DN {} takes no agents: its type is not Extension or ACD Position", Shown(name));
            return Err(Refusal::new(ErrorCode::INVALID_ATTR, text));
        }
        if let Some(agent) = self.registry.agent(dn) {
            let text = format!("agent {} is logged in on DN {} already", Shown(&agent.id), Shown(name));
            return Err(Refusal::new(ErrorCode::SOFT_AGENT_ALREADY_LOGGED_IN, text));
        }
        if self.agents.logged_in.contains_key(id) {
            let text = format!("agent {} is logged in on another DN", Shown(id));
            return Err(Refusal::new(ErrorCode::SOFT_AGENT_ID_IN_USE, text));
        }
        self.agents.check(id, password)?;
        tell(&mut self.post, self.registry, dn, MessageId::EVENT_AGENT_LOGIN, id, &echo)?;
        let id: Arc<[u8]> = id.into();
        self.agents.logged_in.insert(Arc::clone(&id), dn);
        self.set_agent(dn, Some(LoggedIn { id, ready: false }));
        Ok(())
    }

    /// EventAgentLogout.
    pub(crate) fn agent_logout(&mut self) -> Handled {
        let (dn, agent) = self.tell_agent(MessageId::EVENT_AGENT_LOGOUT)?;
        self.agents.logged_in.remove(&agent.id);
        self.set_agent(dn, None);
        Ok(())
    }

    /// EventAgentReady, also when the agent is ready already (chosen).
    pub(crate) fn agent_ready(&mut self) -> Handled {
        let (dn, agent) = self.tell_agent(MessageId::EVENT_AGENT_READY)?;
        self.set_agent(dn, Some(LoggedIn { ready: true, ..agent }));
        Ok(())
    }

    /// EventAgentNotReady with AgentWorkMode and Reason as in the request.
    pub(crate) fn agent_not_ready(&mut self) -> Handled {
        let (dn, agent) = self.tell_agent(MessageId::EVENT_AGENT_NOT_READY)?;
        self.set_agent(dn, Some(LoggedIn { ready: false, ..agent }));
        Ok(())
    }

    fn tell_agent(&mut self, event: MessageId) -> Result<(DnId, LoggedIn), Refusal> {
        let name = self.this_dn()?;
        let dn = self.own_dn(name)?;
        let echo = Echo::read(self.request)?;
        let agent = self.registry.agent(dn).cloned().ok_or_else(|| {
            let text = format!("no agent is logged in on DN {}", Shown(name));
            Refusal::new(ErrorCode::SOFT_AGENT_NOT_LOGGED_IN, text)
        })?;
        tell(&mut self.post, self.registry, dn, event, &agent.id, &echo)?;
        Ok((dn, agent))
    }

    fn set_agent(&mut self, dn: DnId, agent: Option<LoggedIn>) {
        if let Some(activity) = self.registry.activity_mut(dn) {
            activity.agent = agent;
        }
    }
}

#[cfg(test)]
mod tests {
    use tlib_proto::{KvList, ValueRef};

    use super::*;
    use crate::ClientId;
    use crate::testing::{Bench, Seen, THIS};

    const LOGIN: MessageId = MessageId::REQUEST_AGENT_LOGIN;
    const LOGOUT: MessageId = MessageId::REQUEST_AGENT_LOGOUT;
    const READY: MessageId = MessageId::REQUEST_AGENT_READY;
    const NOT_READY: MessageId = MessageId::REQUEST_AGENT_NOT_READY;
    const DN: (AttributeId, ValueRef<'static>) = (THIS, ValueRef::Str(b"7001"));

    fn agent(id: &str) -> (AttributeId, ValueRef<'_>) {
        (AttributeId::AGENT_ID, id.into())
    }

    #[test]
    fn a_shift() {
        let mut bench = Bench::new(3);
        bench.register(1, &["7001"]);
        bench.register(0, &["7001"]);
        for (request, event) in [
            (LOGIN, "EventAgentLogin"),
            (READY, "EventAgentReady"),
            (READY, "EventAgentReady"),
            (NOT_READY, "EventAgentNotReady"),
            (NOT_READY, "EventAgentNotReady"),
            (LOGOUT, "EventAgentLogout"),
            (LOGIN, "EventAgentLogin"),
        ] {
            let seen = bench.ask(0, request, &[DN, agent("1001")]);
            let brief: Vec<_> = seen.iter().map(Seen::brief).collect();
            assert_eq!(brief, [format!("1 {event} 7001"), format!("0 {event}* 7001")]);
            assert_eq!(seen[0].names(), "ThisDN AgentID");
            assert_eq!(seen[1].names(), "ReferenceID ThisDN AgentID");
            assert_eq!(seen[1].text(AttributeId::AGENT_ID).unwrap(), "1001");
            assert_eq!(seen[1].function, Function::DistributeResponse);
            let number = |at: usize| seen[at].view().long(AttributeId::EVENT_SEQUENCE_NUMBER);
            assert_eq!(number(0), number(1), "two copies of one event");
        }
    }

    #[test]
    fn what_is_echoed() {
        let reason = KvList::build(|list| list.str("ReasonCode", "lunch")).unwrap();
        let echoed = [
            DN,
            agent("1001"),
            (AttributeId::EXTENSIONS, ValueRef::List(reason.view())),
            (AttributeId::REASON, ValueRef::List(reason.view())),
            (AttributeId::AGENT_WORK_MODE, ValueRef::Int(3)),
            (AttributeId::THIS_QUEUE, "Callback_VQ".into()),
            (AttributeId::PASSWORD, "secret".into()),
        ];
        let mut bench = Bench::new(1);
        bench.register(0, &["7001"]);
        for request in [LOGIN, NOT_READY, READY, LOGOUT] {
            let seen = bench.ask(0, request, &echoed);
            assert_eq!(
                seen[0].names(),
                "ReferenceID ThisDN AgentID ThisQueue AgentWorkMode Reason Extensions"
            );
            assert_eq!(seen[0].list(AttributeId::REASON), Some(reason.clone()));
            assert_eq!(seen[0].int(AttributeId::AGENT_WORK_MODE), Some(3));
        }
    }

    #[test]
    fn without_a_reference_everybody_gets_the_same() {
        let mut bench = Bench::new(2);
        bench.register(0, &["7001"]);
        bench.register(1, &["7001"]);
        let request = crate::testing::message(LOGIN, &[DN, agent("1")]);
        let seen: Vec<_> = bench.send(0, &request).iter().map(Seen::brief).collect();
        assert_eq!(seen, ["0 EventAgentLogin 7001", "1 EventAgentLogin 7001"]);
    }

    #[test]
    fn refused_logins() {
        let world = "[[dn]]\nnumber = '7001'\ntype = 'Extension'\n[[dn]]\nnumber = '7002'\ntype = 'ACD Position'\n\
                     [[dn]]\nnumber = 'q'\ntype = 'ACD Queue'\n[[dn]]\nnumber = 'm'\ntype = 'Extension'\n\
                     [[agent]]\nid = '1'\n[[agent]]\nid = '2'\npassword = 'two'\n";
        let mut bench = Bench::of(world, 1);
        bench.register(0, &["7002", "q"]);
        let monitor = (AttributeId::REGISTER_MODE, ValueRef::Int(2));
        bench.ask(0, MessageId::REQUEST_REGISTER_ADDRESS, &[(THIS, "m".into()), monitor]);
        let dn = |name: &'static str| (THIS, ValueRef::from(name));
        let password = |text: &'static str| (AttributeId::PASSWORD, ValueRef::from(text));
        let long = "1".repeat(256);
        for (attributes, code, text) in [
            (vec![agent("1")], 53, "AttributeThisDN is missing"),
            (vec![dn("x"), agent("1")], 59, "DN x is not configured"),
            (vec![DN, agent("1")], 41, "DN 7001 is not registered by this client"),
            (vec![dn("m"), agent("1")], 41, "the DN is registered in ModeMonitor, which allows no requests"),
            (vec![dn("7002")], 53, "AttributeAgentID is missing"),
            (vec![dn("7002"), agent("")], 53, "AttributeAgentID is missing"),
            (vec![dn("7002"), agent(&long)], 53, "AttributeAgentID of 256 bytes is over the limit of 255"),
            (
                vec![dn("q"), agent("1")],
                53,
                "DN q takes no agents: its type is not Extension or ACD Position",
            ),
            (vec![dn("7002"), agent("3")], 192, "agent 3 is not configured"),
            (vec![dn("7002"), agent("2")], 1705, "wrong password for agent 2"),
            (vec![dn("7002"), agent("2"), password("one")], 1705, "wrong password for agent 2"),
            (
                vec![dn("7002"), agent("1"), (AttributeId::REASON, "x".into())],
                53,
                "AttributeReason is of kind string, expected list",
            ),
        ] {
            assert_eq!(bench.refused(0, LOGIN, &attributes), (ErrorCode(code), text.to_owned()));
        }
        assert_eq!(
            bench.ask(0, LOGIN, &[dn("7002"), agent("2"), password("two")])[0].id(),
            MessageId::EVENT_AGENT_LOGIN
        );
        bench.register(0, &["7001"]);
        for (attributes, code, text) in [
            ([dn("7002"), agent("2")], 1706, "agent 2 is logged in on DN 7002 already"),
            ([dn("7002"), agent("1")], 1706, "agent 2 is logged in on DN 7002 already"),
            ([DN, agent("2")], 1704, "agent 2 is logged in on another DN"),
        ] {
            assert_eq!(bench.refused(0, LOGIN, &attributes), (ErrorCode(code), text.to_owned()));
        }
        // An agent without a password may send one.
        assert_eq!(
            bench.ask(0, LOGIN, &[DN, agent("1"), password("any")])[0].id(),
            MessageId::EVENT_AGENT_LOGIN
        );
    }

    #[test]
    fn who_is_not_logged_in() {
        let mut bench = Bench::new(1);
        for request in [READY, NOT_READY, LOGOUT] {
            assert_eq!(bench.refused(0, request, &[DN]).0, ErrorCode::NOT_REGISTERED);
        }
        bench.register(0, &["7001"]);
        for request in [READY, NOT_READY, LOGOUT] {
            let refused = bench.refused(0, request, &[DN]);
            let text = "no agent is logged in on DN 7001".to_owned();
            assert_eq!(refused, (ErrorCode::SOFT_AGENT_NOT_LOGGED_IN, text));
            assert_eq!(bench.refused(0, request, &[]).0, ErrorCode::INVALID_ATTR);
        }
    }

    #[test]
    fn agents_outlive_their_connection() {
        let mut bench = Bench::new(2);
        bench.register(0, &["7001"]);
        bench.ask(0, LOGIN, &[DN, agent("1001")]);
        bench.switch.disconnected(ClientId(0));
        let seen = bench.ask(1, MessageId::REQUEST_REGISTER_ADDRESS, &[DN]);
        assert_eq!(seen[0].text(AttributeId::AGENT_ID).unwrap(), "1001");
        assert_eq!(bench.brief(1, LOGOUT, &[DN]), ["1 EventAgentLogout* 7001"]);
    }

    #[test]
    fn the_answer_comes_although_another_client_is_private() {
        let mut bench = Bench::new(2);
        bench.register(0, &["7001"]);
        let private = (AttributeId::REGISTER_MODE, ValueRef::Int(1));
        bench.ask(1, MessageId::REQUEST_REGISTER_ADDRESS, &[DN, private]);
        let seen = bench.brief(0, LOGIN, &[DN, agent("1001")]);
        assert_eq!(seen, ["1 EventAgentLogin 7001", "0 EventAgentLogin* 7001"]);
    }
}
