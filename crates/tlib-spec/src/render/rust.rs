//! The modules of `tlib_proto::generated`. One row is one line, so that a change of a row is a change of a line.

use std::fmt::Write;

use heck::ToUpperCamelCase;

use super::Out;
use crate::model::{EnumValue, ErrorCode, Message, Provenance, Value};
use crate::{ATTRIBUTES, ENUMS, ERRORS, MESSAGES, PROFILE, Spec};

/// Constants and rows of the message types.
pub fn messages(spec: &Spec) -> String {
    let mut out = Out::new(MESSAGES, "Message types.");
    out.line("use crate::ids::MessageId;");
    out.line("use crate::spec::{Direction as D, MessageRow, Provenance as P};");
    out.line("\nimpl MessageId {");
    for row in &spec.messages {
        out.doc(4, &format!("`{}`, {}.", row.name, row.id), &row.note);
        out.line(&format!("    pub const {}: Self = Self({});", row.constant(), row.id));
    }
    out.line("}\n\npub(crate) static MESSAGES: &[MessageRow] = &[");
    for row in &spec.messages {
        let answers: Vec<String> =
            spec.answers(row).map(|m| format!("MessageId::{}", m.constant())).collect();
        out.line(&format!(
            "    MessageRow {{ id: MessageId::{}, name: {:?}, direction: D::{:?}, answers: &[{}], answers_provenance: {}, since: {:?}, provenance: {}, note: {:?} }},",
            row.constant(),
            row.name,
            row.direction,
            answers.join(", "),
            codes(&row.answers_provenance),
            row.since,
            codes(&row.provenance),
            row.note,
        ));
    }
    let names = spec.messages.iter().map(|row| (row.name.as_str(), row.constant())).collect();
    out.line("];\n\n/// Sorted by name.");
    out.names("MESSAGE_NAMES", "MessageId", names);
    out.text
}

/// Constants and rows of the attributes.
pub fn attributes(spec: &Spec) -> String {
    let mut out = Out::new(ATTRIBUTES, "Attributes.");
    out.line("use crate::ids::AttributeId;");
    out.line("use crate::spec::{AttributeRow, AttributeType as T, PrintForm as F, Provenance as P};");
    out.line("\nimpl AttributeId {");
    for row in &spec.attributes {
        out.doc(4, &format!("`Attribute{}`, {}.", row.name, row.id), &row.note);
        out.line(&format!("    pub const {}: Self = Self({});", row.constant(), row.id));
    }
    out.line("}\n\npub(crate) static ATTRIBUTES: &[AttributeRow] = &[");
    for row in &spec.attributes {
        out.line(&format!(
            "    AttributeRow {{ id: AttributeId::{}, name: {:?}, ty: T::{:?}, print: F::{:?}, enumeration: {:?}, provenance: {}, type_provenance: {}, aliases: &{:?}, aliases_provenance: {}, note: {:?} }},",
            row.constant(),
            row.name,
            row.ty,
            row.print,
            row.enumeration,
            codes(&row.provenance),
            codes(&row.type_provenance),
            row.aliases,
            codes(&row.aliases_provenance),
            row.note,
        ));
    }
    let mut names = Vec::new();
    for row in &spec.attributes {
        names.push((row.name.as_str(), row.constant()));
        names.extend(row.aliases.iter().map(|alias| (alias.as_str(), row.constant())));
    }
    out.line("];\n\n/// Sorted by name, other spellings among them.");
    out.names("ATTRIBUTE_NAMES", "AttributeId", names);
    out.text
}

/// A type for each enumeration.
pub fn enums(spec: &Spec) -> String {
    let mut out =
        Out::new(ENUMS, "Enumerations: what the numbers of attributes mean. Every number is legal.");
    out.line("use crate::spec::{EnumRow, open_enum};");
    for row in &spec.enums {
        out.line("\nopen_enum! {");
        out.doc(4, &row.note, "");
        out.line(&format!(
            "    {} = {:?}, {}, {:?};",
            row.name.to_upper_camel_case(),
            row.name,
            words(&row.provenance),
            row.note
        ));
        for value in &row.values {
            out.doc(4, &value_doc(value), "");
            out.line(&format!(
                "    {} = {}, {:?}, {};",
                value.constant(),
                value.value,
                value.name,
                words(&value.provenance)
            ));
        }
        out.line("}");
    }
    out.line("\npub(crate) static ENUMS: &[EnumRow] = &[");
    for row in &spec.enums {
        out.line(&format!("    {}::ROW,", row.name.to_upper_camel_case()));
    }
    out.line("];");
    out.text
}

/// Constants and rows of the error codes.
pub fn errors(spec: &Spec) -> String {
    let mut out = Out::new(ERRORS, "Error codes.");
    out.line("use crate::ids::ErrorCode;");
    out.line("use crate::spec::{ErrorRow, Provenance as P};");
    out.line("\nimpl ErrorCode {");
    for row in &spec.errors {
        let title = spec.family_title(row);
        out.doc(4, &format!("{} ({title}): {}.", row.code, row.text), &row.note);
        out.line(&format!("    pub const {}: Self = Self({});", row.constant(), row.code));
    }
    out.line("}\n\n/// Sorted by code.\npub(crate) static ERRORS: &[ErrorRow] = &[");
    for row in &spec.errors {
        out.line(&format!(
            "    ErrorRow {{ code: ErrorCode::{}, name: {:?}, text: {:?}, family: {:?}, provenance: {}, note: {:?} }},",
            row.constant(),
            row.name,
            row.text,
            spec.family_title(row),
            codes(&row.provenance),
            row.note,
        ));
    }
    out.line("];");
    out.text
}

/// Constants and rows of the wire profile.
pub fn profile(spec: &Spec) -> String {
    let mut out = Out::new(PROFILE, &format!("{}: the numbers of the wire.", spec.profile.title));
    out.line("use crate::spec::{ChoiceRow, Provenance as P};\n");
    for row in &spec.profile.choice {
        if let (Some(ty), Value::Number(_)) = (row.ty, &row.value) {
            out.doc(0, &row.note, "");
            out.line(&format!("pub const {}: {} = {};", row.constant(), ty.as_str(), row.shown()));
        }
    }
    out.line("\npub(crate) static CHOICES: &[ChoiceRow] = &[");
    for row in &spec.profile.choice {
        out.line(&format!(
            "    ChoiceRow {{ area: {:?}, key: {:?}, value: {:?}, provenance: {}, note: {:?} }},",
            row.area,
            row.key,
            row.shown(),
            codes(&row.provenance),
            row.note,
        ));
    }
    out.line("];");
    out.text
}

impl Spec {
    /// What people call the family of a code.
    pub(super) fn family_title(&self, error: &ErrorCode) -> &str {
        self.families.iter().find(|family| family.name == error.family).map_or("", |family| &family.title)
    }

    /// The rows of a request's answers.
    fn answers<'a>(&'a self, request: &'a Message) -> impl Iterator<Item = &'a Message> {
        request.answers.iter().filter_map(|name| self.messages.iter().find(|m| m.name == *name))
    }
}

fn value_doc(value: &EnumValue) -> String {
    let mut doc = format!("`{}`, {}", value.name, value.value);
    if let Some(other) = &value.same_as {
        let _ = write!(doc, ", the same as `{other}`");
    }
    if !value.note.is_empty() {
        let _ = write!(doc, "; {}", value.note);
    }
    doc + "."
}

fn codes(provenance: &[Provenance]) -> String {
    let names: Vec<String> = provenance.iter().map(|code| format!("P::{code:?}")).collect();
    format!("&[{}]", names.join(", "))
}

fn words(provenance: &[Provenance]) -> String {
    let names: Vec<String> = provenance.iter().map(|code| format!("{code:?}")).collect();
    format!("[{}]", names.join(" "))
}

impl Out {
    fn names(&mut self, table: &str, ty: &str, mut names: Vec<(&str, String)>) {
        names.sort();
        self.line(&format!("pub(crate) static {table}: &[(&str, {ty})] = &["));
        for (name, constant) in names {
            self.line(&format!("    ({name:?}, {ty}::{constant}),"));
        }
        self.line("];");
    }
}
