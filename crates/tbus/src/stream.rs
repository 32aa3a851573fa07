//! JSON messages one after the other, or in arrays, from a stream of any length.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};

use anyhow::anyhow;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use tlib_proto::Message;

use crate::doc;
use crate::exit::Failure;
use crate::input::{Input, LIMIT};

/// Hands every message on. What is wrong is told with line and column.
pub(crate) fn messages(
    mut input: Input,
    mut put: impl FnMut(&Message) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (name, line) = (input.name().to_owned(), input.line_number() + 1);
    let place =
        Place { line: Cell::new(line), column: Cell::new(0), left: Cell::new(LIMIT), long: Cell::new(false) };
    let source = Source { reader: input.reader(), place: &place };
    let mut json = serde_json::Deserializer::from_reader(source);
    let mut messages =
        Messages { put: &mut put, place: &place, start: place.now(), inside: false, failure: None };
    // Anything but the end is the next document; what cannot be read is found again by reading it.
    while json.end().is_err() {
        let Err(error) = messages.deserialize(&mut json) else { continue };
        let failure = match messages.failure {
            Some((_, failure @ Failure::Closed)) => return Err(failure),
            Some((place, failure)) => failure.context(place),
            None if place.long.get() => {
                let reason = anyhow!("a message is longer than {} MiB", LIMIT >> 20);
                Failure::bad(reason.context(messages.start))
            }
            None if error.is_io() => return Err(input.unreadable(error.into())),
            None => Failure::bad(reason(&error).context(place.now())),
        };
        return Err(failure.context(name));
    }
    Ok(())
}

/// What is wrong, without the place: the reader's own counting knows nothing of what was read before.
fn reason(error: &serde_json::Error) -> anyhow::Error {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match error.classify() {
        Category::Data => anyhow!("{text}"),
        _ => anyhow!("no JSON: {text}"),
    }
}

/// Where reading has come to.
struct Place {
    line: Cell<usize>,
    column: Cell<usize>,
    /// Bytes that the message may still have.
    left: Cell<usize>,
    /// Whether it had more.
    long: Cell<bool>,
}

impl Place {
    /// The last byte that was read.
    fn now(&self) -> String {
        format!("line {}, column {}", self.line.get(), self.column.get().max(1))
    }

    fn pass(&self, byte: u8) {
        match byte {
            b'\n' => {
                self.line.set(self.line.get() + 1);
                self.column.set(0);
            }
            // The rest of a character.
            0x80..=0xBF => {}
            _ => self.column.set(self.column.get() + 1),
        }
    }
}

/// Gives a byte at a time, so that the place is always that of the parser.
struct Source<'a> {
    reader: &'a mut dyn BufRead,
    place: &'a Place,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.place.left.get().checked_sub(1) else {
            self.place.long.set(true);
            return Err(io::Error::other("too long"));
        };
        let Some(buffer) = buffer.get_mut(..1) else { return Ok(0) };
        let read = self.reader.read(buffer)?;
        if read > 0 {
            self.place.left.set(left);
            self.place.pass(buffer[0]);
        }
        Ok(read)
    }
}

/// Reads a message or an array of messages.
struct Messages<'a> {
    put: &'a mut dyn FnMut(&Message) -> Result<(), Failure>,
    place: &'a Place,
    /// Where the last message begins.
    start: String,
    /// Whether this is inside an array.
    inside: bool,
    /// What has ended the reading, and at which message.
    failure: Option<(String, Failure)>,
}

impl<'de> DeserializeSeed<'de> for &mut Messages<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Messages<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message {\"message\":..,\"attributes\":..}")?;
        f.write_str(if self.inside { "" } else { " or an array of messages" })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.start = self.place.now();
        self.place.left.set(LIMIT);
        let message = doc::object(map)?.message().map_err(Failure::bad);
        message.and_then(|message| (self.put)(&message)).map_err(|failure| {
            self.failure = Some((self.start.clone(), failure));
            A::Error::custom("stop")
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.inside {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        self.inside = true;
        while seq.next_element_seed(&mut *self)?.is_some() {}
        self.inside = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        let result = messages(Input::of("test", text.as_bytes()), |message| {
            names.push(message.id().to_string());
            Ok(())
        });
        match result {
            Ok(()) => Ok(names),
            Err(Failure::Failed { error, .. }) => Err(format!("{error:#}")),
            Err(Failure::Closed) => Err("closed".to_owned()),
        }
    }

    #[test]
    fn messages_come_as_people_write_them() {
        let one = "{\n  \"message\": \"EventACK\",\n  \"attributes\": [\n    [\"ReferenceID\", \"int\", 1]\n  ]\n}\n";
        assert_eq!(read(one), Ok(vec!["EventACK".to_owned()]));
        let names = ["EventACK", "EventError", "EventACK"].map(str::to_owned).to_vec();
        for text in [
            "{\"message\":\"EventACK\"}{\"message\":\"EventError\"}\n\n{\"message\":\"EventACK\"}",
            "[{\"message\":\"EventACK\"},\n{\"message\":\"EventError\"}]\n[{\"message\":\"EventACK\"}]\n",
            " [] [{\"message\":\"EventACK\"}] {\"message\":\"EventError\"} [{\"message\":\"EventACK\"}]",
        ] {
            assert_eq!(read(text).as_ref(), Ok(&names), "{text}");
        }
        assert_eq!(read(" \n"), Ok(vec![]));
    }

    #[test]
    fn mistakes_have_line_and_column() {
        let error = |text: &'static str| read(text).unwrap_err();
        let text = "[\n  {\"message\":\"EventACK\"},\n  {\"message\":\"EventACK\",\"attributes\":[[\"ThisDN\",\"str\"]]}\n]";
        assert_eq!(error(text), "test: line 3, column 3: attributes[0]: expected [name, type, value]");
        assert_eq!(
            error("{\"message\":\"EventACK\"}\n{\"message\" 3}"),
            "test: line 2, column 12: no JSON: expected `:`"
        );
        assert_eq!(
            error("[{\"message\":\"EventACK\"}"),
            "test: line 1, column 23: no JSON: EOF while parsing a list"
        );
        assert_eq!(
            error("\n [3]"),
            "test: line 2, column 4: invalid type: integer `3`, expected a message {\"message\":..,\"attributes\":..}"
        );
        assert!(error("[[]]").contains("invalid type: sequence, expected a message"));
        assert!(error("{\"message\":\"EventACK\"} x").starts_with("test: line 1, column 24: no JSON: "));
    }
}
