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

/// What the events of agents repeat of their requests (facts 3, users rank 3).
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
        if !self.registry.dn(dn).is_some_and(|dn| dn.takes_agents) {
            let text =
                format!("DN {} takes no agents: its type is not Extension or ACD Position", Shown(name));
            return Err(Refusal::new(ErrorCode::INVALID_ATTR, text));
        }
        if let Some(agent) = self.registry.dn(dn).and_then(|dn| dn.agent.as_ref()) {
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
        let agent = self.registry.dn(dn).and_then(|dn| dn.agent.clone()).ok_or_else(|| {
            let text = format!("no agent is logged in on DN {}", Shown(name));
            Refusal::new(ErrorCode::SOFT_AGENT_NOT_LOGGED_IN, text)
        })?;
        tell(&mut self.post, self.registry, dn, event, &agent.id, &echo)?;
        Ok((dn, agent))
    }

    fn set_agent(&mut self, dn: DnId, agent: Option<LoggedIn>) {
        if let Some(dn) = self.registry.dn_mut(dn) {
            dn.agent = agent;
        }
    }
}
