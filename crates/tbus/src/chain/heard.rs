//! What is known of the others' progress: registrations from T-Server's records, messages from the callback service.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use tbus_apps::callback::{Event, Tell, What};
use tbus_recorder::interpret::concerns;
use tbus_server::Tap;
use tlib_capture::Record;
use tlib_proto::MessageId;

use crate::exit::Failure;

/// How long something may take that others do on their own.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether it is done.
const LOOK: Duration = Duration::from_millis(2);

/// Counters that other threads move.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Registrations of the recorder that T-Server has answered.
    registered: AtomicU64,
    /// Events of calls that T-Server has sent to the recorder, and that it stores something of.
    call_events: AtomicU64,
    /// User events of the callback service that T-Server has taken.
    user_events: AtomicU64,
    /// Pairs that the callback service has attached to calls.
    attached: AtomicU64,
    /// Messages that T-Server has not taken, by what the service says of them.
    failed: AtomicU64,
    /// How often the callback service has had its connection again.
    connected: AtomicU64,
    /// Callbacks that are completed.
    completed: AtomicU64,
}

impl Heard {
    /// A tap for T-Server's records, on its reactor's thread.
    pub(super) fn tap(&self, recorder: &'static str) -> Tap {
        let counts = Arc::clone(&self.0);
        Box::new(move |records| {
            for record in records {
                let Record::Sent { message, to, .. } = record else { continue };
                if !to.iter().any(|client| client.application() == recorder) {
                    continue;
                }
                match *message {
                    MessageId::EVENT_REGISTERED => add(&counts.registered),
                    MessageId::EVENT_USER_EVENT => {}
                    other if concerns(other) => add(&counts.call_events),
                    _ => {}
                }
            }
        })
    }

    /// What the callback service is to tell.
    pub(super) fn tell(&self) -> Tell {
        let counts = Arc::clone(&self.0);
        Box::new(move |event, _| match event {
            Event::News(news) => match &news.what {
                What::Sent { .. } => add(&counts.user_events),
                What::Attached { .. } => add(&counts.attached),
                What::Unsent { .. } | What::NotAttached { .. } => {
                    tracing::warn!(?news, "not sent");
                    add(&counts.failed);
                }
                What::State { to: tbus_apps::session::State::Completed, .. } => add(&counts.completed),
                What::State { .. } | What::Rescheduled { .. } => {}
            },
            Event::Connected { .. } => add(&counts.connected),
            Event::Lost { .. } => {}
        })
    }

    pub(super) fn registered(&self) -> u64 {
        self.0.registered.load(Ordering::SeqCst)
    }

    /// Messages that the recorder stores something of: user events that T-Server has taken, events of calls that it
    /// has sent to the recorder.
    pub(super) fn to_record(&self) -> u64 {
        self.user_events().saturating_add(self.0.call_events.load(Ordering::SeqCst))
    }

    pub(super) fn user_events(&self) -> u64 {
        self.0.user_events.load(Ordering::SeqCst)
    }

    /// A user event that somebody else has sent, and T-Server has taken.
    pub(super) fn sent_by_another(&self) {
        add(&self.0.user_events);
    }

    pub(super) fn attached(&self) -> u64 {
        self.0.attached.load(Ordering::SeqCst)
    }

    pub(super) fn failed(&self) -> u64 {
        self.0.failed.load(Ordering::SeqCst)
    }

    pub(super) fn connected(&self) -> u64 {
        self.0.connected.load(Ordering::SeqCst)
    }

    pub(super) fn completed(&self) -> u64 {
        self.0.completed.load(Ordering::SeqCst)
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::SeqCst);
}

/// Waits until something that others do is done.
pub(super) fn wait_until(what: &str, mut done: impl FnMut() -> bool) -> Result<(), Failure> {
    let started = Instant::now();
    while !done() {
        if started.elapsed() > PATIENCE {
            return Err(Failure::system(anyhow!("{what} has not happened within {} s", PATIENCE.as_secs())));
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}
