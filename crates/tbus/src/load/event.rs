//! `--event`: a captured event, from a T-Server log, or as JSON or hex.

use std::io::Cursor;

use anyhow::anyhow;
use tlib_proto::{Limits, Message, MessageRef};

use crate::blocks::Blocks;
use crate::doc::Doc;
use crate::exit::Failure;
use crate::hex;
use crate::input::Input;
use crate::send::from_log;

/// Reads the event that a file, or standard input, holds.
pub(super) fn read(argument: &str) -> Result<Message, Failure> {
    let input = Input::open(Some(argument))?;
    let name = input.name().to_owned();
    let bytes = input.read_all()?;
    message(&name, bytes)
}

fn message(name: &str, bytes: Vec<u8>) -> Result<Message, Failure> {
    let wrong = |error: anyhow::Error| Failure::bad(error).context(name.to_owned());
    if bytes.trim_ascii_start().starts_with(b"{") {
        let document = Doc::parse(&bytes).map_err(wrong)?;
        if !document.is_message() {
            return Err(wrong(anyhow!("no message: expected {{\"message\": .., \"attributes\": ..}}")));
        }
        return document.message().map_err(wrong);
    }
    match hex::parse(&bytes) {
        Ok(frame) if !frame.is_empty() => {
            let message = MessageRef::parse(&frame, &Limits::default());
            message.map(MessageRef::to_owned).map_err(|error| wrong(error.into()))
        }
        _ => from_log::first(Blocks::new(Input::reading(name, Cursor::new(bytes))), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::{AttributeId, MessageId};

    fn read(text: &str) -> Result<Message, Failure> {
        message("x", text.as_bytes().to_vec())
    }

    #[test]
    fn an_event_is_json_hex_or_log_text() {
        let json = r#"{"message":"EventUserEvent","attributes":[["ANI","str","777"]]}"#;
        let event = read(json).unwrap();
        let hex = hex::print(event.frame());
        let log = "message EventUserEvent\n\tAttributeANI\t'777'\n\tAttributeThisDN\t'REPORTING'\n";
        for text in [json, &hex, log] {
            let event = read(text).unwrap();
            assert_eq!(event.view().text(AttributeId::ANI), Ok(Some(b"777".as_slice())), "{text}");
        }
        assert_eq!(event.id(), MessageId::EVENT_USER_EVENT);
    }

    #[test]
    fn other_files_are_refused() {
        for text in ["", "hello", "{\"a\":1}", "{\"message\":\"EventUserEvnt\"}", "00 00 00 04"] {
            assert!(
                matches!(read(text), Err(Failure::Failed { exit: crate::exit::Exit::Refused, .. })),
                "{text}"
            );
        }
    }
}
