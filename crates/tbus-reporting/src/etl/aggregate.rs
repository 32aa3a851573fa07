//! The sums, made anew for the periods that facts have changed.

use tbus_db::{Database, DbError};

use crate::mart::{self, CtlAuditLog};

const SPAN: &str = include_str!("../../sql/aggregate/pending_span.sql");
const SUBHOUR_DELETE: &str = include_str!("../../sql/aggregate/subhour_delete.sql");
const SUBHOUR_INSERT: &str = include_str!("../../sql/aggregate/subhour_insert.sql");
const LEVEL_DELETE: &str = include_str!("../../sql/aggregate/level_delete.sql");
const LEVEL_INSERT: &str = include_str!("../../sql/aggregate/level_insert.sql");
const FORGET: &str = include_str!("../../sql/aggregate/forget_pending.sql");

/// The stored levels above 15 minutes: table, key of the period, table of the level below.
const LEVELS: [[&str; 3]; 3] = [
    ["AGT_CALLBACK_HOUR", "DATE_TIME_HOUR_KEY", "AGT_CALLBACK_SUBHOUR"],
    ["AGT_CALLBACK_DAY", "DATE_TIME_DAY_KEY", "AGT_CALLBACK_HOUR"],
    ["AGT_CALLBACK_MONTH", "DATE_TIME_MONTH_KEY", "AGT_CALLBACK_DAY"],
];

/// Makes what is pending, in one transaction; gives the number of 15-minute periods. `audit` is called for the key of the
/// transaction when there is something to do.
pub(crate) fn run(database: &mut Database, now: i32, audit: impl FnOnce() -> i64) -> Result<u64, DbError> {
    let mut tx = database.begin()?;
    let rows = tx.query(SPAN, &[])?;
    let Some(span) = rows.first() else { return Ok(0) };
    let periods = span.int(0)?;
    if periods == 0 {
        return Ok(0);
    }
    let key = |at| span.int_or_null(at).map(|key| key.and_then(|key| i32::try_from(key).ok()));
    let log = CtlAuditLog {
        audit_key: audit(),
        job_name: "Job_AggregateGIM",
        processing_status: "COMMITTED",
        min_date_time_key: key(1)?,
        max_date_time_key: key(2)?,
        created_ts: now,
        ..CtlAuditLog::default()
    };
    tx.execute(SUBHOUR_DELETE, &[])?;
    tx.execute(SUBHOUR_INSERT, &[])?;
    for [table, period, below] in LEVELS {
        let of_level = |sql: &str| {
            sql.replace("AGT_CALLBACK_LEVEL", table)
                .replace("DATE_TIME_LEVEL_KEY", period)
                .replace("AGT_CALLBACK_BELOW", below)
        };
        tx.execute(&of_level(LEVEL_DELETE), &[])?;
        tx.execute(&of_level(LEVEL_INSERT), &[])?;
    }
    tx.row(&mart::CTL_AUDIT_LOG, &log.values())?;
    tx.execute(FORGET, &[])?;
    tx.commit()?;
    Ok(u64::try_from(periods).unwrap_or_default())
}
