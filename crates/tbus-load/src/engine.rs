//! The run: one thread, one epoll, one buffer for everybody.
//!
//! It is usually the generator that limits a fast server, so a message costs no allocation, no clock and no system call
//! of its own: one clock reading per read, one comparison per message, one write per batch.

use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::thread::set_current_timer_slack;

use crate::check::Check;
use crate::clock::{Clock, nanos};
use crate::connect;
use crate::dialect::{Dialect, Role};
use crate::error::LoadError;
use crate::outcome::Outcome;
use crate::plan::{Audience, Pace, Plan};
use crate::process::Process;
use crate::publisher::{Batch, Publisher};
use crate::schedule::Schedule;
use crate::subscriber::{Expected, Subscriber, read_once};

mod ended;
mod publish;
mod tally;

pub(crate) use tally::Tally;
pub use tally::{Phase, Progress};

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
}
