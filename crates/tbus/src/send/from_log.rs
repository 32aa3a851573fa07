//! `--from-log`: the request that a piece of T-Server log shows.

use anyhow::anyhow;
use tlib_capture::replay::rebuild_request;
use tlib_proto::{Message, MessageId};

use crate::blocks::{Blocks, Item};
use crate::exit::{Failure, counted, say};
use crate::input::Input;

/// Reads the first user event of a log, or the first request if it has none. What cannot be read of it is left out
/// only where `partial` says so.
pub(super) fn read(argument: &str, partial: bool) -> Result<Message, Failure> {
    first(Blocks::new(Input::open(Some(argument))?), partial)
}

/// The same of blocks that are read already, or by another name.
pub(crate) fn first(mut blocks: Blocks, partial: bool) -> Result<Message, Failure> {
    let mut absent = false;
    let mut request = None;
    loop {
        let item = blocks.next()?;
        let complaints = blocks.complaints();
        let found = match item {
            None => None,
            // The note stands between the line of its request and the events that the request causes.
            Some(Item::Request) => {
                absent = false;
                continue;
            }
            Some(Item::AbsentThisDn) => {
                absent = true;
                continue;
            }
            Some(Item::Other) => continue,
            Some(Item::Message(message)) => match message.id() {
                MessageId::REQUEST_DISTRIBUTE_USER_EVENT => Some(message),
                MessageId::EVENT_USER_EVENT => Some(rebuild_request(&message, absent).map_err(Failure::bad)?),
                // The handshake is made by this client itself.
                id if id.is_request() && id != MessageId::REQUEST_REGISTER_CLIENT && request.is_none() => {
                    request = Some((message, complaints));
                    continue;
                }
                _ => continue,
            },
        };
        // What was left out of other blocks does not matter here.
        let (message, complaints) = match (found, request) {
            (Some(message), _) => (message, complaints),
            (None, Some(request)) => request,
            (None, None) => {
                let name = blocks.name();
                return Err(Failure::bad(anyhow!(
                    "{name}: no user event and no request in it (`message <Name>` lines)"
                )));
            }
        };
        for complaint in &complaints {
            say(&format!("{}: line {}: left out: {}", blocks.name(), complaint.line, complaint.reason));
        }
        if !complaints.is_empty() && !partial {
            let count = counted(complaints.len(), "line");
            return Err(Failure::bad(anyhow!(
                "{}: {count} cannot be read, nothing is sent; send it all the same with --partial",
                blocks.name()
            )));
        }
        return Ok(message);
    }
}
