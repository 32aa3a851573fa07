//! What stderr says of a play.

use tbus_reporting::etl;

use super::heard::Heard;
use super::play::Played;
use super::stage::{DN, Stage};
use super::{ChainArgs, Kept};
use crate::exit::counted;
use crate::invocation;

/// Refusals that are shown.
const SHOWN: usize = 5;

/// Who runs where.
pub(super) fn stage(stage: &Stage, idb: &str) -> String {
    format!(
        "  callback service  http://{}\n  T-Server          {} on {}, user events on {DN}\n  recorder          {idb}",
        stage.service.address(),
        stage.world.t_server.name,
        stage.server_address(),
    )
}

/// What was done, in numbers.
pub(super) fn played(played: &Played, heard: &Heard, stored: u64, transformed: &etl::Summary) -> String {
    let of = |count: u64, what: &str| counted(usize::try_from(count).unwrap_or(usize::MAX), what);
    let attached = match heard.attached() {
        0 => String::new(),
        count => format!(", {} to calls", of(count, "attachment")),
    };
    let missing = match transformed.discarded {
        0 => String::new(),
        count => format!(", {} without", of(count, "event")),
    };
    format!(
        "  {} asked for, {} not accepted, {} completed\n  {} sent{attached}, {} recorded, {}{missing}",
        of(played.requests, "callback"),
        of(played.offers, "offer"),
        of(heard.completed(), "callback"),
        of(heard.user_events(), "user event"),
        of(stored, "pair"),
        of(transformed.facts, "fact"),
    )
}

/// The first lines, and how many there are besides.
pub(super) fn first(lines: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = lines.iter().take(SHOWN).map(|line| format!("refused: {line}")).collect();
    if lines.len() > SHOWN {
        shown.push(format!(".. and {} more", lines.len() - SHOWN));
    }
    shown
}

/// What can be done next.
pub(super) fn next(args: &ChainArgs, kept: &Kept) -> String {
    let tbus = invocation::command();
    if args.dir.is_none() && args.info_mart.is_none() {
        return format!(
            "\nTry next:\n  {tbus} chain --list\n  {tbus} chain --seed 7 --count 1000\n  {tbus} chain --dir demo    (keeps databases and logs)"
        );
    }
    let mart = &kept.info_mart;
    format!(
        "\nTry next:\n  {tbus} report callback-summary --info-mart {mart} --format html > callbacks.html\n  \
         {tbus} report callback-details --info-mart {mart}"
    )
}
