//! Parameters out of a request: what stands behind the question mark, a form, JSON.

use std::fmt;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use percent_encoding::percent_decode;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::callback::options::cut;
use crate::callback::params::{LIST_LIMIT, Params, Value};
use crate::callback::refusal::{Phrase, Refusal};

/// Largest body in bytes (chosen).
pub(crate) const BODY_LIMIT: usize = 64 << 10;

/// Longest time that a body may take (chosen).
const BODY_TIME: Duration = Duration::from_secs(10);

/// Reads the whole body.
pub(super) async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    let collected = tokio::time::timeout(BODY_TIME, Limited::new(body, BODY_LIMIT).collect()).await;
    let Ok(collected) = collected else {
        let message = format!("the body did not come within {} s", BODY_TIME.as_secs());
        return Err(Refusal::new(Phrase::RequestTimeout, message));
    };
    match collected {
        Ok(body) => Ok(body.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Refusal::new(Phrase::TooLarge, format!("the body has more than {BODY_LIMIT} bytes")))
        }
        Err(error) => Err(Refusal::bad(format!("the body has not come: {error}"))),
    }
}

/// The parameters of a body. An empty one has none, whatever its type.
pub(super) fn parse(headers: &HeaderMap, body: &[u8], repeated: &[&str]) -> Result<Params, Refusal> {
    if body.is_empty() {
        return Ok(Params::default());
    }
    match media_type(headers)?.as_str() {
        "application/x-www-form-urlencoded" => form("the body", body, repeated),
        "application/json" => json(body),
        other => {
            let found = if other.is_empty() { "without a Content-Type".to_owned() } else { cut(other) };
            let message =
                format!("the body is {found}; send application/json or application/x-www-form-urlencoded");
            Err(Refusal::new(Phrase::UnsupportedMediaType, message))
        }
    }
}

/// The type that Content-Type names, in lower case.
fn media_type(headers: &HeaderMap) -> Result<String, Refusal> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(String::new()) };
    let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    let (media_type, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let charset = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("charset="));
    match charset.map(|charset| charset.trim_matches('"')) {
        Some(charset) if !["utf-8", "utf8", "us-ascii"].contains(&charset) => {
            let message = format!("charset {} is not read; send UTF-8", cut(charset));
            Err(Refusal::new(Phrase::UnsupportedMediaType, message))
        }
        _ => Ok(media_type.trim().to_owned()),
    }
}

/// The parameters of `name=value&..`; `place` says where it stood.
pub(super) fn form(place: &str, text: &[u8], repeated: &[&str]) -> Result<Params, Refusal> {
    let mut params = Params::default();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(equals).unwrap_or((pair, &[]));
        let name = decode(place, name)?;
        let value = decode(place, value.get(1..).unwrap_or_default())?;
        if repeated.contains(&name.as_str()) {
            params.push_repeated(name, value)?;
        } else {
            params.push(name, Value::Text(value))?;
        }
    }
    Ok(params)
}

/// A name or value of a form: `+` is a blank, `%2B` a byte; what comes out is UTF-8.
fn decode(place: &str, text: &[u8]) -> Result<String, Refusal> {
    let shown = || cut(&String::from_utf8_lossy(text));
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        if !is_hex(text.get(at.saturating_add(1))) || !is_hex(text.get(at.saturating_add(2))) {
            let message =
                format!("{place} has a % without two hex digits, in {:?}; write %25 for %", shown());
            return Err(Refusal::bad(message));
        }
    }
    let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    match percent_decode(&blanks).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Refusal::bad(format!("{place} is not UTF-8, in {:?}", shown()))),
    }
}

/// The parameters of a JSON object: texts, whole numbers, true and false, and arrays of them. `null` is no parameter.
fn json(body: &[u8]) -> Result<Params, Refusal> {
    if let Err(error) = std::str::from_utf8(body) {
        return Err(Refusal::bad(format!("the body is not UTF-8, at byte {}", error.valid_up_to())));
    }
    let JsonParams(params) = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("the body cannot be read as JSON: {error}")))?;
    Ok(params)
}

struct JsonParams(Params);

impl<'de> Deserialize<'de> for JsonParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ParamsVisitor).map(Self)
    }
}

struct ParamsVisitor;

impl<'de> Visitor<'de> for ParamsVisitor {
    type Value = Params;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params, A::Error> {
        let mut params = Params::default();
        while let Some(name) = map.next_key::<String>()? {
            let value = map
                .next_value::<JsonValue>()
                .map_err(|error| A::Error::custom(format_args!("parameter {}: {error}", cut(&name))))?;
            if let JsonValue(Some(value)) = value {
                params.push(name, value).map_err(|refusal| A::Error::custom(refusal.message))?;
            }
        }
        Ok(params)
    }
}

/// `None` stands for `null`.
struct JsonValue(Option<Value>);

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor { list: true })
    }
}

/// An item of an array: no array again.
struct JsonItem(String);

impl<'de> Deserialize<'de> for JsonItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ValueVisitor { list: false })?.0 {
            Some(Value::Text(text)) => Ok(Self(text)),
            _ => Err(D::Error::custom("an item of an array is null")),
        }
    }
}

struct ValueVisitor {
    list: bool,
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = JsonValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a whole number, true or false")?;
        if self.list { f.write_str(", or an array of them") } else { Ok(()) }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<JsonValue, E> {
        Ok(JsonValue(Some(Value::Text(text.to_owned()))))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<JsonValue, E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<JsonValue, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<JsonValue, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<JsonValue, E> {
        Ok(JsonValue(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<JsonValue, A::Error> {
        if !self.list {
            return Err(A::Error::custom("an array is in an array"));
        }
        let mut items = Vec::new();
        while let Some(JsonItem(item)) = seq.next_element()? {
            if items.len() >= LIST_LIMIT {
                return Err(A::Error::custom(format_args!("an array has more than {LIST_LIMIT} items")));
            }
            items.push(item);
        }
        Ok(JsonValue(Some(Value::List(items))))
    }
}
