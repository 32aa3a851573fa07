//! Healthy subscribers beside one that reads slowly, one that stops reading, or one that resets in the middle of a frame.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use tbus_load::Payload;

use super::client::Client;
use super::figures::{Bound, Figure, Goal, Measured, P99};
use super::load::{drive, paced, set_latencies};
use super::{Context, Scenario};
use crate::server::Running;

/// What the bad subscriber listens to, as all others do.
const DN: &str = "REPORTING";
/// The slow one reads so many bytes, and then waits so long: 100 kB/s.
const SIP: usize = 10_000;
const PAUSE: Duration = Duration::from_millis(100);
/// The one that resets does it so often.
const RESET_EVERY: Duration = Duration::from_millis(100);
/// Bytes of its socket's buffer, so that what it does not read is soon the server's.
const NARROW: usize = 64 * 1024;

const ENDED: Figure = Figure::new("bystander_connections", "bad one's connections");

const ALONE: &str = "healthy-only";
const BESIDE: &str = "beside-it";

/// What is wrong with the one beside the healthy ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    Slow,
    Stopped,
    Resets,
}

macro_rules! scenarios {
    ($($constant:ident $name:literal $about:literal $bad:ident $rate:literal $subscribers:literal,)*) => {
        $(pub(super) const $constant: Scenario = Scenario {
            name: $name,
            about: $about,
            variants: &[ALONE, BESIDE],
            goals: &[
                Goal { figure: P99, variant: BESIDE, against: Some(ALONE), bound: Bound::AtMost(1.2) },
            ],
            run: |context, variant| run(context, variant, Bad::$bad, $rate, $subscribers),
        };)*
    };
}

scenarios! {
    SLOW "slow-10000x3" "10,000 events/s to 3, beside one that reads 100 kB/s" Slow 10_000.0 3,
    STOPPED "stopped-10000x3" "10,000 events/s to 3, beside one that stops reading" Stopped 10_000.0 3,
    RESET "reset-10000x3" "10,000 events/s to 3, beside one that resets in a frame, 10 times a second" Resets 10_000.0 3,
    SLOW_30 "slow-1000x30" "1,000 events/s to 30, beside one that reads 100 kB/s" Slow 1000.0 30,
    STOPPED_30 "stopped-1000x30" "1,000 events/s to 30, beside one that stops reading" Stopped 1000.0 30,
    RESET_30 "reset-1000x30" "1,000 events/s to 30, beside one that resets in a frame, 10 times a second" Resets 1000.0 30,
}

fn run(context: &Context<'_>, variant: &str, bad: Bad, rate: f64, subscribers: usize) -> Result<Measured> {
    let server = Running::start(&context.programs.tbus("tbus", &[]))?;
    let mut measured = Measured::default();
    let plan = paced(context, &server, rate, subscribers);
    let (outcome, bystander) = drive(plan, Payload::default(), &mut measured, || {
        (variant == BESIDE).then(|| Bystander::start(bad, server.address())).transpose()
    })?;
    set_latencies(&mut measured, &outcome);
    if let Some(bystander) = bystander {
        measured.set(ENDED, bystander.stop()? as f64);
    }
    Ok(measured)
}

/// A bad subscriber on a thread of its own.
struct Bystander {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u32>>,
}

impl Bystander {
    /// Registers it, and lets it go on until it is stopped. When the server ends it, it comes back.
    fn start(bad: Bad, address: SocketAddr) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let first = registered(address)?;
        let thread = {
            let stop = Arc::clone(&stop);
            std::thread::Builder::new()
                .name("bystander".to_owned())
                .spawn(move || behave(bad, address, first, &stop))?
        };
        Ok(Self { stop, thread })
    }

    /// Ends it; how many connections it has had.
    fn stop(self) -> Result<u32> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the bystander's thread has panicked"))?
    }
}

fn registered(address: SocketAddr) -> Result<Client> {
    let mut client = Client::connect_narrow(address, NARROW)?.open("bystander")?;
    client.register(DN)?;
    Ok(client)
}

fn behave(bad: Bad, address: SocketAddr, first: Client, stop: &AtomicBool) -> Result<u32> {
    let (mut client, mut connections) = (first, 1);
    while !stop.load(Ordering::Relaxed) {
        let next = Instant::now() + if bad == Bad::Resets { RESET_EVERY } else { PAUSE };
        let stays = match bad {
            // Who has been cut off has megabytes to read until the end of the stream, and would not see it in this run. But
            // what it writes then is answered by a reset.
            Bad::Slow => client.sip(SIP)? && client.ping(),
            Bad::Stopped => client.ping(),
            Bad::Resets => false,
        };
        if !stays {
            if bad == Bad::Resets {
                // A hundred bytes are no whole frame of the load.
                client.sip(100)?;
                client.reset()?;
            }
            client = registered(address)?;
            connections += 1;
        }
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(connections)
}
