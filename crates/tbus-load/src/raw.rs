//! The dialect of a server that only copies frames: what tbus is compared with.
//!
//! Every frame is a length of 4 bytes, big-endian, and so many bytes. A client's first frame is `P` and the whole frame
//! that the server shall answer each of its frames with, or `S`; the server's answer to it is the frame `K`. From then on
//! each frame of a publisher goes to every subscriber as it is.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::dialect::{Dialect, Role, Templates};
use crate::error::LoadError;
use crate::plan::Plan;
use crate::shape::{EventShape, Payload};
use crate::template::Template;

/// Speaks to a copy server.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    /// What the events carry.
    pub payload: Payload,
    answer: Vec<u8>,
}

impl Raw {
    /// Events with this payload.
    pub fn new(payload: Payload) -> Self {
        Self { payload, answer: Vec::new() }
    }
}

impl Dialect for Raw {
    fn name(&self) -> &str {
        "raw"
    }

    fn templates(&mut self, plan: &Plan) -> Result<Templates, LoadError> {
        let shape = EventShape::new(&self.payload, &plan.dns)?;
        self.answer = shape.answer.bytes().to_vec();
        // Nothing is the server's own here, but the same bytes are left out, so that the comparison costs the same.
        let answer = Template::new(self.answer.clone());
        Ok(Templates { request: shape.event.clone(), event: shape.event, answer: Some(answer) })
    }

    fn open(&self, _: &Plan, stream: &mut TcpStream, role: &Role) -> Result<(), LoadError> {
        let body = match role {
            Role::Publisher { .. } => [b"P", self.answer.as_slice()].concat(),
            Role::Subscriber { .. } => b"S".to_vec(),
        };
        let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
        let mut greeting = [0; 5];
        stream
            .write_all(&[&length, body.as_slice()].concat())
            .and_then(|()| stream.read_exact(&mut greeting))
            .map_err(|error| LoadError::handshake(role.to_string(), error.to_string()))?;
        if greeting == [0, 0, 0, 1, b'K'] {
            Ok(())
        } else {
            Err(LoadError::handshake(
                role.to_string(),
                format!("expected 000000014b, the server sent {greeting:02x?}"),
            ))
        }
    }
}
