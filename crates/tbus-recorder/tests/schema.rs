//! Databases are made, recognised and refused, and every struct of a row fits its table.

use std::path::PathBuf;

use tbus_db::{Database, DatabaseUrl, ErrorKind, OpenOptions, Table, Value};
use tbus_recorder::idb;
use tbus_recorder::schema::{self, Engine, Prepared, SchemaError};
use tlib_testkit::Postgres;

/// A database that nobody else uses.
struct Place {
    url: DatabaseUrl,
    _folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("idb.sqlite");
        Self { url: path.to_str().unwrap().parse().unwrap(), _folder: folder }
    }

    fn open(&self) -> Database {
        Database::open(&self.url, &OpenOptions::default()).unwrap()
    }

    /// Runs statements and gives the complaint that follows.
    fn complaint(&self, script: &str) -> SchemaError {
        let mut database = self.open();
        database.script(script).unwrap();
        schema::prepare(&mut database, &self.url).unwrap_err()
    }
}

/// A database with the tables.
fn made() -> Place {
    let place = Place::new();
    assert_eq!(schema::prepare(&mut place.open(), &place.url).unwrap(), Prepared::Created);
    place
}

fn number(database: &mut Database, sql: &str) -> i64 {
    database.query(sql, &[]).unwrap().first().unwrap().int(0).unwrap()
}

/// Every table that rows go into, with a row.
fn rows() -> Vec<(&'static Table, Vec<Value<'static>>)> {
    let added = idb::Added { added: 1_700_000_000_123_000, added_ts: Some(1_700_000_000), added_tcode: None };
    let gsys = idb::Gsys { gsys_seq: Some(7), gsys_ext_vch1: Some("0000000000000ef8"), ..Default::default() };
    let history = idb::GUserdataHistory { callid: "c", value: Some("v"), added, gsys, ..Default::default() };
    let session = idb::GDssProvider { dss_id: 3, icon_dbid: 101, added, ..Default::default() };
    let state = idb::GCustomStates { cust_data: [Some("x"); 16], added, gsys, ..Default::default() };
    let call = idb::GCall { callid: "c", connidnum: Some(i64::MAX), added, gsys, ..Default::default() };
    let custom = idb::GCustomDataS { keyname: Some("k"), value: Some(""), added, gsys, ..Default::default() };
    let principal = idb::GCustomDataP { cust_data: [None; 16], added, gsys, ..Default::default() };
    let counter = idb::GProvControl { primaryid: 101, providertag: 5, gsys, ..Default::default() };
    let step = idb::GTimecode { id: 1_699_999_800, tc_year: Some(2023), ..Default::default() };
    let ty = idb::GDictType { r#type: 9999, name: Some("T") };
    let meaning = idb::GDictionary { r#type: 9999, value: 1, name: Some("V"), description: None };
    let mark =
        idb::TbusQueue { queue_id: "q", last_transaction: 9, updated: added.added, ..Default::default() };
    let party = idb::TbusParty { dn: "7001", callid: "c", callseq: 8, seq: 9, ..Default::default() };
    vec![
        (&idb::G_CUSTOM_DATA_S, custom.values().to_vec()),
        (&idb::G_CUSTOM_DATA_P, principal.values().to_vec()),
        (&idb::G_USERDATA_HISTORY, history.values().to_vec()),
        (&idb::G_SECURE_USERDATA_HISTORY, history.values().to_vec()),
        (&idb::G_CUSTOM_STATES, state.values().to_vec()),
        (&idb::G_CALL, call.values().to_vec()),
        (&idb::G_PROV_CONTROL, counter.values().to_vec()),
        (&idb::G_DSS_CFG_PROVIDER, session.values().to_vec()),
        (&idb::G_DSS_GCC_PROVIDER, session.values().to_vec()),
        (&idb::G_DSS_GLS_PROVIDER, session.values().to_vec()),
        (&idb::G_DSS_GOS_PROVIDER, session.values().to_vec()),
        (&idb::G_DSS_GUD_PROVIDER, session.values().to_vec()),
        (&idb::G_TIMECODE, step.values().to_vec()),
        (&idb::G_DICT_TYPE, ty.values().to_vec()),
        (&idb::G_DICTIONARY, meaning.values().to_vec()),
        (&idb::TBUS_QUEUE, mark.values().to_vec()),
        (&idb::TBUS_PARTY, party.values().to_vec()),
    ]
}

/// Makes the tables, fills them, reads them back, and recognises them.
fn goes_round(database: &mut Database, url: &DatabaseUrl) {
    assert_eq!(schema::prepare(database, url).unwrap(), Prepared::Created);
    assert_eq!(schema::prepare(database, url).unwrap(), Prepared::Checked);
    let rows = rows();
    let mut transaction = database.begin().unwrap();
    for (table, values) in &rows {
        assert_eq!(values.len(), table.columns.len(), "{}", table.name);
        transaction.row(table, values).unwrap_or_else(|error| panic!("{}: {error}", table.name));
    }
    transaction.commit().unwrap();
    for (table, values) in &rows {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let last = if table.name.starts_with("G_DICT") { " WHERE TYPE = 9999" } else { "" };
        let sql = format!("SELECT {} FROM {}{last}", names.join(", "), table.name);
        let found = database.query(&sql, &[]).unwrap();
        let row = found.first().unwrap();
        for (at, value) in values.iter().enumerate() {
            let place = format!("{}.{}", table.name, names[at]);
            match value {
                Value::Null => assert!(row.is_null(at), "{place}"),
                Value::Int(value) => assert_eq!(row.int(at).unwrap(), *value, "{place}"),
                Value::Text(value) => assert_eq!(row.text(at).unwrap(), *value, "{place}"),
                Value::Time(value) => assert_eq!(row.time(at).unwrap(), *value, "{place}"),
            }
        }
    }
    assert_eq!(number(database, "SELECT ID FROM G_CUSTOM_DATA_S"), 1, "the database gives the numbers");
    assert_eq!(number(database, "SELECT VERSION FROM TBUS_SCHEMA"), i64::from(schema::VERSION));
    let sql = "SELECT VALUE FROM G_DICTIONARY WHERE TYPE = 9001 AND NAME = 'SWITCHOVER'";
    assert_eq!(number(database, sql), i64::from(idb::dictionary::dsconn_type::SWITCHOVER));
}

#[test]
fn rows_go_round_on_sqlite() {
    let place = Place::new();
    goes_round(&mut place.open(), &place.url);
    assert_eq!(schema::prepare(&mut place.open(), &place.url).unwrap(), Prepared::Checked, "opened again");
}

#[test]
fn rows_go_round_on_postgresql() {
    let url: DatabaseUrl = Postgres::shared().new_database().parse().unwrap();
    let mut database = Database::open(&url, &OpenOptions::default()).unwrap();
    goes_round(&mut database, &url);
    database.script(schema::ddl(Engine::Postgresql)).unwrap();
    assert_eq!(number(&mut database, "SELECT count(*) FROM TBUS_SCHEMA"), 1, "a second run changes nothing");

    database.script("ALTER TABLE G_CALL DROP COLUMN CALLDNIS").unwrap();
    let error = schema::prepare(&mut database, &url).unwrap_err();
    assert!(error.to_string().contains("but G_CALL.CALLDNIS is missing"), "{error}");
    database.script("UPDATE TBUS_SCHEMA SET VERSION = 7").unwrap();
    let error = schema::prepare(&mut database, &url).unwrap_err();
    assert!(matches!(error, SchemaError::Version { found: 7, .. }), "{error}");
    database.script("DROP TABLE TBUS_SCHEMA").unwrap();
    let error = schema::prepare(&mut database, &url).unwrap_err();
    assert!(matches!(error, SchemaError::Foreign { .. }), "{error}");
}

#[test]
fn another_version_is_refused_in_both_directions() {
    for found in [0, 2] {
        let error = made().complaint(&format!("UPDATE TBUS_SCHEMA SET VERSION = {found}"));
        assert!(matches!(error, SchemaError::Version { expected: schema::VERSION, .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("idb.sqlite: its tables have schema version"), "{text}");
        assert!(
            text.contains(&format!("version {found}, this tbus needs version 1: use the tbus")),
            "{text}"
        );
    }
    let error = made().complaint("UPDATE TBUS_SCHEMA SET VERSION = 2; DROP TABLE G_CALL");
    assert!(
        matches!(error, SchemaError::Version { .. }),
        "the version comes before what is missing: {error}"
    );
    let error = made().complaint("DELETE FROM TBUS_SCHEMA");
    assert!(error.to_string().contains("TBUS_SCHEMA has no row with ID 1"), "{error}");
}

#[test]
fn tables_of_somebody_else_are_refused_and_left_alone() {
    let place = Place::new();
    let error = place.complaint("CREATE TABLE g_call (x int); CREATE TABLE G_CUSTOM_STATES (y int)");
    assert!(matches!(error, SchemaError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("it has G_CUSTOM_STATES, G_CALL but no TBUS_SCHEMA"), "{error}");
    assert_eq!(number(&mut place.open(), "SELECT count(*) FROM sqlite_master"), 2);

    let error = Place::new().complaint("CREATE VIEW G_PROV_CONTROL AS SELECT 1 AS A");
    assert!(error.to_string().contains("it has G_PROV_CONTROL but"), "{error}");

    let beside = Place::new();
    let mut database = beside.open();
    database.script("CREATE TABLE ORDERS (x int); CREATE TABLE G_OTHER (x int)").unwrap();
    assert_eq!(
        schema::prepare(&mut database, &beside.url).unwrap(),
        Prepared::Created,
        "others do not matter"
    );
}

#[test]
fn what_is_missing_is_named() {
    let error = made().complaint(
        "DROP TABLE G_TIMECODE; ALTER TABLE G_CUSTOM_DATA_S DROP COLUMN VALUE; \
         ALTER TABLE G_CALL RENAME COLUMN CALLANI TO ANI",
    );
    let SchemaError::Incomplete { missing, .. } = &error else { panic!("{error}") };
    assert_eq!(missing.all(), ["G_CUSTOM_DATA_S.VALUE", "G_CALL.CALLANI", "G_TIMECODE"]);
    assert!(
        error.to_string().contains("G_CUSTOM_DATA_S.VALUE, G_CALL.CALLANI, G_TIMECODE is missing"),
        "{error}"
    );
    let error = made().complaint("ALTER TABLE TBUS_SCHEMA RENAME COLUMN VERSION TO V");
    assert!(error.to_string().contains("TBUS_SCHEMA.VERSION is missing"), "{error}");
}

#[test]
fn nothing_is_half_made() {
    let place = made();
    drop(place.open());
    let read_only = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
    let mut database = Database::open(&place.url, &read_only).unwrap();
    assert_eq!(
        schema::prepare(&mut database, &place.url).unwrap(),
        Prepared::Checked,
        "a check does not write"
    );

    let empty = Place::new();
    empty.open().script("CREATE TABLE ORDERS (x int)").unwrap();
    let mut database = Database::open(&empty.url, &read_only).unwrap();
    let SchemaError::Database(error) = schema::prepare(&mut database, &empty.url).unwrap_err() else {
        panic!("the database must refuse")
    };
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");

    // That a name of an index is taken comes out only after the tables were made.
    let blocked = Place::new();
    let mut database = blocked.open();
    database.script("CREATE TABLE TBUS_CALL_CALLID (x int)").unwrap();
    assert!(schema::prepare(&mut database, &blocked.url).is_err());
    assert_eq!(number(&mut database, "SELECT count(*) FROM sqlite_master WHERE name = 'G_CALL'"), 0);
}

#[test]
fn a_key_is_kept_once() {
    let mut database = made().open();
    let mark = idb::TbusQueue { queue_id: "q", last_transaction: 9, ..Default::default() };
    let mut transaction = database.begin().unwrap();
    transaction.row(&idb::TBUS_QUEUE, &mark.values()).unwrap();
    let twice = transaction.row(&idb::TBUS_QUEUE, &mark.values()).and_then(|()| transaction.flush());
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Constraint);
    drop(transaction);
    let call = idb::GCustomDataS::default();
    let mut without_time = call.values();
    without_time[10] = Value::Null;
    assert_eq!(idb::G_CUSTOM_DATA_S.columns[10].name, "ADDED");
    let mut transaction = database.begin().unwrap();
    let missing = transaction.row(&idb::G_CUSTOM_DATA_S, &without_time).and_then(|()| transaction.flush());
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::Constraint, "ADDED is mandatory");
}

#[test]
fn every_dialect_has_a_script_of_its_own() {
    let scripts = [Engine::Sqlite, Engine::Postgresql, Engine::Mssql, Engine::Oracle].map(schema::ddl);
    for (at, script) in scripts.iter().enumerate() {
        assert!(script.contains("CREATE TABLE") && script.ends_with(";\n"));
        assert_eq!(scripts.iter().position(|other| other == script), Some(at));
    }
}
