//! What a load is: who, how fast, how long.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use crate::error::LoadError;
use crate::names::Names;

/// How fast publishers publish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Saturation, as a closed loop: as fast as the server takes it.
    Closed {
        /// At most so many messages of a publisher are under way: not yet at every subscriber, or not acknowledged. 1 to
        /// 65,536.
        window: u64,
        /// So many are written at a time. 1 to the window.
        batch: u64,
    },
    /// An open loop on an absolute schedule: messages are due whether or not the server keeps up.
    Open {
        /// Messages per second, all publishers together. 0.1 to 10,000,000.
        rate: f64,
    },
}

/// Who listens to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every subscriber listens to every DN.
    Every,
    /// Subscriber `i` listens to DN `i` modulo their number, so that each event has fewer receivers. Needs at least as
    /// many subscribers as DNs.
    Spread,
}

/// A load.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the server listens.
    pub server: SocketAddr,
    /// Connections that publish, 1 to 1,000.
    pub publishers: usize,
    /// Connections that listen, 1 to 20,000.
    pub subscribers: usize,
    /// The DNs. Each publisher publishes to one after the other.
    pub dns: Names,
    /// Who listens to what.
    pub audience: Audience,
    /// How fast.
    pub pace: Pace,
    /// In this time rate or window rise to what they shall be. At most an hour.
    pub ramp: Duration,
    /// After the ramp: checked, but not measured. At most an hour.
    pub warmup: Duration,
    /// Measured. 10 ms to a day.
    pub duration: Duration,
    /// At the end, wait so long at most for what is under way. At most an hour.
    pub drain: Duration,
    /// How long one step of a handshake may take.
    pub patience: Duration,
    /// The server's process on this machine, whose CPU time and memory are to be measured.
    pub server_pid: Option<u32>,
}

impl Plan {
    /// One publisher and three subscribers on `REPORTING` at saturation: 0.7 s of warm-up, 3 s measured.
    pub fn new(server: SocketAddr) -> Self {
        Self {
            server,
            publishers: 1,
            subscribers: 3,
            dns: Names::reporting(),
            audience: Audience::Every,
            pace: Pace::Closed { window: 1024, batch: 64 },
            ramp: Duration::ZERO,
            warmup: Duration::from_millis(700),
            duration: Duration::from_secs(3),
            drain: Duration::from_secs(5),
            patience: Duration::from_secs(10),
            server_pid: None,
        }
    }

    /// What a subscriber listens to, as indexes of the DNs.
    pub fn listens(&self, subscriber: usize) -> Range<usize> {
        match self.audience {
            Audience::Every => 0..self.dns.len(),
            Audience::Spread => {
                let dn = subscriber % self.dns.len().max(1);
                dn..dn + 1
            }
        }
    }

    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// [`LoadError::Plan`]: what is not, and what the bounds are.
    pub fn check(&self) -> Result<(), LoadError> {
        let wrong = |text: String| Err(LoadError::Plan(text));
        let hour = Duration::from_secs(3600);
        if !(1..=1000).contains(&self.publishers) {
            return wrong(format!("a load has 1 to 1000 publishers, not {}", self.publishers));
        }
        if !(1..=20_000).contains(&self.subscribers) {
            return wrong(format!("a load has 1 to 20000 subscribers, not {}", self.subscribers));
        }
        if self.publishers * self.subscribers > 4_000_000 {
            return wrong("publishers times subscribers may be 4000000 at most".to_owned());
        }
        if self.audience == Audience::Spread && self.subscribers < self.dns.len() {
            let (subscribers, dns) = (self.subscribers, self.dns.len());
            return wrong(format!(
                "{subscribers} subscribers cannot be spread over {dns} DNs: somebody must listen to each"
            ));
        }
        match self.pace {
            Pace::Closed { window, batch } => {
                if !(1..=65_536).contains(&window) {
                    return wrong(format!("the window has 1 to 65536 events, not {window}"));
                }
                if batch == 0 || batch > window {
                    return wrong(format!(
                        "a batch has 1 to {window} events, as many as the window, not {batch}"
                    ));
                }
            }
            Pace::Open { rate } => {
                if !(0.1..=10_000_000.0).contains(&rate) {
                    return wrong(format!("the rate is 0.1 to 10000000 events/s, not {rate}"));
                }
            }
        }
        for (what, time) in [("ramp", self.ramp), ("warm-up", self.warmup), ("drain", self.drain)] {
            if time > hour {
                return wrong(format!("the {what} takes an hour at most"));
            }
        }
        if !(Duration::from_millis(10)..=24 * hour).contains(&self.duration) {
            return wrong("the duration is 10 ms to a day".to_owned());
        }
        if self.patience.is_zero() {
            return wrong("a handshake needs time".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_told() {
        let plan = || Plan::new(([127, 0, 0, 1], 7007).into());
        assert!(plan().check().is_ok());
        let text = |plan: Plan| plan.check().unwrap_err().to_string();
        assert_eq!(text(Plan { publishers: 0, ..plan() }), "a load has 1 to 1000 publishers, not 0");
        assert_eq!(
            text(Plan { subscribers: 20_001, ..plan() }),
            "a load has 1 to 20000 subscribers, not 20001"
        );
        assert_eq!(
            text(Plan { pace: Pace::Closed { window: 8, batch: 9 }, ..plan() }),
            "a batch has 1 to 8 events, as many as the window, not 9"
        );
        assert_eq!(
            text(Plan { pace: Pace::Open { rate: f64::NAN }, ..plan() }),
            "the rate is 0.1 to 10000000 events/s, not NaN"
        );
        let spread = Plan { audience: Audience::Spread, dns: Names::numbered(4).unwrap(), ..plan() };
        assert_eq!(spread.listens(5), 1..2);
        assert_eq!(text(spread), "3 subscribers cannot be spread over 4 DNs: somebody must listen to each");
    }
}
