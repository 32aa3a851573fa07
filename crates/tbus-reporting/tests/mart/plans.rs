//! What PostgreSQL does with statements, whether its tables were analysed or not.

use crate::place::{Place, number};

const PENDING: &str = include_str!("../../sql/etl/pending.sql");

/// Facts of 40 commits, two for each callback.
const FACTS: &str = "INSERT INTO CALLBACK_FACT (ADDED_TS, DS_AUDIT_KEY, EVENT_SEQUENCE, CREATE_AUDIT_KEY, UPDATE_AUDIT_KEY, \
    SERVICE_ID, FINAL_RECORD, SERVICE_START_TS, START_DATE_TIME_KEY, CALLBACK_OFFERED, CALLBACK_OFFERED_TS, CALLBACK_OFFER_TIME) \
    SELECT 1411120800 + n, 1, n, 16 * (1 + n / 1000), 16, 'service-' || n / 2, n % 2, 1411120800 + n, \
    1411120800 + n / 900 * 900, 1, 1411120800 + n, 0 FROM generate_series(0, 39999) n";

#[test]
fn a_commit_scans_no_facts_of_others() {
    let place = Place::postgresql();
    let mut mart = place.open();
    tbus_reporting::schema::prepare(&mut mart, &place.url).unwrap();
    mart.script(FACTS).unwrap();
    let known = "SELECT COUNT(*) FROM pg_stats WHERE tablename = 'callback_fact'";
    assert_eq!(number(&mut mart, known), 0);
    for analyse in ["", "ANALYZE CALLBACK_FACT"] {
        mart.script(analyse).unwrap();
        let plan = mart.query(&format!("EXPLAIN {}", PENDING.replace("$1", "320")), &[]).unwrap();
        let plan: Vec<&str> = plan.iter().map(|row| row.text(0).unwrap()).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("tbus_cbf_service") && plan.contains("tbus_cbf_created"), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
    assert!(number(&mut mart, known) > 0);
}
