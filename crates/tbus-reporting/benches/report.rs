//! How long each report takes: `cargo bench -p tbus-reporting --bench report -- [CALLBACKS]`.
//!
//! Two events for each callback, 50,000 callbacks unless told otherwise, over a year, on 20 queues; then each report in each
//! form, on SQLite and on PostgreSQL: median time of seven runs, and of the processor time in it, with the bytes written and the peak of resident memory so far.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tbus_reporting::report::{Filter, Format, charts, details, summary, summary_html};
use tlib_testkit::Postgres;

#[expect(dead_code, reason = "tests use more of it")]
#[path = "../tests/report/fill.rs"]
mod fill;

use fill::{Fact, T};

/// Runs of each measurement.
const RUNS: usize = 7;

/// Counts bytes and keeps none.
#[derive(Default)]
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Callbacks whose outcomes and times differ in a fixed manner.
fn facts(callbacks: i64) -> Vec<Fact> {
    let year = 365 * 86_400;
    let each = (0..callbacks).map(|n| {
        let start = T + n * 7_919 % year;
        let service =
            format!("445-{:08x}-{:04x}-4000-8000-{n:012x}", n * 2_654_435_761 % (1 << 32), n % 65_536);
        let fact = match n % 20 {
            0 | 1 => Fact::declined(service, start),
            2 => Fact::abandoned(service, start),
            _ => Fact::success(service, start),
        };
        let callback_type = ["IMMEDIATE", "WAIT_FOR_AGENT", "SCHEDULED"][(n % 3) as usize].to_owned();
        let channel = ["IVR", "WEB", "MOBILE"][(n / 3 % 3) as usize].to_owned();
        let offline = n * 31 % 4_000 * fact.accepted;
        Fact { queue: format!("Queue_{:02}", n % 20), callback_type, channel, offline, ..fact }
    });
    each.flat_map(|fact| [fact.first(), fact]).collect()
}

/// The peak of resident memory, in MiB.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
    peak.map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string())
}

/// The time that this thread has had a processor, which a busy machine does not change; PostgreSQL's is not in it.
fn processor() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = told.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn measure(engine: &str, name: &str, mut run: impl FnMut(&mut Counter)) {
    let mut times = Vec::new();
    let mut busy = Vec::new();
    let mut bytes = 0;
    for _ in 0..RUNS {
        let mut out = Counter::default();
        let (start, before) = (Instant::now(), processor());
        run(&mut out);
        times.push(start.elapsed().as_secs_f64() * 1e3);
        busy.push((processor() - before).as_secs_f64() * 1e3);
        bytes = out.0;
    }
    times.sort_by(f64::total_cmp);
    busy.sort_by(f64::total_cmp);
    let (time, busy) = (times[RUNS / 2], busy[RUNS / 2]);
    println!("{engine:<10} {name:<24} {time:>8.1} ms {busy:>8.1} ms {bytes:>12} bytes {:>6} MiB", peak());
}

fn main() {
    let callbacks = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(50_000);
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = DatabaseUrl::sqlite(folder.path().join("infomart.sqlite"));
    let postgresql = Postgres::shared().new_database().parse().expect("a URL");
    for url in [&sqlite, &postgresql] {
        let mut database = Database::open(url, &OpenOptions::default()).expect("the database opens");
        fill::fill(&mut database, url, &facts(callbacks));
    }
    println!("{callbacks} callbacks, two events each");
    let filter = Filter::default();
    let berlin = Filter { zone: TimeZone::get("Europe/Berlin").expect("a zone"), ..Filter::default() };
    for (engine, url) in [("SQLite", &sqlite), ("PostgreSQL", &postgresql)] {
        let options = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
        let mut database = Database::open(url, &options).expect("the database opens");
        for (name, filter) in [("summary csv", &filter), ("summary csv, other zone", &berlin)] {
            measure(engine, name, |out| {
                summary(&mut database, filter).expect("a report").write_csv(out).expect("CSV");
            });
        }
        measure(engine, "summary table", |out| {
            let report = summary(&mut database, &filter).expect("a report");
            out.write_all(report.table().as_bytes()).expect("written");
        });
        measure(engine, "summary html", |out| {
            let report = summary(&mut database, &filter).expect("a report");
            let charts = charts(&mut database, &filter).expect("charts");
            out.write_all(summary_html(&report, &charts).as_bytes()).expect("written");
        });
        for (name, format) in [
            ("details csv", Format::Csv),
            ("details json", Format::Json),
            ("details table", Format::Table),
            ("details html", Format::Html),
        ] {
            measure(engine, name, |out| {
                details(&mut database, &filter, format, out).expect("a report");
            });
        }
    }
}
