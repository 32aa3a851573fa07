//! What is in an Info Mart.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// Columns of a fact with its dimensions, without keys that only this database knows.
const COLUMNS: &str = "
    f.ADDED_TS, f.SERVICE_ID, f.FINAL_RECORD, t.TENANT_NAME, r.RESOURCE_NAME, f.START_DATE_TIME_KEY, f.SERVICE_START_TS,
    f.SERVICE_END_TS, f.CUSTOMER_ANI, d1.CALLBACK_TYPE, d1.CALLBACK_OFFER_TYPE, d1.CHANNEL, d1.CONNECT_ORDER,
    d2.CALL_DIRECTION, d2.OFFER_TIMING, d3.DISPOSITION, d2.DIAL_DIALOG_RESULT, d2.FINAL_DIAL_RESULT, d3.FINAL_TARGET,
    f.CALLBACK_OFFERED, f.CALLBACK_OFFERED_TS, f.CALLBACK_OFFER_TIME, f.WAITED_BEFORE_OFFER_TIME, f.EWT_WHEN_OFFERED,
    f.POS_WHEN_OFFERED, f.EWT_THRESHOLD_WHEN_OFFERED, f.EWT_WHEN_REJECTED, d4.ABANDONED_DURING_CB_OFFER,
    f.CALLBACK_ACCEPTED, f.CALLBACK_ACCEPTED_TS, f.DESIRED_TIME_TS, f.WAIT_AGENT_OFFLINE_TIME,
    f.READY_START_MEDIA_IXN_TS, f.EWT_READY_TO_START_IXN, f.POS_READY_TO_START_IXN, f.EWT_WHEN_LAST_DIAL,
    f.POS_WHEN_LAST_DIAL, d4.DIAL_IGNOREING_AVAILABILITY, f.CALLBACK_ATTEMPTS, f.DIAL_1_TS, dr.DIAL_1_RESULT, f.DIAL_2_TS,
    dr.DIAL_2_RESULT, f.DIAL_3_TS, dr.DIAL_3_RESULT, f.DIAL_4_TS, dr.DIAL_4_RESULT, f.DIAL_5_TS, dr.DIAL_5_RESULT,
    f.PUSH_DELIVERY_CONFIRMED_TS, f.CUSTOMER_READY_TO_START_IXN_TS, f.ESTABLISH_MEDIA_IXN_TIME, f.CUSTOMER_CONNECTED_TS,
    f.IXN_REQ_AGENT, f.CONN_WAITING_AGENT_TIME, f.ABANDONED_WAITING, f.TIMEOUT_WAITING, f.XFER_TO_AGENT_FAILED,
    f.AGENT_ADDED_TO_IXN, f.PRIORITY_WHEN_CB_ACCEPTED, f.PRIORITY_WHEN_C_CONNECTED, f.PRIORITY_WHEN_A_CONNECTED,
    f.ORS_SESSION_ID, f.ORIGINATION_IXN_ID, f.FIRST_OUT_IXN_ID, f.LAST_OUT_IXN_ID";

const FROM: &str = "
    from CALLBACK_FACT f
    left join TENANT t on t.TENANT_KEY = f.TENANT_KEY
    left join RESOURCE_ r on r.RESOURCE_KEY = f.RESOURCE_KEY
    left join CALLBACK_DIM_1 d1 on d1.ID = f.CALLBACK_DIM_1_KEY
    left join CALLBACK_DIM_2 d2 on d2.ID = f.CALLBACK_DIM_2_KEY
    left join CALLBACK_DIM_3 d3 on d3.ID = f.CALLBACK_DIM_3_KEY
    left join CALLBACK_DIM_4 d4 on d4.ID = f.CALLBACK_DIM_4_KEY
    left join CALLBACK_DIAL_RESULTS dr on dr.ID = f.CALLBACK_DIAL_RESULTS_KEY
    order by f.ADDED_TS, f.EVENT_SEQUENCE";

/// Facts as a table that people read: a line for each column that is not its default everywhere, a column for each fact.
pub(super) fn facts(path: &str) -> String {
    let rows = query(path, &format!("select {COLUMNS} {FROM}"));
    let names: Vec<_> = COLUMNS.split(',').map(|name| name.trim().split('.').nth(1).unwrap()).collect();
    let mut text = String::new();
    for (column, name) in names.iter().enumerate() {
        if rows.iter().all(|row| matches!(row[column].as_str(), "0" | "" | "UNKNOWN")) {
            continue;
        }
        text.push_str(name);
        for row in &rows {
            text.push('\t');
            text.push_str(&row[column]);
        }
        text.push('\n');
    }
    text
}

/// The columns of the published sample.
pub(super) fn sample(path: &str) -> Vec<Vec<String>> {
    query(
        path,
        "select ADDED_TS, DS_AUDIT_KEY, EVENT_SEQUENCE, CREATE_AUDIT_KEY, TENANT_KEY, SERVICE_ID, FINAL_RECORD, \
         EWT_READY_TO_START_IXN, EWT_WHEN_OFFERED, POS_READY_TO_START_IXN, POS_WHEN_OFFERED from CALLBACK_FACT \
         order by ADDED_TS",
    )
}

pub(super) fn query(path: &str, sql: &str) -> Vec<Vec<String>> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = database.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let value = |column| match row.get_ref(column).unwrap() {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        };
        found.push((0..columns).map(value).collect());
    }
    found
}
