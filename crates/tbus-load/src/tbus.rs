//! The dialect of a T-Server of this project.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use tlib_proto::session::{ClientSession, Hello};
use tlib_proto::wire::profile;
use tlib_proto::{AttributeId, ErrorCode, Limits, Message, MessageId, MessageRef};

use crate::connect;
use crate::dialect::{Dialect, Other, Role, Templates};
use crate::error::LoadError;
use crate::plan::Plan;
use crate::shape::{EventShape, Payload, References, answer_template, places};
use crate::template::Template;

/// Registrations under way during a handshake (chosen): their answers fit into the socket's buffer.
const REGISTRATIONS: usize = 128;

/// Messages of others that are passed over until the load's first event must have come (chosen).
const STRANGERS: usize = 100_000;

/// Speaks to a T-Server.
#[derive(Clone, Debug)]
pub struct Tbus {
    /// What the events carry.
    pub payload: Payload,
    /// AttributeApplicationName of every connection.
    pub application: String,
}

impl Tbus {
    /// Events with this payload, from an application of the name `tbus-load`.
    pub fn new(payload: Payload) -> Self {
        Self { payload, application: "tbus-load".to_owned() }
    }

    /// Opens the session of a connection and registers on DNs: what an idle client does, too.
    ///
    /// # Errors
    /// [`LoadError::Handshake`]: no answer in time, or EventError.
    pub fn register<'n>(
        &self,
        stream: &mut TcpStream,
        who: &str,
        dns: impl Iterator<Item = &'n [u8]>,
    ) -> Result<(), LoadError> {
        let lost = |error: io::Error| LoadError::handshake(who, error.to_string());
        let hello = Hello { application: self.application.clone(), password: None };
        stream.write_all(ClientSession::hello(&hello)?.frame()).map_err(lost)?;
        let answer = read_message(stream).map_err(lost)?;
        if ![MessageId::EVENT_LINK_CONNECTED, MessageId::EVENT_LINK_DISCONNECTED].contains(&answer.id()) {
            return Err(refused(who, answer.view()));
        }
        let mut dns = dns.peekable();
        let mut requests = Vec::new();
        while dns.peek().is_some() {
            requests.clear();
            let mut count = 0;
            for dn in dns.by_ref().take(REGISTRATIONS) {
                count += 1;
                let request = Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| {
                    m.unsigned(AttributeId::REFERENCE_ID, count).str(AttributeId::THIS_DN, dn)
                })?;
                requests.extend_from_slice(request.frame());
            }
            stream.write_all(&requests).map_err(lost)?;
            for _ in 0..count {
                let answer = read_message(stream).map_err(lost)?;
                if answer.id() != MessageId::EVENT_REGISTERED {
                    return Err(refused(who, answer.view()));
                }
            }
        }
        Ok(())
    }

    /// Sends one event and reads it: what the server makes of it is what all others are compared with.
    fn ask(&self, plan: &Plan, shape: &EventShape) -> Result<Templates, LoadError> {
        let mut subscriber = connect::stream(plan)?;
        self.register(&mut subscriber, "first subscriber", std::iter::once(plan.dns.first()))?;
        let mut publisher = connect::stream(plan)?;
        self.register(&mut publisher, "first publisher", std::iter::empty())?;
        let lost = |error: io::Error| LoadError::handshake("first publisher", error.to_string());
        publisher.write_all(shape.request.bytes()).map_err(lost)?;
        let answer = read_message(&mut publisher).map_err(lost)?;
        if answer.id() != MessageId::EVENT_ACK {
            return Err(refused("first publisher", answer.view()));
        }
        let request = MessageRef::parse(shape.request.bytes(), &Limits::default())?;
        same(answer.view(), request, "answer", &[AttributeId::REFERENCE_ID, AttributeId::THIS_DN])?;
        expect_user_event(answer.view(), MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "answer")?;
        let event = self.event(&mut subscriber, request)?;
        let carried = [
            AttributeId::EXTENSIONS,
            AttributeId::REASON,
            AttributeId::ANI,
            AttributeId::DNIS,
            AttributeId::REFERENCE_ID,
            AttributeId::THIS_DN,
        ];
        same(event.view(), request, "event", &carried)?;
        expect_user_event(event.view(), MessageId::EVENT_USER_EVENT, "event")?;
        let filler = marks_of(shape);
        let event_template =
            answer_template(event.view(), Some(filler), &plan.dns)?.vary_reference(event.view())?;
        let answer_template =
            answer_template(answer.view(), None, &plan.dns)?.count_reference(answer.view())?;
        Ok(Templates {
            request: shape.request.clone(),
            event: rising(event_template, event.view(), "event")?,
            answer: Some(rising(answer_template, answer.view(), "answer")?),
        })
    }

    /// The event of this request: somebody else may publish on the same DN.
    fn event(&self, stream: &mut TcpStream, request: MessageRef<'_>) -> Result<Message, LoadError> {
        let who = "first subscriber";
        for _ in 0..STRANGERS {
            let message =
                read_message(stream).map_err(|error| LoadError::handshake(who, error.to_string()))?;
            let data = message.view().find(AttributeId::USER_DATA);
            if message.id() == MessageId::EVENT_USER_EVENT && data == request.find(AttributeId::USER_DATA) {
                return Ok(message);
            }
        }
        Err(LoadError::handshake(
            who,
            format!("{STRANGERS} events of others came, and not the one of this load"),
        ))
    }
}

impl Default for Tbus {
    fn default() -> Self {
        Self::new(Payload::default())
    }
}

impl Dialect for Tbus {
    fn name(&self) -> &str {
        "tbus"
    }

    fn templates(&mut self, plan: &Plan) -> Result<Templates, LoadError> {
        let shape = EventShape::new(&self.payload, &plan.dns)?;
        self.ask(plan, &shape)
    }

    fn open(&self, plan: &Plan, stream: &mut TcpStream, role: &Role) -> Result<(), LoadError> {
        let dns = match role {
            Role::Publisher { .. } => 0..0,
            Role::Subscriber { dns, .. } => dns.clone(),
        };
        self.register(stream, &role.to_string(), dns.filter_map(|dn| plan.dns.get(dn)))
    }

    fn other(&self, _: &Role, bytes: &[u8]) -> Other {
        match tlib_proto::wire::split_frame(bytes, &Limits::default()) {
            Ok(tlib_proto::wire::Split::More(_)) => Other::More,
            Ok(tlib_proto::wire::Split::Frame(frame, _)) => {
                match MessageRef::parse(frame, &Limits::default()) {
                    // Compared before: it is not as it should be.
                    Ok(message)
                        if [MessageId::EVENT_USER_EVENT, MessageId::EVENT_ACK].contains(&message.id()) =>
                    {
                        Other::NotMine
                    }
                    Ok(message) => Other::Refused(said(message)),
                    Err(_) => Other::NotMine,
                }
            }
            Err(error) => Other::Refused(format!("no frame: {error}")),
        }
    }
}

/// The marks' pair of a request, as it is before anybody has written marks.
fn marks_of(shape: &EventShape) -> &[u8] {
    let at = shape.request.marks.unwrap_or_default();
    let bytes = shape.request.bytes();
    bytes.get(at.saturating_sub(8)..at.saturating_add(crate::MARKS_LEN)).unwrap_or_default()
}

/// The template whose EventSequenceNumber must rise, instead of being left out.
fn rising(template: Template, message: MessageRef<'_>, what: &'static str) -> Result<Template, LoadError> {
    let place = places(message).find(|(id, at)| *id == AttributeId::EVENT_SEQUENCE_NUMBER && at.len() == 8);
    let Some((_, at)) = place else {
        return Err(LoadError::Unlike { what, text: "it has no EventSequenceNumber".to_owned() });
    };
    let vary = template.vary.iter().filter(|gap| **gap != at).cloned().collect();
    Ok(Template { vary, ..template }.rises(at.start)?)
}

fn same(
    found: MessageRef<'_>,
    sent: MessageRef<'_>,
    what: &'static str,
    ids: &[AttributeId],
) -> Result<(), LoadError> {
    match ids.iter().find(|id| found.find(**id) != sent.find(**id)) {
        None => Ok(()),
        Some(id) => {
            let text = format!("{id} is {:?}, the request has {:?}", found.find(*id), sent.find(*id));
            Err(LoadError::Unlike { what, text })
        }
    }
}

fn expect_user_event(found: MessageRef<'_>, id: MessageId, what: &'static str) -> Result<(), LoadError> {
    let number = found.int(AttributeId::USER_EVENT).ok().flatten();
    if number == Some(id.0.into()) {
        return Ok(());
    }
    Err(LoadError::Unlike { what, text: format!("UserEvent is {number:?}, expected {id}") })
}

/// Another message than the expected one.
fn refused(who: &str, message: MessageRef<'_>) -> LoadError {
    match message.unsigned(AttributeId::ERROR_CODE).ok().flatten() {
        Some(code) if message.id() == MessageId::EVENT_ERROR => {
            LoadError::Refused { who: who.to_owned(), code: ErrorCode(code), text: error_message(message) }
        }
        _ => LoadError::handshake(who, said(message)),
    }
}

fn error_message(message: MessageRef<'_>) -> Option<String> {
    let text = message.text(AttributeId::ERROR_MESSAGE).ok().flatten()?;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// Another message than the expected one, in words.
fn said(message: MessageRef<'_>) -> String {
    let code = message.int(AttributeId::ERROR_CODE).ok().flatten();
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    let text = error_message(message).map(|text| format!(": {text}")).unwrap_or_default();
    format!("the server sent {}{code}{text}", message.id())
}

/// Reads one message, and not a byte more.
fn read_message(stream: &mut TcpStream) -> io::Result<Message> {
    let mut length = [0; profile::LENGTH_BYTES];
    stream.read_exact(&mut length).map_err(silent)?;
    let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if size > Limits::default().frame {
        return Err(io::Error::other(format!(
            "no T-Server: the server's first bytes are {}",
            length.escape_ascii()
        )));
    }
    let mut frame = vec![0; profile::LENGTH_BYTES + size];
    if let Some((head, body)) = frame.split_first_chunk_mut() {
        *head = length;
        stream.read_exact(body).map_err(silent)?;
    }
    Message::from_frame(frame.into(), &Limits::default()).map_err(io::Error::other)
}

/// What the system says of time-outs and ends, in words.
fn silent(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            io::Error::new(io::ErrorKind::TimedOut, "the server has not answered in time")
        }
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the server has closed the connection"),
        _ => error,
    }
}
