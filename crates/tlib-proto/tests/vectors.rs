//! The golden frames of `protocol-spec/vectors`: hex and JSON say the same, in both directions.
//! What the files hold is checked where they are made, by `crates/tbus-core/tests/vectors.rs`.

#![expect(clippy::disallowed_methods, reason = "the golden frames are files")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tlib_proto::wire::{control_frame, profile};
use tlib_proto::{Limits, Message, MessageId, json};
use tlib_testkit::vectors::{annotate, read_hex};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol-spec/vectors")
}

/// Names of the files with this extension, without it.
fn names(extension: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == extension) {
            names.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    names
}

fn read(name: &str, extension: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{name}.{extension}"))).unwrap()
}

fn frame(name: &str) -> Message {
    let bytes = read_hex(&read(name, "hex")).unwrap_or_else(|error| panic!("{name}.hex: {error}"));
    Message::from_frame(bytes.into(), &Limits::default())
        .unwrap_or_else(|error| panic!("{name}.hex: {error}"))
}

#[test]
fn hex_and_json_say_the_same() {
    let vectors = names("hex");
    assert_eq!(vectors, names("json"), "each frame as hex and as JSON");
    assert!(vectors.len() >= 46, "{} vectors", vectors.len());
    for name in vectors {
        let message = frame(&name);
        assert_eq!(
            annotate(message.view()),
            read(&name, "hex"),
            "{name}.hex: comments say what the bytes are"
        );
        let expected: serde_json::Value = serde_json::from_str(&read(&name, "json")).unwrap();
        assert_eq!(json::from_message(message.view()), expected, "{name}");
        assert_eq!(json::to_message(&expected).unwrap(), message, "{name}");
    }
}

/// Control frames are no messages, but have the JSON form of a message without a name.
#[test]
fn control_frames_are_those_of_the_profile() {
    for (name, id) in [("keep-alive-ping", profile::CONTROL_PING), ("keep-alive-pong", profile::CONTROL_PONG)]
    {
        let message = frame(name);
        assert!(message.id().is_control());
        assert_eq!(*message.frame(), control_frame(MessageId(id)), "{name}");
    }
}
