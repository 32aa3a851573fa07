//! Why a report is empty, for whoever has asked.

use std::collections::BTreeSet;

use tbus_db::Database;

use super::error::ReportError;
use super::filter::Filter;
use super::names::Names;

const NAMES: &str = include_str!("../../sql/report/names.sql");
const AGGREGATED: &str = include_str!("../../sql/report/aggregated.sql");
/// Most names that a hint lists.
const SHOWN: usize = 8;

/// Sentences that say what the Info Mart holds instead of what was asked for. Asked only when a report is empty.
///
/// # Errors
/// When the database fails.
pub fn hints(database: &mut Database, filter: &Filter) -> Result<Vec<String>, ReportError> {
    let mut known: [BTreeSet<String>; 4] = Default::default();
    let mut span: Option<(i64, i64)> = None;
    database.each(NAMES, &[], |row| {
        let Names { tenant, queue, callback_type, channel } = Names::read(&row)?;
        for (known, name) in known.iter_mut().zip([tenant, queue, callback_type, channel]) {
            known.insert(name);
        }
        let (first, last) = (row.int(4)?, row.int(5)?);
        span = Some(span.map_or((first, last), |(least, most)| (least.min(first), most.max(last))));
        Ok::<(), ReportError>(())
    })?;
    let Some((first, last)) = span else {
        return Ok(vec!["the Info Mart holds no callback; `tbus etl` fills it".to_owned()]);
    };
    let mut hints = Vec::new();
    let wanted = [
        ("tenant", &filter.tenants),
        ("queue", &filter.queues),
        ("callback type", &filter.types),
        ("channel", &filter.channels),
    ];
    for ((what, wanted), known) in wanted.into_iter().zip(&known) {
        for name in wanted.iter().filter(|name| !known.contains(*name)) {
            let mut names: Vec<&str> = known.iter().map(String::as_str).take(SHOWN).collect();
            if known.len() > SHOWN {
                names.push("..");
            }
            hints.push(format!("no callback has the {what} {name:?}; there are: {}", names.join(", ")));
        }
    }
    let (first, last) = (filter.day("START_DATE_TIME_KEY", first)?, filter.day("START_DATE_TIME_KEY", last)?);
    hints.push(format!("the Info Mart has callbacks from {first} to {last}"));
    if database.query(AGGREGATED, &[])?.first().is_some_and(|row| row.int(0).is_ok_and(|rows| rows == 0)) {
        let text = "there are callbacks but no aggregates: run `tbus etl`, and not with [agg-feature] enable-callback = no; \
                    a run that is under way makes them at its end";
        hints.push(text.to_owned());
    }
    Ok(hints)
}
