//! Info Marts are made, recognised and refused, and views sum as their names say.

use tbus_db::Value;
use tbus_reporting::mart::{self, AgtCallback, CallbackFact, DateTime};
use tbus_reporting::schema::{self, Prepared, SchemaError};

use crate::place::{Place, number};

#[test]
fn it_is_made_once() {
    for place in Place::both() {
        let mut database = place.open();
        let missing = schema::check(&mut database, &place.url).unwrap_err();
        assert!(matches!(missing, SchemaError::Missing { .. }), "{missing}");
        assert_eq!(schema::prepare(&mut database, &place.url).unwrap(), Prepared::Created);
        assert_eq!(schema::prepare(&mut database, &place.url).unwrap(), Prepared::Checked);
        schema::check(&mut database, &place.url).unwrap();
        assert_eq!(number(&mut database, "SELECT VERSION FROM CTL_TBUS_SCHEMA"), i64::from(schema::VERSION));
        assert_eq!(number(&mut database, "SELECT COUNT(*) FROM TENANT WHERE TENANT_NAME = 'Environment'"), 1);
        assert_eq!(number(&mut database, "SELECT COUNT(*) FROM RESOURCE_ WHERE RESOURCE_KEY < 0"), 2);
    }
}

#[test]
fn others_are_refused() {
    for place in Place::both() {
        let mut database = place.open();
        schema::prepare(&mut database, &place.url).unwrap();
        database.script("UPDATE CTL_TBUS_SCHEMA SET VERSION = 9").unwrap();
        for error in [
            schema::prepare(&mut database, &place.url).unwrap_err(),
            schema::check(&mut database, &place.url).unwrap_err(),
        ] {
            assert!(
                error.to_string().contains("have schema version 9, this tbus needs version 1"),
                "{error}"
            );
        }
        database.script("UPDATE CTL_TBUS_SCHEMA SET VERSION = 1; DROP VIEW AG2_CALLBACK_DAY").unwrap();
        let error = schema::check(&mut database, &place.url).unwrap_err();
        assert!(error.to_string().contains("but AG2_CALLBACK_DAY is missing"), "{error}");
        assert!(error.to_string().contains("`tbus infomart schema`"), "{error}");
        let foreign = Place::sqlite();
        foreign.open().script("CREATE TABLE CALLBACK_FACT (ADDED_TS int)").unwrap();
        let error = schema::prepare(&mut foreign.open(), &foreign.url).unwrap_err();
        assert!(error.to_string().contains("it has CALLBACK_FACT but no CTL_TBUS_SCHEMA"), "{error}");
        let source = schema::check_source(&mut database, &place.url).unwrap_err();
        assert!(source.to_string().contains("there is no TBUS_SCHEMA in it"), "{source}");
    }
}

#[test]
fn a_fact_is_there_once() {
    for place in Place::both() {
        let mut database = place.open();
        schema::prepare(&mut database, &place.url).unwrap();
        let fact = CallbackFact { service_id: "445-1", ..Default::default() };
        let mut transaction = database.begin().unwrap();
        transaction.row(&mart::CALLBACK_FACT, &fact.values()).unwrap();
        transaction.flush().unwrap();
        let twice = transaction.row(&mart::CALLBACK_FACT, &fact.values()).and_then(|()| transaction.flush());
        assert!(twice.unwrap_err().to_string().contains("CALLBACK_FACT"));
    }
}

/// 2014-09-20 (Saturday), 2014-09-21 (Sunday) and 2014-10-01, with the starts of their periods.
const DAYS: [[i32; 5]; 3] = [
    [1_411_171_200, 1_410_652_800, 1_409_529_600, 1_404_172_800, 1_388_534_400],
    [1_411_257_600, 1_411_257_600, 1_409_529_600, 1_404_172_800, 1_388_534_400],
    [1_412_121_600, 1_411_862_400, 1_412_121_600, 1_412_121_600, 1_388_534_400],
];

#[test]
fn views_are_sums_over_periods() {
    for place in Place::both() {
        let mut database = place.open();
        schema::prepare(&mut database, &place.url).unwrap();
        let mut transaction = database.begin().unwrap();
        for (at, [day, week, month, quarter, year]) in (1..).zip(DAYS) {
            // The first of the three months has no other row for its start.
            for start in if at == 1 { vec![day, month] } else { vec![day] } {
                let calendar = DateTime {
                    date_time_key: start,
                    date_time_day_key: start,
                    date_time_week_key: week,
                    date_time_month_key: month,
                    date_time_quarter_key: quarter,
                    date_time_year_key: year,
                    ..Default::default()
                };
                transaction.row(&mart::DATE_TIME, &calendar.values()).unwrap();
            }
            let sums = AgtCallback { date_time_key: day, offered: at, success: 1, ..Default::default() };
            transaction.row(&mart::AGT_CALLBACK_DAY, &sums.values()).unwrap();
        }
        for (month, offered) in [(DAYS[0][2], 3), (DAYS[2][2], 3)] {
            let sums = AgtCallback { date_time_key: month, offered, ..Default::default() };
            transaction.row(&mart::AGT_CALLBACK_MONTH, &sums.values()).unwrap();
        }
        transaction.commit().unwrap();
        let mut sums = |view: &str| -> Vec<(i64, i64)> {
            let sql = format!("SELECT DATE_TIME_KEY, OFFERED FROM {view} ORDER BY DATE_TIME_KEY");
            let rows = database.query(&sql, &[] as &[Value<'_>]).unwrap();
            rows.iter().map(|row| (row.int(0).unwrap(), row.int(1).unwrap())).collect()
        };
        assert_eq!(sums("AG2_CALLBACK_DAY"), [(1_411_171_200, 1), (1_411_257_600, 2), (1_412_121_600, 3)]);
        assert_eq!(sums("AG2_CALLBACK_WEEK"), [(1_410_652_800, 1), (1_411_257_600, 2), (1_411_862_400, 3)]);
        assert_eq!(sums("AG2_CALLBACK_MONTH"), [(1_409_529_600, 3), (1_412_121_600, 3)]);
        assert_eq!(sums("AG2_CALLBACK_QRTR"), [(1_404_172_800, 3), (1_412_121_600, 3)]);
        assert_eq!(sums("AG2_CALLBACK_YEAR"), [(1_388_534_400, 6)]);
        assert_eq!(sums("AG2_CALLBACK_SUBHR"), []);
    }
}
