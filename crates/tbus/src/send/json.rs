//! `--json`: user data or a whole message, from a file, standard input or the argument itself.

use anyhow::Context;
use serde_json::Value;
use tlib_proto::{KvList, Message, MessageId, json};

use super::data;
use crate::exit::Failure;
use crate::input::Input;

/// What a document holds.
#[derive(Debug)]
pub(super) enum Document {
    /// A message to be sent as it is.
    Message(Message),
    /// User data.
    Data(KvList),
}

/// Reads the document that the argument is or names.
pub(super) fn read(argument: &str) -> Result<Document, Failure> {
    if argument.trim_start().starts_with(['{', '[']) {
        return document(argument.as_bytes()).context("--json").map_err(Failure::bad);
    }
    let input = Input::open(Some(argument))?;
    let name = input.name().to_owned();
    let bytes = input.read_all()?;
    document(&bytes).context(name).map_err(Failure::bad)
}

fn document(bytes: &[u8]) -> anyhow::Result<Document> {
    let value: Value = serde_json::from_slice(bytes).context("no JSON")?;
    if is_message(&value) {
        return Ok(Document::Message(json::to_message(&value)?));
    }
    Ok(Document::Data(data::list(&value)?))
}

/// User data may have a key `message`, too: a message has attributes beside it, or is the name of one.
fn is_message(value: &Value) -> bool {
    let Some(name) = value.get("message").and_then(Value::as_str) else { return false };
    let alone = value.as_object().is_some_and(|object| object.len() == 1);
    value.get("attributes").is_some_and(Value::is_array) || alone && MessageId::from_name(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_data_or_a_message() {
        let data = |text: &str| match document(text.as_bytes()).unwrap() {
            Document::Data(list) => json::from_list(list.view()).to_string(),
            Document::Message(message) => panic!("{message:?}"),
        };
        assert_eq!(data(r#"{"a":"b","n":1}"#), r#"[["a","str","b"],["n","int",1]]"#);
        assert_eq!(data(r#"[["a","str","b"]]"#), r#"[["a","str","b"]]"#);
        assert_eq!(data(r#"{"message":"hello"}"#), r#"[["message","str","hello"]]"#);
        let message = |text: &str| match document(text.as_bytes()).unwrap() {
            Document::Message(message) => message.id(),
            Document::Data(list) => panic!("{list:?}"),
        };
        assert_eq!(message(r#"{"message":"RequestQueryServer"}"#), MessageId::REQUEST_QUERY_SERVER);
        assert_eq!(message(r#"{"message":"EventACK","attributes":[]}"#), MessageId::EVENT_ACK);
        let error = |text: &str| format!("{:#}", document(text.as_bytes()).unwrap_err());
        assert_eq!(
            error(r#"{"message":"EventAKC","attributes":[]}"#),
            "message: \"EventAKC\" is not the name of a message"
        );
        assert_eq!(error("3"), "expected an object, or an array of [key, type, value]");
    }
}
