//! The machine, with times as a test wants them.

mod limits;
mod sessions;

use super::*;
use crate::callback::params::Params;
use crate::session::{Outcome, Script};

pub(super) const T: i64 = 1_411_120_800;

/// A machine with these options, whose outcomes are those of magic numbers.
pub(super) fn machine(text: &str) -> Machine {
    let options =
        if text.is_empty() { Options::default() } else { Options::read("x", text.as_bytes()).unwrap().0 };
    with_outcomes(options, Outcomes::new())
}

pub(super) fn with_outcomes(options: Options, outcomes: Outcomes) -> Machine {
    let ids = Ids::new(7);
    Machine::new(MachineConfig { options, outcomes, ids, tenant_dbid: 1, queues: HashMap::new() })
}

pub(super) fn start(machine: &mut Machine, pairs: &[(&str, &str)], now: i64) -> Result<String, Refusal> {
    let service = machine.options().services.keys().next().unwrap().clone();
    let params = Params::texts(pairs.iter().copied()).unwrap();
    machine.start(&service, params, now).map(|started| started.id)
}

/// State and reason of a callback; `None` when there is no record of it.
pub(super) fn state(machine: &Machine, id: &str) -> Option<(State, Option<String>)> {
    let entry = machine.entries.get(machine.by_id.get(id)?)?;
    Some((entry.state?, entry.reason.clone()))
}

/// Does everything until nothing is left to do before `end`, at its own times, and gives what was sent, with its time.
pub(super) fn run(machine: &mut Machine, end: i64) -> Vec<(i64, Job)> {
    let mut sent = Vec::new();
    let mut now = i64::MIN;
    while let Some(due) = machine.next_due().filter(|due| *due <= end) {
        now = now.max(due);
        for work in machine.advance(now) {
            sent.push((now, work.job));
            machine.done(work.id, Ok(()), now);
        }
    }
    sent
}

/// Everything that the machine holds agrees with everything else.
pub(super) fn check(machine: &Machine) {
    assert_eq!(machine.entries.len(), machine.by_id.len());
    for (order, entry) in &machine.entries {
        assert_eq!(machine.by_id[&entry.id], *order);
        let is_open = machine.open[&entry.service].contains(order);
        assert_eq!(is_open, entry.state != Some(State::Completed), "{entry:?}");
        assert_eq!(entry.due.is_some(), entry.run.as_ref().is_none_or(|run| run.busy.is_none()), "{entry:?}");
        assert!(entry.due.is_none_or(|at| machine.due.contains(&(at, *order))), "{entry:?}");
    }
    let planned = machine.entries.values().filter(|entry| entry.due.is_some()).count();
    assert_eq!(machine.due.len(), planned);
    let busy = machine.entries.values().filter(|entry| entry.due.is_none()).count();
    assert_eq!(machine.working.len(), busy);
    assert!(machine.open.values().flatten().all(|order| machine.entries.contains_key(order)));
}

/// A text of a list; empty when it is not there, or no text.
pub(super) fn text(pairs: &tlib_proto::KvList, key: &str) -> String {
    match pairs.view().find(key) {
        Some(tlib_proto::ValueRef::Str(text)) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    }
}
