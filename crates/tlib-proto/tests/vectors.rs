//! The golden frames of `protocol-spec/vectors`: hex and JSON say the same, in both directions.

use std::path::Path;

use tlib_proto::{Limits, Message, json};
use tlib_testkit::vectors::{annotate, read_hex};

#[test]
fn hex_and_json_say_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol-spec/vectors");
    let mut vectors = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let name = path.display();
        let text = std::fs::read_to_string(&path).unwrap();
        let frame = read_hex(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let message = Message::from_frame(frame.into(), &Limits::default()).unwrap();
        assert_eq!(annotate(message.view()), text, "{name}: comments say what the bytes are");

        let expected = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(json::from_message(message.view()), expected, "{name}");
        assert_eq!(json::to_message(&expected).unwrap(), message, "{name}");
        vectors += 1;
    }
    assert!(vectors >= 20, "{vectors} vectors");
}
