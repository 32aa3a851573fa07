//! Bulk inserts: what goes in comes out, at every boundary.

use tbus_db::{DbError, ErrorKind, Value};

use crate::{ALL, NAMED, assert_error, count, on_both, row};

/// Sets and empties each column in turns, so that no row sees what an earlier one left in the same place.
#[test]
fn every_value_and_every_null_comes_back() {
    for rows in [0_i64, 1, 2, 99, 100, 101, 199, 200, 250, 1_000] {
        on_both(|database| {
            let mut transaction = database.begin().expect("begin");
            for n in 0..rows {
                let word = format!("word {n} \u{e4}\u{1f600}");
                let values = [
                    if n % 2 == 0 { Value::Int(n << 32) } else { Value::Null },
                    if n % 3 == 0 { Value::Int(-n) } else { Value::Null },
                    if (n / 100 + n) % 5 != 0 { Value::Text(&word) } else { Value::Null },
                    if n % 7 != 0 {
                        Value::Time(1_384_478_060_757_000 + n * 86_399_000)
                    } else {
                        Value::Null
                    },
                ];
                transaction.row(&ALL, &values).expect("row");
            }
            assert_eq!(transaction.commit().expect("commit"), u64::try_from(rows).expect("a count"));
            let found = database
                .query("SELECT n, small, word, moment FROM every_kind ORDER BY id", &[])
                .expect("rows");
            assert_eq!(found.len() as i64, rows);
            for (n, row) in (0..rows).zip(found.iter()) {
                assert_eq!(row.int_or_null(0).expect("int"), (n % 2 == 0).then_some(n << 32));
                assert_eq!(row.int_or_null(1).expect("int"), (n % 3 == 0).then_some(-n));
                let word = ((n / 100 + n) % 5 != 0).then(|| format!("word {n} \u{e4}\u{1f600}"));
                assert_eq!(row.text_or_null(2).expect("text").map(str::to_owned), word);
                let moment = (n % 7 != 0).then_some(1_384_478_060_757_000 + n * 86_399_000);
                assert_eq!(row.time_or_null(3).expect("time"), moment);
            }
        });
    }
}

#[test]
fn tables_may_take_turns_and_more_waits_than_fits() {
    on_both(|database| {
        let long = "x".repeat(1_500);
        let rows = 7_000;
        for round in 0..2 {
            let mut transaction = database.begin().expect("begin");
            for n in 0..rows {
                transaction.row(&ALL, &row(n, &long)).expect("row");
                let id = round * rows + n;
                transaction.row(&NAMED, &[Value::Int(id), Value::Text(&long)]).expect("row");
            }
            assert_eq!(transaction.commit().expect("commit"), 2 * 7_000);
        }
        for table in ["every_kind", "named"] {
            let sql = format!(
                "SELECT count(*), sum(length({})) FROM {table}",
                if table == "named" { "name" } else { "word" }
            );
            let found = database.query(&sql, &[]).expect("sums");
            let row = found.first().expect("a row");
            assert_eq!((row.int(0).expect("count"), row.int(1).expect("sum")), (2 * rows, 2 * rows * 1_500));
        }
    });
}

#[test]
fn a_long_text_and_an_empty_one() {
    on_both(|database| {
        let long = "\u{e4}".repeat(3_000_000);
        let mut transaction = database.begin().expect("begin");
        transaction.row(&ALL, &row(1, &long)).expect("row");
        transaction.row(&ALL, &row(2, "")).expect("row");
        transaction.commit().expect("commit");
        let found = database.query("SELECT word FROM every_kind ORDER BY n", &[]).expect("rows");
        let words: Vec<&str> = found.iter().map(|row| row.text(0).expect("text")).collect();
        assert!(words == [long.as_str(), ""]);
    });
}

#[test]
fn a_statement_sees_the_rows_before_it() {
    on_both(|database| {
        let mut transaction = database.begin().expect("begin");
        for n in 0..150 {
            transaction.row(&ALL, &row(n, "first")).expect("row");
        }
        let sql = "UPDATE every_kind SET word = $1, moment = $2 WHERE n >= $3";
        let values = [Value::Text("second"), Value::Time(1_000), Value::Int(140)];
        assert_eq!(transaction.execute(sql, &values).expect("update"), 10);
        for n in 150..160 {
            transaction.row(&ALL, &row(n, "third")).expect("row");
        }
        let found =
            transaction.query("SELECT word, count(*) FROM every_kind GROUP BY word ORDER BY word", &[]);
        let found = found.expect("groups");
        let groups: Vec<(&str, i64)> =
            found.iter().map(|row| (row.text(0).expect("text"), row.int(1).expect("count"))).collect();
        assert_eq!(groups, [("first", 140), ("second", 10), ("third", 10)]);
        assert_eq!(transaction.commit().expect("commit"), 160);
        let sql = "SELECT moment FROM every_kind WHERE n = $1 AND word = $2 AND moment = $3";
        let found =
            database.query(sql, &[Value::Int(140), Value::Text("second"), Value::Time(1_000)]).expect("row");
        assert_eq!(found.first().expect("a row").time(0).expect("time"), 1_000);
    });
}

#[test]
fn dropping_rolls_back_and_the_next_transaction_works() {
    on_both(|database| {
        for rows in [1, 5_000] {
            let mut transaction = database.begin().expect("begin");
            for n in 0..rows {
                transaction
                    .row(&ALL, &row(n, "a word that makes the row long enough to be sent early"))
                    .expect("row");
            }
            drop(transaction);
            let mut transaction = database.begin().expect("begin");
            transaction.flush().expect("nothing waits");
            transaction.row(&ALL, &row(1, "kept")).expect("row");
            transaction.flush().expect("flush");
            transaction.flush().expect("flush again");
            transaction.commit().expect("commit");
        }
        assert_eq!(count(database, "every_kind"), 2);
    });
}

#[test]
fn rows_come_one_by_one_and_may_be_left() {
    on_both(|database| {
        let mut transaction = database.begin().expect("begin");
        for n in 0..5_000 {
            transaction.row(&ALL, &row(n, "a word")).expect("row");
        }
        transaction.commit().expect("commit");
        let sql = "SELECT n, word, moment FROM every_kind WHERE n >= $1 ORDER BY n";
        let mut seen = Vec::new();
        let all = database.each(sql, &[Value::Int(10)], |row| {
            assert_eq!(row.text(1)?, "a word");
            assert!(row.is_null(2) && row.is_null(3));
            seen.push(row.int(0)?);
            Ok::<(), DbError>(())
        });
        all.expect("all rows");
        assert!(seen == (10..5_000).collect::<Vec<i64>>());
        // Whoever stops early can go on with something else.
        let mut left = 0;
        let stopped = database.each(sql, &[Value::Int(0)], |row| {
            left += 1;
            if left == 100 { row.text(0).map(|_| ()) } else { Ok(()) }
        });
        assert_error(stopped, ErrorKind::Other, &["column 0 (`n`)", "the integer 99"]);
        assert_eq!((left, count(database, "every_kind")), (100, 5_000));
        let none = database.each(sql, &[Value::Int(5_000)], |_| -> Result<(), DbError> { panic!("no row") });
        none.expect("no rows");
        for (sql, words) in [("SELECT nothing FROM named", "nothing"), (sql, "1 placeholders")] {
            let failed = database.each(sql, &[], |_| Ok::<(), DbError>(()));
            assert_error(failed, ErrorKind::Other, &[words]);
        }
    });
}
