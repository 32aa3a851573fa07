//! `--json`: user data or a whole message, from a file, standard input or the argument itself.

use anyhow::Context;
use tlib_proto::{KvList, Message};

use super::data;
use crate::doc::Doc;
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

/// An object with a text `message` is always a message: a mistake in its name must not make it user data.
fn document(bytes: &[u8]) -> anyhow::Result<Document> {
    let document = Doc::parse(bytes)?;
    if document.is_message() {
        return Ok(Document::Message(document.message()?));
    }
    Ok(Document::Data(data::list(&document)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::{MessageId, json};

    fn data(text: &str) -> String {
        match document(text.as_bytes()).unwrap() {
            Document::Data(list) => json::from_list(list.view()).to_string(),
            Document::Message(message) => panic!("{message:?}"),
        }
    }

    fn error(text: &str) -> String {
        format!("{:#}", document(text.as_bytes()).unwrap_err())
    }

    #[test]
    fn a_document_is_data_or_a_message() {
        assert_eq!(data(r#"{"a":"b","n":1}"#), r#"[["a","str","b"],["n","int",1]]"#);
        assert_eq!(data(r#"[["a","str","b"]]"#), r#"[["a","str","b"]]"#);
        assert_eq!(data(r#"[["message","str","hello"]]"#), r#"[["message","str","hello"]]"#);
        assert_eq!(data(r#"{"message":1}"#), r#"[["message","int",1]]"#);
        assert_eq!(data(r#"{"a":1,"a":"2"}"#), r#"[["a","int",1],["a","str","2"]]"#, "duplicate keys stay");
        assert_eq!(data(r#"{"pairs":[["a","str","b"]]}"#), r#"[["a","str","b"]]"#, "as kv pack reads it");
        assert_eq!(data(r#"{"pairs":"x"}"#), r#"[["pairs","str","x"]]"#);
        let message = |text: &str| match document(text.as_bytes()).unwrap() {
            Document::Message(message) => message.id(),
            Document::Data(list) => panic!("{list:?}"),
        };
        assert_eq!(message(r#"{"message":"RequestQueryServer"}"#), MessageId::REQUEST_QUERY_SERVER);
        assert_eq!(message(r#"{"message":"EventACK","attributes":[]}"#), MessageId::EVENT_ACK);
    }

    #[test]
    fn mistakes_are_told() {
        assert!(
            error(r#"{"message":"RequestDistributeUserEvnt"}"#).starts_with(
                "\"RequestDistributeUserEvnt\" is not the name of a message; did you mean RequestDistributeUserEvent"
            ),
        );
        assert_eq!(
            error(r#"{"message":"RequestQueryServer","a":"b"}"#),
            "a: unknown key; expected `message` and `attributes`"
        );
        assert_eq!(error("3"), "expected an object, or an array of [key, type, value]");
        assert_eq!(
            error(r#"{"a":{"n":2147483648}}"#),
            "2147483648 does not fit an int (-2147483648 to 2147483647); write it as a string (at a.n)"
        );
    }
}
