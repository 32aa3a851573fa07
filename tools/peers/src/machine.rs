//! What the measurements ran on, and whether it had something else to do.

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

/// Processes that wanted a processor, on average over the last minute; nothing when the system does not say.
pub fn load_average() -> Option<f64> {
    parse_load(&std::fs::read_to_string("/proc/loadavg").ok()?)
}

fn parse_load(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
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

/// A note when the machine is busy already: a quarter of a processor is what an idle system needs at most (chosen).
pub fn busy_note(load: Option<f64>) -> Option<String> {
    let load = load.filter(|load| *load > 0.25)?;
    Some(format!(
        "the machine is busy: load average {load:.2} before the first run; ratios are paired, but repeat this on a quiet one"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read() {
        assert_eq!(parse_load("1.25 0.75 0.50 2/100 4242\n"), Some(1.25));
        assert_eq!(parse_load(""), None);
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
        assert_eq!(busy_note(Some(0.2)), None);
        assert!(busy_note(Some(1.5)).unwrap().contains("1.50"));
    }
}
