//! What was changed, and what is left.

use serde_json::{Value, json};
use tlib_capture::anonymize::{Leftovers, Report};

use super::Format;
use crate::exit::Failure;
use crate::output::Out;

/// What was replaced, the most frequent first.
pub(super) fn changed(report: &Report, format: Format) -> Result<(), Failure> {
    let mut out = Out::new();
    let mut rows: Vec<_> = report.changed.iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    if format == Format::Json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|((class, place), count)| json!({"class": class.name(), "place": place, "count": count}))
            .collect();
        let dropped: Vec<Value> =
            report.dropped.iter().map(|(what, count)| json!({"what": what, "count": count})).collect();
        out.line(json!({"replaced": report.total(), "changed": rows, "dropped": dropped}))?;
        return out.flush();
    }
    out.line(format_args!("replaced {}", report.total()))?;
    for ((class, place), count) in rows {
        out.line(format_args!("{count:>9}  {:<8} {}", class.name(), shown(place)))?;
    }
    if !report.dropped.is_empty() {
        out.line("left out")?;
    }
    for (what, count) in &report.dropped {
        out.line(format_args!("{count:>9}  {what}"))?;
    }
    out.flush()
}

/// What is left, and where. The originals themselves are shown only if that is asked for: reports are passed on.
pub(super) fn left(leftovers: &Leftovers, format: Format, show: bool) -> Result<(), Failure> {
    let mut out = Out::new();
    let value = |value: &[u8]| match show {
        true => String::from_utf8_lossy(value).into_owned(),
        false => format!("({} bytes)", value.len()),
    };
    if format == Format::Json {
        let rows: Vec<Value> = leftovers
            .left
            .iter()
            .map(|left| {
                json!({"class": left.class.name(), "place": left.place, "count": left.count, "value": value(&left.value)})
            })
            .collect();
        out.line(json!({"left": rows, "complete": !leftovers.incomplete}))?;
        return out.flush();
    }
    for left in &leftovers.left {
        let (place, value) = (shown(&left.place), value(&left.value));
        out.line(format_args!("{:>9}  {:<8} {place}  {}", left.count, left.class.name(), shown(&value)))?;
    }
    out.line(match (leftovers.left.len(), leftovers.incomplete) {
        (0, false) => "nothing is left".to_owned(),
        (0, true) => "not known: there are more values than a check can hold; check smaller parts".to_owned(),
        (1, _) => "1 original is left".to_owned(),
        (count, _) => format!("{count} originals are left"),
    })?;
    out.flush()
}

/// Names from outside stay in their line and do nothing to a terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
