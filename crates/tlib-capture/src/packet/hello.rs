//! How a client calls itself.

use tlib_proto::wire::{Split, split_frame};
use tlib_proto::{AttributeId, Limits, MessageId, MessageRef};

/// Longest first frame that is looked into: as long as a server takes one (`protocol-spec/frame.md`).
const HELLO_LIMIT: usize = 64 << 10;

/// A name is cut behind so many characters, as in a log (chosen).
const NAME_LENGTH: usize = 64;

/// Finds the application's name in the first frame that a client sends, RequestRegisterClient.
#[derive(Debug)]
pub struct Hello {
    /// The beginning of the frame; none once it was whole or can be none.
    bytes: Option<Vec<u8>>,
}

impl Default for Hello {
    fn default() -> Self {
        Self { bytes: Some(Vec::new()) }
    }
}

impl Hello {
    /// The next bytes from the client. Gives the name once, when these bytes complete the frame that says it.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<String> {
        let hello = self.bytes.as_mut()?;
        let room = HELLO_LIMIT.saturating_sub(hello.len());
        hello.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        let limits = Limits { frame: HELLO_LIMIT, ..Limits::default() };
        let name = match split_frame(hello, &limits) {
            Ok(Split::More(_)) if hello.len() < HELLO_LIMIT => return None,
            Ok(Split::Frame(frame, _)) => name(frame, &limits),
            _ => None,
        };
        self.bytes = None;
        name
    }
}

fn name(frame: &[u8], limits: &Limits) -> Option<String> {
    let message = MessageRef::parse(frame, limits).ok()?;
    let name = message.text(AttributeId::APPLICATION_NAME).ok().flatten().filter(|name| !name.is_empty())?;
    let name = String::from_utf8_lossy(name).chars().take(NAME_LENGTH).collect();
    (message.id() == MessageId::REQUEST_REGISTER_CLIENT).then_some(name)
}
