//! Who sends the events, and a witness who hears all of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use tlib_net::{Client, ClientEvent, ClientOptions};
use tlib_proto::{AttributeId, KvList, Message, MessageId, MessageRef, ValueRef};
use tokio::sync::watch;

use super::PATIENCE;
use super::plan::Random;

/// Where everything is sent to.
pub(super) const DN: &str = "REPORTING";

/// The pair that has the event's number.
pub(super) const NUMBER: &str = "number";

/// Requests that wait for their answers at most.
const WINDOW: u64 = 8;

/// Events from this number on are as large as the server lets them be.
pub(super) const LARGE: u64 = 1_000_000;

/// What an event with this number carries: 8 pairs, 58 in some, so that one stored in part would be seen.
pub(super) fn pairs(number: u64) -> Vec<(String, String)> {
    let many = if number >= LARGE || number.is_multiple_of(41) { 58 } else { 8 };
    // The tables hold 255 characters.
    let filler = if number >= LARGE { "65UA6ISSJH76R340BNDQ".repeat(11) } else { "65UA6ISSJH76".to_owned() };
    let number_itself = (NUMBER.to_owned(), number.to_string());
    let others = (1..many).map(|n| (format!("gms_Key_{n:02}"), format!("{number}/{n} {filler}")));
    std::iter::once(number_itself).chain(others).collect()
}

fn request(number: u64) -> Message {
    let data = KvList::build(|list| {
        list.int(NUMBER, i32::try_from(number).expect("a small number"));
        for (key, value) in pairs(number).iter().skip(1) {
            list.str(key, value);
        }
        list
    });
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.str(AttributeId::COMMUNICATION_DN, DN).list(AttributeId::USER_DATA, data.expect("fits").view())
    })
    .expect("fits")
}

/// The number and the sequence number of an event; none when it is another message.
pub(super) fn numbers(event: MessageRef<'_>) -> Option<(u64, u64)> {
    if event.id() != MessageId::EVENT_USER_EVENT {
        return None;
    }
    let data = event.list(AttributeId::USER_DATA).expect("a list")?;
    let Some(ValueRef::Int(number)) = data.find(NUMBER) else { return None };
    let sequence = event.long(AttributeId::EVENT_SEQUENCE_NUMBER).expect("a number")?;
    Some((u64::try_from(number).expect("ours are positive"), sequence))
}

/// Sends numbered events, as many as it is allowed to.
pub(super) struct Publisher {
    fence: watch::Sender<Fence>,
    progress: Arc<Progress>,
    thread: JoinHandle<BTreeMap<u64, u64>>,
}

/// How far it may go.
#[derive(Clone, Copy, Default)]
struct Fence {
    allowed: u64,
    /// That is all there will be.
    end: bool,
}

#[derive(Default)]
struct Progress {
    sent: Mutex<u64>,
    changed: Condvar,
}

impl Publisher {
    /// Connects; nothing is sent yet. The first event will have the number `first`.
    pub(super) fn start(server: SocketAddr, first: u64, seed: u64) -> Self {
        let (fence, allowed) = watch::channel(Fence::default());
        let progress = Arc::new(Progress::default());
        let thread = {
            let progress = Arc::clone(&progress);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let publish = publish(server.to_string(), first, Random::new(seed), allowed, &progress);
                runtime.expect("a runtime").block_on(publish)
            })
        };
        Self { fence, progress, thread }
    }

    /// Lets it send up to this number.
    pub(super) fn allow(&self, number: u64) {
        self.fence.send_modify(|fence| fence.allowed = number.max(fence.allowed));
    }

    /// Waits until the event with this number is on its way.
    pub(super) fn wait_for(&self, number: u64) {
        let sent = self.progress.sent.lock().expect("nobody panics with it");
        let waited = self.progress.changed.wait_timeout_while(sent, PATIENCE, |sent| *sent < number);
        let (sent, result) = waited.expect("nobody panics with it");
        assert!(!result.timed_out(), "event {number} was not sent, only {sent}");
    }

    /// Sends the rest, up to this number. Returns the sequence number of every event by its number.
    pub(super) fn finish(self, last: u64) -> BTreeMap<u64, u64> {
        self.allow(last);
        self.fence.send_modify(|fence| fence.end = true);
        self.thread.join().expect("the publisher ends well")
    }
}

async fn publish(
    server: String,
    first: u64,
    mut random: Random,
    mut fence: watch::Receiver<Fence>,
    progress: &Progress,
) -> BTreeMap<u64, u64> {
    let options = |name| {
        let mut options = ClientOptions::new(name);
        (options.connect_timeout, options.answer_timeout) = (PATIENCE, PATIENCE);
        options
    };
    let witness = Client::connect_with(&server, options("Witness")).await.expect("a server");
    witness.register(DN).await.expect("the DN is there");
    let (all, wanted) = watch::channel(None);
    let witness = tokio::spawn(witness_all(witness, wanted));

    let publisher = Client::connect_with(&server, options("Publisher")).await.expect("a server");
    let requester = publisher.requester();
    let mut number = first - 1;
    loop {
        let fence = fence.wait_for(|fence| fence.allowed > number || fence.end).await;
        // A test that has failed says why itself.
        let Ok(fence) = fence.map(|fence| *fence) else { return BTreeMap::new() };
        if fence.allowed <= number {
            break;
        }
        let end = fence.allowed.min(number + 1 + random.below(WINDOW));
        let mut pending = Vec::new();
        while number < end {
            number += 1;
            pending.push(requester.start(request(number)).await.expect("sent"));
            *progress.sent.lock().expect("nobody panics with it") = number;
            progress.changed.notify_all();
        }
        for pending in pending {
            let answer = pending.answer().await.expect("an answer");
            assert_eq!(answer.id(), MessageId::EVENT_ACK, "{answer:?}");
        }
    }
    all.send_replace(Some(number + 1 - first));
    tokio::time::timeout(PATIENCE, witness).await.expect("the witness hears all").expect("it ends well")
}

/// Listens until it has heard all events, of which it is told in the end how many they are.
async fn witness_all(mut witness: Client, mut wanted: watch::Receiver<Option<u64>>) -> BTreeMap<u64, u64> {
    let mut heard = BTreeMap::new();
    loop {
        let all = *wanted.borrow_and_update();
        if all.is_some_and(|all| heard.len() as u64 >= all) {
            return heard;
        }
        let event = tokio::select! {
            event = witness.next() => event.expect("the witness stays connected"),
            _ = wanted.changed(), if all.is_none() => continue,
        };
        if let ClientEvent::Message(message) = event
            && let Some((number, sequence)) = numbers(message.view())
        {
            assert_eq!(heard.insert(number, sequence), None, "event {number} is sent once");
        }
    }
}
