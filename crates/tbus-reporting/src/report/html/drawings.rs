//! The charts as drawings: columns over time, bars by outcome, a distribution.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::series::series;
use super::svg::{Svg, escape, grouped, scale};
use crate::report::{BUCKETS, Count, Figures, Percent, Wait};

/// Most outcomes that have a bar of their own (chosen).
const OUTCOMES: usize = 10;
/// Most characters of a label.
const LABEL: usize = 48;

/// One of the columns that stand beside each other.
struct Measure {
    class: &'static str,
    name: &'static str,
    value: fn(&Figures) -> i64,
}

const MEASURES: [Measure; 3] = [
    Measure { class: "offered", name: "Offered", value: |figures| figures.offered },
    Measure { class: "accepted", name: "Accepted", value: |figures| figures.accepted },
    Measure { class: "success", name: "Success", value: |figures| figures.success },
];

/// A figure with its caption. `caption` and `note` are escaped here.
fn figure(class: &str, caption: &str, note: &str, legend: &str, drawing: &str) -> String {
    format!(
        "<figure class=\"{class}\"><figcaption>{}{legend}<small>{}</small></figcaption>\n{drawing}</figure>\n",
        escape(caption),
        escape(note)
    )
}

/// What is drawn of a value: a bar that stands for something is never invisible.
fn length(value: i64, top: i64, full: f64) -> f64 {
    if value <= 0 { 0.0 } else { (value as f64 / top as f64 * full).max(1.0) }
}

/// Where a vertical axis stands, so that there is room for its numbers; not left of the given place.
fn left(top: i64, least: f64) -> f64 {
    least.max(grouped(top).chars().count() as f64 * 7.4 + 14.0)
}

/// Lines and numbers of a vertical axis.
fn axis(svg: &mut Svg, top: i64, step: i64, [left, right]: [f64; 2], [up, down]: [f64; 2]) {
    let lines = top / step;
    for index in 0..=lines {
        let y = down - index as f64 / lines as f64 * (down - up);
        svg.line(if index == 0 { "axis" } else { "grid" }, [left, y], [right, y]);
        svg.label("soft", "end", [left - 6.0, y + 4.0], &grouped(index.saturating_mul(step)));
    }
}

/// Offered, accepted and success over time.
pub(super) fn days(days: &BTreeMap<Date, Figures>) -> String {
    const RIGHT: f64 = 1096.0;
    const UP: f64 = 22.0;
    const DOWN: f64 = 240.0;
    let (step, columns) = series(days);
    let most = columns.iter().flat_map(|(_, figures)| MEASURES.map(|measure| (measure.value)(figures))).max();
    let (top, line) = scale(most.unwrap_or_default());
    let left = left(top, 64.0);
    let caption = format!("Callbacks per {}", step.name());
    let spoken: Vec<String> = columns
        .iter()
        .take(12)
        .map(|(day, figures)| {
            let each = MEASURES.map(|measure| format!("{} {}", measure.name, (measure.value)(figures)));
            format!("{}: {}", step.label(*day), each.join(", "))
        })
        .collect();
    let more = if columns.len() > spoken.len() { "; the rest is in the table" } else { "" };
    let description = format!("Columns for each {}. {}{more}.", step.name(), spoken.join("; "));
    let mut svg = Svg::new("days", 1110.0, 286.0, &caption, &description);
    svg.label("soft", "start", [4.0, 10.0], "Callbacks");
    axis(&mut svg, top, line, [left, RIGHT], [UP, DOWN]);
    let slot = (RIGHT - left) / columns.len().max(1) as f64;
    let width = (slot * 0.78 / MEASURES.len() as f64).min(56.0);
    // Every label needs its room.
    let every = (82.0 / slot).ceil().max(1.0) as usize;
    for (index, (day, figures)) in columns.iter().enumerate() {
        let middle = left + (index as f64 + 0.5) * slot;
        let label = step.label(*day);
        for (place, Measure { class, name, value }) in MEASURES.into_iter().enumerate() {
            let value = value(figures);
            let x = middle + (place as f64 - MEASURES.len() as f64 / 2.0) * width;
            let height = length(value, top, DOWN - UP);
            let tip = format!("{label} \u{2013} {name}: {}", grouped(value));
            svg.bar(class, [x + 0.5, DOWN - height, (width - 1.0).max(0.6), height], value, &tip);
            if width >= 8.0 * grouped(value).chars().count() as f64 + 2.0 {
                svg.label("", "middle", [x + width / 2.0, DOWN - height - 4.0], &grouped(value));
            }
        }
        if index.is_multiple_of(every) {
            svg.label("soft", "middle", [middle, DOWN + 18.0], &label);
        }
    }
    svg.label("soft", "middle", [(left + RIGHT) / 2.0, DOWN + 40.0], step.title());
    let legend = MEASURES.map(|each| format!("<span><i class=\"{}\"></i>{}</span>", each.class, each.name));
    let legend = format!("<span class=\"legend\">{}</span>", legend.join(""));
    figure("wide", &caption, "by the time at which the service began", &legend, &svg.end())
}

/// Callbacks by one kind of outcome, the most frequent first.
pub(super) fn outcomes(id: &str, caption: &str, counts: &[Count]) -> String {
    const WIDTH: f64 = 540.0;
    const BAR: f64 = 14.0;
    const ROW: f64 = 38.0;
    let all = counts.iter().fold(0_i64, |sum, count| sum.saturating_add(count.callbacks));
    let mut shown: Vec<Count> = counts.to_vec();
    if counts.len() > OUTCOMES {
        let rest = shown.split_off(OUTCOMES - 1);
        let value = format!("{} others", rest.len());
        let callbacks = rest.iter().fold(0_i64, |sum, count| sum.saturating_add(count.callbacks));
        shown.push(Count { value, callbacks });
    }
    let most = shown.iter().map(|count| count.callbacks).max().unwrap_or_default().max(1);
    let spoken: Vec<String> =
        shown.iter().map(|count| format!("{} {}", count.value, count.callbacks)).collect();
    let description = format!("Bars, callbacks: {}.", spoken.join("; "));
    let height = ROW * shown.len() as f64 + 4.0;
    let mut svg = Svg::new(id, WIDTH, height, caption, &description);
    for (index, count) in shown.iter().enumerate() {
        let y = ROW * index as f64;
        let mut label: String = count.value.chars().take(LABEL).collect();
        if label.len() < count.value.len() {
            label.push('\u{2026}');
        }
        let share = Percent::of(count.callbacks, all);
        let tip = format!("{}: {} ({share})", count.value, grouped(count.callbacks));
        svg.label("", "start", [0.0, y + 13.0], &label);
        svg.label("", "end", [WIDTH, y + 13.0], &format!("{} \u{b7} {share}", grouped(count.callbacks)));
        svg.bar("", [0.0, y + 18.0, length(count.callbacks, most, WIDTH), BAR], count.callbacks, &tip);
    }
    figure("half", caption, &format!("callbacks and their share of all {}", grouped(all)), "", &svg.end())
}

/// The distribution of waiting times.
pub(super) fn wait(id: &str, wait: &Wait) -> String {
    const RIGHT: f64 = 352.0;
    const UP: f64 = 22.0;
    const DOWN: f64 = 170.0;
    let (top, step) = scale(wait.counts.iter().copied().max().unwrap_or_default());
    let left = left(top, 44.0);
    let average = wait
        .average()
        .map_or_else(|| "no callbacks".to_owned(), |seconds| format!("{seconds:.1} s on average"));
    let spoken = BUCKETS.iter().zip(wait.counts).filter(|(_, count)| *count > 0).map(|(bucket, count)| {
        format!(
            "{} {}: {count}",
            if bucket.most.is_some() { "up to" } else { "more than 1 h," },
            bucket.label
        )
    });
    let description = format!(
        "Columns, {} by time waited; {average}. {}.",
        wait.of,
        spoken.collect::<Vec<String>>().join("; ")
    );
    let mut svg = Svg::new(id, 356.0, 222.0, wait.title, &description);
    svg.label("soft", "start", [0.0, 10.0], "Callbacks");
    axis(&mut svg, top, step, [left, RIGHT], [UP, DOWN]);
    let slot = (RIGHT - left) / BUCKETS.len() as f64;
    for (index, (bucket, count)) in BUCKETS.iter().zip(wait.counts).enumerate() {
        let (x, height) = (left + index as f64 * slot, length(count, top, DOWN - UP));
        let range = match (index, bucket.most) {
            (0, _) => "0 s".to_owned(),
            (_, Some(_)) => format!("up to {}", bucket.label),
            (_, None) => "more than 1 h".to_owned(),
        };
        let tip = format!("{range}: {} ({})", grouped(count), Percent::of(count, wait.callbacks()));
        svg.bar("", [x + 1.5, DOWN - height, slot - 3.0, height], count, &tip);
        // Numbers and units below each other: there is little room.
        let (number, unit) = bucket.label.split_once(' ').unwrap_or((bucket.label, ""));
        svg.label("soft", "middle", [x + slot / 2.0, DOWN + 15.0], number);
        svg.label("soft", "middle", [x + slot / 2.0, DOWN + 29.0], unit);
    }
    svg.label("soft", "middle", [(left + RIGHT) / 2.0, DOWN + 48.0], "Waited up to");
    let note = format!("{} {}, {average}", grouped(wait.callbacks()), wait.of);
    figure("third", wait.title, &note, "", &svg.end())
}
