//! The chart: for each shape, how each server stands to the copy server.

use std::fmt::Write;

use crate::line::{Line, RAW};
use crate::shape::Shape;
use crate::table::count;

/// Width of the drawing in its own units.
const WIDTH: f64 = 1120.0;
/// Where the bars begin and end.
const LEFT: f64 = 150.0;
const RIGHT: f64 = WIDTH - 150.0;
/// Height of a bar, and the room between two shapes.
const BAR: f64 = 15.0;
const GAP: f64 = 14.0;
/// Longer bars are cut here, and say so: twice the copy server's latency, or more than its rate with busy polling.
const MOST: f64 = 3.0;

/// Colours by server; readable on white and on black.
const COLOURS: [(&str, &str); 7] = [
    ("tbus", "#1f77d0"),
    ("tbus-busy-poll", "#17a2b8"),
    ("raw-spin", "#8c8c8c"),
    ("nats", "#2ca02c"),
    ("nats-new", "#7a9a01"),
    ("redis", "#d64541"),
    ("mosquitto", "#b8860b"),
];

/// What one half of the chart shows.
struct Panel<'l> {
    title: &'static str,
    axis: &'static str,
    groups: Vec<(&'l Shape, Vec<&'l Line>)>,
}

/// The chart as SVG; it follows the reader's light or dark background. Nothing when there is nothing to compare.
pub fn svg(lines: &[Line], shapes: &[Shape], machine: &str) -> Option<String> {
    let panel = |title, axis, paced: bool| {
        let groups = shapes.iter().filter(|shape| shape.is_paced() == paced).map(|shape| {
            let of = lines.iter().filter(|line| line.shape == shape.name && line.server != RAW);
            (shape, of.filter(|line| line.ratio_raw.is_some()).collect::<Vec<_>>())
        });
        Panel { title, axis, groups: groups.filter(|(_, lines)| !lines.is_empty()).collect() }
    };
    let panels = [
        panel("Deliveries per second", "÷ raw, longer is better", false),
        panel("Latency of a delivery, p50", "÷ raw, shorter is better", true),
    ];
    let panels: Vec<&Panel<'_>> = panels.iter().filter(|panel| !panel.groups.is_empty()).collect();
    if panels.is_empty() {
        return None;
    }
    let height = 92.0 + panels.iter().map(|panel| panel.height()).sum::<f64>();
    let mut svg = head(height, machine);
    legend(&mut svg, lines);
    let mut top = 92.0;
    for panel in panels {
        panel.draw(&mut svg, top);
        top += panel.height();
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

impl Panel<'_> {
    fn height(&self) -> f64 {
        let groups = self.groups.iter().map(|(_, lines)| GAP + BAR * bars(lines));
        54.0 + groups.sum::<f64>() + GAP
    }

    /// The longest bar, to the next half.
    fn most(&self) -> f64 {
        let ratios = self.groups.iter().flat_map(|(_, lines)| lines.iter().filter_map(|line| line.ratio_raw));
        ((ratios.fold(1.0, f64::max) * 2.0).ceil() / 2.0).min(MOST)
    }

    fn draw(&self, svg: &mut String, top: f64) {
        let most = self.most();
        let x = |ratio: f64| LEFT + (RIGHT - LEFT) * ratio.min(most) / most;
        let (first, last) = (top + 40.0, top + self.height() - GAP);
        text(svg, "title", "start", [LEFT, top + 12.0], self.title);
        text(svg, "note", "end", [RIGHT, top + 12.0], self.axis);
        let mut tick = 0.0;
        while tick <= most + 0.01 {
            let class = if tick == 1.0 { "one" } else { "grid" };
            push(
                svg,
                format_args!(
                    "<line class=\"{class}\" x1=\"{0:.1}\" y1=\"{first:.1}\" x2=\"{0:.1}\" y2=\"{last:.1}\"/>\n",
                    x(tick)
                ),
            );
            let label = if tick == 1.0 { "1 = raw".to_owned() } else { format!("{tick}") };
            text(svg, "note", "middle", [x(tick), first - 6.0], &label);
            tick += 0.5;
        }
        let mut y = first + GAP;
        for (shape, lines) in &self.groups {
            text(svg, "shape", "end", [LEFT - 10.0, y + BAR * bars(lines) / 2.0 + 4.0], &shape.name);
            for line in lines {
                let ratio = line.ratio_raw.unwrap_or_default();
                let colour = COLOURS.iter().position(|(name, _)| *name == line.server).unwrap_or_default();
                let absolute = if shape.is_paced() {
                    line.p50_us.map_or_else(String::new, |us| format!("{us:.0} µs"))
                } else {
                    format!("{}/s", count(line.deliv_s))
                };
                push(
                    svg,
                    format_args!(
                        "<rect class=\"c{colour}\" data-value=\"{ratio}\" x=\"{LEFT:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\">\
                         <title>{} {}: {ratio:.2} of raw, {absolute}</title></rect>\n",
                        y + 1.0,
                        x(ratio) - LEFT,
                        BAR - 2.0,
                        escape(&line.server),
                        escape(&shape.name),
                    ),
                );
                let cut = if ratio > most { " (cut)" } else { "" };
                text(
                    svg,
                    "value",
                    "start",
                    [x(ratio) + 5.0, y + BAR - 3.5],
                    &format!("{ratio:.2}{cut} · {absolute}"),
                );
                y += BAR;
            }
            y += GAP;
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a handful of servers")]
fn bars(lines: &[&Line]) -> f64 {
    lines.len() as f64
}

fn head(height: f64, machine: &str) -> String {
    let mut svg = String::new();
    push(
        &mut svg,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\" aria-labelledby=\"t d\">\n\
             <title id=\"t\">Fan-out of tbus and other event buses beside a server that only copies</title>\n\
             <desc id=\"d\">For each load, the median ratio of each server to the copy server, paired by repetition.</desc>\n\
             <style>\n\
             svg {{ font-family: system-ui, sans-serif; font-size: 12px; }}\n\
             .page {{ fill: #ffffff; }} text {{ fill: #1c1f24; }} .note {{ fill: #5c636e; }} .value {{ fill: #3d434c; font-size: 11px; paint-order: stroke; stroke: #ffffff; stroke-width: 3px; }}\n\
             .head {{ font-size: 18px; font-weight: 600; }} .title {{ font-size: 14px; font-weight: 600; }}\n\
             .grid {{ stroke: #d9dde3; }} .one {{ stroke: #5c636e; stroke-dasharray: 4 3; }}\n"
        ),
    );
    for (index, (_, colour)) in COLOURS.iter().enumerate() {
        push(&mut svg, format_args!(".c{index} {{ fill: {colour}; }}\n"));
    }
    push(
        &mut svg,
        format_args!(
            "@media (prefers-color-scheme: dark) {{\n\
             .page {{ fill: #14171c; }} text {{ fill: #e8eaed; }} .note {{ fill: #a2aab5; }} .value {{ fill: #c3c9d1; stroke: #14171c; }}\n\
             .grid {{ stroke: #333943; }} .one {{ stroke: #a2aab5; }}\n}}\n</style>\n\
             <rect class=\"page\" width=\"{WIDTH}\" height=\"{height:.0}\"/>\n"
        ),
    );
    text(&mut svg, "head", "start", [24.0, 32.0], "Fan-out beside a server that only copies (raw)");
    text(&mut svg, "note", "start", [24.0, 52.0], &format!("Medians of paired ratios, one run on {machine}"));
    svg
}

fn legend(svg: &mut String, lines: &[Line]) {
    let mut x = 24.0;
    for (index, (name, _)) in COLOURS.iter().enumerate() {
        if lines.iter().any(|line| line.server == *name) {
            push(
                svg,
                format_args!("<rect class=\"c{index}\" x=\"{x:.1}\" y=\"65\" width=\"12\" height=\"12\"/>\n"),
            );
            text(svg, "legend", "start", [x + 17.0, 75.0], name);
            x += 34.0 + 7.0 * f64::from(u32::try_from(name.len()).unwrap_or_default());
        }
    }
}

fn push(svg: &mut String, markup: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = svg.write_fmt(markup);
}

fn text(svg: &mut String, class: &str, anchor: &str, [x, y]: [f64; 2], words: &str) {
    let words = escape(words);
    push(
        svg,
        format_args!(
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>\n"
        ),
    );
}

fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::lines;
    use crate::measure::Measurement;
    use crate::results::Results;
    use crate::shape::all;

    fn chart(servers: &[(&str, f64, f64)]) -> Option<String> {
        let mut results = Results::default();
        for (server, deliv_s, p50_us) in servers.iter().copied() {
            let run = Measurement { deliv_s, p50_us, ..Measurement::default() };
            results.add("sat-1x3", server, 0, Ok(run.clone()));
            results.add("paced-1000x3", server, 0, Ok(run));
        }
        let shapes = all();
        svg(&lines(&results, &shapes), &shapes, "2 x <CPU>")
    }

    #[test]
    fn bars_are_as_long_as_their_ratios() {
        let svg = chart(&[("tbus", 5e6, 50.0), ("raw", 10e6, 100.0), ("redis", 2.5e6, 1000.0)]).unwrap();
        let width = |value: &str| {
            let bar = svg.lines().find(|line| line.contains(&format!("data-value=\"{value}\""))).unwrap();
            let width = bar.split("width=\"").nth(1).unwrap().split('"').next().unwrap();
            width.parse::<f64>().unwrap()
        };
        assert!((width("0.5") / width("0.25") - 2.0).abs() < 0.01, "{svg}");
        // Ten times the latency of raw is cut at the right edge.
        assert!((width("10") - (RIGHT - LEFT)).abs() < 0.1 && svg.contains("10.00 (cut)"), "{svg}");
        assert!(
            svg.contains("tbus sat-1x3: 0.50 of raw, 5.00M/s") && svg.contains("prefers-color-scheme: dark")
        );
        assert!(svg.contains("2 x &lt;CPU&gt;") && !svg.contains("<CPU>"));
        assert!(!svg.contains(">raw</text>"), "raw is the line at 1");
    }

    #[test]
    fn without_raw_there_is_no_chart() {
        assert_eq!(chart(&[("tbus", 5e6, 50.0)]), None);
    }
}
