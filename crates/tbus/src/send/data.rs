//! User data as people type it: `key=text`, `key:=JSON`, JSON objects.

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};
use tlib_proto::{KvList, json};

use crate::exit::Failure;

/// The list of `key=text` and `key:=JSON` arguments.
pub(super) fn pairs(arguments: &[String]) -> Result<KvList, Failure> {
    let mut triples = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let triple = pair(argument).with_context(|| argument.clone()).map_err(Failure::bad)?;
        triples.push(triple);
    }
    list(&Value::Array(triples)).map_err(Failure::bad)
}

/// The list of an object, or of an array of `[key, type, value]`.
pub(super) fn list(value: &Value) -> anyhow::Result<KvList> {
    Ok(json::to_list(&triples(value)?)?)
}

fn pair(argument: &str) -> anyhow::Result<Value> {
    let (key, text) = argument.split_once('=').ok_or_else(|| anyhow!("expected key=text or key:=JSON"))?;
    let (key, value) = match key.strip_suffix(':') {
        None => (key, Value::from(text)),
        Some(key) => (key, serde_json::from_str(text).context("no JSON behind `:=`")?),
    };
    if key.is_empty() {
        bail!("a key has one letter at least");
    }
    let triple = triple(key, &value)?;
    // Here the mistake can be told with the argument that it is in.
    json::to_list(&json!([triple])).map_err(|error| anyhow!(error.reason))?;
    Ok(triple)
}

fn triple(key: &str, value: &Value) -> anyhow::Result<Value> {
    Ok(match value {
        Value::String(_) => json!([key, "str", value]),
        Value::Number(number) => {
            let fits = |number: i64| i32::try_from(number).is_ok() || u32::try_from(number).is_ok();
            if !number.as_i64().is_some_and(fits) {
                bail!("{key}: {number} is no whole number of 32 bits; write it as a string");
            }
            json!([key, "int", value])
        }
        Value::Object(_) | Value::Array(_) => {
            json!([key, "list", triples(value).with_context(|| key.to_owned())?])
        }
        Value::Null | Value::Bool(_) => {
            bail!("{key}: user data has no {value}; write a string, a whole number or an object")
        }
    })
}

/// An object becomes triples, triples stay as they are.
fn triples(value: &Value) -> anyhow::Result<Value> {
    match value {
        Value::Object(object) => object.iter().map(|(key, value)| triple(key, value)).collect(),
        Value::Array(_) => Ok(value.clone()),
        _ => bail!("expected an object, or an array of [key, type, value]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(packed(&[r#"l:=[["k","bin","00ff"]]"#]), r#"[["l","list",[["k","bin","00ff"]]]]"#);
        assert_eq!(packed(&["ORSI:Cluster1:x=1"]), r#"[["ORSI:Cluster1:x","str","1"]]"#);
    }

    #[test]
    fn mistakes_name_the_argument() {
        assert_eq!(error("word"), "word: expected key=text or key:=JSON");
        assert_eq!(error("=x"), "=x: a key has one letter at least");
        assert!(error("n:=x").starts_with("n:=x: no JSON behind `:=`: "));
        assert_eq!(error("n:=1.5"), "n:=1.5: n: 1.5 is no whole number of 32 bits; write it as a string");
        assert_eq!(
            error("n:=true"),
            "n:=true: n: user data has no true; write a string, a whole number or an object"
        );
        assert_eq!(error("l:=[1]"), "l:=[1]: expected [name, type, value]");
    }
}
