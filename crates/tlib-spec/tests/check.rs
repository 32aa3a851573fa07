//! The specification passes its own checks, and each kind of contradiction is refused with a helpful text.

use std::path::Path;

use tlib_spec::model::{AttributeFile, MessageFile, Provenance};
use tlib_spec::{Spec, SpecError};

fn spec() -> Spec {
    Spec::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol-spec")).unwrap()
}

/// Breaks the specification and gives the complaint.
fn complaint(break_it: impl FnOnce(&mut Spec)) -> String {
    let mut spec = spec();
    break_it(&mut spec);
    spec.check().unwrap_err().to_string()
}

#[test]
fn the_specification_is_consistent() {
    let spec = spec();
    assert_eq!((spec.messages.len(), spec.attributes.len()), (183, 149));
}

#[test]
fn ids_have_no_gaps() {
    let text = complaint(|spec| drop(spec.messages.remove(96)));
    assert_eq!(
        text,
        r#"messages.toml: message 97 "RequestSendDTMF": stands where id 96 belongs: sort by id, without gaps"#
    );
    assert!(complaint(|spec| drop(spec.messages.pop())).contains("ids 0..=182 are published"));
    assert!(
        complaint(|spec| spec.attributes.swap(3, 4)).starts_with(r#"attributes.toml: attribute 4 "NodeID""#)
    );
    assert!(complaint(|spec| drop(spec.attributes.pop())).contains("ids 0..=148 are published"));
}

#[test]
fn names_are_unique() {
    let taken = "is taken by an earlier row: rename one";
    assert!(complaint(|spec| spec.messages[57].name = "EventError".into()).contains(taken));
    assert!(complaint(|spec| spec.attributes[24].name = "ThisDN".into()).contains(taken));
    assert!(complaint(|spec| spec.attributes[142].aliases = vec!["CallUUID".into()]).contains(taken));
    assert!(complaint(|spec| spec.enums[1].name = spec.enums[0].name.clone()).contains(taken));
    assert!(complaint(|spec| spec.enums[0].values[1].name = "Unknown".into()).contains(taken));
    assert!(complaint(|spec| spec.errors[1].name = spec.errors[0].name.clone()).contains(taken));
    assert!(
        complaint(|spec| spec.profile.choice[1].key = spec.profile.choice[0].key.clone()).contains(taken)
    );
}

#[test]
fn every_row_says_how_it_is_known() {
    let missing = "provenance is empty: say how it is known";
    assert!(complaint(|spec| spec.messages[7].provenance.clear()).contains(missing));
    assert!(complaint(|spec| spec.attributes[7].provenance.clear()).contains(missing));
    assert!(complaint(|spec| spec.enums[7].provenance.clear()).contains(missing));
    assert!(complaint(|spec| spec.enums[7].values[0].provenance.clear()).contains(missing));
    assert!(complaint(|spec| spec.errors[7].provenance.clear()).contains(missing));
    assert!(complaint(|spec| spec.families[7].provenance.clear()).contains(missing));
    assert!(complaint(|spec| spec.profile.choice[7].provenance.clear()).contains(missing));
    assert!(
        complaint(|spec| spec.messages[48].answers_provenance.clear())
            .contains("provenance of answers is empty")
    );
    assert!(
        complaint(|spec| spec.attributes[20].type_provenance.clear()).contains("provenance of type is empty")
    );
    let unsorted = vec![Provenance::Chosen, Provenance::Doc];
    assert!(complaint(|spec| spec.messages[7].provenance = unsorted).contains("in the order doc, header"));
}

#[test]
fn references_exist() {
    let text = complaint(|spec| spec.messages[48].answers = vec!["EventAck".into()]);
    assert!(text.ends_with(r#"its answer "EventAck" is not the name of an event: correct it"#), "{text}");
    assert!(complaint(|spec| spec.messages[48].answers = vec!["EventError".into()]).contains("leave it out"));
    assert!(complaint(|spec| spec.messages[96].answers = vec!["EventACK".into()]).contains("only requests"));
    let text = complaint(|spec| spec.attributes[54].enumeration = Some("CallKind".into()));
    assert!(text.contains(r#"its enum "CallKind" is not in enums.toml"#), "{text}");
    assert!(complaint(|spec| spec.errors[0].family = "other".into()).contains("does not exist"));
}

#[test]
fn numbers_fit() {
    assert!(complaint(|spec| spec.errors[1].code = 40).contains("sort by code"));
    assert!(complaint(|spec| spec.errors[0].code = 1).contains("not in the ranges of its family"));
    assert!(complaint(|spec| spec.enums[0].values[1].value = 0).contains(r#"set same_as = "Unknown""#));
    assert!(complaint(|spec| spec.profile.choice[1].ty = None).contains("a number needs a type"));
}

#[test]
fn a_parse_error_names_field_and_line() {
    let text =
        "[[message]]\nid = 0\nname = \"RequestX\"\ndirection = \"request\"\nprovenance = [\"rumour\"]\n";
    let error = toml::from_str::<MessageFile>(text).unwrap_err().to_string();
    assert!(error.contains("line 5") && error.contains("rumour"), "{error}");
    let error =
        toml::from_str::<AttributeFile>("[[attribute]]\nid = 0\ncolour = 1\n").unwrap_err().to_string();
    assert!(error.contains("colour"), "{error}");
}

#[test]
fn a_missing_directory_is_named() {
    let error = Spec::load(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(matches!(error, SpecError::Read { .. }));
    assert!(error.to_string().contains("/nowhere/at/all/messages.toml"));
}
