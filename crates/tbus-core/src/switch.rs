//! The switch: one `&mut` state, one request at a time.

use tlib_proto::{ErrorCode, MessageRef, Timestamp};

use crate::{Effects, World};

/// A client's slot, given by the driver. It may be given to another client only after [`Switch::disconnected`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u32);

/// The whole state of the simulated switch and its T-Server.
#[derive(Debug)]
pub struct Switch {
    world: World,
    sequence: u64,
}

#[allow(missing_docs, unused_variables, clippy::needless_pass_by_ref_mut)]
impl Switch {
    pub fn new(world: World) -> Self {
        Self { world, sequence: 1 }
    }
    pub fn set_next_sequence(&mut self, n: u64) {
        self.sequence = n;
    }
    pub fn world(&self) -> &World {
        &self.world
    }
    pub fn open(&mut self, client: ClientId, now: Timestamp, request: MessageRef<'_>, out: &mut Effects) {}
    pub fn request(&mut self, client: ClientId, now: Timestamp, request: MessageRef<'_>, out: &mut Effects) {}
    pub fn refuse(
        &mut self,
        client: ClientId,
        now: Timestamp,
        request: MessageRef<'_>,
        code: ErrorCode,
        text: &str,
        out: &mut Effects,
    ) {
    }
    pub fn disconnected(&mut self, client: ClientId) {}
    pub fn set_link(&mut self, up: bool, now: Timestamp, out: &mut Effects) {}
    pub fn application(&self, client: ClientId) -> Option<&str> {
        None
    }
}
