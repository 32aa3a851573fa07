//! Connections that have ended, the end of the run, and its result.

use std::time::Duration;

use rustix::event::epoll;
use rustix::time::{ClockId, clock_gettime};

use super::tally::{Phase, Progress, Snapshot, Tally};
use super::{FAULTS, Load};
use crate::clock::nanos;
use crate::outcome::{Outcome, ServerUse};
use crate::plan::Plan;
use crate::process::Process;
use crate::publisher::{Publisher, sent_to};
use crate::subscriber::Subscriber;

impl Load<'_> {
    #[cold]
    pub(super) fn subscriber_is_gone(&mut self, index: usize, text: &str) {
        let Some(subscriber) = self.subscribers.get_mut(index).filter(|subscriber| subscriber.alive) else {
            return;
        };
        subscriber.alive = false;
        // Closing would do it, too, but the socket stays open until the end.
        let _ = epoll::delete(&self.epoll, &subscriber.stream);
        let lost = lost(&self.plan, subscriber, &self.sent);
        subscriber.lost = lost;
        self.tally.written_off += lost;
        self.live_subscribers -= 1;
        for dn in subscriber.dns.clone() {
            if let Some(receivers) = self.receivers.get_mut(dn) {
                *receivers -= 1;
            }
        }
        let fault = format!("{}: {text}", subscriber.role);
        self.fault(fault);
    }

    #[cold]
    pub(super) fn publisher_is_gone(&mut self, index: usize, text: &str) {
        let Some(publisher) = self.publishers.get_mut(index).filter(|publisher| publisher.alive) else {
            return;
        };
        publisher.alive = false;
        let _ = epoll::delete(&self.epoll, &publisher.stream);
        let fault = format!("{}: {text}", publisher.role);
        self.live_publishers -= 1;
        self.retract(index);
        self.fault(fault);
    }

    pub(super) fn fault(&mut self, text: String) {
        if self.tally.faults.len() < FAULTS {
            self.tally.faults.push(text);
        }
    }

    /// What a publisher could not write any more was not sent.
    pub(super) fn retract(&mut self, index: usize) {
        let Some(publisher) = self.publishers.get_mut(index) else { return };
        let count = publisher.backlog().div_ceil(self.batch.frame().max(1)) as u64;
        publisher.retract(count);
        let Some(sent) = self.sent.get_mut(index) else { return };
        *sent -= count.min(*sent);
        let first = *sent;
        self.tally.sent -= count.min(self.tally.sent);
        self.tally.unsent += count;
        let fewer = self.receivers_of(index, first, count);
        self.tally.expected = self.tally.expected.saturating_sub(fewer);
    }

    /// Why it is of no use to go on, if it is.
    pub(super) fn all_gone(&self) -> Option<String> {
        let first = self.tally.faults.first().map(String::as_str).unwrap_or_default();
        if self.live_publishers == 0 {
            Some(format!("the connections of all publishers have ended; {first}"))
        } else if self.live_subscribers == 0 {
            Some(format!("the connections of all subscribers have ended; {first}"))
        } else {
            None
        }
    }

    /// Whether everything has come that was published.
    pub(super) fn settled(&self) -> bool {
        let answered = |(publisher, sent): (&Publisher, &u64)| {
            !publisher.alive || (!publisher.blocked() && (self.answer.is_none() || publisher.acked >= *sent))
        };
        self.tally.delivered + self.tally.written_off >= self.tally.expected
            && self.publishers.iter().zip(&self.sent).all(answered)
    }

    pub(super) fn snapshot(&self, at: u64) -> Snapshot {
        let own = clock_gettime(ClockId::ThreadCPUTime);
        let own_cpu = u64::try_from(own.tv_sec).unwrap_or_default() * 1_000_000_000
            + u64::try_from(own.tv_nsec).unwrap_or_default();
        let server_cpu = self.process.as_ref().and_then(Process::cpu).unwrap_or_default();
        let Tally { sent, delivered, acked, .. } = self.tally;
        Snapshot { at, sent, delivered, acked, server_cpu, own_cpu }
    }

    pub(super) fn progress(&self, now: u64, draining: bool) -> Progress<'_> {
        let phase = if draining {
            Phase::Drain
        } else if now < nanos(self.plan.ramp) {
            Phase::Ramp
        } else if now < self.tally.from {
            Phase::WarmUp
        } else {
            Phase::Measure
        };
        let Tally { sent, delivered, acked, .. } = self.tally;
        let dead = self.publishers.len() as u64 + self.subscribers.len() as u64;
        let dead = dead - self.live_publishers - self.live_subscribers;
        let scheduled = &self.tally.scheduled;
        Progress { phase, elapsed: Duration::from_nanos(now), sent, delivered, acked, scheduled, dead }
    }

    pub(super) fn outcome(
        mut self,
        start: Option<Snapshot>,
        end: Snapshot,
        ended: Option<String>,
        drained: Duration,
    ) -> Outcome {
        for index in 0..self.publishers.len() {
            self.retract(index);
        }
        let start = start.unwrap_or_else(|| end.clone());
        let usage =
            self.process.as_ref().filter(|process| process.rss_kib().is_some()).map(|process| ServerUse {
                cpu_ns: end.server_cpu.since(&start.server_cpu),
                rss_idle_kib: self.rss_idle_kib,
                rss_after_kib: process.rss_kib().unwrap_or_default(),
                rss_peak_kib: process.peak_kib().unwrap_or_default(),
            });
        let seen = self.subscribers.iter().map(|subscriber| &subscriber.seen);
        let lost = |subscriber: &Subscriber| {
            if subscriber.alive { lost(&self.plan, subscriber, &self.sent) } else { subscriber.lost }
        };
        let unanswered = |(publisher, sent): (&Publisher, &u64)| sent.saturating_sub(publisher.acked);
        let answers =
            self.answer.as_ref().map(|_| self.publishers.iter().zip(&self.sent).map(unanswered).sum());
        Outcome {
            server: self.dialect.name().to_owned(),
            seconds: Duration::from_nanos(end.at.saturating_sub(start.at)).as_secs_f64(),
            sent: end.sent.saturating_sub(start.sent),
            delivered: end.delivered.saturating_sub(start.delivered),
            acked: end.acked.saturating_sub(start.acked),
            lost: self.subscribers.iter().map(lost).sum(),
            doubled: seen.clone().map(|seen| seen.doubled).sum(),
            disordered: seen.map(|seen| seen.disordered).sum(),
            damaged: self.tally.damaged,
            unanswered: answers.unwrap_or_default(),
            unsent: self.tally.unsent,
            dead_publishers: self.publishers.len() as u64 - self.live_publishers,
            dead_subscribers: self.subscribers.len() as u64 - self.live_subscribers,
            faults: self.tally.faults,
            ended,
            usage,
            generator_cpu_ns: end.own_cpu.saturating_sub(start.own_cpu),
            frame_bytes: self.event.len(),
            drained,
            latency: self.tally.latency,
            scheduled: self.tally.scheduled,
            answers: self.tally.answers,
        }
    }
}

/// How many messages a subscriber should have got and has not.
fn lost(plan: &Plan, subscriber: &Subscriber, sent: &[u64]) -> u64 {
    let dn = subscriber.dns.start;
    let expected = sent.iter().enumerate().map(|(publisher, sent)| sent_to(plan, publisher, *sent, dn));
    subscriber.seen.lost(expected)
}
