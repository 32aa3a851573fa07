//! What is wrong on both engines in the same way.

use tbus_db::{ErrorKind, Value};

use crate::{ALL, NAMED, assert_error, count, on_both, row};

#[test]
fn a_row_that_does_not_fit_its_table_is_refused() {
    let int = Value::Int(1);
    let cases: [(&[Value<'_>], &str); 9] = [
        (&[int, int, Value::Null], "4 columns was given 3 values"),
        (&[int, int, Value::Null, Value::Null, int], "4 columns was given 5 values"),
        (&[int, Value::Int(1 << 31), Value::Null, Value::Null], "column small: the integer does not fit"),
        (&[int, Value::Text("1"), Value::Null, Value::Null], "column small: a text"),
        (&[int, int, int, Value::Null], "column word: an integer"),
        (&[int, int, Value::Text("a\0b"), Value::Null], "column word: the text has a U+0000"),
        (&[Value::Time(0), int, Value::Null, Value::Null], "column n: a time"),
        (&[int, int, Value::Null, Value::Time(i64::MAX)], "column moment: the time"),
        (&[int, int, Value::Null, Value::Time(i64::MIN)], "column moment: the time"),
    ];
    on_both(|database| {
        for (values, words) in cases {
            let mut transaction = database.begin().expect("begin");
            transaction.row(&ALL, &row(1, "good")).expect("row");
            assert_error(
                transaction.row(&ALL, values),
                ErrorKind::Other,
                &["inserting into every_kind", words],
            );
            let later = transaction.row(&ALL, &row(2, "good"));
            assert_error(later, ErrorKind::Other, &["begin again"]);
            assert_error(transaction.commit(), ErrorKind::Other, &["begin again"]);
        }
        assert_eq!(count(database, "every_kind"), 0);
    });
}

#[test]
fn constraints_have_a_kind_of_their_own() {
    on_both(|database| {
        for values in [[Value::Int(7), Value::Text("again")], [Value::Int(8), Value::Null]] {
            for rows in [0, 10_000] {
                let mut transaction = database.begin().expect("begin");
                transaction.row(&NAMED, &[Value::Int(7), Value::Text("first")]).expect("row");
                let wrong = transaction.row(&NAMED, &values);
                let rest = wrong.and_then(|()| {
                    (100..100 + rows).try_for_each(|n| {
                        transaction
                            .row(&NAMED, &[Value::Int(n), Value::Text("one of the many rows that follow it")])
                    })
                });
                let done = rest.and_then(|()| transaction.commit());
                assert_error(done, ErrorKind::Constraint, &["inserting into named", "name"]);
            }
        }
        assert_eq!(count(database, "named"), 0);
        let mut transaction = database.begin().expect("begin");
        let done = transaction.execute("INSERT INTO named VALUES ($1, $2)", &[Value::Int(1), Value::Null]);
        assert_error(done, ErrorKind::Constraint, &["INSERT INTO named VALUES ($1, $2)"]);
    });
}

#[test]
fn statements_that_are_wrong_are_shown() {
    on_both(|database| {
        assert_error(
            database.query("SELECT nothing FROM named", &[]),
            ErrorKind::Other,
            &["SELECT nothing", "nothing"],
        );
        assert_error(database.script("CREATE TABEL x"), ErrorKind::Other, &["running a script", "TABEL"]);
        for values in [&[][..], &[Value::Int(1), Value::Int(2)]] {
            let found = database.query("SELECT id FROM named WHERE id = $1", values);
            assert_error(found, ErrorKind::Other, &["1 placeholders", &format!("{} values", values.len())]);
        }
        let found = database.query("SELECT id FROM named WHERE name = $1", &[Value::Text("\0")]);
        assert_error(found, ErrorKind::Other, &["U+0000"]);
        let mut transaction = database.begin().expect("begin");
        assert_error(transaction.execute("DELETE FROM nowhere", &[]), ErrorKind::Other, &["nowhere"]);
        drop(transaction);
        assert_eq!(count(database, "named"), 0);
    });
}

#[test]
fn a_cell_is_read_as_what_it_is() {
    on_both(|database| {
        let mut transaction = database.begin().expect("begin");
        transaction.row(&ALL, &row(5, "five")).expect("row");
        transaction.commit().expect("commit");
        let found = database.query("SELECT n, word, moment FROM every_kind", &[]).expect("a row");
        assert_eq!(found.columns(), ["n", "word", "moment"]);
        assert!(!found.is_empty());
        let row = found.first().expect("a row");
        assert!(row.is_null(2) && row.is_null(9) && !row.is_null(0));
        assert_error(row.text(0), ErrorKind::Other, &["column 0 (`n`)", "the integer 5"]);
        assert_error(row.int(1), ErrorKind::Other, &["column 1 (`word`)", "the text `five`"]);
        assert_error(row.time(1), ErrorKind::Other, &["column 1 (`word`)", "the text `five`"]);
        assert_error(row.time(2), ErrorKind::Other, &["column 2 (`moment`)", "NULL"]);
        assert_error(row.int_or_null(3), ErrorKind::Other, &["3 columns"]);
    });
}

#[test]
fn a_script_may_change_a_table_that_was_asked_before() {
    on_both(|database| {
        let ask = "SELECT * FROM named";
        assert_eq!(database.query(ask, &[]).expect("rows").columns().len(), 2);
        database.script("ALTER TABLE named ADD COLUMN more text").expect("a column");
        assert_eq!(database.query(ask, &[]).expect("rows").columns().len(), 3);
        let mut transaction = database.begin().expect("begin");
        transaction.row(&NAMED, &[Value::Int(1), Value::Text("one")]).expect("row");
        transaction.commit().expect("commit");
        database.script("ALTER TABLE named DROP COLUMN more").expect("a column less");
        let mut transaction = database.begin().expect("begin");
        transaction.row(&NAMED, &[Value::Int(2), Value::Text("two")]).expect("row");
        transaction.commit().expect("commit");
        assert_eq!(count(database, "named"), 2);
    });
}
