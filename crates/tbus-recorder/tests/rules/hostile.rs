//! Options and specifications of any bytes: read or refused with a place, never a panic.

use proptest::prelude::*;
use tbus_recorder::adata::AttachedDataSpec;
use tbus_recorder::options::Options;

/// Pieces of real files, so that more is reached than the first error.
fn pieces(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        8 => prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

const INI: &[&str] = &[
    "[custom-states]\n",
    "[callconcentrator]",
    "[gts]\r\n",
    "store-event-data",
    "EventData",
    "EventData_1",
    "GlobalData",
    "AgentRecordUserTypes",
    "acc-queue-size",
    "role",
    " = ",
    "=",
    "all",
    "char,KEY,",
    "207,Break",
    "char,CUST_DATA_1,KEY",
    "99999999999999999999",
    "~gud",
    "\n",
    ";",
    "#",
    ",",
    "\u{feff}",
];

const XML: &[&str] = &[
    "<?xml version=\"1.0\"?>",
    "<adata xmlns=\"http://www.genesyslab.com/standards/icon/ed1\">",
    "<icon:adata xmlns:icon=\"http://www.genesyslab.com/standards/icon/ed1\">",
    "<public>",
    "</public>",
    "<secure>",
    "</secure>",
    "<call>",
    "</call>",
    "<key name=\"k\" source=\"userdata\" history=\"all\"/>",
    "<key name=\"k\" source=\"reasons\" history=\"first\"></key>",
    "<key name='",
    "&amp;",
    "&x;",
    "<!-- -->",
    "<!DOCTYPE a [<!ENTITY x \"y\">]>",
    "<![CDATA[",
    "]]>",
    "</adata>",
    "</icon:adata>",
];

proptest! {
    #[test]
    fn options_of_any_text(text in pieces(INI)) {
        if let Err(error) = Options::read("icon.ini", &text) {
            prop_assert!(error.to_string().starts_with("icon.ini: "), "{error}");
        }
    }

    #[test]
    fn specifications_of_any_text(text in pieces(XML)) {
        if let Err(error) = AttachedDataSpec::read("spec.xml", &text) {
            prop_assert!(error.to_string().starts_with("spec.xml: "), "{error}");
        }
    }
}
