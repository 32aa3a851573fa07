//! What was received and delivered, kept so that a test can ask.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tlib_capture::{ClientLabel, Record};
use tlib_proto::{AttributeId, Message, MessageId};

/// Bytes of messages that a journal keeps, receivers counted; the oldest half is dropped when there are more (chosen).
const CAPACITY: usize = 256 << 20;

/// What an entry costs beside its message.
const ENTRY_COST: usize = 64;

/// One message on its way in or out.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A request that the server has received.
    Received {
        /// Its sender.
        from: Arc<ClientLabel>,
        /// The request.
        message: Message,
    },
    /// An event that the server has delivered, one entry for each receiver.
    Delivered {
        /// The receiver.
        to: Arc<ClientLabel>,
        /// The event. Where only the requester's copy carries a ReferenceID, this is that copy for every receiver.
        message: Message,
    },
}

impl Entry {
    /// The message.
    pub fn message(&self) -> &Message {
        match self {
            Self::Received { message, .. } | Self::Delivered { message, .. } => message,
        }
    }

    /// The DN that the message is about: CommunicationDN of a request that has one, else ThisDN.
    pub fn dn(&self) -> String {
        String::from_utf8_lossy(self.dn_bytes()).into_owned()
    }

    fn dn_bytes(&self) -> &[u8] {
        let view = self.message().view();
        let text = |id| view.text(id).ok().flatten();
        text(AttributeId::COMMUNICATION_DN).or_else(|| text(AttributeId::THIS_DN)).unwrap_or_default()
    }

    fn is(&self, id: MessageId, dn: &str) -> bool {
        self.message().id() == id && self.dn_bytes() == dn.as_bytes()
    }

    fn cost(&self) -> usize {
        self.message().frame().len() + ENTRY_COST
    }

    fn describe(&self) -> String {
        let (verb, client) = match self {
            Self::Received { from, .. } => ("from", from),
            Self::Delivered { to, .. } => ("to", to),
        };
        format!("{} on {:?} {verb} {}", self.message().id(), self.dn(), client.application())
    }
}

/// A journal; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Entries that were dropped or forgotten, so that an entry keeps its number.
    before: usize,
    /// What of them was dropped because there were too many.
    dropped: usize,
    bytes: usize,
    event: Option<Message>,
}

impl State {
    fn push(&mut self, entry: Entry) {
        self.bytes += entry.cost();
        self.entries.push_back(entry);
        if self.bytes > CAPACITY {
            while self.bytes > CAPACITY / 2
                && let Some(oldest) = self.entries.pop_front()
            {
                self.bytes -= oldest.cost();
                self.before += 1;
                self.dropped += 1;
            }
        }
    }
}

impl Journal {
    /// The tap that fills it.
    pub fn tap(&self) -> crate::Tap {
        let journal = self.clone();
        Box::new(move |records| journal.take(records))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, records: &[Record]) {
        let mut state = self.state();
        for record in records {
            match record {
                Record::Received { request, from, .. } => {
                    state.push(Entry::Received { from: Arc::clone(from), message: request.clone() });
                }
                Record::Event { message, .. } => state.event = Some(message.clone()),
                Record::Sent { to, .. } => {
                    let Some(message) = state.event.take() else { continue };
                    for to in to.iter() {
                        state.push(Entry::Delivered { to: Arc::clone(to), message: message.clone() });
                    }
                }
                Record::Note { .. } | Record::Line { .. } | Record::Client { .. } => {}
            }
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// All entries so far, oldest first. An event is in it once its batch is written, so a client may have it before.
    pub fn entries(&self) -> Vec<Entry> {
        self.state().entries.iter().cloned().collect()
    }

    /// Forgets all entries. What is on its way at that moment comes after.
    pub fn clear(&self) {
        let mut state = self.state();
        state.before += state.entries.len();
        state.entries.clear();
        state.bytes = 0;
    }

    /// Waits until a message with this id was seen `count` times on a DN: for a request so many times received, for
    /// an event so many times delivered, each receiver counted.
    ///
    /// # Errors
    /// After `patience`, or when there are more: what was expected, what came, and what came nearest.
    pub fn expect(&self, id: MessageId, dn: &str, count: usize, patience: Duration) -> Result<(), String> {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        // Counted on from where the last look ended: the reactor waits for this lock.
        let (mut seen, mut found, mut forgotten) = (0, 0, state.before - state.dropped);
        loop {
            if state.before - state.dropped != forgotten {
                (seen, found, forgotten) = (0, 0, state.before - state.dropped);
            }
            let next = seen.max(state.before);
            found += state.entries.iter().skip(next - state.before).filter(|entry| entry.is(id, dn)).count();
            seen = state.before + state.entries.len();
            if found == count {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if found > count || left.is_zero() {
                return Err(miss(&state, id, dn, count, found));
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Why an expectation failed, with what came nearest: the same message on other DNs, then other messages on the DN.
fn miss(state: &State, id: MessageId, dn: &str, count: usize, found: usize) -> String {
    let mut text = format!("expected {count} x {id} on {dn:?}, found {found}");
    let near = |same: &dyn Fn(&Entry) -> bool| {
        let mut kinds: Vec<(String, usize)> = Vec::new();
        for entry in state.entries.iter().filter(|entry| same(entry)) {
            let description = entry.describe();
            match kinds.iter_mut().find(|(known, _)| *known == description) {
                Some((_, times)) => *times += 1,
                None => kinds.push((description, 1)),
            }
        }
        kinds
    };
    let exact = near(&|entry| entry.is(id, dn));
    let other_dn = near(&|entry| entry.message().id() == id && !entry.is(id, dn));
    let other_message = near(&|entry| entry.message().id() != id && entry.dn_bytes() == dn.as_bytes());
    for (heading, kinds) in
        [("found", exact), ("the same message elsewhere", other_dn), ("other messages there", other_message)]
    {
        for (description, times) in kinds.iter().take(8) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n  {heading}: {times} x {description}");
        }
    }
    if state.entries.is_empty() {
        text.push_str("\n  nothing at all was received or delivered");
    }
    if state.dropped > 0 {
        let _ = write!(text, "\n  (the {} oldest entries are not kept)", state.dropped);
    }
    text
}
