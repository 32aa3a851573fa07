//! The Callback Summary Report: its model, its lines, and its plain forms.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use tbus_db::{Database, Value};

use super::charts::Charts;
use super::error::ReportError;
use super::figures::Figures;
use super::filter::Filter;
use super::names::Names;

const BY_DAY: &str = include_str!("../../sql/report/summary_day.sql");
const BY_SUBHOUR: &str = include_str!("../../sql/report/summary_subhour.sql");

/// The columns, in their published order and spelling.
pub const HEADER: [&str; 15] = [
    "Tenant",
    "Queue",
    "Callback Type",
    "Channel",
    "Day",
    "Offered",
    "Accepted",
    "Declined Count",
    "Declined %",
    "Attempted",
    "Customer Connected Count",
    "Customer Connected %",
    "% Cancelled",
    "% Abandoned",
    "Success Count",
];

/// What the first cell of a sub total says (facts: the published report).
pub(super) const SUB_TOTAL: &str = "SUB TOTAL:";

/// The Callback Summary Report. Pages, and the lines on a page, are in the order of their names' code points, then of
/// days.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What it was asked for.
    pub filter: Filter,
    /// A page for each tenant and queue.
    pub pages: Vec<Page>,
}

/// One page: a queue of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Name of the tenant.
    pub tenant: String,
    /// Name of the queue.
    pub queue: String,
    /// The lines.
    pub lines: Vec<Line>,
    /// Their sums.
    pub total: Figures,
}

/// One line: a day of a callback type on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The callback type.
    pub callback_type: String,
    /// The channel.
    pub channel: String,
    /// The day in the report's zone.
    pub day: Date,
    /// Its figures.
    pub figures: Figures,
}

/// Reads the aggregates and makes the report. Days in UTC come from the day level, days of other zones from the
/// sub-hour level; a quarter of an hour belongs to the day in which it begins.
///
/// # Errors
/// When the database fails, or the first day is after the last one.
pub fn summary(database: &mut Database, filter: &Filter) -> Result<Summary, ReportError> {
    let (begin, end) = filter.seconds()?;
    let sql = if filter.zone == TimeZone::UTC { BY_DAY } else { BY_SUBHOUR };
    let mut found: BTreeMap<(Names, Date), Figures> = BTreeMap::new();
    database.each(sql, &[Value::Int(begin), Value::Int(end)], |row| {
        let names = Names::read(&row)?;
        if filter.takes(&names) {
            let day = filter.day("DATE_TIME_KEY", row.int(4)?)?;
            found.entry((names, day)).or_default().add(&Figures::read(&row, 5)?);
        }
        Ok::<(), ReportError>(())
    })?;
    let mut pages: Vec<Page> = Vec::new();
    for ((Names { tenant, queue, callback_type, channel }, day), figures) in found {
        let line = Line { callback_type, channel, day, figures };
        match pages.last_mut() {
            Some(page) if page.tenant == tenant && page.queue == queue => page.push(line),
            _ => {
                let mut page = Page { tenant, queue, lines: Vec::new(), total: Figures::default() };
                page.push(line);
                pages.push(page);
            }
        }
    }
    Ok(Summary { filter: filter.clone(), pages })
}

impl Page {
    fn push(&mut self, line: Line) {
        self.total.add(&line.figures);
        self.lines.push(line);
    }
}

impl Summary {
    /// The title (facts: 6.1).
    pub const TITLE: &'static str = "Callback Summary Report";

    /// All lines of all pages.
    pub fn lines(&self) -> impl Iterator<Item = (&Page, &Line)> {
        self.pages.iter().flat_map(|page| page.lines.iter().map(move |line| (page, line)))
    }

    /// The figures of all lines together. The published report shows no such line; the charts need it.
    pub fn total(&self) -> Figures {
        let mut total = Figures::default();
        self.pages.iter().for_each(|page| total.add(&page.total));
        total
    }

    /// Writes the report as CSV (RFC 4180 with LF): the header, the lines, and each page's sub total.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write_csv(&self, out: impl Write) -> Result<(), ReportError> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(HEADER)?;
        for page in &self.pages {
            for line in &page.lines {
                let names = [&page.tenant, &page.queue, &line.callback_type, &line.channel];
                let cells = names.map(String::clone).into_iter().chain([line.day.to_string()]);
                csv.write_record(cells.chain(line.figures.cells()))?;
            }
            let names = [page.tenant.as_str(), &page.queue, SUB_TOTAL, "", ""];
            csv.write_record(names.map(str::to_owned).into_iter().chain(page.total.cells()))?;
        }
        csv.flush()?;
        Ok(())
    }

    /// The report as one JSON object; its form is in `protocol-spec/report.md`.
    pub fn json(&self, charts: &Charts) -> Json {
        let rows = self.lines().map(|(page, line)| {
            let head = json!({
                "tenant": page.tenant,
                "queue": page.queue,
                "callbackType": line.callback_type,
                "channel": line.channel,
                "day": line.day.to_string(),
            });
            with_figures(head, &line.figures)
        });
        let totals = self
            .pages
            .iter()
            .map(|page| with_figures(json!({ "tenant": page.tenant, "queue": page.queue }), &page.total));
        json!({
            "report": "callback-summary",
            "prompts": self.filter.json(),
            "rows": rows.collect::<Vec<Json>>(),
            "subTotals": totals.collect::<Vec<Json>>(),
            "charts": charts.json(),
        })
    }
}

/// A JSON object with the figures after what it has.
fn with_figures(mut head: Json, figures: &Figures) -> Json {
    let more = json!({
        "offered": figures.offered,
        "accepted": figures.accepted,
        "declined": figures.declined,
        "declinedPercent": figures.declined_percent().as_f64(),
        "attempted": figures.attempted,
        "attempts": figures.attempts,
        "customerConnected": figures.connected,
        "customerConnectedPercent": figures.connected_percent().as_f64(),
        "cancelled": figures.cancelled,
        "cancelledPercent": figures.cancelled_percent().as_f64(),
        "abandoned": figures.abandoned,
        "abandonedPercent": figures.abandoned_percent().as_f64(),
        "success": figures.success,
        "waitAgentOfflineSeconds": figures.wait_offline,
        "establishMediaIxnSeconds": figures.establish,
        "connWaitingAgentSeconds": figures.wait_connected,
    });
    if let (Json::Object(head), Json::Object(more)) = (&mut head, more) {
        head.extend(more);
    }
    head
}
