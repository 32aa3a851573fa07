//! The tables of the interaction database pass their checks, and each kind of contradiction is refused.

use std::path::Path;

use tlib_spec::Idb;
use tlib_spec::idb::{Marks, SqlType};
use tlib_spec::model::Provenance;
use tlib_spec::render::{Engine, idb_outputs};

fn idb() -> Idb {
    Idb::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol-spec")).unwrap()
}

/// Breaks the tables and gives the complaint.
fn complaint(break_it: impl FnOnce(&mut Idb)) -> String {
    let mut idb = idb();
    break_it(&mut idb);
    idb.check().unwrap_err().to_string()
}

/// The script of an engine, after a change.
fn script(engine: Engine, change: impl FnOnce(&mut Idb)) -> String {
    let mut idb = idb();
    change(&mut idb);
    idb.check().unwrap();
    let files = idb_outputs(&idb);
    files.into_iter().find(|(path, _)| *path == engine.path(idb.base)).unwrap().1
}

#[test]
fn published_columns_stand_first_and_in_order() {
    let idb = idb();
    let columns = |name: &str| -> Vec<String> {
        let table = idb.table.iter().find(|table| table.names.iter().any(|known| known == name)).unwrap();
        idb.columns_of(table).into_iter().map(|column| column.name).collect()
    };
    let sister = ["ID", "CALLID", "PARTYID", "PSEQ", "ENDPOINTID", "ENDPOINTDN", "AGENTID"];
    for name in ["G_CUSTOM_DATA_S", "G_CUSTOM_DATA_P", "G_CUSTOM_STATES"] {
        assert_eq!(columns(name)[..7], sister, "{name}");
    }
    assert_eq!(
        columns("G_CALL")[..9],
        [
            "ID",
            "CALLID",
            "PARENTCALLID",
            "MERGECALLID",
            "MERGETYPE",
            "CONNID",
            "CONNIDNUM",
            "SWITCHCALLID",
            "IRID"
        ]
    );
    let session = columns("G_DSS_GUD_PROVIDER");
    assert_eq!((session[0].as_str(), session[15].as_str()), ("DSS_ID", "FEVENT_DSSEQ"));
    let tail =
        ["ADDED", "ADDED_TS", "ADDED_TCODE", "GSYS_DOMAIN", "GSYS_PARTITION", "GSYS_SYS_ID", "GSYS_SEQ"];
    let data = columns("G_CUSTOM_DATA_S");
    assert_eq!(data[11..18], tail);
    assert_eq!(
        data[18..],
        [
            "GSYS_USEQ",
            "GSYS_TS",
            "GSYS_TC",
            "GSYS_EXT_VCH1",
            "GSYS_EXT_VCH2",
            "GSYS_EXT_INT1",
            "GSYS_EXT_INT2"
        ]
    );
    assert_eq!(
        columns("G_CUSTOM_DATA_P")[9..25],
        (1..=16).map(|n| format!("CUST_DATA_{n}")).collect::<Vec<_>>()
    );
}

#[test]
fn names_fit_every_engine_and_are_unique() {
    let taken = "is taken by an earlier row: rename one";
    assert!(complaint(|idb| idb.table[1].names[0] = "G_CUSTOM_DATA_S".into()).contains(taken));
    assert!(complaint(|idb| idb.table[1].row = idb.table[0].row.clone()).contains(taken));
    assert!(complaint(|idb| idb.table[0].columns[1].name = "ADDED".into()).contains(taken));
    assert!(complaint(|idb| idb.index[0].name = "G_CALL".into()).contains(taken));
    assert!(complaint(|idb| idb.group[1].name = "added".into()).contains(taken));
    assert!(complaint(|idb| idb.dictionary[1].ty = 26).contains(taken));
    assert!(complaint(|idb| idb.dictionary[0].values[1].value = 1).contains(taken));
    let no_name = "is no name for every engine";
    assert!(complaint(|idb| idb.table[0].names[0] = "g_custom_data_s".into()).contains(no_name));
    assert!(complaint(|idb| idb.table[0].columns[1].name = "A".repeat(31)).contains(no_name));
    assert!(complaint(|idb| idb.index[0].name = "1ST".into()).contains(no_name));
}

#[test]
fn keys_groups_and_counts_make_sense() {
    let text = complaint(|idb| idb.table[0].columns[0].pm = Marks::M);
    assert!(text.starts_with(r#"idb.toml: table "G_CUSTOM_DATA_S", column "ID": a number that"#), "{text}");
    assert!(complaint(|idb| drop(idb.table[0].columns.remove(0))).contains("it has no primary key"));
    assert!(complaint(|idb| idb.table[0].columns[3].pm = Marks::Pm).contains("is the whole key"));
    assert!(
        complaint(|idb| idb.table[0].groups[0] = "other".into()).contains("group \"other\" does not exist")
    );
    assert!(complaint(|idb| idb.table[0].groups.clear()).contains("there is none, so remove its provenance"));
    assert!(complaint(|idb| idb.group[0].columns[0].count = Some(2)).contains("belong into a table"));
    assert!(complaint(|idb| idb.table[0].columns[1].count = Some(2)).contains("write both or none"));
    assert!(complaint(|idb| idb.table[0].columns[1].name = "CALL#".into()).contains("write both or none"));
    assert!(complaint(|idb| idb.index[0].table = "G_CALLS".into()).contains("does not exist"));
    assert!(complaint(|idb| idb.index[0].columns[0] = "CALL".into()).contains("no column \"CALL\""));
    assert!(complaint(|idb| idb.table[0].columns[1].ty = SqlType::Text(4001)).contains("shorten it"));
    assert!(complaint(|idb| idb.version = 0).contains("count versions from 1"));
}

#[test]
fn everything_says_how_it_is_known() {
    let missing = "is empty: say how it is known";
    assert!(complaint(|idb| idb.table[0].provenance.clear()).contains(missing));
    assert!(complaint(|idb| idb.table[0].columns[4].provenance.clear()).contains(missing));
    assert!(complaint(|idb| idb.table[0].groups_provenance.clear()).contains(missing));
    assert!(complaint(|idb| idb.index[0].provenance.clear()).contains(missing));
    assert!(complaint(|idb| idb.dictionary[0].values[0].provenance.clear()).contains(missing));
    assert!(complaint(|idb| idb.table[0].columns[4].meaning.clear()).contains("a text is empty"));
    let ours = complaint(|idb| idb.dictionary[1].provenance = vec![Provenance::Doc]);
    assert!(ours.contains("numbers from 9000 are ours"), "{ours}");
}

#[test]
fn no_text_can_end_a_comment_or_a_literal() {
    let comment = "becomes a comment of SQL";
    assert!(complaint(|idb| idb.table[0].meaning = "a\nDROP TABLE G_CALL".into()).contains(comment));
    assert!(complaint(|idb| idb.table[0].meaning = "ends here;".into()).contains(comment));
    let literal = "becomes a literal of SQL";
    assert!(complaint(|idb| idb.dictionary[0].values[0].meaning = "it's".into()).contains(literal));
    assert!(complaint(|idb| idb.dictionary[0].values[0].meaning = "x".repeat(256)).contains(literal));
}

#[test]
fn types_are_spelled_in_one_way() {
    let ty = |text: &str| SqlType::try_from(text.to_owned());
    for text in ["auto(19)", "int", "bigint", "decimal(20)", "text(255)", "time"] {
        assert_eq!(ty(text).unwrap().to_string(), text);
    }
    for text in ["", "text", "text()", "text(0)", "text(-1)", "text(70000)", "int(4)", "varchar(5)", "TIME"] {
        assert!(ty(text).unwrap_err().contains("is no type: write auto(n)"), "{text}");
    }
}

#[test]
fn every_statement_ends_at_the_end_of_a_line() {
    for engine in Engine::ALL {
        let script = script(engine, |_| {});
        for statement in script.split(";\n").filter(|statement| !statement.is_empty()) {
            let code: Vec<&str> =
                statement.lines().map(|line| line.split("--").next().unwrap().trim()).collect();
            let code = code.join(" ");
            assert!(["CREATE ", "INSERT "].iter().any(|word| code.trim_start().starts_with(word)), "{code}");
            assert!(!code.contains(';'), "{code}");
            assert_eq!(code.matches('(').count(), code.matches(')').count(), "{code}");
        }
    }
}

#[test]
fn a_script_follows_the_tables() {
    let changed = script(Engine::Oracle, |idb| {
        idb.version = 42;
        idb.table[0].columns[10].ty = SqlType::Text(300);
        idb.table[0].columns[10].provenance = vec![Provenance::Tool];
    });
    assert!(
        changed.starts_with("-- Tables of the interaction database for Oracle, version 42 of the schema.\n")
    );
    assert!(changed.lines().any(|line| line.split_whitespace().eq([
        "VALUE",
        "VARCHAR2(300),",
        "--",
        "tool"
    ])));
    assert!(
        changed
            .ends_with("SELECT 1, 42 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM TBUS_SCHEMA WHERE ID = 1);\n")
    );
}

fn mart() -> Idb {
    Idb::load_info_mart(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol-spec")).unwrap()
}

#[test]
fn the_fact_has_its_published_columns_first_and_in_order() {
    let mart = mart();
    let columns = mart.columns_of(mart.table("CALLBACK_FACT").unwrap());
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let published = [
        "ADDED_TS",
        "DS_AUDIT_KEY",
        "EVENT_SEQUENCE",
        "CREATE_AUDIT_KEY",
        "TENANT_KEY",
        "SERVICE_ID",
        "FINAL_RECORD",
        "EWT_READY_TO_START_IXN",
        "EWT_WHEN_OFFERED",
        "POS_READY_TO_START_IXN",
        "POS_WHEN_OFFERED",
        "CALLBACK_OFFER_TIME",
    ];
    assert_eq!((names.len(), &names[..12]), (59, &published[..]));
    let keys: Vec<&str> =
        columns.iter().filter(|column| column.pm == Marks::Pm).map(|column| column.name.as_str()).collect();
    assert_eq!(keys, names[..3]);
}

#[test]
fn views_seeds_and_defaults_make_sense() {
    let complaint = |break_it: fn(&mut Idb)| {
        let mut mart = mart();
        break_it(&mut mart);
        mart.check().unwrap_err().to_string()
    };
    let text = complaint(|mart| mart.view[0].from = "AGT_CALLBACK_WEEK".into());
    assert!(text.starts_with("infomart.toml: view \"AGT_CALLBACK_WEEK\": "), "{text}");
    assert!(text.contains("is no table and no view before it"), "{text}");
    assert!(complaint(|mart| mart.view[0].name = "TENANT".into()).contains("is taken"));
    assert!(complaint(|mart| mart.view[0].period = Some("DAY".into())).contains("DATE_TIME has no column"));
    assert!(complaint(|mart| mart.view[0].from = "TENANT".into()).contains("no key DATE_TIME_KEY"));
    assert!(complaint(|mart| mart.seed[0].table = "TENANTS".into()).contains("its table does not exist"));
    assert!(complaint(|mart| drop(mart.seed[0].values.remove("TENANT_NAME"))).contains("must have a value"));
    let wrong = "is no value of column";
    let name = |mart: &mut Idb, value: toml::Value| mart.seed[0].values.insert("TENANT_NAME".into(), value);
    let mut broken = mart();
    name(&mut broken, toml::Value::Integer(1));
    assert!(broken.check().unwrap_err().to_string().contains(wrong));
    name(&mut broken, toml::Value::String("it's".into()));
    assert!(broken.check().unwrap_err().to_string().contains("becomes a literal"));
    assert!(complaint(|mart| mart.table[0].columns[4].default = Some("x".into())).contains(wrong));
    assert!(complaint(|mart| mart.table[0].keyless = true).contains("or write keyless = true"));
}
