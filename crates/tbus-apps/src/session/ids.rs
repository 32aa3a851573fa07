//! Ids in the shapes that are published, from a seed.

use rand_core::{Rng, SeedableRng};
use rand_xorshift::XorShiftRng;
use uuid::{Builder, Uuid};

/// Letters and digits of session ids: the 32 of the published example's kind (facts infomart 7.5).
const SESSION_DIGITS: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// Name space of the ids that follow from others.
const NAMES: Uuid = Uuid::from_u128(0x6f1d_93a1_52c0_4f0e_9a55_0a7c_be11_07d5);

/// Makes ids of services and sessions; the same seed makes the same ids.
#[derive(Clone, Debug)]
pub struct Ids {
    random: XorShiftRng,
    node: u32,
    sessions: u32,
    given: std::collections::VecDeque<Option<String>>,
}

impl Ids {
    /// Ids from this seed, of node 445 as in the published sample.
    pub fn new(seed: u64) -> Self {
        Self {
            random: XorShiftRng::seed_from_u64(seed),
            node: 445,
            sessions: 0,
            given: std::collections::VecDeque::new(),
        }
    }

    /// The same, but the next services get these ids, one each; where there is `None`, one from the seed.
    pub fn with_services(mut self, ids: impl IntoIterator<Item = impl Into<Option<String>>>) -> Self {
        self.given.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Id of the next service: `<node>-<uuid>`, as in `445-5338c861-6f94-48fc-a3a3-81ca343c3cc2`.
    pub fn service(&mut self) -> String {
        let mut bytes = [0; 16];
        self.random.fill_bytes(&mut bytes);
        let made = format!("{}-{}", self.node, Builder::from_random_bytes(bytes).into_uuid());
        self.given.pop_front().flatten().unwrap_or(made)
    }

    /// Id of the next session: 26 letters and digits, then its number in six, as in
    /// `65UA6ISSJH76R340BNDQ2DG0DG000036`.
    pub fn session(&mut self) -> String {
        self.sessions = self.sessions.wrapping_add(1);
        session_id(&mut self.random, self.sessions)
    }
}

fn session_id(random: &mut XorShiftRng, number: u32) -> String {
    let mut bytes = [0; 26];
    random.fill_bytes(&mut bytes);
    let mut id: String = bytes
        .iter()
        .filter_map(|byte| SESSION_DIGITS.get(usize::from(byte & 31)))
        .map(|digit| char::from(*digit))
        .collect();
    let digits = (0..6).rev().filter_map(|place| {
        let digit = number.checked_shr(5 * place).unwrap_or_default() & 31;
        SESSION_DIGITS.get(usize::try_from(digit).unwrap_or_default())
    });
    id.extend(digits.map(|digit| char::from(*digit)));
    id
}

/// Id of the session that takes over from another.
pub(super) fn next_session(id: &str) -> String {
    let mut random = XorShiftRng::from_seed(Uuid::new_v5(&NAMES, id.as_bytes()).into_bytes());
    session_id(&mut random, 1)
}

/// Id of a callback's n-th outbound call: 32 letters and digits, as CallUUIDs are.
pub(super) fn outbound_call(service: &str, number: usize) -> String {
    Uuid::new_v5(&NAMES, format!("{service} {number}").as_bytes()).simple().to_string().to_uppercase()
}
