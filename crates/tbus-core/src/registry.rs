//! Clients, DNs, and who is registered where.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use tlib_proto::enums::{AddressType, RegisterMode};
use tlib_proto::{ErrorCode, MessageId};

use crate::agents::LoggedIn;
use crate::refusal::Refusal;
use crate::{ClientId, DnName, World};

mod listeners;

use listeners::Listeners;

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
pub(crate) struct DnId(u32);

impl DnId {
    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A client that has registered itself.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) application: String,
    /// `None` lets everything through, which is also the state at the start (facts 3.4).
    mask: Option<Box<Mask>>,
    registrations: HashMap<DnId, Registration>,
}

/// One client on one DN.
#[derive(Clone, Copy, Debug)]
struct Registration {
    mode: RegisterMode,
    /// Its place in the [`Listeners`] of the DN.
    place: u32,
}

/// A DN: what each of its events needs, in one cache line, and what else hangs on it.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Dn {
    pub(crate) name: DnName,
    registered: Listeners,
    activity: Option<Box<Activity>>,
}

const _: () = assert!(size_of::<Dn>() == 64, "a DN is one cache line");

/// What kind of DN it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) address_type: AddressType,
    pub(crate) takes_agents: bool,
}

impl Kind {
    /// Whether calls wait in it instead of ringing.
    pub(crate) fn is_queue(self) -> bool {
        matches!(self.address_type, AddressType::QUEUE | AddressType::ROUTE_DN | AddressType::ROUTE_QUEUE)
    }
}

/// Who and what is busy on a DN.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    pub(crate) agent: Option<LoggedIn>,
    /// ConnIDs of the calls it is a party of, oldest first.
    pub(crate) calls: Vec<u64>,
}

/// All clients and all DNs.
#[derive(Debug)]
pub(crate) struct Registry {
    clients: Vec<Option<Client>>,
    /// How many clients have a mask. While it is 0, receivers are copied without looking at clients.
    masked: usize,
    /// The DNs by name; only the numbers are kept, the names are in `dns`.
    names: HashTable<DnId>,
    /// Keyed by chance in each process: names come from clients.
    hasher: DefaultHashBuilder,
    dns: Vec<Dn>,
    kinds: Vec<Kind>,
    create: bool,
    created: usize,
}

impl Registry {
    pub(crate) fn new(world: &World) -> Self {
        let count = world.dns.len();
        let mut registry = Self {
            clients: Vec::new(),
            masked: 0,
            names: HashTable::with_capacity(count),
            hasher: DefaultHashBuilder::default(),
            dns: Vec::with_capacity(count),
            kinds: Vec::with_capacity(count),
            create: world.switch.create_unknown_dns,
            created: 0,
        };
        for dn in &world.dns {
            let kind = Kind { address_type: dn.ty.address_type(), takes_agents: dn.ty.takes_agents() };
            registry.add(dn.number.as_bytes(), kind);
        }
        registry
    }

    fn add(&mut self, name: &[u8], kind: Kind) -> DnId {
        let Self { names, hasher, dns, kinds, .. } = self;
        // A world of four billion DNs fits no memory.
        let id = DnId(u32::try_from(dns.len()).unwrap_or(u32::MAX));
        let name = DnName::from(name);
        names.insert_unique(hasher.hash_one(name.as_bytes()), id, |id| {
            hasher.hash_one(dns.get(id.index()).map_or(&[][..], |dn| dn.name.as_bytes()))
        });
        dns.push(Dn { name, registered: Listeners::new(), activity: None });
        kinds.push(kind);
        id
    }

    /// The DN of that name.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<DnId> {
        let named = |id: &DnId| self.dn(*id).is_some_and(|dn| dn.name.as_bytes() == name);
        self.names.find(self.hasher.hash_one(name), named).copied()
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
        Ok(self.add(name, Kind { address_type, takes_agents }))
    }

    #[inline]
    pub(crate) fn dn(&self, id: DnId) -> Option<&Dn> {
        self.dns.get(id.index())
    }

    pub(crate) fn kind(&self, id: DnId) -> Option<Kind> {
        self.kinds.get(id.index()).copied()
    }

    fn activity(&self, id: DnId) -> Option<&Activity> {
        self.dn(id)?.activity.as_deref()
    }

    /// To change it.
    pub(crate) fn activity_mut(&mut self, id: DnId) -> Option<&mut Activity> {
        Some(self.dns.get_mut(id.index())?.activity.get_or_insert_default())
    }

    /// The agent that is logged in on it.
    pub(crate) fn agent(&self, id: DnId) -> Option<&LoggedIn> {
        self.activity(id)?.agent.as_ref()
    }

    /// Its calls, oldest first.
    pub(crate) fn calls(&self, id: DnId) -> &[u64] {
        self.activity(id).map_or(&[], |activity| &activity.calls)
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
                None => *place = Some(Client { application, mask: None, registrations: HashMap::new() }),
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
        for (dn, registration) in client.registrations {
            self.strike(id, dn, registration.place);
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
        self.client(id)?.registrations.get(&dn).map(|registration| registration.mode)
    }

    /// Whether somebody else holds the DN in ModePrivate.
    pub(crate) fn is_seized(&self, id: ClientId, dn: DnId) -> bool {
        self.dn(dn).and_then(|dn| dn.registered.private()).is_some_and(|holder| holder != id)
    }

    /// Registers the client; registering again changes the mode and keeps the place in the order.
    pub(crate) fn register(&mut self, id: ClientId, dn: DnId, mode: RegisterMode) {
        let Self { clients, dns, .. } = self;
        let (Some(client), Some(place)) = (at(clients, id), dns.get_mut(dn.index())) else { return };
        let registration = client.registrations.entry(dn);
        registration
            .and_modify(|known| known.mode = mode)
            .or_insert_with(|| Registration { mode, place: place.registered.push(id) });
        if mode == RegisterMode::MODE_PRIVATE {
            place.registered.seize(id);
        } else {
            place.registered.release(id);
        }
    }

    /// Ends a registration.
    pub(crate) fn unregister(&mut self, id: ClientId, dn: DnId) {
        let client = at(&mut self.clients, id);
        if let Some(registration) = client.and_then(|client| client.registrations.remove(&dn)) {
            self.strike(id, dn, registration.place);
        }
    }

    /// Takes a client off a DN when its registration is gone already.
    fn strike(&mut self, id: ClientId, dn: DnId, place: u32) {
        let Self { clients, dns, .. } = self;
        let Some(struck) = dns.get_mut(dn.index()) else { return };
        struck.registered.release(id);
        struck.registered.remove(place);
        struck.registered.tidy(|client, place| {
            if let Some(moved) = at(clients, client).and_then(|client| client.registrations.get_mut(&dn)) {
                moved.place = place;
            }
        });
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
        let Some(dn) = self.dn(dn) else { return };
        let first = into.len();
        match (dn.registered.private(), dn.registered.as_slice()) {
            // A copy of one is not worth a call.
            (None, Some([one])) if self.masked == 0 => into.push(*one),
            (None, Some(all)) if self.masked == 0 => into.extend_from_slice(all),
            (private, _) => {
                let wanting = |id: &ClientId| Some(*id) == addressed || wants(self.client(*id), event);
                match private {
                    Some(holder) => into.extend(Some(holder).filter(wanting)),
                    None => into.extend(dn.registered.iter().filter(wanting)),
                }
            }
        }
        if let Some(addressed) = addressed.filter(|id| !into.get(first..).unwrap_or_default().contains(id)) {
            into.push(addressed);
        }
    }

    /// Whether anybody gets events of the DN, masks left aside.
    pub(crate) fn has_receivers(&self, dn: DnId) -> bool {
        self.dn(dn).is_some_and(|dn| !dn.registered.is_empty())
    }
}

/// The open client in a slot.
fn at(clients: &mut [Option<Client>], id: ClientId) -> Option<&mut Client> {
    clients.get_mut(usize::try_from(id.0).ok()?)?.as_mut()
}

fn wants(client: Option<&Client>, event: MessageId) -> bool {
    let Some(client) = client else { return false };
    let (Some(mask), Some((byte, bit))) = (&client.mask, mask_bit(event)) else { return true };
    mask.get(byte).is_some_and(|byte| byte & bit != 0)
}

#[cfg(test)]
mod tests;
