//! Reading a log as a whole, and saying what was found.

use tlib_capture::read::{Field, Kind, LogReader, Record};

/// What is kept of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) line: u64,
    pub(crate) byte: u64,
    pub(crate) what: String,
    pub(crate) complaints: Vec<String>,
}

/// One line for a record.
pub(crate) fn describe(record: &Record<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match &record.kind {
        Kind::Header(header) => {
            format!(
                "header {} {}",
                header.continues,
                text(header.get("Application name").unwrap_or_default())
            )
        }
        Kind::Block(block) => format!("block {}", text(block.name)),
        Kind::Received(receipt) => {
            format!("received {} {}", text(receipt.message), text(receipt.client.application))
        }
        Kind::Sent(receipt) => format!("sent {} {}", text(receipt.message), text(receipt.client.application)),
        Kind::Interaction(line) => format!("interaction {} {}", text(line.message), text(line.peer)),
        Kind::Note(note) => format!("note {}", text(note)),
        Kind::Line(line) => format!("line {} {} {}", text(line.level), line.id, text(line.text)),
        Kind::Unknown(line) => format!("unknown {}", text(line)),
        Kind::Damaged(block) => format!("damaged {}", block.fields().count()),
    }
}

/// Reads everything from a source and checks the places of all records against the text.
#[track_caller]
pub(crate) fn read_from(source: impl std::io::Read, text: &[u8]) -> Vec<Seen> {
    let mut reader = LogReader::new("test.log", source);
    let mut all = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        let at = usize::try_from(record.at.byte).unwrap();
        let given = record.text.strip_suffix(b"\n").unwrap_or(record.text);
        assert!(text[at..].starts_with(given), "{record:?}");
        let before = text[..at].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(record.at.line, before as u64 + 1, "{record:?}");
        assert_eq!(record.at.file, "test.log");
        if let Kind::Block(block) | Kind::Damaged(block) = &record.kind {
            for field in block.fields() {
                let line = match field {
                    Field::Attribute(attribute) => attribute.line,
                    Field::Pair(pair) => pair.line,
                    Field::Other(_) => continue,
                };
                assert!((record.at.line..record.at.line + record.lines).contains(&line), "{record:?}");
            }
        }
        for complaint in record.complaints {
            let at = usize::try_from(complaint.byte).unwrap();
            let before = text[..at].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(complaint.line, before as u64 + 1, "{complaint}");
            assert!(at == 0 || text[at - 1] == b'\n', "{complaint}");
        }
        all.push(Seen {
            line: record.at.line,
            byte: record.at.byte,
            what: describe(&record),
            complaints: record
                .complaints
                .iter()
                .map(|complaint| format!("{}: {}", complaint.line, complaint.reason))
                .collect(),
        });
    }
    all
}

/// The same from memory.
#[track_caller]
pub(crate) fn read(text: &[u8]) -> Vec<Seen> {
    read_from(text, text)
}

/// What the records are, and all complaints.
#[track_caller]
pub(crate) fn told(text: &str) -> (Vec<String>, Vec<String>) {
    let seen = read(text.as_bytes());
    let complaints = seen.iter().flat_map(|seen| seen.complaints.clone()).collect();
    (seen.into_iter().map(|seen| seen.what).collect(), complaints)
}
