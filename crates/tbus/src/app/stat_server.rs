//! `tbus app stat-server`: counts of user events, printed on request.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use tbus_apps::stat_server::{Counts, KEYS, KIND, NAME, STYLE, Snapshot, Tally, Value, table};
use tlib_capture::Verbosity;
use tlib_proto::Message;

use super::subscriber::{Application, ListenArgs, listen};
use crate::args::duration;
use crate::exit::{Failure, Outcome};
use crate::log::{Log, LogArgs};
use crate::output::Out;

/// What `tbus app stat-server` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus app stat-server --every 10s\n  \
    tbus app stat-server --dn REPORTING --dn Callback_VQ --key _CB_DISPOSITION --log stat.log\n  \
    tbus app stat-server --count 100 --timeout 1m --format json | jq .keys\n\n\
    The counts are printed when SIGUSR1 comes (kill -USR1 PID), as often as --every says, and at the end. `current` is what came since \
    they were printed before.\n\n\
    Exit codes: 0 N events came or Ctrl-C, 1 time-out, 2 EventError, 3 no connection.")]
pub(crate) struct StatServerArgs {
    /// Name of this client in the server's log
    #[arg(long, value_name = "NAME", default_value = NAME)]
    app: String,
    /// Key whose values are counted; may be repeated
    #[arg(long, value_name = "KEY", default_values_t = KEYS.map(str::to_owned))]
    key: Vec<String>,
    /// How many distinct values of a key are told apart; the others are counted together
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_values: u32,
    /// Print the counts as often as this, such as 10s
    #[arg(long, value_name = "TIME", value_parser = positive)]
    every: Option<Duration>,
    /// How to print the counts
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    listen: ListenArgs,
    /// Where the log goes; without it, there is none
    #[arg(long, value_name = "FILE|DIR/|-")]
    log: Option<String>,
    /// How much is logged: none, standard, interaction, trace, debug or all
    #[arg(long, value_name = "LEVEL", default_value_t = Verbosity::All)]
    log_level: Verbosity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    Table,
    /// A JSON object in a line of its own, each time
    Json,
}

fn positive(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|every| match every {
        Duration::ZERO => Err("expected more than 0".to_owned()),
        every => Ok(every),
    })
}

struct StatServer {
    counts: Counts,
    format: Format,
    since: jiff::Timestamp,
}

impl Application for StatServer {
    fn event(&mut self, message: &Message) {
        self.counts.add(message.view());
    }

    fn report(&mut self) -> Result<(), Failure> {
        let snapshot = self.counts.snapshot();
        let (since, now) = (format!("{:.3}", self.since), format!("{:.3}", jiff::Timestamp::now()));
        let mut out = Out::new();
        match self.format {
            Format::Table => out.text(&table(&snapshot, &since, &now))?,
            Format::Json => out.line(json(&snapshot, &since, &now))?,
        }
        out.flush()?;
        self.counts.next_period();
        Ok(())
    }
}

fn json(snapshot: &Snapshot, since: &str, now: &str) -> Json {
    let tally = |tally: Tally| json!({ "current": tally.current, "total": tally.total });
    let dns = snapshot.dns.iter().map(|row| {
        json!({ "dn": row.dn, "userEvents": tally(row.user_events), "otherEvents": tally(row.other_events) })
    });
    let keys = snapshot.keys.iter().map(|row| {
        let Tally { current, total } = row.user_events;
        match &row.value {
            Value::Text(value) => {
                json!({ "key": row.key, "value": value, "current": current, "total": total })
            }
            Value::Absent => json!({ "key": row.key, "value": null, "current": current, "total": total }),
            Value::Others => json!({ "key": row.key, "others": true, "current": current, "total": total }),
        }
    });
    json!({
        "time": now,
        "since": since,
        "userEvents": tally(snapshot.user_events),
        "otherEvents": tally(snapshot.other_events),
        "dns": dns.collect::<Vec<_>>(),
        "keys": keys.collect::<Vec<_>>(),
    })
}

pub(super) fn run(args: &StatServerArgs) -> Outcome {
    let log = match &args.log {
        Some(place) => {
            let log = LogArgs::at(place.clone(), args.log_level);
            Some(Log::open(&log, &args.app, Some(KIND))?.start()?)
        }
        None => None,
    };
    let limit = usize::try_from(args.max_values).unwrap_or(usize::MAX);
    let mut application = StatServer {
        counts: Counts::new(&args.listen.dn, &args.key, limit),
        format: args.format,
        since: jiff::Timestamp::now(),
    };
    listen(&args.listen, &args.app, STYLE, log, args.every, &mut application)
}
