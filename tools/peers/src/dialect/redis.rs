//! Redis pub/sub: RESP arrays. The reply to PUBLISH says how many subscribers have got the message, which is checked.

use std::net::TcpStream;

use tbus_load::{Dialect, LoadError, Other, Plan, Role, Template, Templates};

use super::{LONGEST_LINE, event, expect, line, say, subject};

/// Speaks to redis-server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Redis;

impl Dialect for Redis {
    fn name(&self) -> &str {
        "redis"
    }

    fn templates(&mut self, plan: &Plan) -> Result<Templates, LoadError> {
        let (event, channel) = (event(plan)?, subject(plan)?);
        let array = |word: &str| {
            format!("*3\r\n$7\r\n{word}\r\n${}\r\n{channel}\r\n${}\r\n", channel.len(), event.len())
                .into_bytes()
        };
        Ok(Templates {
            request: event.wrapped(&array("PUBLISH"), b"\r\n"),
            event: event.wrapped(&array("message"), b"\r\n"),
            answer: Some(Template::new(format!(":{}\r\n", plan.subscribers))),
        })
    }

    fn open(&self, plan: &Plan, stream: &mut TcpStream, role: &Role) -> Result<(), LoadError> {
        match role {
            Role::Publisher { .. } => {
                say(stream, role, b"PING\r\n")?;
                expect(stream, role, b"+PONG\r\n")
            }
            Role::Subscriber { .. } => {
                let channel = subject(plan)?;
                say(stream, role, format!("SUBSCRIBE {channel}\r\n").as_bytes())?;
                let length = channel.len();
                expect(
                    stream,
                    role,
                    format!("*3\r\n$9\r\nsubscribe\r\n${length}\r\n{channel}\r\n:1\r\n").as_bytes(),
                )
            }
        }
    }

    fn other(&self, _: &Role, bytes: &[u8]) -> Other {
        match (bytes.first(), line(bytes)) {
            (Some(b'-'), Some((text, _))) => Other::Refused(text),
            (Some(b'-'), None) if bytes.len() < LONGEST_LINE => Other::More,
            _ => Other::NotMine,
        }
    }
}
