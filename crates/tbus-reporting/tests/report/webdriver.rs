//! A browser without a window, driven by WebDriver: Debian's chromium and chromium-driver.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// What to do when the browser is missing.
const INSTALL: &str = "the tests of HTML reports need chromium and chromedriver: run tools/setup, or \
    `apt-get install -y chromium chromium-driver`";
/// Longest time that one command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser. It ends when this is dropped.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
}

/// A picture of the page.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Red, green and blue of each point, row after row.
    points: Vec<[u8; 3]>,
}

impl Picture {
    /// The colours in a rectangle, with how many points have each.
    pub(crate) fn colours(&self, x: f64, y: f64, width: f64, height: f64) -> Vec<([u8; 3], usize)> {
        let mut counts = std::collections::HashMap::new();
        for row in (y.round() as usize)..((y + height).round() as usize).min(self.height) {
            for column in (x.round() as usize)..((x + width).round() as usize).min(self.width) {
                *counts.entry(self.points[row * self.width + column]).or_insert(0) += 1;
            }
        }
        let mut counts: Vec<([u8; 3], usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

/// The path of the first of these programs that is there.
fn program(names: &[&str]) -> String {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut found =
        names.iter().flat_map(|name| std::env::split_paths(&folders).map(move |folder| folder.join(name)));
    let found = found.find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{} is not here; {INSTALL}", names[0])).display().to_string()
}

impl Browser {
    /// Starts a browser with a window of this width and height, in the light or in the dark scheme.
    pub(crate) fn start(width: u32, height: u32, dark: bool) -> Self {
        let chromium = program(&["chromium", "chromium-browser", "google-chrome"]);
        let driver = program(&["chromedriver"]);
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver does not start: {error}; {INSTALL}"));
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            line.strip_suffix('.')?.split("on port ").nth(1)?.parse::<u16>().ok()
        });
        let port = port.unwrap_or_else(|| panic!("chromedriver does not say its port; {INSTALL}"));
        // It must not be stopped by a pipe that nobody reads.
        std::thread::spawn(move || lines.for_each(drop));
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let mut browser =
            Self { driver, session: format!("http://127.0.0.1:{port}/session"), agent: config.into() };
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--force-device-scale-factor=1".to_owned(),
            // Neither updates nor whatever else a browser asks the network for.
            "--disable-background-networking".to_owned(),
            "--no-first-run".to_owned(),
            format!("--window-size={width},{height}"),
        ];
        if dark {
            arguments.push("--force-dark-mode".to_owned());
        }
        if is_root() {
            arguments.push("--no-sandbox".to_owned());
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "binary": chromium, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }}});
        let session = browser.post("", &wanted);
        let id = session["sessionId"].as_str().unwrap_or_else(|| panic!("no browser: {session}; {INSTALL}"));
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.agent.post(format!("{}{path}", self.session)).send(body.to_string());
        Self::value(answer)
    }

    fn value(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
        let mut answer = answer.expect("chromedriver answers");
        let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().expect("text");
        let mut answer: Value = serde_json::from_str(&text).expect("JSON");
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{value:#}");
        value
    }

    /// Opens a file.
    pub(crate) fn open(&self, file: &Path) {
        self.post("/url", &json!({ "url": format!("file://{}", file.display()) }));
    }

    /// Runs a function body in the page and gives what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What the page and the browser have complained about.
    pub(crate) fn complaints(&self) -> Vec<Value> {
        self.post("/se/log", &json!({ "type": "browser" })).as_array().expect("a list").clone()
    }

    /// Everything that the page has asked for, by address.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "performance" }));
        let entries = log.as_array().expect("a list").iter().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            (message["method"] == "Network.requestWillBeSent")
                .then(|| message["params"]["request"]["url"].as_str().unwrap_or_default().to_owned())
        });
        entries.collect()
    }

    /// A picture of the window.
    pub(crate) fn picture(&self) -> Picture {
        let answer = Self::value(self.agent.get(format!("{}/screenshot", self.session)).call());
        let bytes = BASE64_STANDARD.decode(answer.as_str().expect("a picture")).expect("base64");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        let mut buffer = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut buffer).expect("an image");
        assert_eq!(info.bit_depth, png::BitDepth::Eight);
        let points =
            buffer.chunks_exact(info.color_type.samples()).map(|point| [point[0], point[1], point[2]]);
        Picture { width: info.width as usize, height: info.height as usize, points: points.collect() }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser of its session; without an answer it is ended by the driver's own end.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Whether this process runs as root, which chromium's sandbox refuses.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = tempfile::tempfile().expect("a temporary file");
    own.metadata().expect("it is there").uid() == 0
}
