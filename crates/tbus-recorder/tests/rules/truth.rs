//! Truth files: what a case must give, one line for a row, then one for a decision.

use std::path::Path;

use super::apply::{Case, Shown};

const S: &[&str] = &["CALLID", "ENDPOINTDN", "KEYNAME", "VALUE", "GSYS_EXT_VCH1"];
const P: &[&str] = &["CALLID", "ENDPOINTDN", "CUST_DATA_1", "CUST_DATA_2", "CUST_DATA_16"];
const STATES: &[&str] = &[
    "CALLID",
    "ENDPOINTDN",
    "STATE",
    "CUST_DATA_1",
    "CUST_DATA_2",
    "STARTTIME_TS",
    "ENDTIME_TS",
    "GSYS_USEQ",
];
const CALLS: &[&str] = &["CALLID", "CONNID", "STATE", "CREATED_TS", "TERMINATED_TS", "GSYS_SEQ", "GSYS_USEQ"];
const HISTORY: &[&str] = &[
    "CALLID",
    "PARTYID",
    "ENDPOINTID",
    "ENDPOINTDN",
    "KEYNAME",
    "VALUE",
    "CHANGETYPE",
    "SOURCE",
    "CSEQ",
    "ADDED_TS",
    "GSYS_USEQ",
];

/// What truth files show of each table.
pub(crate) const SHOWN: Shown<'_> = &[
    ("G_CUSTOM_DATA_S", S),
    ("G_CUSTOM_DATA_P", P),
    ("G_CUSTOM_STATES", STATES),
    ("G_CALL", CALLS),
    ("G_USERDATA_HISTORY", HISTORY),
    ("G_SECURE_USERDATA_HISTORY", HISTORY),
];

/// Compares a case with its truth file, on every engine. With `TBUS_BLESS` set, the file is written instead; read it
/// before you commit it.
pub(crate) fn check(name: &str, case: &Case) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/truth").join(format!("{name}.tsv"));
    let (rows, decisions) = case.in_memory(SHOWN);
    let mut found = String::new();
    for (table, columns) in SHOWN {
        if rows.lines().any(|line| line.split('\t').next() == Some(table)) {
            found.push_str(&format!("# {table}\t{}\n", columns.join("\t")));
        }
    }
    found.push_str(&rows);
    found.push_str("# decisions\n");
    for decision in &decisions {
        found.push_str(decision);
        found.push('\n');
    }
    if std::env::var_os("TBUS_BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
    case.check_databases(name, &rows, SHOWN);
}
