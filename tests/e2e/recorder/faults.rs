//! The recorder is killed and its database stopped at random moments: everything that was in the queue is in the
//! tables once and whole, and of everything else the log has told that it may be missing.
//!
//! `TBUS_FAULT_SEED`, `TBUS_FAULT_EVENTS`, `TBUS_FAULT_KILLS` and `TBUS_FAULT_STOPS` change what is done; the long form is in
//! `tools/soak`.

use std::collections::BTreeMap;
use std::time::Instant;

use tbus_core::World;
use tbus_server::{Server, ServerConfig};
use tlib_testkit::Postgres;

use super::judge;
use super::ledger::{Name, Queued, Stored};
use super::plan::{Fault, Size, plan};
use super::process::{Recorder, matching};
use super::publisher::Publisher;

#[test]
fn kills_and_stops_of_postgresql_lose_nothing() {
    let size = Size::from_environment(1);
    let postgres = Postgres::start();
    postgres.create_database("idb");
    Run::new(postgres.url("idb"), Some(postgres)).go("postgresql", size);
}

#[test]
fn kills_with_sqlite_lose_nothing() {
    Run::new(String::new(), None).go("sqlite", Size::from_environment(0));
}

/// Transactions so small that many kills fall into the writing of one.
const OPTIONS: &str = "[callconcentrator]\nacc-queue-size=25\n";

/// What a kill has met.
#[derive(Debug, Default)]
struct Met {
    /// Records that had no transaction yet.
    open: usize,
    /// Transactions that were not in the database.
    waiting: usize,
    /// Transactions that were in the database and still in the queue.
    written: usize,
    /// An empty queue.
    nothing: usize,
    /// A run that was perhaps not ready yet.
    start: usize,
}

/// A test that is under way.
struct Run {
    folder: tempfile::TempDir,
    server: Server,
    url: String,
    /// The server of the database; none for SQLite.
    postgres: Option<Postgres>,
    /// The database is there.
    up: bool,
    /// The logs of the runs that have ended.
    logs: Vec<String>,
    stored: Stored,
    /// Every event that was ever seen in the queue or the database, by its number.
    acknowledged: BTreeMap<u64, Name>,
    met: Met,
}

impl Run {
    fn new(url: String, postgres: Option<Postgres>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url =
            if postgres.is_some() { url } else { folder.path().join("idb.sqlite").display().to_string() };
        std::fs::write(folder.path().join("icon.ini"), OPTIONS).expect("a file");
        Self {
            folder,
            server: Server::start(ServerConfig::new(World::default())).expect("a free port"),
            url,
            postgres,
            up: true,
            logs: Vec::new(),
            stored: Stored::default(),
            acknowledged: BTreeMap::new(),
            met: Met::default(),
        }
    }

    fn recorder(&self) -> Recorder {
        let options = self.folder.path().join("icon.ini");
        let more = ["--options", options.to_str().expect("UTF-8")];
        Recorder::spawn(self.folder.path(), self.logs.len(), self.server.address(), &self.url, &more)
    }

    fn go(mut self, name: &str, size: Size) {
        println!("{name}: TBUS_FAULT_SEED={} {size:?}", size.seed);
        let begun = Instant::now();
        let publisher = Publisher::start(self.server.address(), 1, size.seed);
        let mut recorder = self.recorder();
        recorder.ready();
        let mut troubles = (0, 0);
        for step in plan(size) {
            publisher.allow(step.until.min(size.events));
            publisher.wait_for(step.at);
            match step.fault {
                Fault::Kill { again } => {
                    self.kill(recorder);
                    recorder = self.recorder();
                    if let Some(after) = again {
                        recorder.shown();
                        let moment = Instant::now() + after;
                        while Instant::now() < moment {
                            std::hint::spin_loop();
                        }
                        self.met.start += 1;
                        self.kill(recorder);
                        recorder = self.recorder();
                    }
                    recorder.ready();
                }
                Fault::Stop { crash } => {
                    troubles = (recorder.run(), matching(&recorder.log(), &[" 25193 "]));
                    self.up = false;
                    let postgres = self.postgres.as_mut().expect("a server to stop");
                    if crash { postgres.kill() } else { postgres.stop() }
                }
                Fault::Start => {
                    // Not before the recorder has tried in vain.
                    let before = if recorder.run() == troubles.0 { troubles.1 } else { 0 };
                    recorder.logged(&[" 25193 ", "not written"], before + 1);
                    self.postgres.as_mut().expect("a server to start").start_again();
                    self.up = true;
                }
            }
        }
        let sent = publisher.finish(size.events);
        self.logs.push(recorder.stop());
        self.judge(name, size, &sent);
        println!("{name}: {:.1} s", begun.elapsed().as_secs_f64());
    }

    /// Kills a run, and looks at what is durable before the next one changes it.
    fn kill(&mut self, recorder: Recorder) {
        self.logs.push(recorder.kill());
        let queued = Queued::look(self.folder.path());
        let mark = self.up.then(|| self.stored.read_on(&self.url));
        let mut durable = self.stored.by_number();
        for (number, name) in queued.events.values().flatten() {
            let names = durable.entry(*number).or_default();
            if !names.contains(name) {
                names.push(*name);
            }
        }
        for (number, names) in &durable {
            assert_eq!(names.len(), 1, "event {number} is durable under two names: {names:?}");
        }
        if self.up {
            let lost: Vec<_> = self.acknowledged.keys().filter(|n| !durable.contains_key(n)).collect();
            assert!(lost.is_empty(), "kill {}: events {lost:?} were durable before", self.logs.len());
        }
        self.acknowledged.extend(durable.into_iter().map(|(number, names)| (number, names[0])));
        if let Some(mark) = mark {
            let (written, waiting): (Vec<u64>, Vec<u64>) =
                queued.transactions.iter().partition(|transaction| **transaction <= mark);
            self.met.written += usize::from(!written.is_empty());
            self.met.waiting += usize::from(!waiting.is_empty());
            self.met.open += usize::from(queued.pending.open > 0);
            self.met.nothing += usize::from(queued.transactions.is_empty() && queued.pending.open == 0);
        }
    }

    /// Compares what was sent, what was acknowledged, what is stored, and what the logs say.
    fn judge(&mut self, name: &str, size: Size, sent: &BTreeMap<u64, u64>) {
        self.stored = Stored::all(&self.url);
        let by_number = self.stored.by_number();
        let left = Queued::look(self.folder.path());
        // What went from the queue to the database between two looks was acknowledged, too.
        for (number, names) in &by_number {
            self.acknowledged.entry(*number).or_insert(names[0]);
        }
        let doubled: Vec<_> = by_number
            .iter()
            .filter(|(_, names)| names.len() > 1 || names.iter().any(|name| self.stored.is_doubled(*name)))
            .collect();
        let lost: Vec<_> = self
            .acknowledged
            .iter()
            .filter(|(number, name)| !self.stored.is_whole(**name, **number))
            .collect();
        let missed: BTreeMap<u64, u64> =
            sent.iter().filter(|(n, _)| !by_number.contains_key(n)).map(|(n, s)| (*n, *s)).collect();
        println!(
            "{name}: sent {}, queued {}, stored {}, doubled {}, lost {}, missed {}, kills {}, stops {}",
            sent.len(),
            self.acknowledged.len(),
            by_number.len(),
            doubled.len(),
            lost.len(),
            missed.len(),
            self.logs.len() - 1,
            size.stops,
        );
        let troubles: usize = self.logs.iter().map(|log| matching(log, &[" 25193 "])).sum();
        println!("{name}: kills met {:?}; attempts in vain and late successes: {troubles}", self.met);
        assert!(doubled.is_empty(), "doubled: {doubled:?}");
        assert!(lost.is_empty(), "lost: {lost:?}");
        assert_eq!(left.pending.records + left.pending.open, 0, "left in the queue");
        assert_eq!(sent.len() as u64, size.events);
        assert_eq!(self.logs.len() as u64, size.kills + 1);
        // Otherwise the test shows little.
        assert!(by_number.len() * 2 > sent.len(), "most events were heard");

        assert_eq!(judge::missed(&self.stored, sent), missed);
        judge::no_holes(&by_number);
        judge::all_told(&missed, &self.logs);
        judge::as_logged(&self.stored, &self.logs);
    }
}
