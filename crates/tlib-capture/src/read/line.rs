//! What a line at column 0 is. The answer holds places instead of text, so that it outlives a buffer that moves.

use tlib_proto::MessageId;
use tlib_proto::text::heading;

use super::header;
use super::record::{Client, Interaction, Line, Origin, Receipt};
use super::repeats::Repeats;
use super::shape::WORD;
use super::time::{Stamp, stamp};

/// A part of a record's text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// A part from offset to offset.
    #[inline]
    pub(super) fn new(start: usize, end: usize) -> Self {
        // The limits of lines and blocks lie far below 32 bits.
        Self { start: start as u32, end: end as u32 }
    }

    /// Where `part` lies in `text`.
    fn of(text: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        Self::new(start, start.saturating_add(part.len()))
    }

    /// The part.
    #[inline]
    pub(super) fn text(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The same part of a text that has `by` bytes more before it.
    pub(super) fn shifted(self, by: usize) -> Self {
        Self::new((self.start as usize).saturating_add(by), (self.end as usize).saturating_add(by))
    }
}

/// [`Client`] as places.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ClientAt {
    handle: u32,
    id: Span,
    application: Span,
    address: Span,
}

impl ClientAt {
    pub(super) fn client(self, text: &[u8]) -> Client<'_> {
        Client {
            handle: self.handle,
            id: self.id.text(text),
            application: self.application.text(text),
            address: self.address.text(text),
        }
    }
}

/// [`Receipt`] as places.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReceiptAt {
    message: Span,
    pub(super) client: ClientAt,
}

impl ReceiptAt {
    /// The same in a line whose text begins `by` bytes later.
    pub(super) fn shifted(self, by: usize) -> Self {
        let ClientAt { handle, id, application, address } = self.client;
        let client = ClientAt {
            handle,
            id: id.shifted(by),
            application: application.shifted(by),
            address: address.shifted(by),
        };
        Self { message: self.message.shifted(by), client }
    }

    pub(super) fn receipt(self, text: &[u8]) -> Receipt<'_> {
        Receipt { message: self.message.text(text), client: self.client.client(text) }
    }
}

/// [`Origin`] as places.
#[derive(Clone, Copy, Debug)]
pub(super) enum OriginAt {
    Received(ClientAt),
    Bare,
    Event { mark: Span, version: Span, function: Span },
    RequestTo { handle: u32, server: Span },
    ReceivedFrom { handle: u32, server: Span, address: Span, socket: Span, reference: Option<Span> },
    Other,
    Missing,
}

impl OriginAt {
    pub(super) fn origin(self, text: &[u8]) -> Origin<'_> {
        match self {
            Self::Received(client) => Origin::Received(client.client(text)),
            Self::Bare => Origin::Bare,
            Self::Event { mark, version, function } => Origin::Event {
                mark: mark.text(text),
                version: version.text(text),
                function: function.text(text),
            },
            Self::RequestTo { handle, server } => Origin::RequestTo { handle, server: server.text(text) },
            Self::ReceivedFrom { handle, server, address, socket, reference } => Origin::ReceivedFrom {
                handle,
                server: server.text(text),
                address: address.text(text),
                socket: socket.text(text),
                reference: reference.map(|span| span.text(text)),
            },
            Self::Other => Origin::Other,
            Self::Missing => Origin::Missing,
        }
    }
}

/// What a line at column 0 is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Class {
    Header,
    Block {
        origin: OriginAt,
        name: Span,
    },
    Received(ReceiptAt),
    Sent(ReceiptAt),
    Interaction {
        message: Span,
        handle: u32,
        peer: Span,
    },
    Note(Span),
    /// The reason is set where the line's number promises more than the text keeps.
    Line {
        level: Span,
        id: u32,
        text: Span,
        broken: Option<&'static str>,
    },
    /// The reason is set where the line looks like a heading.
    Unknown {
        broken: Option<&'static str>,
    },
}

impl Class {
    pub(super) fn interaction(text: &[u8], message: Span, handle: u32, peer: Span) -> Interaction<'_> {
        Interaction { message: message.text(text), handle, peer: peer.text(text) }
    }

    pub(super) fn line(bytes: &[u8], level: Span, id: u32, text: Span) -> Line<'_> {
        Line { level: level.text(bytes), id, text: text.text(bytes) }
    }
}

/// [`classify`] where a line is looked at once more.
#[inline(never)]
pub(super) fn class_of(line: &[u8], repeats: &mut Repeats) -> Class {
    classify(line, repeats).1
}

/// Tells what a line is; `line` has neither line feed nor carriage return at its end. The answer is large: it is inlined so that
/// it need not be copied.
#[inline(always)]
pub(super) fn classify(line: &[u8], repeats: &mut Repeats) -> (Option<Stamp>, Class) {
    match line.first() {
        Some(b'@') => event(line),
        Some(b'0'..=b'9') => match stamp(line) {
            Some((stamp, rest)) => match repeats.sent(line, rest) {
                Some(receipt) => (Some(stamp), Class::Sent(receipt)),
                None => (Some(stamp), stamped(line, rest)),
            },
            None => (None, other(line, line)),
        },
        Some(b'-') if line.starts_with(b"-- ") => {
            (None, Class::Note(Span::of(line, line.get(3..).unwrap_or_default())))
        }
        Some(_) if header::name_length(line).is_some() => (None, Class::Header),
        _ => (None, other(line, line)),
    }
}

/// `@HH:MM:SS.ffff [0] 8.1.000.62 send_to_client: message EventACK`
fn event(line: &[u8]) -> (Option<Stamp>, Class) {
    let body = line.get(1..).unwrap_or_default();
    let (stamp, rest) = match stamp(body) {
        Some((stamp, rest)) => (Some(stamp), rest),
        None => (None, body),
    };
    let parsed = || {
        let (mark, rest) = split_at(rest.strip_prefix(b" [")?, b']')?;
        let (version, rest) = split_at(rest.strip_prefix(b" ")?, b' ')?;
        let (before, name) = rest.split_at_checked(rest.len() - trailing_word(rest))?;
        let function = before.strip_suffix(b": message ")?;
        (!name.is_empty()).then(|| Class::Block {
            origin: OriginAt::Event {
                mark: Span::of(line, mark),
                version: Span::of(line, version),
                function: Span::of(line, function),
            },
            name: Span::of(line, name),
        })
    };
    let class = match (stamp, parsed()) {
        (Some(_), Some(class)) => class,
        // The backup's copy: the block follows as `message X`.
        _ if rest.starts_with(b" [BSYNC]") => Class::Unknown { broken: None },
        _ => match heading(line) {
            Some(name) => Class::Block { origin: OriginAt::Other, name: Span::of(line, name.as_bytes()) },
            None => Class::Unknown { broken: Some("an event without a readable heading") },
        },
    };
    (stamp, class)
}

/// What follows a time stamp.
fn stamped(line: &[u8], rest: &[u8]) -> Class {
    let parsed = || {
        let (level, rest) = split_at(rest.strip_prefix(b" ")?, b' ')?;
        // Three letters in the short form, words in the long one.
        if !level.first()?.is_ascii_uppercase()
            || !level.iter().all(u8::is_ascii_alphabetic)
            || level.len() < 3
        {
            return None;
        }
        let (digits, text) = rest.split_at_checked(5)?;
        let id = number(digits)?;
        let text = if text.is_empty() { text } else { text.strip_prefix(b" ")? };
        Some((level, id, text))
    };
    let Some((level, id, text)) = parsed() else { return other(line, rest.trim_ascii_start()) };
    let read = match id {
        4541 => receipt(line, text, b" received from [").map(Class::Received),
        4542 => receipt(line, text, b" sent to [").map(Class::Sent),
        4543 => interaction(line, text),
        _ => None,
    };
    // Configuration Server and clients have these numbers, too, with other texts.
    let foreign = text.starts_with(b"Message ") || !matches!(id, 4541..=4543);
    let broken = (!foreign).then_some("a line 04541, 04542 or 04543 that cannot be read");
    read.unwrap_or_else(|| Class::Line {
        level: Span::of(line, level),
        id,
        text: Span::of(line, text),
        broken,
    })
}

/// `RequestX received from [516] (00000003 OrchestrationServer 192.168.27.50:40727)`
#[inline]
pub(super) fn receipt<const N: usize>(line: &[u8], text: &[u8], verb: &[u8; N]) -> Option<ReceiptAt> {
    let (message, rest) = word(text)?;
    let (handle, rest) = split_at(rest.strip_prefix(verb)?, b']')?;
    let (id, rest) = rest.strip_prefix(b" (")?.strip_suffix(b")")?.split_at_checked(8)?;
    let rest = rest.strip_prefix(b" ")?;
    let space = memchr::memrchr(b' ', rest).filter(|at| *at > 0)?;
    let (application, address) = (rest.get(..space)?, rest.get(space + 1..)?);
    if !id.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let client = ClientAt {
        handle: number(handle)?,
        id: Span::of(line, id),
        application: Span::of(line, application),
        address: Span::of(line, address),
    };
    Some(ReceiptAt { message: Span::of(line, message), client })
}

/// `Interaction message "RequestX" received from 516 ("OrchestrationServer")`
fn interaction(line: &[u8], text: &[u8]) -> Option<Class> {
    let (message, rest) = word(text.strip_prefix(b"Interaction message \"")?)?;
    let (handle, rest) = split_at(rest.strip_prefix(b"\" received from ")?, b' ')?;
    let peer = rest.strip_prefix(b"(\"")?.strip_suffix(b"\")")?;
    let handle = number(handle)?;
    Some(Class::Interaction { message: Span::of(line, message), handle, peer: Span::of(line, peer) })
}

/// A heading of another form, or anything else. `rest` is what follows the time stamp.
fn other(line: &[u8], rest: &[u8]) -> Class {
    let Some(name) = heading(line) else {
        let broken = rest.starts_with(b"message ") || rest.starts_with(b"request to ");
        return Class::Unknown { broken: broken.then_some("a heading that cannot be read") };
    };
    let span = Span::of(line, name.as_bytes());
    let origin = match rest {
        _ if line.starts_with(b"message ") => OriginAt::Bare,
        _ if rest.starts_with(b"request to ") => request_to(line, rest).unwrap_or(OriginAt::Other),
        _ if rest.starts_with(b"received from ") => received_from(line, rest).unwrap_or(OriginAt::Other),
        // Sentences may end in these words.
        _ if MessageId::from_name(name).is_none() => return Class::Unknown { broken: None },
        _ => OriginAt::Other,
    };
    Class::Block { origin, name: span }
}

/// `request to 65200(TServer) message X`
fn request_to(line: &[u8], rest: &[u8]) -> Option<OriginAt> {
    let (handle, rest) = split_at(rest.strip_prefix(b"request to ")?, b'(')?;
    let (server, message) = split_at(rest, b')')?;
    message.strip_prefix(b" message ")?;
    Some(OriginAt::RequestTo { handle: number(handle)?, server: Span::of(line, server) })
}

/// `received from 65200(SIP_Server)host:port(fd=4) message X(refid=5)`
fn received_from(line: &[u8], rest: &[u8]) -> Option<OriginAt> {
    let (handle, rest) = split_at(rest.strip_prefix(b"received from ")?, b'(')?;
    let (server, rest) = split_at(rest, b')')?;
    let at = memchr::memmem::rfind(rest, b" message ")?;
    let (peer, message) = (rest.get(..at)?, rest.get(at..)?);
    let (address, socket) = match split_at(peer, b'(') {
        Some((address, socket)) => (address, socket.strip_prefix(b"fd=")?.strip_suffix(b")")?),
        None => (peer, peer.get(peer.len()..).unwrap_or_default()),
    };
    let reference =
        split_at(message, b'(').and_then(|(_, id)| id.strip_prefix(b"refid=")?.strip_suffix(b")"));
    Some(OriginAt::ReceivedFrom {
        handle: number(handle)?,
        server: Span::of(line, server),
        address: Span::of(line, address),
        socket: Span::of(line, socket),
        reference: reference.map(|reference| Span::of(line, reference)),
    })
}

/// What stands before the first of this byte, and what after.
#[inline]
fn split_at(text: &[u8], by: u8) -> Option<(&[u8], &[u8])> {
    // What is looked for is a few bytes away: a loop is faster than a search that has to be set up.
    let at = text.iter().position(|byte| *byte == by)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The letters, digits and underscores at the start of a text, at least one, and what follows.
#[inline]
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = text.iter().position(|byte| !WORD[usize::from(*byte)]).unwrap_or(text.len());
    text.split_at_checked(length).filter(|_| length > 0)
}

/// How many letters, digits and underscores end a text.
#[inline]
fn trailing_word(text: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| WORD[usize::from(**byte)]).count()
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0'))
    })?;
    u32::try_from(value).ok()
}
