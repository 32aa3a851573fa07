//! Which scenario is played.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::anyhow;
use jiff::tz::TimeZone;
use tbus_apps::scenario::{self, NAMED, Scenario};

use super::ChainArgs;
use crate::exit::{Exit, Failure, Outcome, cut, unreadable};
use crate::output::Out;

/// 2014-09-15, the Monday that generated callbacks begin on (chosen: the week of the published report).
const MONDAY: i64 = 1_410_739_200;

/// The scenario that is played when none is named.
const DEFAULT: &str = "guide";

/// Lists the scenarios.
pub(super) fn list() -> Outcome {
    let mut out = Out::new();
    let width = NAMED.iter().map(|named| named.name.len()).max().unwrap_or_default();
    for named in NAMED {
        let scenario = named.read().map_err(Failure::system)?;
        out.line(format!("{:<width$}  {}", named.name, scenario.title))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The scenario of these arguments, with its name.
pub(super) fn find(args: &ChainArgs) -> Result<(String, Scenario), Failure> {
    if let Some(count) = args.count {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let scenario = scenario::generate(args.seed, count, MONDAY, scenario::spread(count));
        return Ok((format!("seed {}", args.seed), scenario));
    }
    let name = args.scenario.as_deref().unwrap_or(DEFAULT);
    match scenario::named(name) {
        Ok(named) => Ok((named.name.to_owned(), named.read().map_err(Failure::system)?)),
        Err(meant) => {
            let path = Path::new(name);
            let is_path = name.contains(['/', '\\', '.']) || path.exists();
            if is_path { read(path) } else { Err(unknown(name, meant)) }
        }
    }
}

fn unknown(name: &str, meant: Option<&str>) -> Failure {
    let meant = meant.map(|meant| format!("did you mean {meant}? ")).unwrap_or_default();
    Failure::bad(anyhow!("there is no scenario and no file {}; {meant}--list shows the scenarios", cut(name)))
}

fn read(path: &Path) -> Result<(String, Scenario), Failure> {
    let shown = path.display().to_string();
    let failed = |error: std::io::Error| Failure::bad(unreadable(&error)).context(shown.clone());
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > u64::try_from(scenario::TEXT_LIMIT).unwrap_or(u64::MAX) {
        return Err(Failure::bad(anyhow!(
            "{shown}: {size} bytes, over the limit of {}",
            scenario::TEXT_LIMIT
        )));
    }
    // A device has no size, and no end.
    let limit = u64::try_from(scenario::TEXT_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text)).map_err(failed)?;
    Ok((shown.clone(), Scenario::read(&shown, &text).map_err(Failure::bad)?))
}

/// The zone of this name, or UTC.
pub(super) fn zone(name: Option<&str>) -> Result<TimeZone, Failure> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        Failure::bad(anyhow!("unknown time zone {}; write one such as Europe/Berlin", cut(name)))
    })
}
