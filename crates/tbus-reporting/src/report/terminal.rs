//! Tables for people: plain text of at most [`WIDTH`](super::WIDTH) columns.

use std::fmt::Write;

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};

use super::WIDTH;
use super::filter::Filter;
use super::summary::{SUB_TOTAL, Summary};

/// Heads that stand in the width of the figures below them: three names of columns, and ten of figures. Together with
/// the longest callback type they have the width of a table.
const HEADS: [&str; 13] = [
    "Callback\nType",
    "Channel",
    "Day",
    "Offered",
    "Accepted",
    "Declined\nCount",
    "Declined\n%",
    "Attemp-\nted",
    "Customer\nConnected\nCount",
    "Customer\nConnected\n%",
    "%\nCancel-\nled",
    "%\nAban-\ndoned",
    "Success\nCount",
];
/// Columns of text before the figures.
const NAMES: usize = 3;
/// The width of `100.00%`.
const FIGURE: u16 = 7;
/// A line below the head, and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('\u{2500}').junction('\u{2500}'));

/// A table of our form; so many columns from `first_figure` on stand right, and are not narrower than so many characters.
pub(super) fn table(heads: &[&str], first_figure: usize, figures: usize, narrowest: u16) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_width(WIDTH);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(heads.iter().map(Cell::new).collect::<Vec<Cell>>());
    for (index, column) in table.column_iter_mut().enumerate() {
        // The space between columns is that of the line below the head.
        column.set_padding((0, 0));
        if (first_figure..first_figure + figures).contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
            // The same on each page.
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(narrowest)));
        }
    }
    table
}

/// Title, days and prompts.
pub(super) fn head(title: &str, filter: &Filter) -> String {
    let prompts: Vec<String> =
        filter.prompts().iter().map(|prompt| format!("{}: {}", prompt.name, plain(&prompt.value))).collect();
    format!("{title}\nReport Date(s): {}\n{}\n", filter.dates(), prompts.join("   "))
}

/// The head of a page; the tenant is said when it is another one than before.
pub(super) fn page(text: &mut String, before: Option<&str>, tenant: &str, queue: &str) {
    // Writing to a String cannot fail.
    if before != Some(tenant) {
        let _ = write!(text, "\nTenant: {}", plain(tenant));
    }
    let _ = write!(text, "\nQueue:  {}\n\n", plain(queue));
}

/// The lines of a table, with a line before its last row if that is a sum.
pub(super) fn lines(text: &mut String, table: &Table, with_sum: bool) {
    let rows: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let last = rows.len().saturating_sub(1);
    let width = rows.iter().map(|row| row.chars().count()).max().unwrap_or_default();
    for (index, row) in rows.iter().enumerate() {
        if with_sum && index == last {
            let _ = writeln!(text, "{}", "\u{2500}".repeat(width));
        }
        let _ = writeln!(text, "{row}");
    }
}

impl Summary {
    /// The report as a table in plain text, page by page.
    pub fn table(&self) -> String {
        let mut text = head(Self::TITLE, &self.filter);
        let mut before = None;
        for each in &self.pages {
            page(&mut text, before, &each.tenant, &each.queue);
            before = Some(each.tenant.as_str());
            let mut table = table(&HEADS, NAMES, HEADS.len() - NAMES, FIGURE);
            for line in &each.lines {
                let names = [plain(&line.callback_type), plain(&line.channel), line.day.to_string()];
                table.add_row(names.into_iter().chain(line.figures.cells()).collect::<Vec<String>>());
            }
            let names = [SUB_TOTAL, "", ""].map(str::to_owned);
            table.add_row(names.into_iter().chain(each.total.cells()).collect::<Vec<String>>());
            lines(&mut text, &table, true);
        }
        if self.pages.is_empty() {
            text.push_str("\nNo callbacks.\n");
        }
        text
    }
}

/// A text as a terminal may show it: control characters, and those that turn the direction of writing, are written out.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let turns =
            matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        if character.is_control() || turns {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}
