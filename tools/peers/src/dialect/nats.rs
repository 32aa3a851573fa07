//! NATS: text lines, payloads between them. A publisher in verbose mode gets `+OK` for each message.

use std::net::TcpStream;

use tbus_load::{Dialect, LoadError, Other, Plan, Role, Template, Templates};

use super::{LONGEST_LINE, event, expect, line, say, subject};

/// Speaks to nats-server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nats;

const PING: &[u8] = b"PING\r\n";
const PONG: &[u8] = b"PONG\r\n";
/// What a server may say besides messages and acknowledgements.
const OUT_OF_TURN: [&[u8]; 3] = [b"PING", b"INFO", b"-ERR"];

/// Reads the server's first line, and nothing behind it.
fn greeting(stream: &mut TcpStream, role: &Role) -> Result<(), LoadError> {
    let failed = |text: String| LoadError::handshake(role.to_string(), text);
    let mut bytes = vec![0; LONGEST_LINE];
    loop {
        let there = stream.peek(&mut bytes).map_err(|error| failed(format!("waiting for INFO: {error}")))?;
        let there = bytes.get(..there).unwrap_or_default();
        match line(there) {
            Some((text, length)) if text.starts_with("INFO ") => {
                let expected = there.get(..length).unwrap_or_default().to_vec();
                return expect(stream, role, &expected);
            }
            Some((text, _)) => return Err(failed(format!("expected INFO, the server sent {text:?}"))),
            None if there.is_empty() => {
                return Err(failed("the server has closed the connection".to_owned()));
            }
            None if there.len() == LONGEST_LINE => {
                return Err(failed("the server's INFO has no end".to_owned()));
            }
            // The rest is on its way; a peek does not wait for it.
            None => std::thread::yield_now(),
        }
    }
}

impl Dialect for Nats {
    fn name(&self) -> &str {
        "nats"
    }

    fn templates(&mut self, plan: &Plan) -> Result<Templates, LoadError> {
        let (event, subject) = (event(plan)?, subject(plan)?);
        let length = event.len();
        Ok(Templates {
            request: event.wrapped(format!("PUB {subject} {length}\r\n").as_bytes(), b"\r\n"),
            event: event.wrapped(format!("MSG {subject} 1 {length}\r\n").as_bytes(), b"\r\n"),
            answer: Some(Template::new("+OK\r\n")),
        })
    }

    fn open(&self, plan: &Plan, stream: &mut TcpStream, role: &Role) -> Result<(), LoadError> {
        let subject = subject(plan)?;
        greeting(stream, role)?;
        let publishes = matches!(role, Role::Publisher { .. });
        let version = env!("CARGO_PKG_VERSION");
        let mut said = format!(
            "CONNECT {{\"verbose\":{publishes},\"pedantic\":false,\"lang\":\"tbus-peers\",\"version\":\"{version}\"}}\r\n"
        );
        if !publishes {
            said.push_str(&format!("SUB {subject} 1\r\n"));
        }
        say(stream, role, &[said.as_bytes(), PING].concat())?;
        if publishes {
            expect(stream, role, b"+OK\r\n")?;
        }
        expect(stream, role, PONG)
    }

    fn other(&self, _: &Role, bytes: &[u8]) -> Other {
        if !OUT_OF_TURN.iter().any(|word| word.iter().zip(bytes).all(|(word, byte)| word == byte)) {
            return Other::NotMine;
        }
        match line(bytes) {
            None if bytes.len() < LONGEST_LINE => Other::More,
            None => Other::NotMine,
            Some((text, length)) => match text.get(..4) {
                Some("PING") => Other::Skip { length, reply: Some(PONG) },
                Some("INFO") => Other::Skip { length, reply: None },
                Some("-ERR") => Other::Refused(text),
                _ => Other::NotMine,
            },
        }
    }
}
