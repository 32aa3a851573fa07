//! JSON as it was written: keys keep their order, and a key that comes twice is there twice.

use std::fmt;

use anyhow::{Context, anyhow, bail};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use tlib_proto::json::JsonError;
use tlib_proto::{KvList, Message, MessageId, json};

use crate::exit::cut;
use crate::spec;

/// A JSON document.
#[derive(Debug)]
pub(crate) enum Doc {
    /// Neither array nor object.
    Scalar(Value),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl Doc {
    /// Reads a document.
    pub(crate) fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        serde_json::from_slice(bytes).context("no JSON")
    }

    /// The value of a key that may come once.
    pub(crate) fn get(&self, key: &str) -> anyhow::Result<Option<&Self>> {
        let Self::Object(fields) = self else { return Ok(None) };
        let mut found = fields.iter().filter(|(name, _)| name == key).map(|(_, value)| value);
        let first = found.next();
        if found.next().is_some() {
            bail!("key {key:?} comes twice");
        }
        Ok(first)
    }

    /// The document for a reader that has no use for keys that come twice.
    pub(crate) fn value(&self) -> anyhow::Result<Value> {
        Ok(match self {
            Self::Scalar(value) => value.clone(),
            Self::Array(items) => items.iter().map(Self::value).collect::<Result<_, _>>()?,
            Self::Object(fields) => {
                let mut object = Map::new();
                for (key, value) in fields {
                    if object.insert(key.clone(), value.value()?).is_some() {
                        bail!("key {:?} comes twice", cut(key));
                    }
                }
                Value::Object(object)
            }
        })
    }

    /// Whether it is to be a message: an object with a text `message`.
    pub(crate) fn is_message(&self) -> bool {
        let Self::Object(fields) = self else { return false };
        let is_text = |value: &Self| matches!(value, Self::Scalar(Value::String(_)));
        fields.iter().any(|(key, value)| key == "message" && is_text(value))
    }

    /// The message that it is.
    pub(crate) fn message(&self) -> anyhow::Result<Message> {
        let value = self.value()?;
        match value.get("message").and_then(Value::as_str) {
            Some(name) if MessageId::from_name(name).is_none() => Err(unknown_message(name)),
            _ => Ok(json::to_message(&value)?),
        }
    }
}

fn unknown_message(name: &str) -> anyhow::Error {
    let hint = match spec::nearest_messages(name).as_slice() {
        [] => "`tbus spec --list messages` shows what is".to_owned(),
        names => format!("did you mean {}?", names.join(", ")),
    };
    anyhow!("{:?} is not the name of a message; {hint}", cut(name))
}

/// The list of an array of `[key, type, value]`.
pub(crate) fn pack(triples: &Value) -> Result<KvList, JsonError> {
    check_ints(triples, "pairs")?;
    json::to_list(triples)
}

/// Why a whole number cannot be an int of user data, if it cannot.
pub(crate) fn misfit(value: &Value) -> Option<String> {
    // What is beyond 64 bits has become a floating point number.
    let beyond = |number: f64| number.abs() >= 2_f64.powi(31);
    let whole = value.is_i64() || value.is_u64() || value.as_f64().is_some_and(beyond);
    let fits = value.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
    (whole && !fits)
        .then(|| format!("{value} does not fit an int ({} to {}); write it as a string", i32::MIN, i32::MAX))
}

fn check_ints(triples: &Value, path: &str) -> Result<(), JsonError> {
    for (n, triple) in triples.as_array().into_iter().flatten().enumerate() {
        let Some([_, Value::String(ty), value]) = triple.as_array().map(Vec::as_slice) else { continue };
        let path = format!("{path}[{n}][2]");
        match ty.as_str() {
            "list" => check_ints(value, &path)?,
            "int" => {
                if let Some(reason) = misfit(value) {
                    return Err(JsonError { path, reason });
                }
            }
            _ => {}
        }
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Doc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// The rest of an object that has begun.
pub(crate) fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Doc, A::Error> {
    let mut fields = Vec::new();
    while let Some(field) = map.next_entry()? {
        fields.push(field);
    }
    Ok(Doc::Object(fields))
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Doc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Doc, E> {
        Ok(Doc::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Doc, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Doc::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Doc, A::Error> {
        object(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", Doc::parse(text.as_bytes()).unwrap().message().unwrap_err())
    }

    #[test]
    fn nothing_is_lost() {
        let text = r#"{"b":1,"a":[true,null,"x",1.5,-1],"b":{"c":18446744073709551615}}"#;
        let Doc::Object(fields) = Doc::parse(text.as_bytes()).unwrap() else { panic!("no object") };
        assert_eq!(fields.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["b", "a", "b"]);
        assert_eq!(fields[1].1.value().unwrap().to_string(), r#"[true,null,"x",1.5,-1]"#);
        assert_eq!(fields[2].1.value().unwrap().to_string(), r#"{"c":18446744073709551615}"#);
    }

    #[test]
    fn a_message_that_is_none_is_told() {
        assert!(
            error(r#"{"message":"EventAKC"}"#)
                .starts_with("\"EventAKC\" is not the name of a message; did you mean EventACK"),
        );
        let unknown = "is not the name of a message; `tbus spec --list messages` shows what is";
        assert_eq!(error(r#"{"message":"zzzzzzzzzzzzzzzzzz"}"#), format!("\"zzzzzzzzzzzzzzzzzz\" {unknown}"));
        let (long, start) = ("z".repeat(100), "z".repeat(40));
        assert_eq!(error(&format!(r#"{{"message":"{long}"}}"#)), format!("\"{start}...\" {unknown}"));
        assert_eq!(error(r#"{"message":"EventACK","message":"EventError"}"#), "key \"message\" comes twice");
    }

    #[test]
    fn ints_have_32_bits() {
        let error = |text: &str| pack(&serde_json::from_str(text).unwrap()).unwrap_err().to_string();
        let expected = "does not fit an int (-2147483648 to 2147483647); write it as a string";
        assert_eq!(error(r#"[["a","int",4294967295]]"#), format!("pairs[0][2]: 4294967295 {expected}"));
        assert!(error(r#"[["a","int",99999999999999999999999]]"#).contains(expected));
        let nested = r#"[["a","int",1],["l","list",[["n","int",-2147483649]]]]"#;
        assert_eq!(error(nested), format!("pairs[1][2][0][2]: -2147483649 {expected}"));
    }
}
