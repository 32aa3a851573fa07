//! MQTT 3.1.1: publishers with QoS 1, so that each message is acknowledged (PUBACK); delivery with QoS 0.

use std::net::TcpStream;

use tbus_load::{Dialect, LoadError, Plan, Role, Template, Templates};

use super::{event, expect, say, subject};

/// Speaks to mosquitto.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mqtt;

/// PUBLISH with QoS 1, and with QoS 0.
const PUBLISH_ONCE_OR_MORE: u8 = 0x32;
const PUBLISH: u8 = 0x30;

/// A packet: its type, the length of the rest in groups of seven bits, and the rest.
fn packet(kind: u8, rest: &[u8], payload: usize) -> Vec<u8> {
    let mut packet = vec![kind];
    let mut length = rest.len() + payload;
    loop {
        let group = u8::try_from(length % 128).unwrap_or_default();
        length /= 128;
        packet.push(if length > 0 { group | 0x80 } else { group });
        if length == 0 {
            break;
        }
    }
    packet.extend_from_slice(rest);
    packet
}

/// A text with its length before it.
fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or_default();
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

impl Dialect for Mqtt {
    fn name(&self) -> &str {
        "mosquitto"
    }

    fn templates(&mut self, plan: &Plan) -> Result<Templates, LoadError> {
        let (event, topic) = (event(plan)?, subject(plan)?);
        let topic = text(&topic);
        // The packet identifier counts, and the acknowledgement repeats it.
        let identified = [topic.as_slice(), &[0, 1]].concat();
        let head = packet(PUBLISH_ONCE_OR_MORE, &identified, event.len());
        Ok(Templates {
            request: event.wrapped(&head, b"").counter(head.len() - 2, 2)?,
            event: event.wrapped(&packet(PUBLISH, &topic, event.len()), b""),
            answer: Some(Template::new([0x40, 2, 0, 1]).counter(2, 2)?),
        })
    }

    fn open(&self, plan: &Plan, stream: &mut TcpStream, role: &Role) -> Result<(), LoadError> {
        let client = match role {
            Role::Publisher { index } => format!("tbus-p{index}"),
            Role::Subscriber { index, .. } => format!("tbus-s{index}"),
        };
        // Level 4, a clean session, no keep-alive.
        let connect = [text("MQTT"), vec![4, 2, 0, 0], text(&client)].concat();
        say(stream, role, &packet(0x10, &connect, 0))?;
        expect(stream, role, &[0x20, 2, 0, 0])?;
        if let Role::Subscriber { .. } = role {
            let topic = subject(plan)?;
            let subscribe = [vec![0, 1], text(&topic), vec![0]].concat();
            say(stream, role, &packet(0x82, &subscribe, 0))?;
            expect(stream, role, &[0x90, 3, 0, 1, 0])?;
        }
        Ok(())
    }
}
