//! The XML of a specification. One pass with a stack of what is open; nothing is kept of the text but keys.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::{AttachedDataSpec, KeyRule, Source};
use crate::options::{History, Notice, nearest};

/// The namespace of the vendor's files (facts 3.2).
const NAMESPACE: &str = "http://www.genesyslab.com/standards/icon/ed1";

/// Why a specification is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: line {line}, column {column}: {kind}")]
pub struct SpecError {
    /// The text's name, usually its path.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub kind: SpecErrorKind,
}

/// What is wrong with a specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecErrorKind {
    /// More bytes than are read.
    #[error("the text has more than {limit} bytes")]
    TooLong {
        /// Most bytes.
        limit: usize,
    },
    /// Bytes that are no UTF-8.
    #[error("the text is not UTF-8; save it as UTF-8")]
    NotUtf8,
    /// XML that is not well formed.
    #[error("the XML is not well formed: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// `<!DOCTYPE ..>`.
    #[error("a document type definition is not read; delete <!DOCTYPE ..>")]
    DocumentType,
    /// Elements inside elements inside elements.
    #[error("elements are nested more than {limit} deep")]
    TooDeep {
        /// Most levels.
        limit: usize,
    },
    /// Nothing in the text.
    #[error("there is no element in the text; it needs a root element with <public> or <secure> in it")]
    Empty,
    /// The root element has another namespace, or none.
    #[error(
        "element <{name}> is not in the namespace {NAMESPACE}; add xmlns=\"{NAMESPACE}\" to the root element"
    )]
    Namespace {
        /// The element.
        name: String,
    },
    /// A section that is not known. Its keys would go by `adata-*-history`, and may be meant to be secure.
    #[error("there is no section <{name}>{hint}")]
    UnknownSection {
        /// The section.
        name: String,
        /// `; did you mean ..?` or the sections there are.
        hint: String,
    },
    /// An element where it cannot be.
    #[error("element <{name}> cannot be in <{inside}>, which takes <key name= source= history=/>")]
    UnknownElement {
        /// The element.
        name: String,
        /// What it is in.
        inside: String,
    },
    /// Text where elements belong.
    #[error("text {found:?} stands in <{inside}>, which takes elements only")]
    Text {
        /// The text, cut.
        found: String,
        /// What it is in.
        inside: String,
    },
    /// An attribute that a key does not have.
    #[error("<key> has no attribute {name}; it has name, source and history")]
    UnknownAttribute {
        /// The attribute.
        name: String,
    },
    /// An attribute that is missing.
    #[error("<key> needs the attribute {name}")]
    MissingAttribute {
        /// The attribute.
        name: &'static str,
    },
    /// A value that an attribute cannot have.
    #[error("{name}={found:?}: {legal}")]
    Value {
        /// The attribute.
        name: &'static str,
        /// Its value, cut.
        found: String,
        /// What it can be.
        legal: &'static str,
    },
}

/// The sections for G_CALL_USERDATA and its kin (facts 3.2), which have no effect here; so have those for multimedia,
/// whose names begin with `mcr-`.
const HORIZONTAL: [&str; 4] = ["call", "call_cust", "call_cust1", "call_cust2"];

fn is_horizontal(name: &str) -> bool {
    HORIZONTAL.contains(&name) || name.starts_with("mcr-")
}

/// `; did you mean <x>?`, else the sections there are.
fn section_hint(name: &str) -> String {
    match nearest(name, ["public", "secure"].into_iter().chain(HORIZONTAL)) {
        Some(known) => format!("; did you mean <{known}>?"),
        None => "; there are <public> and <secure>".to_owned(),
    }
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Root,
    Public,
    Secure,
    Key,
    /// A section that has no effect here, and everything in it.
    Other,
}

pub(super) fn read(name: &str, text: &[u8]) -> Result<(AttachedDataSpec, Vec<Notice>), SpecError> {
    let fail = |line, column, kind| SpecError { file: name.to_owned(), line, column, kind };
    if text.len() > AttachedDataSpec::TEXT_LIMIT {
        return Err(fail(1, 1, SpecErrorKind::TooLong { limit: AttachedDataSpec::TEXT_LIMIT }));
    }
    let text = match std::str::from_utf8(text) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let good = String::from_utf8_lossy(text.get(..error.valid_up_to()).unwrap_or_default());
            let (line, column) = place(&good, good.len());
            return Err(fail(line, column, SpecErrorKind::NotUtf8));
        }
    };
    let mut reader = Reader { file: name, text, ..Reader::default() };
    match reader.run() {
        Ok(()) => Ok((reader.spec, reader.notices)),
        Err((at, kind)) => {
            let (line, column) = place(text, at);
            Err(fail(line, column, kind))
        }
    }
}

#[derive(Default)]
struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    open: Vec<(Level, String)>,
    /// The byte up to which line ends were counted for notices, and how many there are.
    counted: (usize, usize),
    has_root: bool,
    spec: AttachedDataSpec,
    notices: Vec<Notice>,
}

/// What is wrong, and at which byte.
type Result2 = Result<(), (usize, SpecErrorKind)>;

impl Reader<'_> {
    fn run(&mut self) -> Result2 {
        let mut xml = NsReader::from_str(self.text);
        xml.config_mut().expand_empty_elements = true;
        xml.config_mut().check_comments = true;
        loop {
            let at = position(xml.buffer_position());
            let event = match xml.read_resolved_event() {
                Ok((namespace, event)) => {
                    let ours =
                        matches!(&namespace, ResolveResult::Bound(found) if found.as_ref() == NAMESPACE);
                    (ours, event)
                }
                Err(error) => {
                    let reason = error.to_string();
                    return Err((position(xml.error_position()), SpecErrorKind::Malformed { reason }));
                }
            };
            match event {
                (ours, Event::Start(element)) => self.start(at, ours, &element)?,
                (_, Event::End(_)) => {
                    self.open.pop();
                }
                (_, Event::Text(text)) => self.text(at, &text)?,
                (_, Event::CData(text)) => self.text(at, &text)?,
                (_, Event::GeneralRef(name)) => self.text(at, &name)?,
                (_, Event::DocType(_)) => return Err((at, SpecErrorKind::DocumentType)),
                (_, Event::Eof) => break,
                (_, Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_)) => {}
            }
        }
        match self.open.last() {
            None if self.has_root => Ok(()),
            None => Err((self.text.len(), SpecErrorKind::Empty)),
            Some((_, name)) => {
                let reason = format!("</{name}> is missing");
                Err((self.text.len(), SpecErrorKind::Malformed { reason }))
            }
        }
    }

    fn start(&mut self, at: usize, ours: bool, element: &BytesStart<'_>) -> Result2 {
        let limit = AttachedDataSpec::DEPTH_LIMIT;
        if self.open.len() >= limit {
            return Err((at, SpecErrorKind::TooDeep { limit }));
        }
        let name = cut(element.local_name().into_inner());
        let level = match (self.open.last(), name.as_str()) {
            (None, _) if self.has_root => {
                let reason = format!("<{name}> is a second root element");
                return Err((at, SpecErrorKind::Malformed { reason }));
            }
            // Nobody has published what the root element is called, so any name will do.
            (None, _) if ours => Level::Root,
            (Some((Level::Root, _)), "public") if ours => Level::Public,
            (Some((Level::Root, _)), "secure") if ours => Level::Secure,
            (Some((Level::Public | Level::Secure, _)), "key") if ours => Level::Key,
            (Some((Level::Root, _)), section) if ours && is_horizontal(section) => {
                let about =
                    format!("section <{name}> has no effect here: G_CALL_USERDATA and its kin are not there");
                self.notice(at, about);
                Level::Other
            }
            (Some((Level::Root, _)), section) if ours => {
                let hint = section_hint(section);
                return Err((at, SpecErrorKind::UnknownSection { name, hint }));
            }
            (Some((Level::Other, _)), _) => Level::Other,
            (None | Some((Level::Root, _)), _) => return Err((at, SpecErrorKind::Namespace { name })),
            (Some((_, inside)), _) => {
                return Err((at, SpecErrorKind::UnknownElement { name, inside: inside.clone() }));
            }
        };
        self.has_root = true;
        if level == Level::Key {
            let secure = matches!(self.open.last(), Some((Level::Secure, _)));
            self.key(at, secure, element)?;
        } else {
            // Attributes of other elements do not matter; that they are well formed does.
            for attribute in element.attributes() {
                attribute.map_err(|error| (at, SpecErrorKind::Malformed { reason: error.to_string() }))?;
            }
        }
        self.open.push((level, name));
        Ok(())
    }

    fn key(&mut self, at: usize, secure: bool, element: &BytesStart<'_>) -> Result2 {
        let malformed = |reason: String| (at, SpecErrorKind::Malformed { reason });
        let (mut name, mut source, mut history) = (None, None, None);
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|error| malformed(error.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| malformed(error.to_string()))?;
            let wrong = |name, legal| (at, SpecErrorKind::Value { name, found: cut(&value), legal });
            match attribute.key.into_inner() {
                "name" if value.is_empty() => return Err(wrong("name", "a key is missing")),
                "name" => name = Some(value.into_owned()),
                "source" => {
                    let known = Source::ALL.into_iter().find(|source| source.name() == value);
                    source = Some(known.ok_or_else(|| wrong("source", "userdata, reasons or extensions"))?);
                }
                "history" => {
                    let known = History::from_name(&value);
                    history = Some(known.ok_or_else(|| wrong("history", "none, first, last or all"))?);
                }
                key if key == "xmlns" || key.starts_with("xmlns:") || key.starts_with("xml:") => {}
                key => return Err((at, SpecErrorKind::UnknownAttribute { name: cut(key) })),
            }
        }
        let missing = |name| (at, SpecErrorKind::MissingAttribute { name });
        let name = name.ok_or_else(|| missing("name"))?;
        let source = source.ok_or_else(|| missing("source"))?;
        let history = history.ok_or_else(|| missing("history"))?;
        let section = if secure { "secure" } else { "public" };
        let rule: &mut KeyRule = self.spec.table_mut(source).entry(name.clone()).or_default();
        let place = if secure { &mut rule.secure } else { &mut rule.public };
        if place.is_some() {
            let (name, source) = (cut(&name), source.name());
            let text =
                format!("key {name:?} of {source} is in <{section}> already; the first definition counts");
            self.notice(at, text);
        } else {
            *place = Some(history);
        }
        Ok(())
    }

    fn text(&self, at: usize, text: &str) -> Result2 {
        let found = text.trim();
        match self.open.last() {
            Some((Level::Other, _)) => Ok(()),
            _ if found.is_empty() => Ok(()),
            Some((_, inside)) => {
                let inside = inside.clone();
                Err((at, SpecErrorKind::Text { found: cut(found), inside }))
            }
            None => {
                Err((at, SpecErrorKind::Malformed { reason: "text outside of the root element".to_owned() }))
            }
        }
    }

    fn notice(&mut self, at: usize, text: String) {
        // They come in the order of the text; counting from its beginning each time would take for ever.
        let (from, before) = self.counted;
        let between = self.text.as_bytes().get(from..at).unwrap_or_default();
        let lines = before + between.iter().filter(|byte| **byte == b'\n').count();
        self.counted = (at.max(from), lines);
        self.notices.push(Notice { file: self.file.to_owned(), line: lines + 1, text });
    }
}

/// A byte position as the parser counts them.
fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before.get(start..).unwrap_or_default().chars().count() + 1)
}

/// The first 60 characters.
fn cut(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
