//! `tbus infomart`: the scripts are whole, and say what is chosen.

use rusqlite::Connection;

use crate::support::run;

#[test]
fn the_sqlite_script_makes_tables_and_views() {
    let script = run(&["infomart", "schema", "--dialect", "sqlite"]).with_code(0).stdout;
    let database = Connection::open_in_memory().unwrap();
    database.execute_batch(&script).unwrap();
    database.execute_batch(&script).expect("a second run changes nothing");
    let count = |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM sqlite_master WHERE type = 'view'"), 10);
    assert_eq!(count("SELECT TENANT_KEY FROM TENANT WHERE TENANT_CFG_DBID = 1"), 1);
    assert_eq!(count("SELECT count(*) FROM AG2_CALLBACK_YEAR"), 0);
    let insert = "INSERT INTO CALLBACK_DIM_1 (ID, CHANNEL, CREATE_AUDIT_KEY) VALUES (1, 'IVR', 16)";
    database.execute(insert, []).unwrap();
    assert_eq!(count("SELECT count(*) FROM CALLBACK_DIM_1 WHERE CONNECT_ORDER = 'UNKNOWN'"), 1);
}

#[test]
fn every_script_has_every_table_and_marks_what_is_chosen() {
    let scripts = ["sqlite", "postgresql", "mssql", "oracle"]
        .map(|dialect| run(&["infomart", "schema", "--dialect", dialect]).with_code(0).stdout);
    for script in &scripts {
        assert_eq!(script.matches("CREATE TABLE ").count(), 19, "{script}");
        assert_eq!(script.matches(" VIEW ").count(), 10, "{script}");
        let line = |name: &str| {
            let mut lines = script.lines().map(str::trim);
            lines.find(|line| line.split(' ').next() == Some(name)).unwrap()
        };
        assert!(line("DESIRED_TIME_TS").ends_with("-- doc chosen"));
        assert!(!line("FINAL_RECORD").contains("--"), "published: {}", line("FINAL_RECORD"));
    }
    // A view is alone in its batch.
    let batches = scripts[2].split("\nGO\n").map(|batch| {
        let statements = batch.lines().filter(|line| line.ends_with(';')).count();
        (statements, batch.contains("CREATE VIEW "))
    });
    let with_views: Vec<_> = batches.filter(|(_, has_view)| *has_view).collect();
    assert_eq!(with_views, [(1, true); 10], "{}", scripts[2]);
    assert!([0, 1, 3].iter().all(|other| !scripts[*other].contains("\nGO\n")));
    let oracle = &scripts[3];
    assert!(
        oracle.contains("NUMBER(19) NOT NULL") && oracle.contains("VARCHAR2(255) DEFAULT 'UNKNOWN' NOT NULL")
    );
    assert!(run(&["infomart", "schema", "--dialect", "db2"]).with_code(2).stderr.contains("'db2'"));
}
