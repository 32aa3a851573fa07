//! The Callback Details Report: one line for each callback, written as it is read.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use tbus_db::{Database, Row, Value};

use super::charts::charts;
use super::error::ReportError;
use super::filter::Filter;
use super::html;
use super::names::Names;
use super::terminal;

const DETAILS: &str = include_str!("../../sql/report/details.sql");

/// Most callbacks that a table shows (chosen): more are for programs.
pub const TABLE_ROWS: u64 = 500;
/// Most callbacks that a HTML page lists (chosen); its charts have all.
pub const HTML_ROWS: u64 = 2_000;

/// What a column holds, and so how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A text; nothing when there is none.
    Text,
    /// Seconds since 1970, shown in the report's zone; nothing for 0, which means that it has not happened.
    Time,
    /// A number.
    Number,
    /// 1 or something else.
    Flag,
}

/// One column of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// Its key in JSON.
    pub key: &'static str,
    /// What it holds.
    pub kind: Kind,
}

const fn text(title: &'static str, key: &'static str) -> Column {
    Column { title, key, kind: Kind::Text }
}

const fn time(title: &'static str, key: &'static str) -> Column {
    Column { title, key, kind: Kind::Time }
}

const fn number(title: &'static str, key: &'static str) -> Column {
    Column { title, key, kind: Kind::Number }
}

/// The columns (chosen: nobody has published the vendor's), in the order of `sql/report/details.sql`. Durations and
/// estimates are in seconds.
pub const COLUMNS: [Column; 37] = [
    text("Tenant", "tenant"),
    text("Queue", "queue"),
    text("Callback Type", "callbackType"),
    text("Channel", "channel"),
    text("Service ID", "serviceId"),
    text("Phone", "phone"),
    Column { title: "Final", key: "final", kind: Kind::Flag },
    time("Service Start", "serviceStart"),
    time("Offered", "offered"),
    time("Accepted", "accepted"),
    time("Desired Time", "desiredTime"),
    time("First Dial", "firstDial"),
    time("Customer Connected", "customerConnected"),
    time("Service End", "serviceEnd"),
    number("Attempts", "attempts"),
    number("EWT When Offered", "ewtWhenOffered"),
    number("Position When Offered", "positionWhenOffered"),
    number("Offline Wait", "offlineWait"),
    number("Establish Time", "establishTime"),
    number("Wait For Agent", "waitForAgent"),
    number("Agent Added", "agentAdded"),
    number("Abandoned", "abandoned"),
    text("Connect Order", "connectOrder"),
    text("Call Direction", "callDirection"),
    text("Dial 1 Result", "dial1Result"),
    text("Dial 2 Result", "dial2Result"),
    text("Dial 3 Result", "dial3Result"),
    text("Dial 4 Result", "dial4Result"),
    text("Dial 5 Result", "dial5Result"),
    text("Final Dial Result", "finalDialResult"),
    text("Dial Dialog Result", "dialDialogResult"),
    text("Disposition", "disposition"),
    text("Final Target", "finalTarget"),
    text("Origination Ixn ID", "originationIxnId"),
    text("First Out Ixn ID", "firstOutIxnId"),
    text("Last Out Ixn ID", "lastOutIxnId"),
    text("ORS Session ID", "orsSessionId"),
];

/// Places in [`COLUMNS`] that the code below needs.
const TENANT: usize = 0;
const QUEUE: usize = 1;
const SERVICE: usize = 4;
const FINAL: usize = 6;
const START: usize = 7;
const ATTEMPTS: usize = 14;
const DISPOSITION: usize = 31;

/// In which form the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Plain text, at most [`TABLE_ROWS`] callbacks with the columns that fit.
    Table,
    /// CSV: the header and all callbacks.
    Csv,
    /// One JSON object with all callbacks.
    Json,
    /// A page with charts of all and a list of at most [`HTML_ROWS`] callbacks.
    Html,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Details {
    /// Callbacks that were asked for.
    pub callbacks: u64,
    /// Those among them without a final record.
    pub open: u64,
    /// Callbacks that are listed.
    pub listed: u64,
}

/// One line, as texts and numbers.
pub(super) struct Line<'a> {
    row: Row<'a>,
    filter: &'a Filter,
}

impl Line<'_> {
    /// A cell as text; empty for what is not there.
    pub(super) fn text(&self, place: usize) -> Result<String, ReportError> {
        let Some(column) = COLUMNS.get(place) else { return Ok(String::new()) };
        Ok(match column.kind {
            Kind::Text => self.row.text_or_null(place)?.unwrap_or_default().to_owned(),
            Kind::Time => self.time(place, "%Y-%m-%dT%H:%M:%S%:z")?.unwrap_or_default(),
            Kind::Number => self.row.int_or_null(place)?.map(|number| number.to_string()).unwrap_or_default(),
            Kind::Flag => (if self.is_set(place)? { "yes" } else { "no" }).to_owned(),
        })
    }

    fn json(&self, place: usize) -> Result<Json, ReportError> {
        Ok(match COLUMNS.get(place).map(|column| column.kind) {
            Some(Kind::Number) => self.row.int_or_null(place)?.into(),
            Some(Kind::Flag) => self.is_set(place)?.into(),
            _ => Some(self.text(place)?).filter(|text| !text.is_empty()).into(),
        })
    }

    fn time(&self, place: usize, form: &str) -> Result<Option<String>, ReportError> {
        let seconds = self.row.int_or_null(place)?.unwrap_or_default();
        if seconds <= 0 {
            return Ok(None);
        }
        let column = COLUMNS.get(place).map_or("", |column| column.title);
        let time =
            Timestamp::from_second(seconds).map_err(|_| ReportError::Time { column, value: seconds })?;
        Ok(Some(time.to_zoned(self.filter.zone.clone()).strftime(form).to_string()))
    }

    pub(super) fn is_set(&self, place: usize) -> Result<bool, ReportError> {
        Ok(self.row.int_or_null(place)? == Some(1))
    }
}

/// Writes the report.
///
/// # Errors
/// When the database fails, the output cannot be written, or the first day is after the last one. What was written before
/// is no whole report then.
pub fn details(
    database: &mut Database,
    filter: &Filter,
    format: Format,
    out: &mut dyn Write,
) -> Result<Details, ReportError> {
    match format {
        Format::Table => table(database, filter, out),
        Format::Csv => csv(database, filter, out),
        Format::Json => json(database, filter, out),
        Format::Html => {
            let charts = charts(database, filter)?;
            let mut page = html::DetailsPage::new(filter, &charts);
            let done = each(database, filter, |line, done| {
                if done.callbacks <= HTML_ROWS {
                    done.listed += 1;
                    page.line(line, [TENANT, QUEUE, FINAL])?;
                }
                Ok(())
            })?;
            out.write_all(page.end(&done).as_bytes())?;
            Ok(done)
        }
    }
}

/// Hands over the lines that are asked for, counted.
fn each(
    database: &mut Database,
    filter: &Filter,
    mut each: impl FnMut(&Line<'_>, &mut Details) -> Result<(), ReportError>,
) -> Result<Details, ReportError> {
    let (begin, end) = filter.seconds()?;
    let mut done = Details::default();
    database.each(DETAILS, &[Value::Int(begin), Value::Int(end)], |row| {
        if !filter.takes(&Names::read(&row)?) {
            return Ok(());
        }
        let line = Line { row, filter };
        done.callbacks += 1;
        done.open += u64::from(!line.is_set(FINAL)?);
        each(&line, &mut done)
    })?;
    Ok(done)
}

fn csv(database: &mut Database, filter: &Filter, out: &mut dyn Write) -> Result<Details, ReportError> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS.map(|column| column.title))?;
    let done = each(database, filter, |line, done| {
        done.listed += 1;
        for place in 0..COLUMNS.len() {
            csv.write_field(line.text(place)?)?;
        }
        Ok(csv.write_record(None::<&[u8]>)?)
    })?;
    csv.flush()?;
    Ok(done)
}

fn json(database: &mut Database, filter: &Filter, out: &mut dyn Write) -> Result<Details, ReportError> {
    write!(out, "{{\"report\":\"callback-details\",\"prompts\":{},\"rows\":[", filter.json())?;
    let done = each(database, filter, |line, done| {
        let mut object = Map::new();
        for (place, column) in COLUMNS.iter().enumerate() {
            object.insert(column.key.to_owned(), line.json(place)?);
        }
        write!(out, "{}\n{}", if done.listed == 0 { "" } else { "," }, Json::Object(object))?;
        done.listed += 1;
        Ok(())
    })?;
    writeln!(out, "\n],\"callbacks\":{},\"open\":{}}}", done.callbacks, done.open)?;
    Ok(done)
}

fn table(database: &mut Database, filter: &Filter, out: &mut dyn Write) -> Result<Details, ReportError> {
    const HEADS: [&str; 6] =
        ["Service Start", "Service ID", "Callback\nType", "Chan-\nnel", "Dials", "Disposition"];
    let mut text = terminal::head("Callback Details Report", filter);
    let mut pages: Vec<([String; 2], comfy_table::Table)> = Vec::new();
    let done = each(database, filter, |line, done| {
        if done.callbacks > TABLE_ROWS {
            return Ok(());
        }
        done.listed += 1;
        let page = [line.text(TENANT)?, line.text(QUEUE)?];
        if pages.last().is_none_or(|(last, _)| *last != page) {
            pages.push((page, terminal::table(&HEADS, 4, 1, 5)));
        }
        let start = line.time(START, "%Y-%m-%d %H:%M:%S")?.unwrap_or_default();
        let mark = if line.is_set(FINAL)? { "" } else { "*" };
        let mut cells = vec![format!("{start}{mark}")];
        for place in [SERVICE, 2, 3, ATTEMPTS, DISPOSITION] {
            cells.push(terminal::plain(&line.text(place)?));
        }
        if let Some((_, table)) = pages.last_mut() {
            table.add_row(cells);
        }
        Ok(())
    })?;
    let mut before = None;
    for ([tenant, queue], table) in &pages {
        terminal::page(&mut text, before, tenant, queue);
        before = Some(tenant.as_str());
        terminal::lines(&mut text, table, false);
    }
    text.push('\n');
    if done.open > 0 {
        text.push_str("* has no final record: the latest one is shown\n");
    }
    text.push_str(&match (done.callbacks, done.listed) {
        (0, _) => "No callbacks.\n".to_owned(),
        (all, listed) if all > listed => {
            format!("{all} callbacks, the first {listed} are shown (the limit of a table); CSV and JSON have all\n")
        }
        (1, _) => "1 callback\n".to_owned(),
        (all, _) => format!("{all} callbacks\n"),
    });
    out.write_all(text.as_bytes())?;
    Ok(done)
}
