//! Specifications: what is read, what is refused, and what the refusal says.

use tbus_recorder::adata::{AttachedDataSpec, KeyRule, Source};
use tbus_recorder::options::History;

const NS: &str = "http://www.genesyslab.com/standards/icon/ed1";

fn read(text: &str) -> (AttachedDataSpec, Vec<String>) {
    let (specification, notices) = AttachedDataSpec::read("spec.xml", text.as_bytes()).unwrap();
    (specification, notices.iter().map(ToString::to_string).collect())
}

fn refusal(text: &str) -> String {
    AttachedDataSpec::read("spec.xml", text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn keys_of_both_sections() {
    let text = format!(
        "\u{feff}<?xml version='1.0'?>\n<!-- keys --><adata_spec xmlns='{NS}'><public>\n\
         <key name='key1' source='userdata' history='first'/>\n\
         <key name='a&amp;b &#x41;' source='userdata' history='none'></key>\n\
         <key name='key1' source='reasons' history='all'/></public><secure>\
         <key name='key1' source='userdata' history='last'/></secure></adata_spec>\n"
    );
    let (specification, notices) = read(&text);
    assert_eq!(notices, [""; 0]);
    assert_eq!(specification.len(), 3);
    let rule = |source, key| specification.rule(source, key);
    let both = KeyRule { public: Some(History::First), secure: Some(History::Last) };
    assert_eq!(rule(Source::UserData, "key1"), Some(both));
    assert_eq!(rule(Source::UserData, "a&b A"), Some(KeyRule { public: Some(History::None), secure: None }));
    assert_eq!(rule(Source::Reasons, "key1"), Some(KeyRule { public: Some(History::All), secure: None }));
    assert_eq!(rule(Source::Extensions, "key1"), None);
}

#[test]
fn the_first_definition_wins() {
    let text = format!(
        "<s xmlns='{NS}'>\n<public>\n<key name='k' source='userdata' history='first'/>\n\
         <key name='k' source='userdata' history='all'/>\n</public>\n<secure>\n\
         <key name='k' source='userdata' history='all'/></secure></s>"
    );
    let (specification, notices) = read(&text);
    let rule = KeyRule { public: Some(History::First), secure: Some(History::All) };
    assert_eq!(specification.rule(Source::UserData, "k"), Some(rule));
    assert_eq!(
        notices,
        ["spec.xml: line 4: key \"k\" of userdata is in <public> already; the first definition counts"]
    );
}

#[test]
fn horizontal_sections_have_no_effect() {
    let text = format!(
        "<s xmlns='{NS}'>\n<call><field name='customer-id' source='userdata'/>text</call>\n<mcr-first/>\n</s>"
    );
    let (specification, notices) = read(&text);
    assert!(specification.is_empty());
    assert_eq!(
        notices,
        [
            "spec.xml: line 2: section <call> has no effect here: G_CALL_USERDATA and its kin are not there",
            "spec.xml: line 3: section <mcr-first> has no effect here: G_CALL_USERDATA and its kin are not there",
        ]
    );
}

#[test]
fn sections_that_are_not_known_are_refused() {
    for (section, hint) in [
        ("Secure", "did you mean <secure>?"),
        ("secured", "did you mean <secure>?"),
        ("pubic", "did you mean <public>?"),
        ("call_cust3", "did you mean <call_cust>?"),
        ("xyz", "there are <public> and <secure>"),
    ] {
        let text = format!(
            "<s xmlns='{NS}'><public/>\n <{section}><key name='k' source='userdata' history='all'/></{section}></s>"
        );
        let expected = format!("spec.xml: line 2, column 2: there is no section <{section}>; {hint}");
        assert_eq!(refusal(&text), expected);
    }
}

#[test]
fn refusals_name_the_place_and_what_to_do() {
    let public = |inner: &str| format!("<s xmlns='{NS}'>\n  <public>{inner}</public></s>");
    for (text, expected) in [
        (String::new(), "line 1, column 1: there is no element in the text; it needs a root element with <public> or <secure> in it".to_owned()),
        ("<s/>".to_owned(), format!("line 1, column 1: element <s> is not in the namespace {NS}; add xmlns=\"{NS}\" to the root element")),
        (public("<field/>"), "line 2, column 11: element <field> cannot be in <public>, which takes <key name= source= history=/>".to_owned()),
        (public("words"), "line 2, column 11: text \"words\" stands in <public>, which takes elements only".to_owned()),
        (public("<key name='é' source='userdata'/>"), "line 2, column 11: <key> needs the attribute history".to_owned()),
        (public("<key source='userdata' history='all'/>"), "line 2, column 11: <key> needs the attribute name".to_owned()),
        (public("<key name='' source='userdata' history='all'/>"), "line 2, column 11: name=\"\": a key is missing".to_owned()),
        (public("<key name='k' source='data' history='all'/>"), "line 2, column 11: source=\"data\": userdata, reasons or extensions".to_owned()),
        (public("<key name='k' source='userdata' history='diff'/>"), "line 2, column 11: history=\"diff\": none, first, last or all".to_owned()),
        (public("<key name='k' source='userdata' history='all' type='x'/>"), "line 2, column 11: <key> has no attribute type; it has name, source and history".to_owned()),
    ] {
        assert_eq!(refusal(&text), format!("spec.xml: {expected}"), "{text}");
    }
}

#[test]
fn xml_that_is_not_well_formed_is_refused() {
    for (text, place) in [
        (format!("<s xmlns='{NS}'>\n<public></secure></s>"), "line 2, column 9"),
        (format!("<s xmlns='{NS}'>\n<public>"), "line 2, column 9"),
        (format!("<s xmlns='{NS}'>\n<public"), "line 2, column 1"),
        (format!("<s xmlns='{NS}'><public><key name='k' name='l'/></public></s>"), "line 1, column"),
        (
            format!(
                "<s xmlns='{NS}'><public><key name='&boom;' source='userdata' history='all'/></public></s>"
            ),
            "line 1, column",
        ),
        (format!("<s xmlns='{NS}'/><t/>"), "line 1, column"),
    ] {
        let error = refusal(&text);
        assert!(error.starts_with(&format!("spec.xml: {place}")), "{text}: {error}");
        assert!(error.contains("not well formed"), "{text}: {error}");
    }
}

#[test]
fn many_notices_have_their_lines() {
    let key = "<key name='k' source='userdata' history='all'/>\n";
    let text = format!("<s xmlns='{NS}'><public>\n{}</public></s>", key.repeat(50_000));
    let (_, notices) = AttachedDataSpec::read("spec.xml", text.as_bytes()).unwrap();
    assert_eq!(notices.len(), 49_999);
    assert!(notices.iter().zip(3..).all(|(notice, line)| notice.line == line));
}

#[test]
fn what_is_hostile_is_limited() {
    let bomb = format!("<!DOCTYPE s [<!ENTITY a 'aaaa'>]>\n<s xmlns='{NS}'/>");
    let error = refusal(&bomb);
    assert_eq!(
        error,
        "spec.xml: line 1, column 1: a document type definition is not read; delete <!DOCTYPE ..>"
    );
    let deep = format!("<s xmlns='{NS}'>{}", "<call>".repeat(100_000));
    assert!(refusal(&deep).ends_with("elements are nested more than 16 deep"));
    let error =
        AttachedDataSpec::read("spec.xml", &vec![b' '; AttachedDataSpec::TEXT_LIMIT + 1]).unwrap_err();
    assert_eq!(error.to_string(), "spec.xml: line 1, column 1: the text has more than 4194304 bytes");
    let error = AttachedDataSpec::read("spec.xml", b"<s>\n\xc3\xa9\xff</s>").unwrap_err();
    assert_eq!(error.to_string(), "spec.xml: line 2, column 2: the text is not UTF-8; save it as UTF-8");
}
