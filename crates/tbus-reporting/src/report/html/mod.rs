//! The reports as pages: one self-contained file without scripts, whose policy forbids it to load anything.

mod drawings;
mod series;
mod svg;

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::Date;

use self::svg::{escape, grouped};
use super::charts::Charts;
use super::details::{COLUMNS, Details, HTML_ROWS, Kind, Line};
use super::error::ReportError;
use super::figures::Figures;
use super::filter::Filter;
use super::percent::Percent;
use super::summary::{HEADER, SUB_TOTAL, Summary};

const STYLE: &str = include_str!("style.css");
/// Nothing is loaded and nothing runs, whatever stands in the page.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The Summary report as a page.
pub fn summary(report: &Summary, charts: &Charts) -> String {
    let mut page = begin(Summary::TITLE, &report.filter);
    let total = report.total();
    tiles(&mut page, &total);
    if report.pages.is_empty() {
        page.push_str("<p class=\"note\">No callbacks.</p>\n");
    } else {
        let mut days: BTreeMap<Date, Figures> = BTreeMap::new();
        report.lines().for_each(|(_, line)| days.entry(line.day).or_default().add(&line.figures));
        page.push_str("<section class=\"charts\" aria-label=\"Charts\">\n");
        page.push_str(&drawings::days(&days));
        ends(&mut page, charts);
        page.push_str("</section>\n");
    }
    let mut before = None;
    for each in &report.pages {
        head(&mut page, before, &each.tenant, &each.queue);
        before = Some(each.tenant.as_str());
        page.push_str("<div class=\"scroll\"><table class=\"summary\"><thead><tr>");
        for (index, title) in HEADER.iter().enumerate().skip(2) {
            cell(&mut page, "th scope=\"col\"", if index > 4 { "figure" } else { "" }, title);
        }
        page.push_str("</tr></thead>\n<tbody>\n");
        for line in &each.lines {
            page.push_str("<tr>");
            cell(&mut page, "td", "", &line.callback_type);
            cell(&mut page, "td", "", &line.channel);
            cell(&mut page, "td", "day", &line.day.to_string());
            line.figures.cells().iter().for_each(|figure| cell(&mut page, "td", "figure", figure));
            page.push_str("</tr>\n");
        }
        page.push_str("</tbody>\n<tfoot><tr><td colspan=\"3\">");
        page.push_str(SUB_TOTAL);
        page.push_str("</td>");
        each.total.cells().iter().for_each(|figure| cell(&mut page, "td", "figure", figure));
        page.push_str("</tr></tfoot></table></div>\n");
    }
    end(&mut page);
    page
}

/// The Details report as a page, made line by line.
pub(super) struct DetailsPage {
    page: String,
    /// Tenant and queue of the table that is open.
    open: Option<(String, String)>,
}

impl DetailsPage {
    pub(super) fn new(filter: &Filter, charts: &Charts) -> Self {
        let mut page = begin("Callback Details Report", filter);
        if !charts.dispositions.is_empty() {
            page.push_str("<section class=\"charts\" aria-label=\"Charts\">\n");
            ends(&mut page, charts);
            page.push_str("</section>\n");
        }
        Self { page, open: None }
    }

    /// Adds a callback; the places are those of tenant, queue and the flag of final records.
    pub(super) fn line(
        &mut self,
        line: &Line<'_>,
        [tenant, queue, last]: [usize; 3],
    ) -> Result<(), ReportError> {
        let of = (line.text(tenant)?, line.text(queue)?);
        if self.open.as_ref() != Some(&of) {
            self.close();
            let before = self.open.as_ref().map(|(tenant, _)| tenant.as_str());
            head(&mut self.page, before, &of.0, &of.1);
            self.page.push_str("<div class=\"scroll\"><table class=\"details\"><thead><tr>");
            for column in COLUMNS.iter().skip(2) {
                cell(&mut self.page, "th scope=\"col\"", class(column.kind), column.title);
            }
            self.page.push_str("</tr></thead>\n<tbody>\n");
            self.open = Some(of);
        }
        self.page.push_str(if line.is_set(last)? { "<tr>" } else { "<tr class=\"open\">" });
        for (place, column) in COLUMNS.iter().enumerate().skip(2) {
            cell(&mut self.page, "td", class(column.kind), &line.text(place)?);
        }
        self.page.push_str("</tr>\n");
        Ok(())
    }

    fn close(&mut self) {
        if self.open.is_some() {
            self.page.push_str("</tbody></table></div>\n");
        }
    }

    /// The finished page.
    pub(super) fn end(mut self, done: &Details) -> String {
        self.close();
        let count = |number: u64| grouped(i64::try_from(number).unwrap_or(i64::MAX));
        let mut notes = vec![match done.callbacks {
            0 => "No callbacks.".to_owned(),
            1 => "1 callback.".to_owned(),
            all => format!("{} callbacks.", count(all)),
        }];
        if done.callbacks > done.listed {
            let most = i64::try_from(HTML_ROWS).unwrap_or(i64::MAX);
            notes.push(format!(
                "The first {} are listed, which is the limit of a page; CSV and JSON have all of them.",
                grouped(most)
            ));
        }
        if done.open > 0 {
            let open = count(done.open);
            notes.push(format!("{open} without a final record (Final is no): the latest one is shown."));
        }
        let _ = writeln!(self.page, "<p class=\"note\">{}</p>", escape(&notes.join(" ")));
        end(&mut self.page);
        self.page
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "figure",
        Kind::Time => "time",
        Kind::Text | Kind::Flag => "",
    }
}

/// Everything before the charts. Writing to a String cannot fail, here and below.
fn begin(title: &str, filter: &Filter) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"soft dates\">Report Date(s): {}</p>\n<dl class=\"prompts\">",
        escape(&filter.dates())
    );
    for prompt in filter.prompts() {
        let _ =
            write!(page, "<div><dt>{}:</dt><dd><bdi>{}</bdi></dd></div>", prompt.name, escape(&prompt.value));
    }
    page.push_str("</dl>\n</header>\n<main>\n");
    page
}

fn end(page: &mut String) {
    page.push_str(
        "</main>\n<footer>Percentages are of summed counts: Declined of Offered, Connected of Attempted, Cancelled of \
         Accepted, Abandoned of Connected. Days begin at midnight of the time zone above.</footer>\n</body>\n</html>\n",
    );
}

/// The figures of the whole report, large.
fn tiles(page: &mut String, total: &Figures) {
    let tiles = [
        ("offered", "Offered", total.offered, String::new()),
        (
            "accepted",
            "Accepted",
            total.accepted,
            format!("{} of offered", Percent::of(total.accepted, total.offered)),
        ),
        ("", "Attempted", total.attempted, format!("{} attempts", grouped(total.attempts))),
        ("", "Customer Connected", total.connected, format!("{} of attempted", total.connected_percent())),
        (
            "success",
            "Success",
            total.success,
            format!("{} of accepted", Percent::of(total.success, total.accepted)),
        ),
    ];
    page.push_str("<section class=\"tiles\" aria-label=\"Totals\">\n");
    for (class, name, value, note) in tiles {
        let value = grouped(value);
        let _ = writeln!(
            page,
            "<div class=\"tile {class}\"><span>{name}</span><b>{value}</b><span class=\"soft\">{note}</span></div>"
        );
    }
    page.push_str("</section>\n");
}

/// How callbacks ended, and waiting times.
fn ends(page: &mut String, charts: &Charts) {
    page.push_str(&drawings::outcomes("dispositions", "Disposition", &charts.dispositions));
    page.push_str(&drawings::outcomes("dials", "Final dial result", &charts.dial_results));
    for (wait, id) in charts.waits.iter().zip(["wait-offline", "wait-establish", "wait-connected"]) {
        page.push_str(&drawings::wait(id, wait));
    }
}

/// The head of a page; the tenant is said when it is another one than before.
fn head(page: &mut String, before: Option<&str>, tenant: &str, queue: &str) {
    if before != Some(tenant) {
        let _ = writeln!(page, "<h2>Tenant: <bdi>{}</bdi></h2>", escape(tenant));
    }
    let _ = writeln!(page, "<h3>Queue: <bdi>{}</bdi></h3>", escape(queue));
}

fn cell(page: &mut String, tag: &str, class: &str, text: &str) {
    let end = tag.split(' ').next().unwrap_or(tag);
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = write!(page, "<{tag}{class}>{}</{end}>", escape(text));
}
