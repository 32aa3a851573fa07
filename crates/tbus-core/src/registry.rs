//! Clients, DNs, and who is registered where.

use std::collections::HashMap;
use std::sync::Arc;

use tlib_proto::enums::{AddressType, RegisterMode};
use tlib_proto::{ErrorCode, MessageId};

use crate::agents::LoggedIn;
use crate::refusal::Refusal;
use crate::{ClientId, DnName, World};

/// Most DNs that clients may create (chosen), so that no client fills the memory.
const CREATED_LIMIT: usize = 100_000;

/// Longest name of a created DN in bytes (chosen), the same as in a world file.
const NAME_LIMIT: usize = 255;

/// Highest slot a driver may give (chosen): slots index a list.
const SLOT_LIMIT: usize = 1 << 20;

/// Bytes of TMask, the input and capability masks (facts 1.3).
pub(crate) const MASK_BYTES: usize = 64;

/// A TMask: event e is bit e mod 8, least significant first, of byte e / 8 (facts 1.3).
pub(crate) type Mask = [u8; MASK_BYTES];

/// The byte and the bit of a message in a [`Mask`]; `None` for ids beyond it.
pub(crate) fn mask_bit(id: MessageId) -> Option<(usize, u8)> {
    let byte = usize::from(id.0 >> 3);
    (byte < MASK_BYTES).then_some((byte, 1 << (id.0 & 7)))
}

/// Which DN; stable while the switch lives, because DNs are never removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DnId(usize);

/// A client that has registered itself.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) application: String,
    /// `None` lets everything through, which is also the state at the start (facts 3.4).
    mask: Option<Box<Mask>>,
    modes: HashMap<DnId, RegisterMode>,
}

/// A DN and all that hangs on it.
#[derive(Debug)]
pub(crate) struct Dn {
    pub(crate) name: DnName,
    pub(crate) address_type: AddressType,
    pub(crate) takes_agents: bool,
    pub(crate) agent: Option<LoggedIn>,
    /// ConnIDs of the calls it is a party of, oldest first.
    pub(crate) calls: Vec<u64>,
    /// Everybody who is registered, in order of registration.
    registered: Vec<ClientId>,
    /// The one in ModePrivate: while it is there, nobody else gets events of the DN (facts 3.4).
    private: Option<ClientId>,
}

impl Dn {
    fn new(name: DnName, address_type: AddressType, takes_agents: bool) -> Self {
        let (registered, calls) = (Vec::new(), Vec::new());
        Self { name, address_type, takes_agents, agent: None, calls, registered, private: None }
    }

    /// Whether calls wait in it instead of ringing.
    pub(crate) fn is_queue(&self) -> bool {
        matches!(self.address_type, AddressType::QUEUE | AddressType::ROUTE_DN | AddressType::ROUTE_QUEUE)
    }

    /// Who gets its events.
    fn receivers(&self) -> &[ClientId] {
        if self.private.is_some() { self.private.as_slice() } else { &self.registered }
    }
}

/// All clients and all DNs.
#[derive(Debug)]
pub(crate) struct Registry {
    clients: Vec<Option<Client>>,
    /// How many clients have a mask. While it is 0, receivers are copied without looking at clients.
    masked: usize,
    names: HashMap<DnName, DnId>,
    dns: Vec<Dn>,
    create: bool,
    created: usize,
}

impl Registry {
    pub(crate) fn new(world: &World) -> Self {
        let mut registry = Self {
            clients: Vec::new(),
            masked: 0,
            names: HashMap::new(),
            dns: Vec::new(),
            create: world.switch.create_unknown_dns,
            created: 0,
        };
        for dn in &world.dns {
            registry.add(dn.number.as_bytes(), dn.ty.address_type(), dn.ty.takes_agents());
        }
        registry
    }

    fn add(&mut self, name: &[u8], address_type: AddressType, takes_agents: bool) -> DnId {
        let (id, name) = (DnId(self.dns.len()), DnName(Arc::from(name)));
        self.names.insert(name.clone(), id);
        self.dns.push(Dn::new(name, address_type, takes_agents));
        id
    }

    /// The DN of that name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<DnId> {
        self.names.get(name).copied()
    }

    /// The DN of that name, created if the world says so.
    ///
    /// # Errors
    /// 59 when it is unknown and not to be created; 53 or 1170 when it cannot be (chosen).
    pub(crate) fn resolve(&mut self, name: &[u8], address_type: AddressType) -> Result<DnId, Refusal> {
        if let Some(id) = self.find(name) {
            return Ok(id);
        }
        if !self.create || name.is_empty() {
            return Err(Refusal::unknown_dn(name));
        }
        if name.len() > NAME_LIMIT {
            let text = format!("a DN of {} bytes is over the limit of {NAME_LIMIT}", name.len());
            return Err(Refusal::new(ErrorCode::INVALID_ATTR, text));
        }
        if self.created >= CREATED_LIMIT {
            let text = format!("clients have created {CREATED_LIMIT} DNs already");
            return Err(Refusal::new(ErrorCode::CSTA_GENERIC_SYSTEM_RESOURCE, text));
        }
        self.created = self.created.saturating_add(1);
        let takes_agents = matches!(address_type, AddressType::DN | AddressType::POSITION);
        Ok(self.add(name, address_type, takes_agents))
    }

    pub(crate) fn dn(&self, id: DnId) -> Option<&Dn> {
        self.dns.get(id.0)
    }

    pub(crate) fn dn_mut(&mut self, id: DnId) -> Option<&mut Dn> {
        self.dns.get_mut(id.0)
    }

    /// Its calls, oldest first.
    pub(crate) fn calls(&self, id: DnId) -> &[u64] {
        self.dn(id).map_or(&[], |dn| &dn.calls)
    }

    /// Takes a client in. False when the slot is too high to be one.
    pub(crate) fn open(&mut self, id: ClientId, application: String) -> bool {
        let slot = usize::try_from(id.0).unwrap_or(usize::MAX);
        if slot >= SLOT_LIMIT {
            return false;
        }
        if slot >= self.clients.len() {
            self.clients.resize_with(slot.saturating_add(1), || None);
        }
        if let Some(place) = self.clients.get_mut(slot) {
            match place {
                Some(client) => client.application = application,
                None => *place = Some(Client { application, mask: None, modes: HashMap::new() }),
            }
        }
        true
    }

    /// Forgets a client and its registrations.
    pub(crate) fn close(&mut self, id: ClientId) {
        let Some(client) = self.slot(id).and_then(Option::take) else { return };
        if client.mask.is_some() {
            self.masked = self.masked.saturating_sub(1);
        }
        for dn in client.modes.into_keys() {
            self.strike(id, dn);
        }
    }

    fn slot(&mut self, id: ClientId) -> Option<&mut Option<Client>> {
        self.clients.get_mut(usize::try_from(id.0).ok()?)
    }

    pub(crate) fn client(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(usize::try_from(id.0).ok()?)?.as_ref()
    }

    /// All clients whose masks let this event through, by slot.
    pub(crate) fn all_wanting(&self, event: MessageId) -> impl Iterator<Item = ClientId> {
        let ids = (0..).map(ClientId);
        ids.zip(&self.clients).filter(move |(_, client)| wants(client.as_ref(), event)).map(|(id, _)| id)
    }

    /// How the client is registered on the DN, if it is.
    pub(crate) fn mode(&self, id: ClientId, dn: DnId) -> Option<RegisterMode> {
        self.client(id)?.modes.get(&dn).copied()
    }

    /// Whether somebody else holds the DN in ModePrivate.
    pub(crate) fn is_seized(&self, id: ClientId, dn: DnId) -> bool {
        self.dn(dn).and_then(|dn| dn.private).is_some_and(|holder| holder != id)
    }

    /// Registers the client; registering again changes the mode and keeps the place in the order.
    pub(crate) fn register(&mut self, id: ClientId, dn: DnId, mode: RegisterMode) {
        let Some(Some(client)) = self.slot(id) else { return };
        let known = client.modes.insert(dn, mode).is_some();
        let Some(dn) = self.dn_mut(dn) else { return };
        if !known {
            dn.registered.push(id);
        }
        if mode == RegisterMode::MODE_PRIVATE {
            dn.private = Some(id);
        } else if dn.private == Some(id) {
            dn.private = None;
        }
    }

    /// Ends a registration.
    pub(crate) fn unregister(&mut self, id: ClientId, dn: DnId) {
        if let Some(Some(client)) = self.slot(id) {
            client.modes.remove(&dn);
        }
        self.strike(id, dn);
    }

    fn strike(&mut self, id: ClientId, dn: DnId) {
        let Some(dn) = self.dn_mut(dn) else { return };
        dn.registered.retain(|client| *client != id);
        if dn.private == Some(id) {
            dn.private = None;
        }
    }

    /// Sets what the client wants to get. A mask of ones is as good as none.
    pub(crate) fn set_mask(&mut self, id: ClientId, mask: Mask) {
        let Some(Some(client)) = self.slot(id) else { return };
        let old = client.mask.take().is_some();
        client.mask = mask.iter().any(|byte| *byte != u8::MAX).then(|| Box::new(mask));
        let new = client.mask.is_some();
        self.masked = self.masked.saturating_sub(old.into()).saturating_add(new.into());
    }

    /// Appends those who get this event of the DN, in order of registration. `addressed` gets it whatever its mask
    /// says, and stands last if it is not registered.
    #[inline]
    pub(crate) fn receivers(
        &self,
        dn: DnId,
        event: MessageId,
        addressed: Option<ClientId>,
        into: &mut Vec<ClientId>,
    ) {
        let receivers = self.dn(dn).map_or(&[][..], Dn::receivers);
        if self.masked == 0 {
            into.extend_from_slice(receivers);
        } else {
            let wanting = |id: &ClientId| Some(*id) == addressed || wants(self.client(*id), event);
            into.extend(receivers.iter().copied().filter(wanting));
        }
        if let Some(addressed) = addressed.filter(|id| !receivers.contains(id)) {
            into.push(addressed);
        }
    }

    /// Whether anybody gets events of the DN, masks left aside.
    pub(crate) fn has_receivers(&self, dn: DnId) -> bool {
        self.dn(dn).is_some_and(|dn| !dn.receivers().is_empty())
    }
}

fn wants(client: Option<&Client>, event: MessageId) -> bool {
    let Some(client) = client else { return false };
    let (Some(mask), Some((byte, bit))) = (&client.mask, mask_bit(event)) else { return true };
    mask.get(byte).is_some_and(|byte| byte & bit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_bits() {
        for (id, expected) in [
            (0, Some((0, 1))),
            (7, Some((0, 128))),
            (8, Some((1, 1))),
            (96, Some((12, 1))),
            (511, Some((63, 128))),
            (512, None),
            (u16::MAX, None),
        ] {
            assert_eq!(mask_bit(MessageId(id)), expected, "{id}");
        }
    }

    #[test]
    fn clients_create_no_more_dns_than_the_limit() {
        let mut registry = Registry::new(&World::from_toml("[switch]\ncreate-unknown-dns = true").unwrap());
        for number in 0..CREATED_LIMIT {
            registry.resolve(number.to_string().as_bytes(), AddressType::DN).unwrap();
        }
        let refusal = registry.resolve(b"x", AddressType::DN).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::CSTA_GENERIC_SYSTEM_RESOURCE);
        assert_eq!(refusal.text, "clients have created 100000 DNs already");
        registry.resolve(b"1", AddressType::DN).unwrap();
    }
}
