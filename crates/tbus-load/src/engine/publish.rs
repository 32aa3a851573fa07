//! When publishers write, and how much.

use std::io;

use rustix::event::epoll::{self, EventData, EventFlags};

use super::{Load, MILLISECOND, SLEEP};
use crate::clock::nanos;
use crate::plan::Pace;
use crate::publisher::{Messages, Publisher, is_transient, target};
use crate::schedule::Schedule;

impl Load<'_> {
    /// Publishes what is due, or what the window allows; how long to sleep then.
    pub(super) fn publish(&mut self, now: u64) -> u64 {
        match (self.schedule, self.plan.pace) {
            (Some(schedule), _) => self.publish_due(schedule, now),
            (None, Pace::Closed { window, batch }) => {
                self.publish_window(now, window, batch);
                SLEEP
            }
            (None, Pace::Open { .. }) => SLEEP,
        }
    }

    pub(super) fn publish_due(&mut self, schedule: Schedule, now: u64) -> u64 {
        let due = schedule.due(now);
        if due != self.settled_due {
            let mut behind = false;
            for publisher in 0..self.publishers.len() {
                let owed = self.owed(publisher, due);
                if owed > 0 {
                    let count = owed.min(self.batch.capacity());
                    behind |= !self.send(publisher, count, now, Some(schedule)) || count < owed;
                }
            }
            if behind {
                // Whoever is blocked is woken up by the socket, whoever has more to write goes on at once.
                let ready = |(index, publisher): (usize, &Publisher)| {
                    publisher.alive && !publisher.blocked() && self.owed(index, due) > 0
                };
                return if self.publishers.iter().enumerate().any(ready) { 0 } else { MILLISECOND };
            }
            self.settled_due = due;
        }
        schedule.at(due).saturating_sub(self.clock.now())
    }

    /// How many messages a publisher should have sent and has not, when so many are due: they go round the publishers.
    pub(super) fn owed(&self, publisher: usize, due: u64) -> u64 {
        let share = (due + self.publishers.len() as u64 - 1).saturating_sub(publisher as u64);
        let sent = self.sent.get(publisher).copied().unwrap_or_default();
        (share / self.publishers.len().max(1) as u64).saturating_sub(sent)
    }

    pub(super) fn publish_window(&mut self, mut now: u64, window: u64, batch: u64) {
        let ramp = nanos(self.plan.ramp);
        let window = if now < ramp {
            let share = now as f64 / ramp as f64;
            ((window as f64 * share) as u64).max(batch)
        } else {
            window
        };
        loop {
            // Averaged over the subscribers, as nobody can say cheaply which of them is the last.
            let each = self.live_subscribers.div_ceil(if self.receivers.is_empty() {
                1
            } else {
                self.receivers.len() as u64
            });
            let coming = self.tally.expected.saturating_sub(self.tally.delivered + self.tally.written_off);
            let mut room = (window * self.live_publishers).saturating_sub(coming.div_ceil(each.max(1)));
            let mut any = false;
            for _ in 0..self.publishers.len() {
                if room < batch {
                    return;
                }
                let index = self.turn;
                self.turn = (self.turn + 1) % self.publishers.len();
                let Some(publisher) = self.publishers.get(index) else { return };
                let sent = self.sent.get(index).copied().unwrap_or_default();
                let unanswered = self.answer.is_some() && sent + batch > publisher.acked + window;
                if !publisher.alive || publisher.blocked() || unanswered {
                    continue;
                }
                if any {
                    now = self.clock.now();
                }
                self.send(index, batch, now, None);
                room -= batch;
                any = true;
            }
            if !any {
                return;
            }
            now = self.clock.now();
        }
    }

    /// Writes some messages of a publisher; whether it could.
    #[inline]
    pub(super) fn send(&mut self, index: usize, count: u64, now: u64, schedule: Option<Schedule>) -> bool {
        let Some(publisher) =
            self.publishers.get_mut(index).filter(|publisher| publisher.alive && !publisher.blocked())
        else {
            return false;
        };
        let Some(sent) = self.sent.get_mut(index) else { return false };
        let messages = Messages { publisher: index, first: *sent, count, written: now };
        let everybody = self.plan.publishers as u64;
        let bytes = self.batch.fill(&self.plan, messages, |number| {
            schedule.map_or(now, |schedule| schedule.at(number * everybody + index as u64).min(now))
        });
        let first = *sent;
        *sent += count;
        self.tally.sent += count;
        let result = publisher.write(bytes, count, now, self.answer.is_some());
        self.tally.expected += self.receivers_of(index, first, count);
        self.written(index, result);
        true
    }

    /// How many deliveries these messages of a publisher make.
    pub(super) fn receivers_of(&self, publisher: usize, first: u64, count: u64) -> u64 {
        if self.receivers.is_empty() {
            return count * self.live_subscribers;
        }
        let dns = (first..first + count).map(|number| target(&self.plan, publisher, number).0);
        dns.filter_map(|dn| self.receivers.get(dn)).sum()
    }

    /// After a write: watches for room, or does not any more.
    pub(super) fn written(&mut self, index: usize, result: io::Result<()>) {
        let Some(publisher) = self.publishers.get_mut(index) else { return };
        if let Err(error) = result
            && !is_transient(&error)
        {
            let text = format!("cannot write: {error}");
            self.publisher_is_gone(index, &text);
            return;
        }
        let blocked = publisher.blocked();
        if blocked != publisher.armed {
            publisher.armed = blocked;
            let flags = if blocked { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            if let Err(error) =
                epoll::modify(&self.epoll, &publisher.stream, EventData::new_u64(index as u64), flags)
            {
                self.publisher_is_gone(index, &format!("epoll: {error}"));
            }
        }
    }

    /// At the end of the measured time: what was due in it is written now, if the server takes it, or never.
    pub(super) fn publish_last(&mut self) {
        if let Some(schedule) = self.schedule {
            let last = self.tally.until.saturating_sub(1);
            self.publish_due(schedule, last);
            let due = schedule.due(last);
            self.tally.unsent += (0..self.publishers.len()).map(|index| self.owed(index, due)).sum::<u64>();
        }
    }
}
