//! The description against the paths: each describes the other, and every example works.

use std::collections::BTreeSet;

use super::*;

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// Path, method and description of every operation.
fn operations(document: &Json) -> Vec<(String, String, Json)> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{path} {method}");
            found.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    found
}

fn document() -> Json {
    Http::new(Options::default()).get("/openapi.json").1
}

/// What a `$ref` stands for.
fn resolve<'d>(document: &'d Json, found: &'d Json) -> &'d Json {
    match found["$ref"].as_str() {
        None => found,
        Some(reference) => {
            let target = document.pointer(reference.strip_prefix('#').unwrap());
            target.unwrap_or_else(|| panic!("{reference} is nowhere"))
        }
    }
}

#[test]
fn every_path_is_described_and_every_description_has_a_path() {
    let described: BTreeSet<_> =
        operations(&document()).into_iter().map(|(path, method, _)| (path, method.to_uppercase())).collect();
    let served: BTreeSet<_> =
        ROUTES.iter().map(|route| (route.path.to_owned(), route.method.to_string())).collect();
    assert_eq!(described, served);
}

#[test]
fn places_of_paths_are_described_and_references_lead_somewhere() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        let places: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let named: BTreeSet<_> = in_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(places, named, "{method} {path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolve(&document, response);
            let schema = resolve(&document, &response["content"]["application/json"]["schema"]);
            assert!(schema["type"].is_string(), "{method} {path} {status}");
        }
    }
}

/// A value as it stands in a form.
fn form(example: &Json) -> String {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs: Vec<_> =
        example.as_object().unwrap().iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
    pairs.join("&")
}

/// Bodies of an operation: type and text; one empty one where there is none.
fn bodies(operation: &Json) -> Vec<(String, String)> {
    let Some(content) = operation["requestBody"]["content"].as_object() else {
        return vec![(String::new(), String::new())];
    };
    let text = |media_type: &str, example: &Json| match media_type {
        "application/json" => example.to_string(),
        _ => form(example),
    };
    let all = content.iter().map(|(media_type, content)| {
        assert!(content["example"].is_object(), "an example for {media_type}");
        (media_type.clone(), text(media_type, &content["example"]))
    });
    all.collect()
}

#[test]
fn every_example_works_and_its_answer_is_as_described() {
    let document = document();
    let mut executed = 0;
    for (path, method, operation) in operations(&document) {
        let mut uri = path.clone();
        let mut query = Vec::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, example) = (parameter["name"].as_str().unwrap(), parameter["example"].as_str());
            match (parameter["in"].as_str(), example) {
                (Some("path"), Some(example)) => uri = uri.replace(&format!("{{{name}}}"), example),
                (Some("query"), Some(example)) => query.push(format!("{name}={example}")),
                (Some("query"), None) => {}
                other => panic!("{method} {path}: {name} is {other:?}"),
            }
        }
        if !query.is_empty() {
            uri = format!("{uri}?{}", query.join("&"));
        }
        for (media_type, body) in bodies(&operation) {
            let http = Http::with_callback();
            let (status, answer) = http.request(&method.to_uppercase(), &uri, &media_type, body.as_bytes());
            assert_eq!(status, 200, "{method} {uri} {body}: {answer}");
            let described = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            fits(&document, described, &answer, &format!("{method} {uri}"));
            executed += 1;
        }
    }
    assert!(executed >= 18, "only {executed} examples");
}

/// Whether a value is of the described type, with everything that must be there.
fn fits(document: &Json, schema: &Json, value: &Json, place: &str) {
    let schema = resolve(document, schema);
    let is_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        other => panic!("{place}: type {other:?}"),
    };
    assert!(is_type, "{place}: {value} is no {}", schema["type"]);
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{place}: {value} is none of {allowed:?}");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(!value[name.as_str().unwrap()].is_null(), "{place}: {name} is missing in {value}");
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        let property = &schema["properties"][name];
        let other = &schema["additionalProperties"];
        if property.is_object() {
            fits(document, property, value, &format!("{place}.{name}"));
        } else if other.is_object() {
            fits(document, other, value, &format!("{place}.{name}"));
        }
    }
    if schema["items"].is_object() {
        for item in value.as_array().unwrap() {
            fits(document, &schema["items"], item, place);
        }
    }
}

#[test]
fn every_refusal_is_as_described() {
    let document = document();
    let http = Http::with_callback();
    let answers = [
        http.post("/genesys/1/service/callback/default", ""),
        http.get("/genesys/1/service/callback/nowhere"),
        http.get("/nowhere"),
        http.request("PATCH", "/genesys/1/service/callback", "", b""),
    ];
    let statuses: Vec<_> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [400, 404, 404, 405]);
    for (status, answer) in answers {
        fits(&document, &document["components"]["schemas"]["Error"], &answer, &status.to_string());
    }
}
