//! What the mock's clients have sent, and how a test asks for it.

use std::fmt::Write;

use tlib_proto::{AttributeId, Message, MessageId};

use super::{MockServer, PATIENCE, State};

/// A message of a client. Keep-alive is not among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The number of its connection.
    pub connection: usize,
    /// The message.
    pub message: Message,
}

impl Received {
    /// The DN it is about: CommunicationDN, else ThisDN, else nothing.
    pub fn dn(&self) -> String {
        let view = self.message.view();
        let text = |id| view.text(id).ok().flatten();
        let dn = text(AttributeId::COMMUNICATION_DN).or_else(|| text(AttributeId::THIS_DN));
        String::from_utf8_lossy(dn.unwrap_or_default()).into_owned()
    }
}

impl MockServer {
    /// Everything that was received since the start or the last [`clear`](Self::clear), in order.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// Forgets what was received.
    pub fn clear(&self) {
        self.shared.state().received.clear();
    }

    /// Waits until a message with this id was received `count` times since the start or the last
    /// [`clear`](Self::clear), from all clients together, and returns them.
    ///
    /// # Panics
    /// After [`PATIENCE`], and when there are more: with what came nearest.
    pub fn expect(&self, id: MessageId, count: usize) -> Vec<Message> {
        let found = |state: &State| -> Vec<Message> {
            let all = state.received.iter().filter(|received| received.message.id() == id);
            all.map(|received| received.message.clone()).collect()
        };
        let enough = self.shared.wait(PATIENCE, |state| {
            let found = found(state);
            (found.len() >= count).then_some(found)
        });
        match enough {
            Ok(found) if found.len() == count => found,
            Ok(found) => panic!("{}", miss(&self.shared.state(), id, count, found.len())),
            Err(state) => panic!("{}", miss(&state, id, count, found(&state).len())),
        }
    }
}

/// What was expected, and what came, by message and DN, the message that was expected first.
fn miss(state: &State, id: MessageId, count: usize, found: usize) -> String {
    let mut text = format!("expected {count} x {id}, received {found}");
    let mut kinds: Vec<(bool, String, usize)> = Vec::new();
    for received in &state.received {
        let nearest = received.message.id() == id;
        let description = format!(
            "{} on {:?} from connection {}",
            received.message.id(),
            received.dn(),
            received.connection
        );
        match kinds.iter_mut().find(|(_, known, _)| *known == description) {
            Some((_, _, times)) => *times += 1,
            None => kinds.push((nearest, description, 1)),
        }
    }
    kinds.sort_by_key(|(nearest, _, _)| !nearest);
    for (_, description, times) in kinds.iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  received: {times} x {description}");
    }
    if kinds.is_empty() {
        text.push_str("\n  nothing at all was received");
    }
    for fault in &state.faults {
        let _ = write!(text, "\n  {fault}");
    }
    if state.connections.is_empty() {
        text.push_str("\n  nobody has connected");
    }
    text
}
