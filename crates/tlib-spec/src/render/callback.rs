//! The keys of callback user events as Rust: the same module for those who send them and for those who read them.

use heck::ToSnakeCase;

use super::Out;
use crate::callback::{CALLBACK, Callback, Key, KeyKind};
use crate::model::Provenance;

/// Constants of keys and values, and a row for every key.
pub(super) fn rust(callback: &Callback) -> String {
    let mut out = Out::new(CALLBACK, "Keys of callback user events and their values.");
    types(&mut out);
    for key in callback.keys() {
        out.line("");
        let since = if key.since.is_empty() { String::new() } else { format!(" Since {}.", key.since) };
        let marks = match (key.mandatory, key.sent_twice) {
            (true, true) => " Mandatory, sent twice.",
            (true, false) => " Mandatory.",
            (false, true) => " Sent twice.",
            (false, false) => "",
        };
        let known = codes(&key.kind_provenance);
        let ours = if key.provenance.contains(&Provenance::Chosen) { " The name is chosen." } else { "" };
        out.doc(0, &format!("{} {}, known by {known}.{ours}{marks}{since}", key.meaning, title(key)), "");
        out.line(&format!("pub const {}: &str = {:?};", key.constant(), key.name));
    }
    out.line("");
    out.doc(0, "How many of [`KEYS`] are published: the first ones. The names of the others are chosen.", "");
    out.line(&format!("pub const PUBLISHED: usize = {};\n", callback.key.len()));
    out.doc(0, "Every key, in the order of the file.", "");
    out.line(&format!("pub static KEYS: [Key; {}] = [", callback.keys().count()));
    for key in callback.keys() {
        out.line(&format!("    {},", entry(key)));
    }
    out.line("];\n");
    out.doc(0, "Where a key stands in [`KEYS`].", "");
    out.line("pub mod slot {");
    for (at, key) in callback.keys().enumerate() {
        out.doc(4, &format!("[`{0}`](super::{0}).", key.constant()), "");
        out.line(&format!("    pub const {}: usize = {at};", key.constant()));
    }
    out.line("}\n");
    out.doc(0, "The values of keys that have a list of them.", "");
    out.line("pub mod domain {");
    for (at, domain) in callback.domain.iter().enumerate() {
        if at > 0 {
            out.line("");
        }
        let known = codes(&domain.provenance);
        let open = if domain.open { " Other values may occur." } else { "" };
        out.doc(4, &format!("{}{open} Known by {known}.", domain.meaning), "");
        out.line(&format!("    pub mod {} {{", domain.name.to_snake_case()));
        for value in &domain.values {
            out.doc(8, &format!("`{value}`."), "");
            out.line(&format!("        pub const {}: &str = {value:?};", value.replace('-', "_")));
        }
        out.doc(8, "All of them.", "");
        out.line(&format!("        pub static ALL: [&str; {}] = {:?};", domain.values.len(), domain.values));
        out.line("    }");
    }
    out.line("}");
    out.text
}

fn types(out: &mut Out) {
    out.doc(0, "What a value says.", "");
    out.line("#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
    out.line("pub enum Kind {");
    for (doc, name) in [
        ("A moment: seconds since 1970 in UTC.", "Time"),
        ("A length of time in seconds.", "Seconds"),
        ("0 or 1.", "Flag"),
        ("How often.", "Count"),
        ("Another number.", "Number"),
        ("Free text.", "Text"),
        ("One of these values.", "Domain(&'static [&'static str])"),
        ("`STATE.REASON` of the domains `disposition_state` and `disposition_reason`.", "Disposition"),
    ] {
        out.doc(4, doc, "");
        out.line(&format!("    {name},"));
    }
    out.line("}\n");
    out.doc(0, "A key.", "");
    out.line("#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
    out.line("pub struct Key {");
    for (doc, field) in [
        ("Its spelling.", "name: &'static str"),
        ("Other spellings that are read, never written.", "aliases: &'static [&'static str]"),
        ("What its value says.", "kind: Kind"),
        ("Whether there is no fact without it.", "mandatory: bool"),
        ("Whether it is attached to the call, too.", "sent_twice: bool"),
        ("Release of the callback service that brought it; empty: not published.", "since: &'static str"),
        ("Columns of the Info Mart that it fills, as TABLE.COLUMN.", "targets: &'static [&'static str]"),
    ] {
        out.doc(4, doc, "");
        out.line(&format!("    pub {field},"));
    }
    out.line("}");
}

fn entry(key: &Key) -> String {
    let kind = match (&key.kind, &key.domain) {
        (KeyKind::Domain, Some(domain)) => format!("Domain(&domain::{}::ALL)", domain.to_snake_case()),
        (kind, _) => format!("{kind:?}"),
    };
    format!(
        "Key {{ name: {}, aliases: &{:?}, kind: Kind::{kind}, mandatory: {}, sent_twice: {}, since: {:?}, targets: &{:?} }}",
        key.constant(),
        key.aliases,
        key.mandatory,
        key.sent_twice,
        key.since,
        key.targets
    )
}

fn title(key: &Key) -> &'static str {
    match key.kind {
        KeyKind::Time => "UTC seconds since 1970",
        KeyKind::Seconds => "Seconds",
        KeyKind::Flag => "0 or 1",
        KeyKind::Count => "A count",
        KeyKind::Number => "A number",
        KeyKind::Text => "Text",
        KeyKind::Domain => "A value of its domain",
        KeyKind::Disposition => "`STATE.REASON`",
    }
}

fn codes(provenance: &[Provenance]) -> String {
    let names: Vec<&str> = provenance.iter().map(|code| code.as_str()).collect();
    names.join(" ")
}
