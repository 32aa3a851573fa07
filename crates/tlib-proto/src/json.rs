//! The JSON form of a message, the same everywhere (`protocol-spec/json.md`).
//!
//! `{"message":"EventACK","attributes":[["ReferenceID","int",431],["ThisDN","str","REPORTING"]]}`: attributes are an
//! ordered array of `[name, type, value]`, pairs likewise. Types are `str`, `int`, `bin`, `list`, `unicode`, `long`,
//! `str-hex` and `unicode-hex` for bytes that are not UTF-8, and `kindN` for unknown kinds; binary and long values are
//! hex strings.

use serde_json::{Value, json};

use crate::spec::AttributeType;
use crate::wire::{KvWriter, Limits, MessageWriter, is_known_kind, profile};
use crate::{AttributeId, EncodeError, KvList, KvRef, Message, MessageId, MessageRef, ValueRef};

/// JSON that is not a message or a list, with the path to what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct JsonError {
    /// Where in the document, such as `attributes[2][1]`.
    pub path: String,
    /// What is wrong there.
    pub reason: String,
}

impl JsonError {
    fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    fn encode(error: &EncodeError) -> Self {
        Self::new("message", error.to_string())
    }
}

/// The JSON of a message.
pub fn from_message(message: MessageRef<'_>) -> Value {
    let attributes: Vec<Value> = message
        .attributes()
        .map(|attribute| {
            let unsigned = attribute.id.ty() == AttributeType::Unsigned;
            triple(attribute.id.to_string(), attribute.value, unsigned)
        })
        .collect();
    json!({ "message": message.id().to_string(), "attributes": attributes })
}

/// The JSON of a list: `[["key", "str", "value"], ...]`.
pub fn from_list(list: KvRef<'_>) -> Value {
    list.pairs()
        .map(|pair| match std::str::from_utf8(pair.key) {
            Ok(key) => triple(key.to_owned(), pair.value, false),
            // A key that is not text is marked by being an object: {"hex": "ff"}.
            Err(_) => {
                let mut triple = triple(String::new(), pair.value, false);
                if let Some(key) = triple.get_mut(0) {
                    *key = json!({ "hex": hex(pair.key) });
                }
                triple
            }
        })
        .collect()
}

fn triple(name: String, value: ValueRef<'_>, unsigned: bool) -> Value {
    let text = |name: &str, bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => (name.to_owned(), Value::from(text)),
        Err(_) => (format!("{name}-hex"), Value::from(hex(bytes))),
    };
    let (ty, value) = match value {
        ValueRef::Str(bytes) => text("str", bytes),
        ValueRef::Unicode(bytes) => text("unicode", bytes),
        ValueRef::Int(value) if unsigned => ("int".to_owned(), value.cast_unsigned().into()),
        ValueRef::Int(value) => ("int".to_owned(), value.into()),
        ValueRef::Binary(bytes) => ("bin".to_owned(), hex(bytes).into()),
        ValueRef::Long(value) => ("long".to_owned(), format!("{value:016x}").into()),
        ValueRef::List(list) => ("list".to_owned(), from_list(list)),
        ValueRef::Other(kind, bytes) => (format!("kind{kind}"), hex(bytes).into()),
    };
    Value::Array(vec![name.into(), ty.into(), value])
}

/// Reads a message.
///
/// # Errors
/// [`JsonError`] with the path to what is wrong.
pub fn to_message(json: &Value) -> Result<Message, JsonError> {
    let Some(object) = json.as_object() else {
        return Err(JsonError::new("message", "expected an object with `message` and `attributes`"));
    };
    if let Some(key) = object.keys().find(|key| *key != "message" && *key != "attributes") {
        return Err(JsonError::new(key, "unknown key; expected `message` and `attributes`"));
    }
    let name = object.get("message").and_then(Value::as_str);
    let name = name.ok_or_else(|| JsonError::new("message", "expected the name of a message"))?;
    let id = MessageId::from_name(name)
        .ok_or_else(|| JsonError::new("message", format!("{name:?} is not the name of a message")))?;
    let attributes = match object.get("attributes") {
        None => &[],
        Some(attributes) => array(attributes, "attributes")?,
    };
    let mut out = bytes::BytesMut::new();
    let mut writer = MessageWriter::start(&mut out, id);
    for (n, attribute) in attributes.iter().enumerate() {
        let path = format!("attributes[{n}]");
        let (name, ty, value) = parts(attribute, &path)?;
        let name = name.as_str().ok_or_else(|| JsonError::new(format!("{path}[0]"), "expected a name"))?;
        let id = AttributeId::from_name(name.strip_prefix("Attribute").unwrap_or(name))
            .ok_or_else(|| JsonError::new(format!("{path}[0]"), format!("{name:?} is not an attribute")))?;
        // `["UserEvent", "int", "EventUserEvent"]` is accepted beside the number.
        let named = (ty == "int").then(|| value.as_str().and_then(MessageId::from_name)).flatten();
        match named {
            Some(message) => writer.int(id, message.0.into()),
            None => with_value(ty, value, &path, 0, |value| {
                writer.value(id, value);
            })
            .map(|()| &mut writer)?,
        };
    }
    writer.finish(&Limits::default()).map_err(|error| JsonError::encode(&error))?;
    Message::from_frame(out.freeze(), &Limits::default())
        .map_err(|error| JsonError::new("attributes", error.to_string()))
}

/// Reads a list of `[key, type, value]`.
///
/// # Errors
/// [`JsonError`] with the path to what is wrong.
pub fn to_list(json: &Value) -> Result<KvList, JsonError> {
    list_at(json, "pairs", 1)
}

fn list_at(json: &Value, path: &str, depth: usize) -> Result<KvList, JsonError> {
    if depth > profile::NESTING_LIMIT {
        return Err(JsonError::new(path, format!("lists nest deeper than {}", profile::NESTING_LIMIT)));
    }
    let mut packed = bytes::BytesMut::new();
    let mut writer = KvWriter::start(&mut packed);
    for (n, pair) in array(json, path)?.iter().enumerate() {
        let path = format!("{path}[{n}]");
        let (key, ty, value) = parts(pair, &path)?;
        let key = match key {
            Value::String(key) => key.as_bytes().to_vec(),
            _ => key
                .get("hex")
                .and_then(unhex)
                .ok_or_else(|| JsonError::new(format!("{path}[0]"), "expected a key or {\"hex\": \"..\"}"))?,
        };
        with_value(ty, value, &path, depth, |value| {
            writer.value(&key, value);
        })?;
    }
    writer.finish().map_err(|error| JsonError::encode(&error))?;
    KvList::from_packed(packed.freeze(), &Limits::default())
        .map_err(|error| JsonError::new(path, error.to_string()))
}

/// Reads a value of the named type and hands it on; nested values live only that long. `depth` is 0 for attributes.
fn with_value(
    ty: &str,
    value: &Value,
    path: &str,
    depth: usize,
    take: impl FnOnce(ValueRef<'_>),
) -> Result<(), JsonError> {
    let expected =
        |what: &str| JsonError::new(format!("{path}[2]"), format!("expected {what} for type {ty:?}"));
    let bytes = || unhex(value).ok_or_else(|| expected("a string of hex digits"));
    match ty {
        "str" => take(ValueRef::Str(value.as_str().ok_or_else(|| expected("a string"))?.as_bytes())),
        "unicode" => take(ValueRef::Unicode(value.as_str().ok_or_else(|| expected("a string"))?.as_bytes())),
        "str-hex" => take(ValueRef::Str(&bytes()?)),
        "unicode-hex" => take(ValueRef::Unicode(&bytes()?)),
        "bin" => take(ValueRef::Binary(&bytes()?)),
        "int" => {
            let number = value.as_i64().ok_or_else(|| expected("a whole number"))?;
            // Attributes may be unsigned, pairs of a list are signed.
            let unsigned = if depth == 0 { u32::try_from(number).ok().map(u32::cast_signed) } else { None };
            let number = i32::try_from(number).ok().or(unsigned);
            take(ValueRef::Int(number.ok_or_else(|| expected("a number of 32 bits (signed in pairs)"))?));
        }
        "long" => {
            let digits = value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
            take(ValueRef::Long(number.ok_or_else(|| expected("up to 16 hex digits"))?));
        }
        "list" => {
            let list = list_at(value, &format!("{path}[2]"), depth.saturating_add(1))?;
            take(ValueRef::List(list.view()));
        }
        _ => {
            let digits =
                ty.strip_prefix("kind").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            let kind = digits.and_then(|digits| digits.parse().ok()).filter(|kind| !is_known_kind(*kind));
            let Some(kind) = kind else {
                let reason = format!("{ty:?} is not a type; one of str int bin list unicode long");
                return Err(JsonError::new(format!("{path}[1]"), reason));
            };
            take(ValueRef::Other(kind, &bytes()?));
        }
    }
    Ok(())
}

fn array<'v>(json: &'v Value, path: &str) -> Result<&'v [Value], JsonError> {
    json.as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| JsonError::new(path, "expected an array of [name, type, value]"))
}

fn parts<'v>(json: &'v Value, path: &str) -> Result<(&'v Value, &'v str, &'v Value), JsonError> {
    let Some([name, ty, value]) = json.as_array().map(Vec::as_slice) else {
        return Err(JsonError::new(path, "expected [name, type, value]"));
    };
    let ty =
        ty.as_str().ok_or_else(|| JsonError::new(format!("{path}[1]"), "expected the name of a type"))?;
    Ok((name, ty, value))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .filter_map(|n| char::from_digit(n.into(), 16))
        .collect()
}

fn unhex(value: &Value) -> Option<Vec<u8>> {
    let (pairs, rest) = value.as_str()?.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|digits| {
            let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        })
        .collect()
}
