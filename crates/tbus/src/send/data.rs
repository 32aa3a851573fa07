//! User data as people type it: `key=text`, `key:=JSON`, JSON objects.

use anyhow::{anyhow, bail};
use serde_json::{Value, json};
use tlib_proto::KvList;

use crate::doc::{self, Doc};
use crate::exit::{Failure, cut};

/// The list of `key=text` and `key:=JSON` arguments.
pub(super) fn pairs(arguments: &[String]) -> Result<KvList, Failure> {
    let mut triples = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let triple = pair(argument);
        triples.push(triple.map_err(|error| Failure::bad(anyhow!("{error:#} (in {})", cut(argument))))?);
    }
    doc::pack(&Value::Array(triples)).map_err(Failure::bad)
}

/// The list of an object, of `{"pairs": [..]}`, or of an array of `[key, type, value]`.
pub(super) fn list(document: &Doc) -> anyhow::Result<KvList> {
    let document = match document {
        Doc::Object(fields) => match fields.as_slice() {
            [(key, pairs @ Doc::Array(_))] if key == "pairs" => pairs,
            _ => document,
        },
        _ => document,
    };
    Ok(doc::pack(&triples(document, "")?)?)
}

fn pair(argument: &str) -> anyhow::Result<Value> {
    let (key, text) = argument.split_once('=').ok_or_else(|| anyhow!("expected key=text or key:=JSON"))?;
    let (key, value) = match key.strip_suffix(':') {
        None => (key, Doc::Scalar(text.into())),
        Some(key) => {
            let value = serde_json::from_str(text);
            (key, value.map_err(|error| anyhow!("no JSON behind `:=`: {error}"))?)
        }
    };
    if key.is_empty() {
        bail!("a key has one letter at least");
    }
    let triple = triple(key, &value, "")?;
    // Here the mistake can be told with the argument that it is in.
    doc::pack(&json!([triple])).map_err(|error| anyhow!(error.reason))?;
    Ok(triple)
}

/// The triple of a key. `path` leads to the value, and is empty where it goes without saying.
fn triple(key: &str, value: &Doc, path: &str) -> anyhow::Result<Value> {
    let at = if path.is_empty() { String::new() } else { format!(" (at {})", cut(path)) };
    let value = match value {
        Doc::Scalar(value) => value,
        Doc::Array(_) | Doc::Object(_) => {
            let path = if path.is_empty() { key } else { path };
            return Ok(json!([key, "list", triples(value, path)?]));
        }
    };
    Ok(match value {
        Value::Number(number) => {
            if let Some(reason) = doc::misfit(value) {
                bail!("{reason}{at}");
            }
            if !number.is_i64() {
                bail!("{number} is no whole number; write it as a string{at}");
            }
            json!([key, "int", value])
        }
        Value::Null | Value::Bool(_) => {
            bail!("user data has no {value}; write a string, a whole number or an object{at}")
        }
        _ => json!([key, "str", value]),
    })
}

/// An object becomes triples, triples stay as they are.
fn triples(value: &Doc, path: &str) -> anyhow::Result<Value> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Doc::Object(fields) => fields.iter().map(|(key, value)| triple(key, value, &below(key))).collect(),
        Doc::Array(_) => value.value(),
        Doc::Scalar(_) => bail!("expected an object, or an array of [key, type, value]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::json;

    fn packed(arguments: &[&str]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        json::from_list(pairs(&arguments).unwrap().view()).to_string()
    }

    fn error(argument: &str) -> String {
        match pairs(&[argument.to_owned()]).unwrap_err() {
            Failure::Failed { error, .. } => format!("{error:#}"),
            Failure::Closed => String::new(),
        }
    }

    #[test]
    fn values_have_types() {
        assert_eq!(packed(&["a=b", "e=", "u=x=y"]), r#"[["a","str","b"],["e","str",""],["u","str","x=y"]]"#);
        assert_eq!(
            packed(&["n:=3", "s:=\"3\"", "m:=-1"]),
            r#"[["n","int",3],["s","str","3"],["m","int",-1]]"#
        );
        assert_eq!(packed(&["a=1", "a=2"]), r#"[["a","str","1"],["a","str","2"]]"#, "duplicate keys stay");
        let nested = r#"[["l","list",[["a","str","b"],["n","int",1],["in","list",[]]]]]"#;
        assert_eq!(packed(&[r#"l:={"a":"b","n":1,"in":{}}"#]), nested);
        let twice = r#"[["l","list",[["a","int",1],["b","int",2],["a","int",3]]]]"#;
        assert_eq!(packed(&[r#"l:={"a":1,"b":2,"a":3}"#]), twice, "there, too");
        assert_eq!(packed(&[r#"l:=[["k","bin","00ff"]]"#]), r#"[["l","list",[["k","bin","00ff"]]]]"#);
        assert_eq!(packed(&["ORSI:Cluster1:x=1"]), r#"[["ORSI:Cluster1:x","str","1"]]"#);
    }

    #[test]
    fn mistakes_name_the_argument() {
        assert_eq!(error("word"), "expected key=text or key:=JSON (in word)");
        assert_eq!(error("=x"), "a key has one letter at least (in =x)");
        assert!(error("n:=x").starts_with("no JSON behind `:=`: ") && error("n:=x").ends_with(" (in n:=x)"));
        assert_eq!(error("n:=1.5"), "1.5 is no whole number; write it as a string (in n:=1.5)");
        assert_eq!(
            error("n:=true"),
            "user data has no true; write a string, a whole number or an object (in n:=true)"
        );
        assert_eq!(error("l:=[1]"), "expected [name, type, value] (in l:=[1])");
        let long = error(&"x".repeat(1000));
        assert_eq!(long, format!("expected key=text or key:=JSON (in {}...)", "x".repeat(40)));
    }

    #[test]
    fn ints_have_32_bits() {
        let expected = "4294967295 does not fit an int (-2147483648 to 2147483647); write it as a string";
        assert_eq!(error("n:=4294967295"), format!("{expected} (in n:=4294967295)"));
        let nested = r#"l:={"in":{"n":4294967295}}"#;
        assert_eq!(error(nested), format!("{expected} (at l.in.n) (in {nested})"));
        let triples = r#"l:=[["n","int",4294967295]]"#;
        assert_eq!(error(triples), format!("{expected} (in {triples})"));
        assert_eq!(packed(&["n:=-2147483648"]), r#"[["n","int",-2147483648]]"#);
    }
}
