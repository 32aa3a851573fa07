//! The Summary report: figures and forms.

use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use tbus_db::Database;
use tbus_reporting::report::{BUCKETS, Filter, HEADER, charts, hints, summary, summary_html};

use crate::fill::{Fact, T, guide, in_memory, on_both};

/// Commas, quotes, line breaks, markup, an escape sequence, several scripts, a text that turns the direction.
pub(crate) const ODD: [&str; 6] = [
    "a, \"b\"; c",
    "line\nbreak\ttab",
    "<b onclick='x()'>&lt;</b>",
    "\u{1b}[31mred\u{1b}[0m\u{7}",
    "\u{43e}\u{447}\u{435}\u{440}\u{435}\u{434}\u{44c} \u{968f}\u{5e8f} \u{1f600}",
    "\u{5ea}\u{5d5}\u{5e8} \u{202e}dlof",
];

fn csv(database: &mut Database, filter: &Filter) -> String {
    let mut out = Vec::new();
    summary(database, filter).expect("a report").write_csv(&mut out).expect("CSV");
    String::from_utf8(out).expect("UTF-8")
}

fn zone(name: &str) -> Filter {
    Filter { zone: TimeZone::get(name).expect("a zone"), ..Filter::default() }
}

#[test]
fn the_published_report_comes_out_digit_by_digit() {
    let evidence = include_str!("../../../../tests/evidence/callback_summary_report.tsv");
    on_both(&guide(), |database| {
        assert_eq!(csv(database, &Filter::default()), evidence.replace('\t', ","));
        let whole =
            Filter { from: Some(date(2014, 1, 1)), to: Some(date(2014, 12, 31)), ..Filter::default() };
        assert_eq!(csv(database, &whole), evidence.replace('\t', ","));
        // From the sub-hour level.
        assert_eq!(csv(database, &zone("Europe/Berlin")), evidence.replace('\t', ","));
    });
}

#[test]
fn what_comes_again_and_what_never_ends_changes_no_figure() {
    let mut facts = guide();
    let again: Vec<Fact> = facts.iter().filter(|fact| fact.is_final).cloned().collect();
    facts.extend(again.into_iter().map(|fact| Fact { after: 60, ..fact }));
    facts.push(Fact::success("445-open", T).first());
    let evidence = include_str!("../../../../tests/evidence/callback_summary_report.tsv");
    on_both(&facts, |database| {
        assert_eq!(csv(database, &Filter::default()), evidence.replace('\t', ","));
        let charts = charts(database, &Filter::default()).expect("charts");
        assert_eq!(charts.dispositions.iter().map(|count| count.callbacks).sum::<i64>(), 392);
    });
}

/// Callbacks at the ends of days: 2014-03-30 has 23 hours in Berlin and 2014-10-26 has 25, one callback goes over midnight,
/// and Kathmandu is 5:45 ahead. The third and the ninth are abandoned.
fn days() -> Vec<Fact> {
    let times = [
        "2014-03-29T22:59:59Z",
        "2014-03-29T23:00:00Z",
        "2014-03-30T01:00:00Z",
        "2014-03-30T21:59:59Z",
        "2014-03-30T22:00:00Z",
        "2014-10-25T21:59:59Z",
        "2014-10-25T22:00:00Z",
        "2014-10-26T00:30:00Z",
        "2014-10-26T01:30:00Z",
        "2014-10-26T22:59:59Z",
        "2014-10-26T23:00:00Z",
        "2014-09-18T18:14:59Z",
        "2014-09-18T18:15:00Z",
        "2014-09-18T23:59:30Z",
    ];
    let facts = times.iter().enumerate().map(|(index, time)| {
        let start = time.parse::<jiff::Timestamp>().expect("a time").as_second();
        let make = if matches!(index, 2 | 8) { Fact::abandoned } else { Fact::success };
        // The last one ends ten minutes later, on the next day.
        let fact = Fact { after: 600, ..make(format!("445-{index}"), start) };
        [fact.first(), fact]
    });
    facts.flatten().collect()
}

#[test]
fn days_begin_at_midnight_of_the_zone() {
    on_both(&days(), |database| {
        for (name, truth) in [
            ("UTC", include_str!("truth/days_utc.csv")),
            ("Europe/Berlin", include_str!("truth/days_berlin.csv")),
            ("Asia/Kathmandu", include_str!("truth/days_kathmandu.csv")),
        ] {
            assert_eq!(csv(database, &zone(name)), truth, "{name}");
        }
        let day = |day| Filter { from: Some(day), to: Some(day), ..zone("Europe/Berlin") };
        for (one, offered) in [
            (date(2014, 3, 29), 1),
            (date(2014, 3, 30), 3),
            (date(2014, 3, 31), 1),
            (date(2014, 10, 25), 1),
            (date(2014, 10, 26), 4),
            (date(2014, 10, 27), 1),
            (date(2014, 10, 28), 0),
        ] {
            assert_eq!(summary(database, &day(one)).expect("a report").total().offered, offered, "{one}");
        }
    });
}

#[test]
fn names_are_filtered() {
    let mut facts = guide();
    facts.push(Fact { channel: "WEB".to_owned(), ..Fact::success("445-w", T) });
    facts.push(Fact { callback_type: "SCHEDULED".to_owned(), ..Fact::success("445-s", T) });
    facts.push(Fact { tenant: "Other".to_owned(), ..Fact::success("445-o", T) });
    on_both(&facts, |database| {
        let mut offered = |filter: Filter| {
            let total = summary(database, &filter).expect("a report").total().offered;
            let charts = charts(database, &filter).expect("charts");
            assert_eq!(charts.dial_results.iter().map(|count| count.callbacks).sum::<i64>(), total);
            total
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        assert_eq!(offered(Filter::default()), 395);
        assert_eq!(offered(Filter { queues: names(&["Callback_VQ"]), ..Filter::default() }), 1);
        assert_eq!(
            offered(Filter { queues: names(&["Callback_VQ", "Performance_VCB_VQ"]), ..Filter::default() }),
            395
        );
        assert_eq!(offered(Filter { queues: names(&["callback_vq"]), ..Filter::default() }), 0);
        assert_eq!(offered(Filter { channels: names(&["WEB"]), ..Filter::default() }), 1);
        assert_eq!(offered(Filter { types: names(&["SCHEDULED"]), ..Filter::default() }), 1);
        assert_eq!(offered(Filter { tenants: names(&["Environment"]), ..Filter::default() }), 394);
        let both = Filter { channels: names(&["WEB"]), types: names(&["SCHEDULED"]), ..Filter::default() };
        assert_eq!(offered(both), 0);
        assert_eq!(offered(Filter { from: Some(date(2014, 9, 19)), ..Filter::default() }), 394);
        assert_eq!(offered(Filter { to: Some(date(2014, 9, 18)), ..Filter::default() }), 1);
        let filter = Filter { queues: names(&["Calback_VQ"]), ..Filter::default() };
        let hints = hints(database, &filter).expect("hints");
        assert_eq!(
            hints,
            [
                "no callback has the queue \"Calback_VQ\"; there are: Callback_VQ, Performance_VCB_VQ",
                "the Info Mart has callbacks from 2014-09-18 to 2014-09-19"
            ]
        );
    });
}

#[test]
fn an_empty_info_mart_has_a_report() {
    on_both(&[], |database| {
        let filter = Filter::default();
        assert_eq!(csv(database, &filter), HEADER.join(",") + "\n");
        let report = summary(database, &filter).expect("a report");
        assert!(report.table().ends_with("\nNo callbacks.\n"), "{}", report.table());
        let charts = charts(database, &filter).expect("charts");
        assert!(summary_html(&report, &charts).contains("No callbacks."));
        assert_eq!(report.json(&charts)["rows"], Json::Array(Vec::new()));
        let hints = hints(database, &filter).expect("hints");
        assert_eq!(hints, ["the Info Mart holds no callback; `tbus etl` fills it"]);
    });
}

#[test]
fn the_table_has_the_guides_layout() {
    let mut database = in_memory(&guide());
    let whole = Filter { from: Some(date(2014, 1, 1)), to: Some(date(2014, 12, 31)), ..Filter::default() };
    let table = summary(&mut database, &whole).expect("a report").table();
    assert_eq!(table, include_str!("truth/guide.txt"));
    // The longest published callback type, and figures of six digits, fit, too.
    let mut wide = Vec::new();
    for n in 0..3 {
        wide.push(Fact { callback_type: "WAIT_FOR_AGENT".to_owned(), ..Fact::success(format!("{n}"), T) });
    }
    let mut database = in_memory(&wide);
    let mut report = summary(&mut database, &whole).expect("a report");
    let page = &mut report.pages[0];
    for figures in [&mut page.total, &mut page.lines[0].figures] {
        figures.offered = 999_999;
        figures.attempted = 999_999;
    }
    let table = report.table();
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
    assert!(table.contains("WAIT_FOR_AGENT IVR     2014-09-19  999999"), "{table}");
}

#[test]
fn values_from_outside_stay_values() {
    let facts: Vec<Fact> = ODD
        .iter()
        .map(|odd| Fact {
            tenant: format!("t {odd}"),
            queue: (*odd).to_owned(),
            callback_type: format!("y {odd}"),
            channel: format!("c {odd}"),
            disposition: format!("d {odd}"),
            ..Fact::success(format!("s {odd}"), T)
        })
        .collect();
    on_both(&facts, |database| {
        let filter = Filter { queues: ODD.map(str::to_owned).to_vec(), ..Filter::default() };
        let report = summary(database, &filter).expect("a report");
        let mut out = Vec::new();
        report.write_csv(&mut out).expect("CSV");
        let records: Vec<csv::StringRecord> =
            csv::Reader::from_reader(out.as_slice()).into_records().collect::<Result<_, _>>().expect("CSV");
        assert_eq!(records.len(), 2 * ODD.len());
        for odd in ODD {
            let record = records.iter().find(|record| record.get(1) == Some(odd)).expect("its record");
            let names =
                [record.get(0), record.get(2), record.get(3)].map(|name| name.expect("a name").to_owned());
            assert_eq!(names, [format!("t {odd}"), format!("y {odd}"), format!("c {odd}")]);
        }
        let table = report.table();
        assert!(!table.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{table:?}");
        assert!(table.contains("Queue:  \\u{1b}[31mred"), "{table}");
        let charts = charts(database, &filter).expect("charts");
        let json = report.json(&charts).to_string();
        let json: Json = serde_json::from_str(&json).expect("JSON");
        for odd in ODD {
            assert!(json["rows"].as_array().expect("rows").iter().any(|row| row["queue"] == odd), "{odd:?}");
        }
        let page = summary_html(&report, &charts);
        assert!(!page.contains("<b onclick") && !page.contains('\u{1b}'), "{page}");
        assert!(page.contains("&lt;b onclick=&#39;x()&#39;&gt;&amp;lt;&lt;/b&gt;"));
    });
}

#[test]
fn json_has_the_documented_form() {
    let mut database = in_memory(&guide());
    let filter = Filter { from: Some(date(2014, 9, 19)), ..Filter::default() };
    let report = summary(&mut database, &filter).expect("a report");
    let json = report.json(&charts(&mut database, &filter).expect("charts"));
    let expected: Json = serde_json::from_str(include_str!("truth/summary.json")).expect("JSON");
    assert_eq!(json, expected, "{json:#}");
}

/// A waiting time at each bound, and one second more.
#[test]
fn waiting_times_fall_into_the_buckets_of_their_labels() {
    let mut facts = Vec::new();
    for (index, bucket) in BUCKETS.iter().enumerate() {
        let most = bucket.most.unwrap_or(100_000);
        let shortest = if index == 0 { 0 } else { BUCKETS[index - 1].most.expect("a bound") + 1 };
        for seconds in [shortest, most] {
            let mut fact = Fact::success(format!("{index}-{}", facts.len()), T);
            (fact.offline, fact.establish, fact.waiting) = (seconds, seconds, seconds);
            facts.push(fact);
        }
    }
    // Whom a kind of waiting does not concern is not counted in it.
    facts.push(Fact::declined("declined", T));
    facts.push(Fact::success("accepted", T).not_attempted());
    on_both(&facts, |database| {
        let charts = charts(database, &Filter::default()).expect("charts");
        let [offline, establish, connected] = &charts.waits;
        let mut twice = [2; BUCKETS.len()];
        assert_eq!((establish.counts, connected.counts), (twice, twice));
        twice[0] += 1;
        assert_eq!(offline.counts, twice);
        assert_eq!(offline.seconds, establish.seconds);
    });
}
