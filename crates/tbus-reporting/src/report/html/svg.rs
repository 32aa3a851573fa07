//! Text of HTML and SVG, escaped.

use std::fmt::{Display, Write};

/// A text from outside as HTML: markup is escaped, control characters become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A number with its thousands apart, by thin spaces.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "\u{2212}".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A drawing of fixed size in its own units, which the page scales.
pub(super) struct Svg {
    text: String,
}

impl Svg {
    /// A drawing with its accessible name and description.
    pub(super) fn new(id: &str, width: f64, height: f64, title: &str, description: &str) -> Self {
        let mut svg = Self { text: String::new() };
        svg.push(format_args!(
            "<svg id=\"{id}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>\n",
            escape(title),
            escape(description)
        ));
        svg
    }

    /// Adds markup as it is.
    pub(super) fn push(&mut self, markup: impl Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{markup}");
    }

    /// A horizontal line of the grid.
    pub(super) fn line(&mut self, class: &str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
        self.push(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n"
        ));
    }

    /// A text; `anchor` is start, middle or end.
    pub(super) fn label(&mut self, class: &str, anchor: &str, [x, y]: [f64; 2], text: &str) {
        self.push(format_args!(
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n",
            escape(text)
        ));
    }

    /// A bar with what it says when it is pointed at. Its value stands in the markup, too.
    pub(super) fn bar(&mut self, class: &str, [x, y, width, height]: [f64; 4], value: i64, tip: &str) {
        self.push(format_args!(
            "<rect class=\"bar {class}\" data-value=\"{value}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" \
             height=\"{height:.2}\"><title>{}</title></rect>\n",
            escape(tip)
        ));
    }

    /// The finished drawing.
    pub(super) fn end(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

/// The value at the top of an axis and the distance of its lines: at most five lines, at whole, round numbers.
pub(super) fn scale(most: i64) -> (i64, i64) {
    let most = most.max(1);
    let mut power = 1_i64;
    loop {
        for round in [1, 2, 5] {
            let step = power.saturating_mul(round);
            if most <= step.saturating_mul(5) {
                return (
                    most.div_euclid(step).saturating_add(i64::from(most % step != 0)).saturating_mul(step),
                    step,
                );
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        assert_eq!(
            escape("<script>\"x\" & 'y'</script>\0\u{1b}[31m\u{442}\u{5d0}"),
            "&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;\u{fffd}\u{fffd}[31m\u{442}\u{5d0}"
        );
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, scaled) in [
            (0, (1, 1)),
            (1, (1, 1)),
            (5, (5, 1)),
            (6, (6, 2)),
            (11, (15, 5)),
            (391, (400, 100)),
            (1_001, (1_500, 500)),
            (25_000, (25_000, 5_000)),
        ] {
            assert_eq!(scale(most), scaled, "{most}");
        }
        for most in [i64::MAX - 1, i64::MAX, 1 << 62] {
            let (top, step) = scale(most);
            assert!(top >= most && step > 0, "{most}");
        }
    }

    #[test]
    fn thousands_are_apart() {
        let shown = [0, 999, 1_000, 1_234_567, -4_321].map(grouped);
        assert_eq!(shown, ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567", "\u{2212}4\u{202f}321"]);
    }
}
