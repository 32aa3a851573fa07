//! `tbus chain`: callback service, session, T-Server, recorder and reporting in one process, over real sockets, on the
//! clock of a scenario.

mod clock;
mod heard;
mod http;
mod interrupt;
mod play;
mod source;
mod stage;
mod told;
mod transform;

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tbus_apps::scenario::Scenario;
use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tbus_reporting::report::{self, Filter};

use crate::exit::{Exit, Failure, Outcome, counted, note, say};
use crate::output::Out;
use play::Play;
use stage::{Places, Stage};
use transform::Transform;

/// What `tbus chain` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tbus chain                                 the published report, from request to report\n  \
    tbus chain --list                          the scenarios that come with the program\n  \
    tbus chain --scenario h                    one of them: the redial limit\n  \
    tbus chain --scenario my.toml --dir demo   a scenario of your own; databases and logs stay in demo/\n  \
    tbus chain --seed 7 --count 1000           callbacks as contact centres have them, the same for the same seed\n\n\
    Everything runs on the scenario's clock, so a day of callbacks takes a second. The report goes to standard output, \
    everything else to stderr.\n\n\
    Exit code 1: the callback service has refused a request, or T-Server has not taken a message, or it was interrupted."
)]
pub(crate) struct ChainArgs {
    /// The scenario: a name (--list), its first letter, or a file
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "count")]
    scenario: Option<String>,
    /// List the scenarios that come with the program
    #[arg(long, exclusive = true)]
    list: bool,
    /// Seed of the generated load, and of ids
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Generate so many callbacks instead of a scenario
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: Option<u32>,
    /// Keep idb.sqlite, infomart.sqlite, tserver.log and icon.log in this folder; it must not hold them yet
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Another interaction database: PATH, sqlite:PATH or postgres://...; what it holds already is kept, and transformed too
    #[arg(long, value_name = "DB")]
    idb: Option<DatabaseUrl>,
    /// Another Info Mart, likewise
    #[arg(long, value_name = "DB")]
    info_mart: Option<DatabaseUrl>,
    /// Time zone of the report's days; without it the scenario's, else UTC
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

/// Plays a scenario and reports.
pub(crate) fn run(args: &ChainArgs) -> Outcome {
    if args.list {
        return source::list();
    }
    if let Some(count) = args.count {
        // Before they are made, which takes a while for a million.
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        note(&format!("seed {}: {}", args.seed, counted(count, "generated callback")));
    }
    let (name, scenario) = source::find(args)?;
    let zone = source::zone(args.zone.as_deref().or(scenario.zone.as_deref()))?;
    if args.count.is_none() {
        note(&format!("{name}: {}", scenario.title));
    }
    let kept = Kept::make(args)?;
    let temporary = kept.temporary.as_ref().map(|folder| folder.path().to_owned());
    interrupt::listen(temporary, args.dir.clone())?;
    let mut transform = Transform::new(kept.places.idb.clone(), kept.info_mart.clone());
    let mut stage = Stage::start(&scenario, args.seed, kept.places.clone())?;
    note(&told::stage(&stage, &kept.recorded(args)));

    let bar = bar(&scenario);
    let now = stage.clock.clone();
    transform.name_tenant(&stage.world);
    let played = Play::new(&scenario, &mut stage, args.seed)
        .run(&mut || transform.run(now.seconds()), &mut |begun| bar.set_position(begun))?;
    bar.finish_and_clear();
    let (heard, last) = (stage.heard.clone(), stage.clock.seconds());
    let stored = stage.stop();
    transform.run(last)?;
    note(&told::played(&played, &heard, stored, transform.summary()));
    for line in transform.complaints() {
        note(&line);
    }
    for line in told::first(&played.refused) {
        say(&line);
    }

    let open = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
    let mut database = Database::open(&kept.info_mart, &open).map_err(Failure::system)?;
    show(&mut database, &Filter { zone, ..Filter::default() }, args.format)?;
    note(&told::next(args, &kept));
    if played.refused.is_empty() && heard.failed() == 0 {
        return Ok(Exit::Done);
    }
    Err(Failure::unmet(anyhow!(
        "{} refused, {} not taken",
        counted(played.refused.len(), "request"),
        counted(usize::try_from(heard.failed()).unwrap_or(usize::MAX), "message")
    )))
}

/// The report.
fn show(database: &mut Database, filter: &Filter, format: Format) -> Result<(), Failure> {
    let summary = report::summary(database, filter).map_err(Failure::system)?;
    let mut out = Out::new();
    match format {
        Format::Table => out.text(&format!("\n{}", summary.table()))?,
        Format::Csv => {
            let mut csv = Vec::new();
            summary.write_csv(&mut csv).map_err(Failure::system)?;
            out.bytes(&csv)?;
        }
        Format::Json => {
            let charts = report::charts(database, filter).map_err(Failure::system)?;
            out.line(summary.json(&charts))?;
        }
    }
    out.flush()
}

/// How many callbacks have begun, on a terminal.
fn bar(scenario: &Scenario) -> ProgressBar {
    let total = u64::try_from(scenario.callbacks.len()).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} callbacks") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Where everything is, and what is removed in the end.
struct Kept {
    places: Places,
    info_mart: DatabaseUrl,
    /// Removed when it is dropped.
    temporary: Option<tempfile::TempDir>,
}

impl Kept {
    /// Where the recorder stores: a path is of use only if it stays.
    fn recorded(&self, args: &ChainArgs) -> String {
        match (&self.temporary, &args.idb) {
            (Some(_), None) => "in a temporary folder (--dir keeps it)".to_owned(),
            _ => self.places.idb.to_string(),
        }
    }

    fn make(args: &ChainArgs) -> Result<Self, Failure> {
        let (folder, temporary) = match &args.dir {
            Some(dir) => {
                if dir.exists() && !dir.is_dir() {
                    return Err(Failure::bad(anyhow!("{} is a file; --dir names a folder", dir.display())));
                }
                std::fs::create_dir_all(dir)
                    .with_context(|| dir.display().to_string())
                    .map_err(Failure::system)?;
                (dir.clone(), None)
            }
            None => {
                let folder = tempfile::tempdir().context("temporary folder").map_err(Failure::system)?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        for name in ["idb.sqlite", "idb.pq", "infomart.sqlite", "tserver.log", "icon.log"] {
            let path = folder.join(name);
            if path.exists() {
                return Err(Failure::bad(anyhow!(
                    "{} is there already, of a run before: delete it, or name another --dir",
                    path.display()
                )));
            }
        }
        let file = |name: &str| DatabaseUrl::sqlite(folder.join(name));
        let logs = args.dir.is_some().then(|| (folder.join("tserver.log"), folder.join("icon.log")));
        Ok(Self {
            places: Places {
                idb: args.idb.clone().unwrap_or_else(|| file("idb.sqlite")),
                queue: folder.join("idb.pq"),
                logs,
            },
            info_mart: args.info_mart.clone().unwrap_or_else(|| file("infomart.sqlite")),
            temporary,
        })
    }
}
