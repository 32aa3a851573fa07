//! What the measurements ran on, and whether it had something else to do.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process and those it starts open as many files as the system allows: a subscriber needs one at each end.
pub fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, the shapes with many subscribers say which connection failed.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// How many descriptors a process may open; nothing when there is no limit.
pub fn descriptors() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// How many processors are at work, over a third of a second; nothing when the system does not say. The load average would
/// still know of the build that came before.
pub fn at_work() -> Option<f64> {
    let read = || parse_stat(&std::fs::read_to_string("/proc/stat").ok()?);
    let before = read()?;
    std::thread::sleep(Duration::from_millis(333));
    let after = read()?;
    share(before, after).map(|share| share * f64::from(u32::try_from(processors()).unwrap_or(u32::MAX)))
}

/// Ticks of all processors since the start: at work, and all of them.
fn parse_stat(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Option<Vec<u64>> = line.split_whitespace().map(|ticks| ticks.parse().ok()).collect();
    let ticks = ticks?;
    // user, nice, system, idle, waiting for disks, interrupts twice, stolen; guests are in user already.
    let all: u64 = ticks.iter().take(8).sum();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    Some((all.checked_sub(idle)?, all))
}

#[allow(clippy::cast_precision_loss, reason = "ticks of a third of a second")]
fn share(before: (u64, u64), after: (u64, u64)) -> Option<f64> {
    let (busy, all) = (after.0.checked_sub(before.0)?, after.1.checked_sub(before.1)?);
    (all > 0).then(|| busy as f64 / all as f64)
}

/// Processors that this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A line about the machine: processors, their model, the system.
pub fn describe() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| parse_model(&text));
    let system = rustix::system::uname();
    let (name, release) = (system.sysname().to_string_lossy(), system.release().to_string_lossy());
    format!("{} x {}, {name} {release}", processors(), model.unwrap_or_else(|| "processor".to_owned()))
}

fn parse_model(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// A note when the machine is busy already: an idle system needs a tenth of a processor at most (chosen).
pub fn busy_note(at_work: Option<f64>) -> Option<String> {
    let at_work = at_work.filter(|at_work| *at_work > 0.1)?;
    Some(format!(
        "the machine is busy: {at_work:.1} of {} processors were at work before the first run; repeat this when it is quiet",
        processors()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read() {
        assert_eq!(parse_stat("cpu  10 20 30 400 50 6 7 8 9 10\ncpu0 1 2 3\n"), Some((81, 531)));
        assert_eq!(parse_stat("intr 1\n"), None);
        assert_eq!(share((10, 100), (40, 160)), Some(0.5));
        assert_eq!(share((10, 100), (10, 100)), None);
        assert_eq!(
            parse_model("processor : 0\nmodel name\t: Some CPU @ 2 GHz\n").as_deref(),
            Some("Some CPU @ 2 GHz")
        );
        assert_eq!(parse_model("processor : 0\n"), None);
        assert!(!describe().is_empty() && processors() >= 1);
    }

    #[test]
    fn a_busy_machine_is_named() {
        assert_eq!(busy_note(None), None);
        assert_eq!(busy_note(Some(0.05)), None);
        assert!(busy_note(Some(1.46)).unwrap().contains("1.5 of"));
    }
}
