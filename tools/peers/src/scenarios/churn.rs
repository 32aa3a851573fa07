//! Clients that come and go: how many cycles a second, and what is left of them afterwards.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tlib_proto::{AttributeId, Message, MessageId};

use super::client::{Client, PATIENCE, hello, register};
use super::figures::{Bound, Figure, Goal, Measured};
use super::{Context, Scenario};
use crate::server::Running;

/// Connections that are there at a time.
const WIDTH: usize = 50;
/// The DN that everybody registers on.
const DN: &str = "REPORTING";
/// Growth from one round to the next that is still nothing (chosen): 13 bytes a cycle, less than anything that could be
/// left of a client.
const TOLERANCE_KIB: f64 = 64.0;

const CYCLES: Figure = Figure::new("cycles_s", "cycles/s");
const GROWTH: Figure = Figure::new("growth_kib", "growth KiB");
const DESCRIPTORS: Figure = Figure::new("descriptors_left", "descriptors left");
const THREADS: Figure = Figure::new("threads_left", "threads left");
const REGISTRATIONS: Figure = Figure::new("registrations_left", "registrations left");
const CPU_CYCLE: Figure = Figure::new("cpu_us_per_cycle", "CPU µs/cycle");

const VARIANT: &str = "tbus";

pub(super) const SCENARIO: Scenario = Scenario {
    name: "churn-5000",
    about: "connect, register client and address, disconnect: 5,000 cycles, half of them by reset",
    variants: &[VARIANT],
    goals: &[
        Goal { figure: GROWTH, variant: VARIANT, against: None, bound: Bound::AtMost(TOLERANCE_KIB) },
        Goal { figure: DESCRIPTORS, variant: VARIANT, against: None, bound: Bound::AtMost(0.0) },
        Goal { figure: THREADS, variant: VARIANT, against: None, bound: Bound::AtMost(0.0) },
        Goal { figure: REGISTRATIONS, variant: VARIANT, against: None, bound: Bound::AtMost(0.0) },
    ],
    run,
};

fn run(context: &Context<'_>, _variant: &str) -> Result<Measured> {
    let cycles = context.scaled(5000, 200);
    let server = Running::start(&context.programs.tbus("tbus", &[]))?;
    let frames = Frames::new()?;
    let before = Left::of(&server)?;
    // Fills what the server keeps for the next client: places, tables. What the allocator cuts its memory into goes on
    // settling for some rounds, by less each time, which is what the tolerance is for.
    frames.round(server.address(), cycles)?;
    Left::settled(&server, &before)?;
    frames.round(server.address(), cycles)?;
    let first = Left::settled(&server, &before)?;
    let before_round = context.cpu(&server);
    let took = frames.round(server.address(), cycles)?;
    let second = Left::settled(&server, &before)?;
    let cpu = context.cpu(&server).since(&before_round);

    let mut measured = Measured::default();
    measured.set(CYCLES, cycles as f64 / took.as_secs_f64());
    measured.set(CPU_CYCLE, cpu as f64 / 1000.0 / cycles as f64);
    measured.set(GROWTH, second.rss_kib as f64 - first.rss_kib as f64);
    measured.set(DESCRIPTORS, second.descriptors.saturating_sub(before.descriptors) as f64);
    measured.set(THREADS, second.threads.saturating_sub(before.threads) as f64);
    measured.set(REGISTRATIONS, registrations(server.address())? as f64);
    Ok(measured)
}

/// How a cycle ends. Half of them reset, and every fifth ends in the middle of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closes,
    Resets,
    /// While the answer to its registration lies unread.
    ResetsUnread,
    /// In the middle of RequestRegisterClient.
    ClosesInHandshake,
    ResetsInHandshake,
}

impl End {
    const fn of(cycle: usize) -> Self {
        match cycle % 10 {
            0 | 2 | 6 | 8 => Self::Closes,
            4 => Self::ClosesInHandshake,
            1 => Self::ResetsInHandshake,
            3 | 7 => Self::ResetsUnread,
            _ => Self::Resets,
        }
    }

    const fn in_handshake(self) -> bool {
        matches!(self, Self::ClosesInHandshake | Self::ResetsInHandshake)
    }

    const fn resets(self) -> bool {
        matches!(self, Self::Resets | Self::ResetsUnread | Self::ResetsInHandshake)
    }
}

/// What a client writes in its short life.
struct Frames {
    hello: Message,
    register: Message,
}

impl Frames {
    fn new() -> Result<Self> {
        Ok(Self { hello: hello("churn")?, register: register(DN)? })
    }

    /// So many cycles, a few at a time; how long they took.
    fn round(&self, address: SocketAddr, cycles: usize) -> Result<Duration> {
        let begun = Instant::now();
        let mut clients = Vec::with_capacity(WIDTH);
        for first in (0..cycles).step_by(WIDTH) {
            for cycle in first..(first + WIDTH).min(cycles) {
                let (mut client, end) = (Client::connect(address)?, End::of(cycle));
                let frame = self.hello.frame();
                let length = if end.in_handshake() { frame.len() / 2 } else { frame.len() };
                client.write(frame.get(..length).unwrap_or_default())?;
                clients.push((client, end));
            }
            for (client, _) in clients.iter_mut().filter(|(_, end)| !end.in_handshake()) {
                client.opened()?;
                client.send(&self.register)?;
            }
            for (mut client, end) in clients.drain(..) {
                match end {
                    End::Closes | End::Resets => client.expect(MessageId::EVENT_REGISTERED)?,
                    End::ResetsUnread => client.wait_for_input()?,
                    End::ClosesInHandshake | End::ResetsInHandshake => {}
                }
                if end.resets() {
                    client.reset()?;
                }
            }
        }
        Ok(begun.elapsed())
    }
}

/// What a server holds.
#[derive(Clone, Copy, Debug)]
struct Left {
    rss_kib: u64,
    descriptors: usize,
    threads: usize,
}

impl Left {
    fn of(server: &Running) -> Result<Self> {
        let pid = server.pid();
        let count = |what: &str| Ok::<_, anyhow::Error>(fs::read_dir(format!("/proc/{pid}/{what}"))?.count());
        Ok(Self { rss_kib: exact_rss_kib(pid)?, descriptors: count("fd")?, threads: count("task")? })
    }

    /// After the server has seen that all clients are gone, or has had 20 seconds to see it.
    fn settled(server: &Running, before: &Self) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = Self::of(server)?;
            if left.descriptors <= before.descriptors || Instant::now() > deadline {
                return Ok(left);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Resident memory as the page tables have it. `status` is behind by some pages a processor, as much as a leak.
fn exact_rss_kib(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("the server's memory")?;
    let value = text.lines().find_map(|line| line.strip_prefix("Rss:")).context("no Rss in smaps_rollup")?;
    Ok(value.trim().trim_end_matches("kB").trim().parse()?)
}

/// How many registrations of clients that are gone the server still has. New clients take all places that there ever
/// were, and ask for nothing: a registration that was left brings them an event.
fn registrations(address: SocketAddr) -> Result<usize> {
    let mut heirs = Vec::new();
    for _ in 0..2 * WIDTH {
        heirs.push(Client::connect(address)?.open("heir")?);
    }
    let mut sender = Client::connect(address)?.open("sender")?;
    let event = Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 1).str(AttributeId::COMMUNICATION_DN, DN)
    })?;
    sender.send(&event)?;
    sender.expect(MessageId::EVENT_ACK)?;
    // The event has its place before the answer to what is asked after it.
    let query =
        Message::build(MessageId::REQUEST_QUERY_SERVER, |m| m.unsigned(AttributeId::REFERENCE_ID, 2))?;
    let mut left = 0;
    for heir in &mut heirs {
        heir.send(&query)?;
        match heir.message()?.id() {
            MessageId::EVENT_SERVER_INFO => {}
            MessageId::EVENT_USER_EVENT => left += 1,
            other => bail!("{other} came where EventServerInfo was expected"),
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_cycles_reset_and_every_fifth_ends_in_the_handshake() {
        let ends: Vec<_> = (0..1000).map(End::of).collect();
        assert_eq!(ends.iter().filter(|end| end.resets()).count(), 500);
        assert_eq!(ends.iter().filter(|end| end.in_handshake()).count(), 200);
        assert!(ends.contains(&End::ResetsUnread));
    }

    #[test]
    fn this_process_has_memory() {
        assert!(exact_rss_kib(std::process::id()).unwrap() > 100);
    }
}
