//! The tables that people read.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use tbus_load::Pace;

use crate::line::Line;
use crate::shape::Shape;

/// A line below the head, and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('\u{2500}').junction('\u{2500}'));

/// The tables of all shapes, one after the other.
pub fn tables(lines: &[Line], shapes: &[Shape]) -> String {
    let mut text = String::new();
    for shape in shapes {
        let of: Vec<&Line> = lines.iter().filter(|line| line.shape == shape.name).collect();
        if !of.is_empty() {
            text.push_str(&format!("{}\n{}\n\n", title(shape, &of), table(shape, &of)));
        }
    }
    text
}

/// `sat-1x3: 1 publisher, 3 subscribers, as fast as it goes; 5 repetitions`.
fn title(shape: &Shape, lines: &[&Line]) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let pace = match shape.pace {
        Pace::Open { rate } => format!("{rate} events/s"),
        Pace::Closed { window: 1, .. } => "one event under way at a time".to_owned(),
        Pace::Closed { window, batch } => {
            format!("as fast as it goes (at most {window} under way, {batch} a write)")
        }
    };
    let repetitions = lines.iter().map(|line| line.reps).max().unwrap_or_default();
    format!(
        "{}: {}, {}, {pace}; {}",
        shape.name,
        counted(shape.publishers, "publisher"),
        counted(shape.subscribers, "subscriber"),
        counted(repetitions, "repetition")
    )
}

/// What stands above a column, and what in it.
type Column = (&'static str, fn(&Line) -> String);

/// Columns of shapes whose rate is the result.
const FAST: &[Column] = &[
    ("deliveries/s", |line| count(line.deliv_s)),
    ("÷ raw (min to max)", |line| ranged(line.ratio_raw, line.ratio_raw_range)),
    ("÷ best peer", |line| ratio(line.ratio_best_peer)),
    ("CPU µs/delivery", |line| micros(line.cpu_us_per_delivery)),
    ("÷ raw", |line| ratio(line.ratio_raw_cpu)),
    ("÷ best peer", |line| ratio(line.ratio_peer_cpu)),
    ("MiB idle, peak", memory),
    ("faults", |line| line.faults.to_string()),
];

/// Columns of shapes whose rate is given.
const PACED: &[Column] = &[
    ("p50 µs", |line| micros(line.p50_us)),
    ("÷ raw (min to max)", |line| ranged(line.ratio_raw, line.ratio_raw_range)),
    ("÷ best peer", |line| ratio(line.ratio_best_peer)),
    ("p99 µs", |line| micros(line.p99_us)),
    ("÷ raw", |line| ratio(line.ratio_raw_p99)),
    ("ACK p50 µs", |line| micros(line.ack_p50_us)),
    ("÷ raw", |line| ratio(line.ratio_raw_ack)),
    ("CPU µs/delivery", |line| micros(line.cpu_us_per_delivery)),
    ("÷ raw", |line| ratio(line.ratio_raw_cpu)),
    ("faults", |line| line.faults.to_string()),
];

fn table(shape: &Shape, lines: &[&Line]) -> Table {
    let columns = if shape.is_paced() { PACED } else { FAST };
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
    let head = columns.iter().map(|(name, _)| Cell::new(name).set_alignment(CellAlignment::Right));
    table.set_header(std::iter::once(Cell::new("server")).chain(head).collect::<Vec<Cell>>());
    for line in lines {
        let cells = columns.iter().map(|(_, of)| Cell::new(of(line)).set_alignment(CellAlignment::Right));
        table.add_row(std::iter::once(Cell::new(&line.server)).chain(cells).collect::<Vec<Cell>>());
    }
    table
}

/// `6.20M`, `95k`, `3.0k`, `212`.
pub(crate) fn count(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value >= 1e6 => format!("{:.2}M", value / 1e6),
        Some(value) if value >= 1e4 => format!("{:.0}k", value / 1e3),
        Some(value) if value >= 1e3 => format!("{:.1}k", value / 1e3),
        Some(value) => format!("{value:.0}"),
    }
}

fn micros(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

fn ranged(value: Option<f64>, range: Option<[f64; 2]>) -> String {
    match (value, range) {
        (Some(value), Some([min, max])) => format!("{value:.2} ({min:.2} to {max:.2})"),
        _ => "-".to_owned(),
    }
}

fn memory(line: &Line) -> String {
    let mib = |kib: Option<f64>| kib.map_or_else(|| "-".to_owned(), |kib| format!("{:.1}", kib / 1024.0));
    format!("{}, {}", mib(line.rss_idle_kb), mib(line.rss_peak_kb))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::lines;
    use crate::measure::Measurement;
    use crate::results::Results;
    use crate::shape::all;

    #[test]
    fn counts_are_short() {
        let cases = [
            (Some(6_204_000.0), "6.20M"),
            (Some(95_400.0), "95k"),
            (Some(3001.0), "3.0k"),
            (Some(212.4), "212"),
            (None, "-"),
        ];
        for (value, text) in cases {
            assert_eq!(count(value), text);
        }
    }

    #[test]
    fn each_shape_has_a_table() {
        let mut results = Results::default();
        for (server, deliv_s) in [("tbus", 5.5e6), ("raw", 6.0e6)] {
            let run =
                Measurement { deliv_s, p50_us: 40.0, rss_idle_kb: Some(2048), ..Measurement::default() };
            results.add("sat-1x3", server, 0, Ok(run.clone()));
            results.add("paced-1000x3", server, 0, Ok(run));
        }
        let shapes = all();
        let text = tables(&lines(&results, &shapes), &shapes);
        assert!(text.contains("sat-1x3: 1 publisher, 3 subscribers, as fast as it goes"), "{text}");
        assert!(
            text.contains("paced-1000x3: 1 publisher, 3 subscribers, 1000 events/s; 1 repetition\n"),
            "{text}"
        );
        assert!(
            text.contains("5.50M") && text.contains("0.92 (0.92 to 0.92)") && text.contains("2.0, -"),
            "{text}"
        );
        assert!(!text.contains("sat-1x30"), "{text}");
    }
}
