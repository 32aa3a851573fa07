//! The switch: one `&mut` state, one request at a time.

use tlib_proto::wire::MessageWriter;
use tlib_proto::{AttributeId, ErrorCode, MessageId, MessageRef, Timestamp};

use crate::agents::Agents;
use crate::calls::Calls;
use crate::effects::Shown;
use crate::events::Post;
use crate::heads::Heads;
use crate::refusal::Refusal;
use crate::registry::Registry;
use crate::turn::{Handled, Turn};
use crate::{Effects, Options, World};

/// A client's slot, given by the driver. It may be given to another client only after [`Switch::disconnected`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u32);

/// Longest error text in bytes when the full EventError does not fit into a frame.
const SHORT_TEXT: usize = 1024;

/// The whole state of the simulated switch and its T-Server.
///
/// The driver calls [`open`](Self::open) for the RequestRegisterClient that its session machine lets through,
/// [`request`](Self::request) for every other message of that client, [`refuse`](Self::refuse) for messages that the
/// session machine does not let through, and [`disconnected`](Self::disconnected) at the end.
#[derive(Debug)]
pub struct Switch {
    /// Without its DNs and agents: `registry` and `agents` have them.
    pub(crate) world: World,
    pub(crate) heads: Heads,
    /// Number of the next event. Events that could not be built take none.
    pub(crate) sequence: u64,
    link: bool,
    pub(crate) registry: Registry,
    agents: Agents,
    calls: Calls,
}

impl Switch {
    /// A switch in which nothing has happened; its link is up and its first event has number 1 (chosen).
    pub fn new(mut world: World) -> Self {
        let (registry, agents) = (Registry::new(&world), Agents::new(&world));
        // What is looked up by name need not be kept twice.
        (world.dns, world.agents) = (Vec::new(), Vec::new());
        let heads = Heads::new(&world.tenant.name);
        Self { world, heads, sequence: 1, link: true, registry, agents, calls: Calls::default() }
    }

    /// Sets the number of the next event, such as one that a published log shows.
    pub fn set_next_sequence(&mut self, n: u64) {
        self.sequence = n;
    }

    /// Says when the switch was started, in seconds since 1970: the calls of a switch that is started again have other
    /// ConnIDs and CallUUIDs than those before (chosen). Zero in a new switch.
    pub fn set_start(&mut self, seconds: u32) {
        self.calls.start = seconds;
    }

    /// The options of the T-Server.
    pub const fn options(&self) -> &Options {
        &self.world.t_server.options
    }

    /// `AttributeApplicationName` as the client gave it (its first 255 bytes); `None` before [`Switch::open`].
    pub fn application(&self, client: ClientId) -> Option<&str> {
        self.registry.client(client).map(|client| client.application.as_str())
    }

    /// Takes the client in and tells it the state of the link (facts 3.1): EventLinkConnected or EventLinkDisconnected
    /// with the T-Server's name and, as SessionID, the client's slot (chosen). `false` when it is refused instead: it
    /// has got an EventError, and the driver closes its connection.
    pub fn open(
        &mut self,
        client: ClientId,
        now: Timestamp,
        request: MessageRef<'_>,
        out: &mut Effects,
    ) -> bool {
        let opened = self.try_open(client, now, request, out);
        if let Err(refusal) = &opened {
            self.registry.close(client);
            self.refuse(client, now, request, refusal.code, &refusal.text, out);
        }
        opened.is_ok()
    }

    fn try_open(
        &mut self,
        client: ClientId,
        now: Timestamp,
        request: MessageRef<'_>,
        out: &mut Effects,
    ) -> Handled {
        let name = request.text(AttributeId::APPLICATION_NAME)?.unwrap_or_default();
        let reference = request.reference_id()?;
        if !self.registry.open(client, Shown(name).to_string()) {
            let text = "no slot is left for this client";
            return Err(Refusal::new(ErrorCode::CSTA_GENERIC_SYSTEM_RESOURCE, text));
        }
        let server = &self.world.t_server.name;
        let mut post = post(&self.world, &self.heads, &mut self.sequence, client, now, out);
        post.reference = reference;
        post.answer(link_event(self.link), |writer| {
            writer
                .str(AttributeId::APPLICATION_NAME, server)
                .int(AttributeId::SESSION_ID, client.0.cast_signed());
        })?;
        Ok(())
    }

    /// Handles a request of an open client. Whatever is wrong with it is answered with EventError.
    pub fn request(&mut self, client: ClientId, now: Timestamp, request: MessageRef<'_>, out: &mut Effects) {
        let (mark, sequence) = (out.mark(), self.sequence);
        if let Err(refusal) = self.try_request(client, now, request, out) {
            // What has been built before the mistake showed must not reach anybody.
            out.take_back(mark);
            self.sequence = sequence;
            self.refuse(client, now, request, refusal.code, &refusal.text, out);
        }
    }

    fn try_request(
        &mut self,
        client: ClientId,
        now: Timestamp,
        request: MessageRef<'_>,
        out: &mut Effects,
    ) -> Handled {
        if self.registry.client(client).is_none() {
            let text = "RequestRegisterClient must come first";
            return Err(Refusal::new(ErrorCode::NOT_REGISTERED, text));
        }
        let mut post = post(&self.world, &self.heads, &mut self.sequence, client, now, out);
        // That handler reads all attributes in one pass of its own.
        if request.id() != MessageId::REQUEST_DISTRIBUTE_USER_EVENT {
            post.reference = request.reference_id()?;
        }
        Turn {
            request,
            world: &self.world,
            registry: &mut self.registry,
            agents: &mut self.agents,
            calls: &mut self.calls,
            post,
        }
        .handle()
    }

    /// Answers with EventError (facts 3.2): head, ReferenceID, ThisDN and ConnID as far as the request has them,
    /// ErrorCode, ErrorMessage.
    pub fn refuse(
        &mut self,
        client: ClientId,
        now: Timestamp,
        request: MessageRef<'_>,
        code: ErrorCode,
        text: &str,
        out: &mut Effects,
    ) {
        let this_dn = request.text(AttributeId::THIS_DN).ok().flatten();
        let conn_id = request.long(AttributeId::CONN_ID).ok().flatten();
        let mut post = post(&self.world, &self.heads, &mut self.sequence, client, now, out);
        post.reference = request.reference_id().ok().flatten();
        let cause = |writer: &mut MessageWriter<'_>, text: &str| {
            writer.int(AttributeId::ERROR_CODE, code.0.cast_signed()).str(AttributeId::ERROR_MESSAGE, text);
        };
        let full = post.answer(MessageId::EVENT_ERROR, |writer| {
            if let Some(this_dn) = this_dn {
                writer.str(AttributeId::THIS_DN, this_dn);
            }
            if let Some(conn_id) = conn_id {
                writer.long(AttributeId::CONN_ID, conn_id);
            }
            cause(writer, text);
        });
        if full.is_err() {
            // A DN that nearly fills the frame. Names and frame-limit are bounded, so without it this always fits.
            let short = (0..=SHORT_TEXT).rev().find_map(|end| text.get(..end)).unwrap_or_default();
            let _always_fits = post.answer(MessageId::EVENT_ERROR, |writer| cause(writer, short));
        }
    }

    /// Forgets the client and its registrations. Agents stay logged in and calls go on, as with a desktop that has lost
    /// its connection (chosen).
    pub fn disconnected(&mut self, client: ClientId) {
        self.registry.close(client);
    }

    /// Brings the link to the switch up or down and tells all open clients, by slot. Setting it to what it is does
    /// nothing. Requests are served while it is down, too: the simulated switch is always there (chosen).
    pub fn set_link(&mut self, up: bool, now: Timestamp, out: &mut Effects) {
        if self.link == up {
            return;
        }
        self.link = up;
        let server = &self.world.t_server.name;
        // Nobody has asked, so the requester's place is nobody's.
        let mut post = post(&self.world, &self.heads, &mut self.sequence, ClientId(u32::MAX), now, out);
        let _always_fits = post.send_to_all(&self.registry, link_event(up), |writer| {
            writer.str(AttributeId::APPLICATION_NAME, server);
        });
    }
}

/// Where the events of one request go to.
pub(crate) fn post<'t>(
    world: &'t World,
    heads: &'t Heads,
    sequence: &'t mut u64,
    requester: ClientId,
    now: Timestamp,
    out: &'t mut Effects,
) -> Post<'t> {
    Post { requester, reference: None, out, sequence, heads, limits: world.t_server.options.limits(), now }
}

fn link_event(up: bool) -> MessageId {
    if up { MessageId::EVENT_LINK_CONNECTED } else { MessageId::EVENT_LINK_DISCONNECTED }
}

#[cfg(test)]
mod tests;
