//! From what the user types to rows.

use tlib_proto::spec::Provenance;

use super::entry::Entry;
use crate::exit::cut;

/// All rows that a query names: by number, by name, or by name in any case.
pub(super) fn find(query: &str) -> Vec<Entry> {
    if let Some(number) = number(query) {
        // Enumerations count from 0 each: their values would bury what was asked for.
        let counts = |entry: &Entry| !matches!(entry, Entry::Value(..));
        return Entry::all().filter(|entry| counts(entry) && entry.number() == Some(number)).collect();
    }
    let named = |same| Entry::all().filter(|entry| entry.is_called(query, same)).collect::<Vec<_>>();
    let exact = named(|a, b| a == b);
    if exact.is_empty() { named(str::eq_ignore_ascii_case) } else { exact }
}

/// `138` or `0x8a`.
fn number(query: &str) -> Option<i64> {
    let hex = query.strip_prefix("0x").or_else(|| query.strip_prefix("0X"));
    match hex.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit())) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => query.parse().ok(),
    }
}

/// What to say when nothing is found.
pub(super) fn unknown(query: &str) -> String {
    let short = cut(query);
    if number(query).is_some() {
        return format!("{short} is no known message, attribute or error; any number is legal on the wire");
    }
    let nearest = nearest(query, Entry::all());
    if nearest.is_empty() {
        return format!(
            "{short:?} is not in the specification; `tbus spec --list` and one of messages, attributes, enums, \
            errors shows what is"
        );
    }
    format!("{short:?} is not in the specification; did you mean {}?", nearest.join(", "))
}

/// Names of messages that are like this one, the most alike first.
pub(crate) fn nearest_messages(name: &str) -> Vec<&'static str> {
    nearest(name, Entry::all().filter(|entry| matches!(entry, Entry::Message(_))))
}

/// Up to four names that are most like this one, the most alike first.
fn nearest(query: &str, among: impl Iterator<Item = Entry>) -> Vec<&'static str> {
    // Longer than any name, and more to compare than anybody wants to wait for.
    if query.len() > 100 {
        return Vec::new();
    }
    let query = query.strip_prefix("Attribute").unwrap_or(query).to_lowercase();
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&query, &name.to_lowercase());
    let mut names: Vec<_> = among.map(|entry| (likeness(entry.name()), entry.name())).collect();
    let best = names.iter().map(|(likeness, _)| *likeness).fold(0.0, f64::max);
    names.retain(|(likeness, _)| *likeness >= f64::max(0.55, best - 0.15));
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    names.dedup_by_key(|(_, name)| *name);
    names.into_iter().map(|(_, name)| name).take(4).collect()
}

/// What a provenance means, in words.
pub(super) const fn words(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Doc => "vendor documentation states it",
        Provenance::Header => "a public SDK enumeration or header states it",
        Provenance::Log => "a published log shows it",
        Provenance::Tool => "a third-party tool or client sample relies on it",
        Provenance::Inferred => "inferred from other sources, may be wrong",
        Provenance::Chosen => "not published: chosen by tbus",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(query: &str) -> Vec<(&'static str, &'static str)> {
        find(query).iter().map(|entry| (entry.kind(), entry.name())).collect()
    }

    #[test]
    fn names_lead_to_rows() {
        assert_eq!(kinds("EventACK"), [("message", "EventACK")]);
        assert_eq!(kinds("eventack"), [("message", "EventACK")]);
        assert_eq!(kinds("ThisDN"), [("attribute", "ThisDN")]);
        assert_eq!(kinds("AttributeThisDN"), [("attribute", "ThisDN")]);
        assert_eq!(kinds("TERR_NOT_CONFIGURED"), [("error", "TERR_NOT_CONFIGURED")]);
        assert_eq!(kinds("CallType"), [("attribute", "CallType"), ("enum", "CallType")]);
        assert_eq!(kinds("CallType.Inbound"), [("value", "Inbound")]);
        assert_eq!(kinds("CallTypeInbound"), [("value", "Inbound")]);
        assert_eq!(kinds("ModeShare"), [("value", "ModeShare")]);
        assert_eq!(kinds("nesting-limit"), [("profile", "nesting-limit")]);
    }

    #[test]
    fn a_number_leads_to_every_kind_that_has_it() {
        assert_eq!(
            kinds("59").iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
            ["error", "message", "attribute"]
        );
        assert_eq!(kinds("0x8a"), kinds("138"));
        assert_eq!(kinds("0X8A")[0], ("message", "EventACK"));
        assert_eq!(kinds("0x-1"), []);
        assert_eq!(kinds("183"), []);
        assert!(unknown("183").contains("no known message"));
    }

    #[test]
    fn what_is_unknown_gets_the_nearest_names() {
        let nearest = |name: &str| nearest(name, Entry::all());
        assert_eq!(nearest("EventAKC").first(), Some(&"EventACK"));
        assert_eq!(nearest("AttributeThisDm").first(), Some(&"ThisDN"));
        assert!(nearest("zzzzzzzzzzzzzzzz").is_empty());
        let long = unknown(&"z".repeat(1000));
        assert!(long.starts_with(&format!("\"{}...\" is not", "z".repeat(40))), "{long}");
        for list in ["messages", "attributes", "enums", "errors"] {
            assert!(unknown("bogus").contains(list), "{list}");
        }
        assert_eq!(nearest_messages("ThisDN"), [""; 0]);
        assert!(unknown("EventAKC").contains("did you mean EventACK"));
    }
}
