//! What a process on this machine uses: CPU time to the nanosecond, and memory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// A process, by its number.
#[derive(Clone, Debug)]
pub struct Process {
    folder: PathBuf,
}

impl Process {
    /// A process of this machine. That it is there is not checked; one that is not there uses nothing.
    pub fn new(pid: u32) -> Self {
        Self { folder: PathBuf::from(format!("/proc/{pid}")) }
    }

    /// CPU time of all threads that it has now, in nanoseconds. Nothing when the system does not tell.
    ///
    /// It comes from the scheduler's own account of each thread (`schedstat`); `stat` has only clock ticks of 10 ms.
    pub fn cpu(&self) -> Option<CpuTimes> {
        let mut times = BTreeMap::new();
        for thread in fs::read_dir(self.folder.join("task")).ok()? {
            // A thread may end while it is being asked.
            let Ok(thread) = thread else { continue };
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            if let Some(time) = text.split_ascii_whitespace().next().and_then(|time| time.parse().ok()) {
                times.insert(thread.file_name(), time);
            }
        }
        (!times.is_empty()).then_some(CpuTimes(times))
    }

    /// Memory that is resident now, in KiB.
    pub fn rss_kib(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    /// The most memory that was ever resident, in KiB.
    pub fn peak_kib(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Option<u64> {
        let text = fs::read_to_string(self.folder.join("status")).ok()?;
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        value.split_ascii_whitespace().next()?.parse().ok()
    }
}

/// The CPU time that each thread of a process had used at some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuTimes(BTreeMap<OsString, u64>);

impl CpuTimes {
    /// CPU time that was used since then, in nanoseconds. What a thread has used that has ended in between is not in it.
    pub fn since(&self, before: &Self) -> u64 {
        let used = |(thread, time): (&OsString, &u64)| {
            time.saturating_sub(before.0.get(thread).copied().unwrap_or_default())
        };
        self.0.iter().map(used).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let process = Process::new(std::process::id());
        let before = process.cpu().unwrap();
        let mut sum = 0_u64;
        // The scheduler's account of a running thread is brought up to date by its ticks.
        while process.cpu().unwrap().since(&before) == 0 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        // Not compared with each other: other tests of this process allocate between the two readings.
        assert!(process.rss_kib().unwrap() > 100 && process.peak_kib().unwrap() > 100);
    }

    #[test]
    fn a_process_that_is_not_there_uses_nothing() {
        assert_eq!(Process::new(u32::MAX).cpu(), None);
        assert_eq!(Process::new(u32::MAX).rss_kib(), None);
    }
}
