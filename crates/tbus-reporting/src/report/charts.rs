//! What the charts show besides the days: how callbacks ended, and how long customers waited.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tbus_db::{Database, DbError, Row, Value};

use super::error::ReportError;
use super::filter::Filter;
use super::names::Names;

const CHARTS: &str = include_str!("../../sql/report/charts.sql");

/// One class of waiting times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// What its axis label says.
    pub label: &'static str,
    /// The longest time in it, in seconds; the last one has no end.
    pub most: Option<i64>,
}

/// The classes (chosen). `sql/report/charts.sql` has the same bounds.
pub const BUCKETS: [Bucket; 11] = [
    Bucket { label: "0 s", most: Some(0) },
    Bucket { label: "5 s", most: Some(5) },
    Bucket { label: "15 s", most: Some(15) },
    Bucket { label: "30 s", most: Some(30) },
    Bucket { label: "1 min", most: Some(60) },
    Bucket { label: "2 min", most: Some(120) },
    Bucket { label: "5 min", most: Some(300) },
    Bucket { label: "10 min", most: Some(600) },
    Bucket { label: "30 min", most: Some(1800) },
    Bucket { label: "1 h", most: Some(3600) },
    Bucket { label: "more", most: None },
];

/// A value and how many callbacks have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The value.
    pub value: String,
    /// Callbacks.
    pub callbacks: i64,
}

/// The distribution of one kind of waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What was waited for, as a title.
    pub title: &'static str,
    /// Whose waiting is counted.
    pub of: &'static str,
    /// The column of CALLBACK_FACT.
    pub column: &'static str,
    /// Callbacks in each of the [`BUCKETS`].
    pub counts: [i64; BUCKETS.len()],
    /// Seconds of all of them.
    pub seconds: i64,
}

/// What the charts show, of the final row that came last for each callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charts {
    /// Callbacks by disposition, the most frequent first.
    pub dispositions: Vec<Count>,
    /// Callbacks by the final result of dialling, the most frequent first.
    pub dial_results: Vec<Count>,
    /// Waiting offline, for the call, and connected.
    pub waits: [Wait; 3],
}

impl Wait {
    fn new(title: &'static str, of: &'static str, column: &'static str) -> Self {
        Self { title, of, column, counts: [0; BUCKETS.len()], seconds: 0 }
    }

    /// Adds callbacks whose class and seconds stand in these columns. A class of -1 is not counted.
    fn add(&mut self, row: &Row<'_>, column: usize, callbacks: i64) -> Result<(), DbError> {
        let class = usize::try_from(row.int(column)?).ok();
        if let Some(count) = class.and_then(|class| self.counts.get_mut(class)) {
            *count = count.saturating_add(callbacks);
            self.seconds = self.seconds.saturating_add(row.int(column + 1)?);
        }
        Ok(())
    }

    /// All callbacks that are counted.
    pub fn callbacks(&self) -> i64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The average in seconds; none of nothing.
    pub fn average(&self) -> Option<f64> {
        let callbacks = self.callbacks();
        (callbacks > 0).then(|| self.seconds as f64 / callbacks as f64)
    }
}

/// Reads the facts for the charts.
///
/// # Errors
/// When the database fails, or the first day is after the last one.
pub fn charts(database: &mut Database, filter: &Filter) -> Result<Charts, ReportError> {
    let (begin, end) = filter.seconds()?;
    let mut dispositions: BTreeMap<String, i64> = BTreeMap::new();
    let mut dial_results: BTreeMap<String, i64> = BTreeMap::new();
    let mut offline = Wait::new("Offline wait for an agent", "accepted callbacks", "WAIT_AGENT_OFFLINE_TIME");
    let mut establish =
        Wait::new("Time to establish the call", "attempted callbacks", "ESTABLISH_MEDIA_IXN_TIME");
    let mut connected =
        Wait::new("Connected, waiting for an agent", "connected callbacks", "CONN_WAITING_AGENT_TIME");
    database.each(CHARTS, &[Value::Int(begin), Value::Int(end)], |row| {
        if filter.takes(&Names::read(&row)?) {
            let callbacks = row.int(6)?;
            *dispositions.entry(row.text(4)?.to_owned()).or_default() += callbacks;
            *dial_results.entry(row.text(5)?.to_owned()).or_default() += callbacks;
            offline.add(&row, 7, callbacks)?;
            establish.add(&row, 9, callbacks)?;
            connected.add(&row, 11, callbacks)?;
        }
        Ok::<(), ReportError>(())
    })?;
    Ok(Charts {
        dispositions: by_frequency(dispositions),
        dial_results: by_frequency(dial_results),
        waits: [offline, establish, connected],
    })
}

/// The most frequent first, equals by name.
fn by_frequency(counts: BTreeMap<String, i64>) -> Vec<Count> {
    let mut counts: Vec<Count> =
        counts.into_iter().map(|(value, callbacks)| Count { value, callbacks }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.callbacks));
    counts
}

impl Charts {
    /// The figures as JSON.
    pub(super) fn json(&self) -> Json {
        let counts = |counts: &[Count]| -> Vec<Json> {
            let each = counts.iter();
            each.map(|count| json!({ "value": count.value, "callbacks": count.callbacks })).collect()
        };
        let waits = self.waits.iter().map(|wait| {
            let buckets = BUCKETS.iter().zip(wait.counts);
            let buckets =
                buckets.map(|(bucket, count)| json!({ "toSeconds": bucket.most, "callbacks": count }));
            json!({
                "column": wait.column,
                "callbacks": wait.callbacks(),
                "seconds": wait.seconds,
                "buckets": buckets.collect::<Vec<Json>>(),
            })
        });
        json!({
            "disposition": counts(&self.dispositions),
            "finalDialResult": counts(&self.dial_results),
            "waits": waits.collect::<Vec<Json>>(),
        })
    }
}
