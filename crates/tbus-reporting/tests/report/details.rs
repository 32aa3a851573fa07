//! The Details report: one line for each callback, whatever its events.

use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use tbus_db::Database;
use tbus_reporting::report::{COLUMNS, Details, Filter, Format, HTML_ROWS, Kind, TABLE_ROWS, details};

use crate::fill::{Fact, T, guide, in_memory, on_both};
use crate::summary::ODD;

fn written(database: &mut Database, filter: &Filter, format: Format) -> (Details, String) {
    let mut out = Vec::new();
    let done = details(database, filter, format, &mut out).expect("a report");
    (done, String::from_utf8(out).expect("UTF-8"))
}

/// The records of the CSV form, without its header.
fn records(database: &mut Database, filter: &Filter) -> Vec<csv::StringRecord> {
    let (_, text) = written(database, filter, Format::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    assert_eq!(header, COLUMNS.map(|column| column.title));
    reader.into_records().collect::<Result<_, _>>().expect("records")
}

#[test]
fn a_callback_is_one_line() {
    let mut facts = guide();
    // The final event again, later, with another result: that one counts.
    facts.push(Fact { after: 90, attempts: 2, ..Fact::success("445-a0", T) });
    // A first event that comes after the final one changes nothing.
    facts.push(Fact { after: 300, ..Fact::success("445-a1", T + 37).first() });
    // Without a final event: the latest one.
    facts.push(Fact::success("445-open", T + 60_000).first());
    facts.push(Fact { after: 5, attempts: 1, ..Fact::success("445-open", T + 60_000).first() });
    on_both(&facts, |database| {
        let (done, _) = written(database, &Filter::default(), Format::Csv);
        assert_eq!(done, Details { callbacks: 393, open: 1, listed: 393 });
        let records = records(database, &Filter::default());
        assert_eq!(records.len(), 393);
        let of = |service: &str| {
            let mut found = records.iter().filter(|record| record.get(4) == Some(service));
            let one = found.next().expect("a line").iter().map(str::to_owned).collect::<Vec<String>>();
            assert!(found.next().is_none(), "{service} has one line");
            one
        };
        let [again, late, open] = ["445-a0", "445-a1", "445-open"].map(of);
        assert_eq!((again[6].as_str(), again[14].as_str()), ("yes", "2"));
        assert_eq!(late[6], "yes");
        assert_eq!((open[6].as_str(), open[14].as_str(), open[31].as_str()), ("no", "1", "QUEUED.CONNECTED"));
        let declined = of("445-e0");
        assert_eq!(
            [&declined[9], &declined[11], &declined[12]],
            ["", "", ""],
            "what has not happened has no time"
        );
        let expected = "Environment|Performance_VCB_VQ|IMMEDIATE|IVR|445-a2|+15550100|yes|2014-09-19T10:01:14+00:00|\
            2014-09-19T10:01:02+00:00|2014-09-19T10:01:14+00:00||2014-09-19T10:01:16+00:00|2014-09-19T10:01:22+00:00|\
            2014-09-19T10:01:32+00:00|1|240|0|0|6|7|1|0|UNKNOWN|UNKNOWN||||||CONNECTED|RIGHT_PERSON|COMPLETED.AGENT|\
            UNKNOWN||||";
        assert_eq!(of("445-a2").join("|"), expected);
    });
}

#[test]
fn filters_and_zone_are_those_of_the_summary() {
    on_both(&guide(), |database| {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let filter = Filter {
            queues: vec!["Callback_VQ".to_owned()],
            from: Some(date(2014, 9, 18)),
            to: Some(date(2014, 9, 18)),
            zone: berlin,
            ..Filter::default()
        };
        let records = records(database, &filter);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].get(7), Some("2014-09-18T12:00:00+02:00"));
        let none = Filter { from: Some(date(2014, 9, 20)), ..Filter::default() };
        for format in [Format::Table, Format::Csv, Format::Json, Format::Html] {
            let (done, text) = written(database, &none, format);
            assert_eq!(done, Details::default(), "{text}");
            assert!(!text.contains("445-"), "{text}");
        }
    });
}

#[test]
fn json_is_one_object_and_has_the_types_of_the_columns() {
    let mut database = in_memory(&guide());
    let filter = Filter { queues: vec!["Callback_VQ".to_owned()], ..Filter::default() };
    let (_, text) = written(&mut database, &filter, Format::Json);
    let json: Json = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&json["report"], &json["callbacks"], &json["open"]),
        (&json!("callback-details"), &json!(1), &json!(0))
    );
    assert_eq!(json["prompts"]["queue"], json!(["Callback_VQ"]));
    let row = json["rows"][0].as_object().expect("an object");
    assert!(row.keys().map(String::as_str).eq(COLUMNS.iter().map(|column| column.key)));
    for column in COLUMNS {
        let value = &row[column.key];
        let fits = match column.kind {
            Kind::Number => value.is_i64(),
            Kind::Flag => value.is_boolean(),
            Kind::Time | Kind::Text => value.is_null() || value.is_string(),
        };
        assert!(fits, "{}: {value}", column.key);
    }
    assert_eq!(
        (&row["abandoned"], &row["final"], &row["desiredTime"]),
        (&json!(1), &json!(true), &Json::Null)
    );
    let (_, whole) = written(&mut database, &Filter::default(), Format::Json);
    let whole: Json = serde_json::from_str(&whole).expect("JSON");
    assert_eq!(whole["rows"].as_array().expect("rows").len(), 392);
}

#[test]
fn table_and_page_say_what_they_leave_out() {
    let many = i64::try_from(HTML_ROWS).expect("a number") + 1;
    let mut facts: Vec<Fact> = (0..many).map(|n| Fact::success(format!("445-{n:05}"), T + n)).collect();
    facts.push(Fact { queue: "Callback_VQ".to_owned(), ..Fact::success("445-open", T).first() });
    let mut database = in_memory(&facts);
    let (done, table) = written(&mut database, &Filter::default(), Format::Table);
    assert_eq!((done.callbacks, done.open, done.listed), (HTML_ROWS + 2, 1, TABLE_ROWS));
    assert!(table.contains("2002 callbacks, the first 500 are shown (the limit of a table)"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
    let (done, page) = written(&mut database, &Filter::default(), Format::Html);
    assert_eq!((done.callbacks, done.listed), (HTML_ROWS + 2, HTML_ROWS));
    assert!(page.contains("The first 2\u{202f}000 are listed, which is the limit of a page"));
    assert_eq!(page.matches(">445-0").count(), HTML_ROWS as usize);
    let open = Filter { queues: vec!["Callback_VQ".to_owned()], ..Filter::default() };
    let (_, table) = written(&mut database, &open, Format::Table);
    let expected = "2014-09-19 10:00:00* 445-open   IMMEDIATE IVR       0 QUEUED.CONNECTED\n\n\
        * has no final record: the latest one is shown\n1 callback\n";
    assert!(table.ends_with(expected), "{table}");
}

#[test]
fn values_from_outside_stay_values() {
    let facts: Vec<Fact> = ODD
        .iter()
        .map(|odd| Fact {
            queue: (*odd).to_owned(),
            phone: Some((*odd).to_owned()),
            disposition: format!("d {odd}"),
            ..Fact::success(format!("s {odd}"), T)
        })
        .collect();
    on_both(&facts, |database| {
        let records = records(database, &Filter::default());
        for odd in ODD {
            let record = records.iter().find(|record| record.get(1) == Some(odd)).expect("its record");
            assert_eq!((record.get(4), record.get(5)), (Some(format!("s {odd}").as_str()), Some(odd)));
        }
        let (_, json) = written(database, &Filter::default(), Format::Json);
        let json: Json = serde_json::from_str(&json).expect("JSON");
        assert!(json["rows"].as_array().expect("rows").iter().all(|row| row["queue"] == row["phone"]));
        let (_, table) = written(database, &Filter::default(), Format::Table);
        assert!(!table.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{table:?}");
        let (_, page) = written(database, &Filter::default(), Format::Html);
        assert!(!page.contains("<b onclick") && !page.contains('\u{1b}'), "{page}");
    });
}
