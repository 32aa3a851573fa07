use proptest::prelude::*;

use super::*;

/// The clients and DNs that [`registrations_as_in_a_plain_list`] works with: few, so that steps meet.
const CLIENTS: u32 = 24;
const DNS: usize = 3;

const EVENT: MessageId = MessageId::EVENT_USER_EVENT;

#[derive(Clone, Debug)]
enum Change {
    Open(u32),
    Close(u32),
    Register(u32, usize, RegisterMode),
    Unregister(u32, usize),
    /// Whether the client wants [`EVENT`].
    Mask(u32, bool),
}

fn change() -> impl Strategy<Value = Change> {
    let (client, dn) = (0..CLIENTS, 0..DNS);
    let mode = prop_oneof![
        12 => Just(RegisterMode::MODE_SHARE),
        2 => Just(RegisterMode::MODE_MONITOR),
        1 => Just(RegisterMode::MODE_PRIVATE),
    ];
    prop_oneof![
        4 => client.clone().prop_map(Change::Open),
        2 => client.clone().prop_map(Change::Close),
        12 => (client.clone(), dn.clone(), mode).prop_map(|(client, dn, mode)| Change::Register(client, dn, mode)),
        6 => (client.clone(), dn).prop_map(|(client, dn)| Change::Unregister(client, dn)),
        1 => (client, any::<bool>()).prop_map(|(client, wants)| Change::Mask(client, wants)),
    ]
}

/// What the registry promises, as plain lists.
#[derive(Default)]
struct Plain {
    /// Open clients, and whether they want [`EVENT`].
    open: Vec<(u32, bool)>,
    dns: [PlainDn; DNS],
}

/// Clients and modes in order of registration, and who is in ModePrivate.
type PlainDn = (Vec<(u32, RegisterMode)>, Option<u32>);

impl Plain {
    fn is_open(&self, client: u32) -> bool {
        self.open.iter().any(|(open, _)| *open == client)
    }

    fn change(&mut self, change: &Change) {
        match *change {
            Change::Open(client) if self.is_open(client) => {}
            Change::Open(client) => self.open.push((client, true)),
            Change::Close(client) => {
                self.open.retain(|(open, _)| *open != client);
                for dn in 0..DNS {
                    self.change(&Change::Unregister(client, dn));
                }
            }
            Change::Register(client, dn, mode) if self.is_open(client) => {
                let (list, private) = &mut self.dns[dn];
                match list.iter_mut().find(|(known, _)| *known == client) {
                    Some((_, known)) => *known = mode,
                    None => list.push((client, mode)),
                }
                if mode == RegisterMode::MODE_PRIVATE {
                    *private = Some(client);
                } else {
                    private.take_if(|holder| *holder == client);
                }
            }
            Change::Register(..) => {}
            Change::Unregister(client, dn) => {
                let (list, private) = &mut self.dns[dn];
                list.retain(|(known, _)| *known != client);
                private.take_if(|holder| *holder == client);
            }
            Change::Mask(client, wants) => {
                if let Some(open) = self.open.iter_mut().find(|(open, _)| *open == client) {
                    open.1 = wants;
                }
            }
        }
    }

    fn receivers(&self, dn: usize, addressed: Option<u32>) -> Vec<ClientId> {
        let (list, private) = &self.dns[dn];
        let all = list
            .iter()
            .map(|(client, _)| *client)
            .filter(|client| private.is_none_or(|holder| holder == *client));
        let wanting = |client: &u32| Some(*client) == addressed || self.open.contains(&(*client, true));
        let mut receivers: Vec<_> = all.filter(wanting).map(ClientId).collect();
        receivers.extend(addressed.map(ClientId).filter(|client| !receivers.contains(client)));
        receivers
    }
}

fn apply(registry: &mut Registry, dns: &[DnId], change: &Change) {
    match *change {
        Change::Open(client) => assert!(registry.open(ClientId(client), "a".to_owned())),
        Change::Close(client) => registry.close(ClientId(client)),
        Change::Register(client, dn, mode) => registry.register(ClientId(client), dns[dn], mode),
        Change::Unregister(client, dn) => registry.unregister(ClientId(client), dns[dn]),
        Change::Mask(client, wants) => {
            let mut mask = [u8::MAX; MASK_BYTES];
            let (byte, bit) = mask_bit(EVENT).unwrap();
            mask[byte] = if wants { u8::MAX } else { !bit };
            registry.set_mask(ClientId(client), mask);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn registrations_as_in_a_plain_list(changes in prop::collection::vec(change(), 1..400)) {
        let mut registry = Registry::new(&World::from_toml("[switch]\ncreate-unknown-dns = true").unwrap());
        let names: [&[u8]; DNS] = [b"REPORTING", b"7001", b"a name that is longer than others"];
        let dns = names.map(|name| registry.resolve(name, AddressType::DN).unwrap());
        let mut plain = Plain::default();
        for change in &changes {
            apply(&mut registry, &dns, change);
            plain.change(change);
            for (index, dn) in dns.into_iter().enumerate() {
                for addressed in [None, Some(0)] {
                    let mut receivers = vec![ClientId(77)];
                    registry.receivers(dn, EVENT, addressed.map(ClientId), &mut receivers);
                    prop_assert_eq!(&receivers[1..], plain.receivers(index, addressed), "{:?}", change);
                }
                let (list, private) = &plain.dns[index];
                prop_assert_eq!(registry.has_receivers(dn), !list.is_empty());
                for client in 0..CLIENTS {
                    let mode = list.iter().find(|(known, _)| *known == client).map(|(_, mode)| *mode);
                    prop_assert_eq!(registry.mode(ClientId(client), dn), mode);
                    let seized = private.is_some_and(|holder| holder != client);
                    prop_assert_eq!(registry.is_seized(ClientId(client), dn), seized);
                }
            }
        }
    }
}

/// All clients of a server leave at once: with a pass over the list for each of them this would be 256 million steps.
#[test]
fn many_clients_leave_one_dn() {
    const MANY: u32 = 16_384;
    let mut registry = Registry::new(&World::default());
    let dn = registry.find(b"REPORTING").unwrap();
    for client in (0..MANY).map(ClientId) {
        registry.open(client, String::new());
        registry.register(client, dn, RegisterMode::MODE_SHARE);
    }
    let mut moved = 0;
    for client in 0..MANY {
        registry.close(ClientId(client));
        let places = registry.dn(dn).unwrap().registered.places();
        moved += usize::from(places == usize::try_from(MANY - client - 1).unwrap());
        assert!(places <= 2 * usize::try_from(MANY - client - 1).unwrap(), "gaps are closed in time");
    }
    assert!(moved <= 16, "the gaps were closed {moved} times");
    assert!(!registry.has_receivers(dn));
}

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
