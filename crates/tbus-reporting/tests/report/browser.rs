//! The pages in a real browser: figures are there, charts are drawn, nothing is loaded, nothing fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::date;
use serde_json::Value;
use tbus_reporting::report::{
    BUCKETS, Charts, Count, Figures, Filter, Format, Line, Page, Summary, Wait, details, summary_html,
};
use tempfile::TempDir;

use crate::fill::{Fact, T, in_memory};
use crate::webdriver::Browser;

/// Measures every bar of the page: its drawing, its value, its place in the window, and what of it can be seen.
const BARS: &str = "return [...document.querySelectorAll('svg .bar')].map(bar => {
    const box = bar.getBoundingClientRect(), style = getComputedStyle(bar);
    return { chart: bar.closest('svg').id, value: Number(bar.dataset.value), text: bar.textContent,
        x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height,
        seen: style.visibility === 'visible' && style.display !== 'none' && Number(style.opacity) === 1,
        fill: style.fill.match(/\\d+/g).map(Number) };
});";

/// Values from outside that would be markup, code or a request if they were not escaped.
const HOSTILE: &str = "</svg></td><script>document.title='run'</script><img src=x onerror=\"throw 1\">&amp;'";

fn figures(offered: i64, accepted: i64, success: i64) -> Figures {
    Figures {
        offered,
        accepted,
        declined: offered - accepted,
        attempted: accepted,
        attempts: accepted,
        connected: accepted,
        abandoned: accepted - success,
        success,
        ..Figures::default()
    }
}

fn report(queue: &str) -> (Summary, Charts) {
    let line = |day, figures| Line {
        callback_type: "IMMEDIATE".to_owned(),
        channel: "IVR".to_owned(),
        day: date(2014, 9, day),
        figures,
    };
    let page = |queue: &str, line: Line| Page {
        tenant: "Environment".to_owned(),
        queue: queue.to_owned(),
        total: line.figures,
        lines: vec![line],
    };
    let pages = vec![
        page("Callback_VQ", line(18, figures(1, 1, 0))),
        page(queue, line(19, figures(391, 364, 363))),
        page("WAIT_VQ", line(21, figures(1_250, 980, 700))),
    ];
    let count = |value: &str, callbacks| Count { value: value.to_owned(), callbacks };
    let wait = |title, counts| Wait { title, of: "accepted callbacks", column: "X", counts, seconds: 40_000 };
    let charts = Charts {
        dispositions: vec![
            count("COMPLETED.AGENT", 1_063),
            count(queue, 400),
            count("COMPLETED.REJECTED", 179),
        ],
        dial_results: vec![count("CONNECTED", 1_063), count("UNKNOWN", 579)],
        waits: [
            wait("Offline wait for an agent", [364, 0, 3, 25, 80, 210, 400, 180, 60, 18, 2]),
            wait("Time to establish the call", [0, 420, 600, 210, 90, 20, 2, 0, 0, 0, 0]),
            wait("Connected, waiting for an agent", [120, 500, 410, 160, 70, 60, 20, 3, 0, 0, 0]),
        ],
    };
    assert_eq!(charts.waits[0].counts.len(), BUCKETS.len());
    (Summary { filter: Filter { queues: vec![queue.to_owned()], ..Filter::default() }, pages }, charts)
}

fn file(folder: &TempDir, page: &str) -> PathBuf {
    let path = folder.path().join("report.html");
    std::fs::write(&path, page).expect("the file is written");
    path
}

#[test]
fn the_summary_page_is_drawn() {
    let (summary, charts) = report(HOSTILE);
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, &summary_html(&summary, &charts));
    // As tall as the page, so that the picture has all of it.
    let browser = Browser::start(1280, 2400, false);
    browser.open(&path);

    // The table: every figure, and what is hostile as the text that it is.
    let cells = browser.run("return [...document.querySelectorAll('table')].map(t => [...t.rows].map(r => [...r.cells].map(c => c.textContent)))");
    let row = |table: usize, row: usize| -> Vec<String> {
        serde_json::from_value(cells[table][row].clone()).expect("texts")
    };
    let expected = "IMMEDIATE IVR 2014-09-19 391 364 27 6.91% 364 364 100.00% 0.00% 0.27% 363";
    assert_eq!(row(1, 1).join(" "), expected);
    assert_eq!(row(1, 2).join(" "), expected.replace("IMMEDIATE IVR 2014-09-19", "SUB TOTAL:"));
    assert_eq!(row(0, 1)[3..], ["1", "1", "0", "0.00%", "1", "1", "100.00%", "0.00%", "100.00%", "0"]);
    let heads = browser.run("return [...document.querySelectorAll('h2, h3')].map(h => h.textContent)");
    assert_eq!(heads[0], "Tenant: Environment");
    assert_eq!(heads[2], format!("Queue: {HOSTILE}"));
    assert_eq!(browser.run("return document.title"), "Callback Summary Report");
    let header = browser.run("return document.querySelector('header').innerText");
    assert!(header.as_str().expect("a text").contains("Report Date(s): ALL"), "{header}");

    // The charts: every bar as long as its value says, seen, and in its own colour.
    let bars = bars(&browser);
    let names: Vec<&str> = bars.keys().map(String::as_str).collect();
    assert_eq!(names, ["days", "dials", "dispositions", "wait-connected", "wait-establish", "wait-offline"]);
    let picture = browser.picture();
    for (chart, bars) in &bars {
        let lies = matches!(chart.as_str(), "dials" | "dispositions");
        assert_proportional(chart, bars, if lies { "width" } else { "height" });
        for bar in bars.iter().filter(|bar| number(bar, "height") > 8.0 && number(bar, "width") > 8.0) {
            let inside = picture.colours(
                number(bar, "x") + 2.0,
                number(bar, "y") + 2.0,
                number(bar, "width") - 4.0,
                number(bar, "height") - 4.0,
            );
            let (fill, drawn) = (&bar["fill"], inside[0].0.map(u64::from));
            assert!((0..3).all(|part| fill[part] == drawn[part]), "{chart}: {bar} is drawn in {inside:?}");
        }
    }
    let days: Vec<f64> = bars["days"].iter().map(|bar| number(bar, "value")).collect();
    assert_eq!(
        days,
        [1., 1., 0., 391., 364., 363., 0., 0., 0., 1_250., 980., 700.],
        "a day without callbacks, too"
    );
    assert_eq!(bars["days"][3]["text"], "2014-09-19 \u{2013} Offered: 391");

    assert_legible(&browser);
    // Every column is seen without scrolling, with the longest callback type, too.
    let hidden = browser.run(
        "for (const cell of document.querySelectorAll('tbody td:first-child')) cell.textContent = 'WAIT_FOR_AGENT';
        return [...document.querySelectorAll('.scroll')].map(s => s.scrollWidth - s.clientWidth)",
    );
    assert_eq!(hidden, serde_json::json!([0, 0, 0]), "pixels of tables that are hidden");
    assert_quiet(&browser, &path);
}

/// Texts of drawings do not lie on each other and do not leave their drawing.
#[track_caller]
fn assert_legible(browser: &Browser) {
    let clashes = browser.run(CLASHES);
    assert_eq!(clashes, Value::Array(Vec::new()), "{clashes:#}");
}

/// Nothing was loaded, nothing ran, nothing failed.
#[track_caller]
fn assert_quiet(browser: &Browser, path: &Path) {
    assert_eq!(browser.complaints(), Vec::<Value>::new());
    assert_eq!(browser.run("return performance.getEntriesByType('resource').length"), 0);
    let own = format!("file://{}", path.display());
    let asked: Vec<String> = browser.requests().into_iter().filter(|url| !url.starts_with("data:")).collect();
    assert_eq!(asked, [own]);
    assert_eq!(browser.run("return document.querySelectorAll('script, img').length"), 0);
}

/// Texts of a drawing that overlap, or are cut off.
const CLASHES: &str = "const found = [];
for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    for (const [text, box] of texts)
        if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1 || box.top < frame.top - 2)
            found.push(svg.id + ': ' + text + ' is cut off');
    for (let i = 0; i < texts.length; i++) for (let j = 0; j < i; j++) {
        const [a, b] = [texts[i][1], texts[j][1]];
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
            found.push(svg.id + ': ' + texts[i][0] + ' lies on ' + texts[j][0]);
    }
}
return found;";

fn number(bar: &Value, name: &str) -> f64 {
    bar[name].as_f64().expect("a number")
}

/// The bars of each chart.
fn bars(browser: &Browser) -> BTreeMap<String, Vec<Value>> {
    let mut charts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for bar in browser.run(BARS).as_array().expect("a list") {
        assert_eq!(bar["seen"], true, "{bar}");
        charts.entry(bar["chart"].as_str().expect("a name").to_owned()).or_default().push(bar.clone());
    }
    charts
}

/// Every bar has the length that the longest one has for its value; none with a value is without length.
fn assert_proportional(chart: &str, bars: &[Value], length: &str) {
    let most = bars.iter().max_by(|a, b| number(a, "value").total_cmp(&number(b, "value"))).expect("a bar");
    assert!(number(most, length) > 60.0, "{chart}: the longest bar is {most}");
    for bar in bars {
        let exact = number(bar, "value") / number(most, "value") * number(most, length);
        let drawn = number(bar, length);
        assert!((drawn - exact).abs() < 1.3, "{chart}: {bar} should be {exact}");
        assert_eq!(drawn > 0.0, number(bar, "value") > 0.0, "{chart}: {bar}");
    }
}

/// In the dark scheme the page is dark, its text light, and its bars stand out.
#[test]
fn the_page_can_be_read_in_both_schemes() {
    let (summary, charts) = report("Performance_VCB_VQ");
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, &summary_html(&summary, &charts));
    for dark in [false, true] {
        let browser = Browser::start(1280, 2400, dark);
        browser.open(&path);
        assert_eq!(browser.run("return matchMedia('(prefers-color-scheme: dark)').matches"), dark);
        let contrasts = browser.run(
            "const parse = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
            const light = colour => parse(colour).map(c => c / 255)
                .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
            const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
            const page = getComputedStyle(document.body), card = getComputedStyle(document.querySelector('figure'));
            const of = (selector, name, behind) => [...document.querySelectorAll(selector)]
                .map(e => contrast(getComputedStyle(e)[name], behind.backgroundColor));
            return { text: Math.min(...of('h1, h2, h3, td, th, dt', 'color', page)),
                labels: Math.min(...of('svg text', 'fill', card)), bars: Math.min(...of('svg .bar', 'fill', card)) };",
        );
        // What WCAG 2 asks of text, and of what is not text.
        assert!(
            number(&contrasts, "text") >= 4.5 && number(&contrasts, "labels") >= 4.5,
            "{dark}: {contrasts}"
        );
        assert!(number(&contrasts, "bars") >= 3.0, "{dark}: {contrasts}");
        let background = browser.picture().colours(0.0, 0.0, 20.0, 20.0)[0].0;
        assert_eq!(background.iter().all(|part| *part < 60), dark, "{background:?}");
    }
}

/// One day, the most days, weeks, months, years, with small and with large figures: nothing lies on anything else.
#[test]
fn charts_are_legible_whatever_their_span() {
    let folder = tempfile::tempdir().expect("a folder");
    let browser = Browser::start(1280, 1000, false);
    for (days, most) in
        [(1, 3), (3, 98_765_432), (62, 1_234), (63, 12_345_678), (434, 9), (1_800, 5_000), (40_000, 70)]
    {
        let (mut summary, mut charts) = report("Performance_VCB_VQ");
        charts.waits[0].counts[5] = most;
        charts.dispositions[0].callbacks = most;
        let lines = &mut summary.pages[1].lines;
        let first = lines[0].day;
        for (day, part) in [(0, 1), (days / 2, 3), (days - 1, 2)] {
            let figures = figures(most / part, most / part * 2 / 3, most / part / 3);
            lines.push(Line {
                day: first.checked_add(day.days()).expect("a day"),
                figures,
                ..lines[0].clone()
            });
        }
        lines.remove(0);
        // Their days are not those of the others.
        summary.pages.retain(|page| page.queue == "Performance_VCB_VQ");
        let path = file(&folder, &summary_html(&summary, &charts));
        browser.open(&path);
        assert_legible(&browser);
        let bars = bars(&browser);
        assert_proportional("days", &bars["days"], "height");
        assert!(bars["days"].len() >= 3 && bars["days"].len() <= 3 * 120, "{days}: {}", bars["days"].len());
        assert!(bars["days"].iter().all(|bar| number(bar, "width") > 0.5), "{days}");
    }
}

#[test]
fn the_details_page_is_drawn() {
    let mut facts: Vec<Fact> = (0..30)
        .map(|n| {
            let make = [Fact::success, Fact::abandoned, Fact::declined][(n % 3) as usize];
            Fact {
                offline: n * n,
                phone: Some(HOSTILE.to_owned()),
                ..make(format!("445-{n:02}"), T + n * 60)
            }
        })
        .collect();
    facts.push(Fact { queue: HOSTILE.to_owned(), ..Fact::success("445-open", T).first() });
    let mut page = Vec::new();
    details(&mut in_memory(&facts), &Filter::default(), Format::Html, &mut page).expect("a page");
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, &String::from_utf8(page).expect("UTF-8"));
    let browser = Browser::start(1280, 1000, false);
    browser.open(&path);
    let rows = browser.run(
        "return [...document.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent))",
    );
    assert_eq!(rows.as_array().expect("rows").len(), 31);
    assert_eq!(
        (&rows[0][2], &rows[0][3], &rows[0][5]),
        (&"445-00".into(), &HOSTILE.into(), &"2014-09-19T10:00:00+00:00".into())
    );
    let note = browser.run("return document.querySelector('.note').textContent");
    assert_eq!(note, "31 callbacks. 1 without a final record (Final is no): the latest one is shown.");
    let bars = bars(&browser);
    assert_eq!(bars.len(), 5);
    assert_proportional("dispositions", &bars["dispositions"], "width");
    assert_proportional("wait-offline", &bars["wait-offline"], "height");
    let counted: f64 = bars["dispositions"].iter().map(|bar| number(bar, "value")).sum();
    assert_eq!(counted, 30.0, "charts are of callbacks that have ended");
    let gap = browser.run(
        "const top = document.querySelector('.charts').getBoundingClientRect().top;
        return top - document.querySelector('header').getBoundingClientRect().bottom",
    );
    assert!(gap.as_f64().expect("a number") >= 12.0, "the charts stand {gap} pixels below the prompts");
    assert_legible(&browser);
    assert_quiet(&browser, &path);
}
