//! The run: one thread, one epoll, one buffer for everybody.
//!
//! It is usually the generator that limits a fast server, so a message costs no allocation, no clock and no system call
//! of its own: one clock reading per read, one comparison per message, one write per batch.

use std::io;
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::time::Duration;

use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::thread::set_current_timer_slack;
use rustix::time::{ClockId, clock_gettime};

use crate::check::Check;
use crate::clock::{Clock, nanos};
use crate::connect;
use crate::dialect::{Dialect, Role};
use crate::error::LoadError;
use crate::outcome::{Outcome, ServerUse};
use crate::plan::{Audience, Pace, Plan};
use crate::process::{CpuTimes, Process};
use crate::publisher::{Batch, Messages, Publisher, is_transient, sent_to, target};
use crate::schedule::Schedule;
use crate::subscriber::{Expected, Subscriber, read_once};

/// Bytes that one read takes at most.
const BUFFER: usize = 256 * 1024;
/// Longest frame of a load in bytes (chosen): two of them fit into the buffer.
const LONGEST_FRAME: usize = 128 * 1024;
/// Most bytes of one write (chosen).
const LONGEST_WRITE: usize = 16 * 1024 * 1024;
/// Bytes that one write of an open loop holds at most, if it is behind (chosen).
const CATCH_UP: usize = 512 * 1024;
/// Sockets that one wake-up looks at.
const EVENTS: usize = 1024;
/// The longest sleep.
const SLEEP: u64 = 20 * MILLISECOND;
/// In nanoseconds.
const MILLISECOND: u64 = 1_000_000;
/// Faults that are kept in words.
const FAULTS: usize = 8;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Rate or window rises.
    Ramp,
    /// Everything is checked, nothing is measured.
    WarmUp,
    /// It is measured.
    Measure,
    /// Nothing more is published; what is under way is waited for.
    Drain,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What it is doing.
    pub phase: Phase,
    /// Since the first message.
    pub elapsed: Duration,
    /// Messages written so far, from the first on.
    pub sent: u64,
    /// Messages delivered so far.
    pub delivered: u64,
    /// Answers so far.
    pub acked: u64,
    /// Latency from the schedule of what has been measured so far, in nanoseconds.
    pub scheduled: &'a Histogram<u64>,
    /// Connections that have ended before their time.
    pub dead: u64,
}

/// What is counted while it runs.
#[derive(Debug)]
pub(crate) struct Tally {
    sent: u64,
    pub(crate) delivered: u64,
    pub(crate) acked: u64,
    pub(crate) damaged: u64,
    /// Deliveries that are still to come or have come, and those that nobody waits for any more.
    expected: u64,
    written_off: u64,
    unsent: u64,
    /// What is due from here on is measured, to `until`.
    from: u64,
    until: u64,
    latency: Histogram<u64>,
    scheduled: Histogram<u64>,
    answers: Histogram<u64>,
    faults: Vec<String>,
}

impl Tally {
    fn new(plan: &Plan) -> Result<Self, LoadError> {
        let histogram = || {
            // Three digits from 100 ns to an hour; what is longer counts as an hour.
            Histogram::new_with_bounds(100, 3_600_000_000_000, 3)
                .map_err(|error| LoadError::system("histogram", io::Error::other(error.to_string())))
        };
        let from = nanos(plan.ramp.saturating_add(plan.warmup));
        Ok(Self {
            sent: 0,
            delivered: 0,
            acked: 0,
            damaged: 0,
            expected: 0,
            written_off: 0,
            unsent: 0,
            from,
            until: from.saturating_add(nanos(plan.duration)),
            latency: histogram()?,
            scheduled: histogram()?,
            answers: histogram()?,
            faults: Vec::new(),
        })
    }

    /// Messages that have arrived together.
    #[inline]
    pub(crate) fn arrived(&mut self, now: u64, written: u64, scheduled: u64, count: u64) {
        if count > 0 && (self.from..self.until).contains(&scheduled) {
            self.latency.saturating_record_n(now.saturating_sub(written), count);
            self.scheduled.saturating_record_n(now.saturating_sub(scheduled), count);
        }
    }

    /// Answers that have arrived together.
    #[inline]
    pub(crate) fn answered(&mut self, now: u64, written: u64, count: u64) {
        if (self.from..self.until).contains(&written) {
            self.answers.saturating_record_n(now.saturating_sub(written), count);
        }
    }
}

/// What was counted at some time.
#[derive(Clone, Debug, Default)]
struct Snapshot {
    at: u64,
    sent: u64,
    delivered: u64,
    acked: u64,
    server_cpu: CpuTimes,
    own_cpu: u64,
}

/// A load whose connections are all there, and that has sent nothing yet.
pub struct Load<'d> {
    plan: Plan,
    dialect: &'d dyn Dialect,
    epoll: OwnedFd,
    event: Check,
    answer: Option<Check>,
    batch: Batch,
    publishers: Vec<Publisher>,
    subscribers: Vec<Subscriber>,
    /// How many messages each publisher has sent.
    sent: Vec<u64>,
    /// How many subscribers each DN has, when they are spread.
    receivers: Vec<u64>,
    live_publishers: u64,
    live_subscribers: u64,
    buffer: Vec<u8>,
    tally: Tally,
    process: Option<Process>,
    rss_idle_kib: u64,
    clock: Clock,
    schedule: Option<Schedule>,
    /// The publisher that comes first next time.
    turn: usize,
    /// How many messages were due when everything was written that was due.
    settled_due: u64,
}

impl<'d> Load<'d> {
    /// Asks the dialect for its frames, and connects everybody.
    ///
    /// # Errors
    /// [`LoadError`]: the plan is out of bounds, there are too few open files, no connection, or no handshake.
    pub fn connect(plan: Plan, dialect: &'d mut dyn Dialect) -> Result<Self, LoadError> {
        plan.check()?;
        connect::raise_descriptor_limit(plan.publishers + plan.subscribers)?;
        let templates = dialect.templates(&plan)?;
        let dialect: &'d dyn Dialect = dialect;
        let frames = [Some(&templates.request), Some(&templates.event), templates.answer.as_ref()];
        if let Some(frame) =
            frames.into_iter().flatten().find(|frame| !(1..=LONGEST_FRAME).contains(&frame.len()))
        {
            let text = format!("a frame has 1 to {LONGEST_FRAME} bytes, not {}", frame.len());
            return Err(LoadError::Plan(text));
        }
        if templates.request.marks.is_none() || templates.event.marks.is_none() {
            return Err(LoadError::Plan("request and event need the marks of a load".to_owned()));
        }
        let frame = templates.request.len();
        let copies = match plan.pace {
            Pace::Closed { batch, .. } => usize::try_from(batch).unwrap_or(usize::MAX),
            Pace::Open { .. } => (CATCH_UP / frame).max(1),
        };
        if copies.saturating_mul(frame) > LONGEST_WRITE {
            let most = LONGEST_WRITE / frame;
            return Err(LoadError::Plan(format!(
                "a batch of events of {frame} bytes has {most} events at most"
            )));
        }
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(|error| LoadError::system("epoll", error))?;
        let mut load = Self {
            epoll,
            event: Check::new(&templates.event, &plan.dns),
            answer: templates.answer.as_ref().map(|answer| Check::new(answer, &plan.dns)),
            batch: Batch::new(Check::new(&templates.request, &plan.dns), copies),
            publishers: Vec::with_capacity(plan.publishers),
            subscribers: Vec::with_capacity(plan.subscribers),
            sent: vec![0; plan.publishers],
            receivers: Vec::new(),
            live_publishers: 0,
            live_subscribers: 0,
            buffer: vec![0; BUFFER + LONGEST_FRAME],
            tally: Tally::new(&plan)?,
            process: plan.server_pid.map(Process::new),
            rss_idle_kib: 0,
            clock: Clock::start(),
            schedule: match plan.pace {
                Pace::Open { rate } => Some(Schedule::new(rate, plan.ramp)),
                Pace::Closed { .. } => None,
            },
            turn: 0,
            settled_due: 0,
            dialect,
            plan,
        };
        load.open()?;
        Ok(load)
    }

    fn open(&mut self) -> Result<(), LoadError> {
        for index in 0..self.plan.subscribers {
            let dns = self.plan.listens(index);
            let role = Role::Subscriber { index, dns: dns.clone() };
            let stream = connect::open(&self.plan, self.dialect, &role)?;
            self.subscribers.push(Subscriber::new(role, dns, stream, self.plan.publishers));
        }
        for index in 0..self.plan.publishers {
            let role = Role::Publisher { index };
            let stream = connect::open(&self.plan, self.dialect, &role)?;
            self.publishers.push(Publisher::new(role, stream));
        }
        let streams = self.publishers.iter().map(|publisher| &publisher.stream);
        let streams = streams.chain(self.subscribers.iter().map(|subscriber| &subscriber.stream));
        for (token, stream) in streams.enumerate() {
            epoll::add(&self.epoll, stream, EventData::new_u64(token as u64), EventFlags::IN)
                .map_err(|error| LoadError::system("epoll", error))?;
        }
        self.live_publishers = self.publishers.len() as u64;
        self.live_subscribers = self.subscribers.len() as u64;
        if self.plan.audience == Audience::Spread {
            self.receivers = vec![0; self.plan.dns.len()];
            for dn in self.subscribers.iter().flat_map(|subscriber| subscriber.dns.clone()) {
                if let Some(receivers) = self.receivers.get_mut(dn) {
                    *receivers += 1;
                }
            }
        }
        self.rss_idle_kib = self.process.as_ref().and_then(Process::rss_kib).unwrap_or_default();
        Ok(())
    }

    /// The bytes of a delivered message.
    pub fn frame_bytes(&self) -> usize {
        self.event.len()
    }

    /// Runs the load. Every so often `watch` is shown how far it is, and may end it early; it gets its result all the same.
    ///
    /// # Errors
    /// [`LoadError::System`] when epoll fails. What goes wrong with connections is in the outcome.
    pub fn run(
        self,
        every: Duration,
        watch: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Outcome, LoadError> {
        // The system may let a thread sleep 50 us longer than it has asked for, to wake it up together with others. Where it
        // cannot be told not to, a schedule is a little less exact.
        let _ = set_current_timer_slack(NonZeroU64::new(1));
        let outcome = self.run_to_end(every, watch);
        let _ = set_current_timer_slack(None);
        outcome
    }

    fn run_to_end(
        mut self,
        every: Duration,
        watch: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Outcome, LoadError> {
        let mut events = Vec::with_capacity(EVENTS);
        let every = nanos(every).max(1_000_000);
        let (mut start, mut end) = (None, None);
        let (mut ended, mut drain_until) = (None, 0);
        let mut watch_at = every;
        self.clock = Clock::start();
        loop {
            let now = self.clock.now();
            if start.is_none() && now >= self.tally.from {
                start = Some(self.snapshot(now));
            }
            if end.is_none() {
                if ended.is_none() {
                    ended = self.all_gone();
                }
                if ended.is_some() {
                    self.tally.until = self.tally.until.min(now);
                }
                if now >= self.tally.until {
                    self.publish_last();
                    end = Some(self.snapshot(now));
                    drain_until = now.saturating_add(nanos(self.plan.drain));
                }
            } else if self.settled() || now >= drain_until || self.live_subscribers == 0 {
                break;
            }
            let wait = if end.is_some() { SLEEP } else { self.publish(now) };
            let next = if end.is_some() { drain_until } else { self.tally.until };
            let wait = wait.min(next.saturating_sub(now)).min(watch_at.saturating_sub(now));
            self.wait(&mut events, wait)?;
            for event in &events {
                let (token, flags) = (event.data.u64(), event.flags);
                self.handle(token as usize, flags);
            }
            if now >= watch_at {
                watch_at = now.saturating_add(every);
                if watch(&self.progress(now, end.is_some())).is_break() && ended.is_none() {
                    ended = Some("it was told to end".to_owned());
                }
            }
        }
        let end = end.unwrap_or_default();
        let drained = Duration::from_nanos(self.clock.now().saturating_sub(end.at));
        Ok(self.outcome(start, end, ended, drained))
    }

    /// Sleeps so many nanoseconds at most, until a socket has something to say.
    fn wait(&self, events: &mut Vec<epoll::Event>, wait: u64) -> Result<(), LoadError> {
        events.clear();
        let failed =
            |error: Errno| if error == Errno::INTR { Ok(()) } else { Err(LoadError::system("epoll", error)) };
        let wait = wait.min(SLEEP);
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::try_from(wait).unwrap_or_default() };
        let whole = self.schedule.is_none() || wait.is_multiple_of(MILLISECOND);
        // Without the newest system call epoll sleeps whole milliseconds, which would be too late for most of a schedule.
        let first = if whole { timeout } else { Timespec::default() };
        match epoll::wait(&self.epoll, spare_capacity(events), Some(&first)) {
            Ok(0) if !whole => {}
            Ok(_) => return Ok(()),
            Err(error) => return failed(error),
        }
        match poll(&mut [PollFd::new(&self.epoll, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => Ok(()),
            Ok(_) => {
                let ready = epoll::wait(&self.epoll, spare_capacity(events), Some(&Timespec::default()));
                ready.map(drop).or_else(failed)
            }
            Err(error) => failed(error),
        }
    }

    fn handle(&mut self, token: usize, flags: EventFlags) {
        let Some(index) = token.checked_sub(self.publishers.len()) else {
            if flags.contains(EventFlags::OUT) {
                let flushed = self.publishers.get_mut(token).map_or(Ok(()), Publisher::flush);
                self.written(token, flushed);
            }
            if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                self.read_publisher(token);
            }
            return;
        };
        self.read_subscriber(index);
    }

    fn read_subscriber(&mut self, index: usize) {
        let Some(subscriber) = self.subscribers.get_mut(index).filter(|subscriber| subscriber.alive) else {
            return;
        };
        let read = match read_once(&mut subscriber.stream, &subscriber.partial, &mut self.buffer) {
            Ok(Some(filled)) => {
                let now = self.clock.now();
                let bytes = self.buffer.get(..filled).unwrap_or_default();
                let expected = Expected {
                    event: &self.event,
                    dns: &self.plan.dns,
                    sent: &self.sent,
                    dialect: self.dialect,
                };
                subscriber.messages(bytes, now, &expected, &mut self.tally).map(|taken| {
                    subscriber.partial.clear();
                    subscriber.partial.extend_from_slice(bytes.get(taken..).unwrap_or_default());
                })
            }
            Ok(None) => Ok(()),
            Err(text) => Err(text),
        };
        if let Err(text) = read {
            self.subscriber_is_gone(index, &text);
        }
    }

    fn read_publisher(&mut self, index: usize) {
        let Some(publisher) = self.publishers.get_mut(index).filter(|publisher| publisher.alive) else {
            return;
        };
        let read = match read_once(&mut publisher.stream, &publisher.partial, &mut self.buffer) {
            Ok(Some(filled)) => {
                let now = self.clock.now();
                let bytes = self.buffer.get(..filled).unwrap_or_default();
                // Without answers, whatever comes is something else.
                let check = self.answer.as_ref().unwrap_or(&self.event);
                publisher.answers(bytes, now, check, self.dialect, &mut self.tally).map(|taken| {
                    publisher.partial.clear();
                    publisher.partial.extend_from_slice(bytes.get(taken..).unwrap_or_default());
                })
            }
            Ok(None) => Ok(()),
            Err(text) => Err(text),
        };
        if let Err(text) = read {
            self.publisher_is_gone(index, &text);
        }
    }

    /// Publishes what is due, or what the window allows; how long to sleep then.
    fn publish(&mut self, now: u64) -> u64 {
        match (self.schedule, self.plan.pace) {
            (Some(schedule), _) => self.publish_due(schedule, now),
            (None, Pace::Closed { window, batch }) => {
                self.publish_window(now, window, batch);
                SLEEP
            }
            (None, Pace::Open { .. }) => SLEEP,
        }
    }

    fn publish_due(&mut self, schedule: Schedule, now: u64) -> u64 {
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
                return if self.publishers.iter().enumerate().any(ready) { 0 } else { 1_000_000 };
            }
            self.settled_due = due;
        }
        schedule.at(due).saturating_sub(self.clock.now())
    }

    /// How many messages a publisher should have sent and has not, when so many are due: they go round the publishers.
    fn owed(&self, publisher: usize, due: u64) -> u64 {
        let share = (due + self.publishers.len() as u64 - 1).saturating_sub(publisher as u64);
        let sent = self.sent.get(publisher).copied().unwrap_or_default();
        (share / self.publishers.len().max(1) as u64).saturating_sub(sent)
    }

    fn publish_window(&mut self, mut now: u64, window: u64, batch: u64) {
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
    fn send(&mut self, index: usize, count: u64, now: u64, schedule: Option<Schedule>) -> bool {
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
    fn receivers_of(&self, publisher: usize, first: u64, count: u64) -> u64 {
        if self.receivers.is_empty() {
            return count * self.live_subscribers;
        }
        let dns = (first..first + count).map(|number| target(&self.plan, publisher, number).0);
        dns.filter_map(|dn| self.receivers.get(dn)).sum()
    }

    /// After a write: watches for room, or does not any more.
    fn written(&mut self, index: usize, result: io::Result<()>) {
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

    #[cold]
    fn subscriber_is_gone(&mut self, index: usize, text: &str) {
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
    fn publisher_is_gone(&mut self, index: usize, text: &str) {
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

    fn fault(&mut self, text: String) {
        if self.tally.faults.len() < FAULTS {
            self.tally.faults.push(text);
        }
    }

    /// What a publisher could not write any more was not sent.
    fn retract(&mut self, index: usize) {
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

    /// At the end of the measured time: what was due in it is written now, if the server takes it, or never.
    fn publish_last(&mut self) {
        if let Some(schedule) = self.schedule {
            let last = self.tally.until.saturating_sub(1);
            self.publish_due(schedule, last);
            let due = schedule.due(last);
            self.tally.unsent += (0..self.publishers.len()).map(|index| self.owed(index, due)).sum::<u64>();
        }
    }

    /// Why it is of no use to go on, if it is.
    fn all_gone(&self) -> Option<String> {
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
    fn settled(&self) -> bool {
        let answered = |(publisher, sent): (&Publisher, &u64)| {
            !publisher.alive || (!publisher.blocked() && (self.answer.is_none() || publisher.acked >= *sent))
        };
        self.tally.delivered + self.tally.written_off >= self.tally.expected
            && self.publishers.iter().zip(&self.sent).all(answered)
    }

    fn snapshot(&self, at: u64) -> Snapshot {
        let own = clock_gettime(ClockId::ThreadCPUTime);
        let own_cpu = u64::try_from(own.tv_sec).unwrap_or_default() * 1_000_000_000
            + u64::try_from(own.tv_nsec).unwrap_or_default();
        let server_cpu = self.process.as_ref().and_then(Process::cpu).unwrap_or_default();
        let Tally { sent, delivered, acked, .. } = self.tally;
        Snapshot { at, sent, delivered, acked, server_cpu, own_cpu }
    }

    fn progress(&self, now: u64, draining: bool) -> Progress<'_> {
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

    fn outcome(
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
