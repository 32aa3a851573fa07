//! Drives the machine: time, work, and telling what has happened.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::link::Links;
use super::machine::Work;
use super::server::{Advanced, Event, Left, Tell};
use super::shared::{Running, Shared};

/// How long messages under way may take when the service stops (chosen).
const GRACE: Duration = Duration::from_secs(3);

/// A longest wait, so that a clock that was set is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What the owner of a server asks for.
pub(super) enum Command {
    /// Do everything up to a time.
    Advance { time: i64, reply: oneshot::Sender<Advanced> },
}

/// Work under way: its id, and what has become of it.
type Under = JoinSet<(u64, Result<(), String>)>;

/// Drives until `stop` says so, or its sender is gone.
pub(super) async fn drive(
    shared: &Shared,
    links: &Links,
    mut commands: mpsc::Receiver<Command>,
    mut events: mpsc::Receiver<Event>,
    tell: Option<Tell>,
    mut stop: watch::Receiver<bool>,
) -> Left {
    let mut driver = Driver { shared, links, under: JoinSet::new(), tell };
    let by_itself = matches!(shared.clock, Running::Wall { .. });
    loop {
        if by_itself {
            driver.advance(shared.clock.now());
        }
        driver.tell_news();
        let due = if by_itself { shared.machine().next_due() } else { None };
        let wait = due.and_then(|due| shared.clock.until(due)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        tokio::select! {
            // What was done is known before what is asked next.
            biased;
            () = async { let _ = stop.wait_for(|stop| *stop).await; } => break,
            Some(done) = driver.under.join_next() => driver.done(done, shared.clock.now(), &mut Advanced::default()),
            Some(event) = events.recv() => driver.tell(&event),
            Some(Command::Advance { time, reply }) = commands.recv() => {
                let advanced = driver.advance_to(time, by_itself).await;
                // Whoever has asked may have gone.
                let _ = reply.send(advanced);
            }
            () = shared.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    let finish = async {
        while let Some(done) = driver.under.join_next().await {
            driver.done(done, shared.clock.now(), &mut Advanced::default());
        }
    };
    // What has no answer by then is told below.
    let _ = tokio::time::timeout(GRACE, finish).await;
    driver.tell_news();
    Left { open: shared.machine().open_callbacks(), unanswered: driver.under.len() }
}

struct Driver<'s> {
    shared: &'s Shared,
    links: &'s Links,
    under: Under,
    tell: Option<Tell>,
}

impl Driver<'_> {
    /// Does what is due. Messages are sent in the order of the work: tasks of this reactor start in their order.
    fn advance(&mut self, now: i64) {
        let works = self.shared.machine().advance(now);
        for Work { id, switch, job, .. } in works {
            let performed = self.links.perform(&switch, &job);
            self.under.spawn(async move { (id, performed.await) });
        }
    }

    /// Does everything up to a time, step by step, and waits for the answers.
    async fn advance_to(&mut self, time: i64, by_itself: bool) -> Advanced {
        let mut advanced = Advanced::default();
        loop {
            let now = if by_itself { self.shared.clock.now() } else { time };
            self.advance(now);
            let Some(done) = self.under.join_next().await else { break };
            self.done(done, now, &mut advanced);
            // All answers of these messages before the next ones go out, so that a run is like the one before.
            while let Some(done) = self.under.join_next().await {
                self.done(done, now, &mut advanced);
            }
        }
        self.tell_news();
        advanced
    }

    fn done(
        &mut self,
        done: Result<(u64, Result<(), String>), tokio::task::JoinError>,
        now: i64,
        advanced: &mut Advanced,
    ) {
        match done {
            Ok((work, result)) => {
                let count = if result.is_ok() { &mut advanced.sent } else { &mut advanced.failed };
                *count = count.saturating_add(1);
                self.shared.machine().done(work, result, now);
            }
            Err(error) => tracing::error!(%error, "a message's task has ended"),
        }
    }

    fn tell_news(&mut self) {
        // Taken out first: in the head of the loop the machine would stay locked while they are told.
        let news = self.shared.machine().take_news();
        for news in news {
            self.tell(&Event::News(news));
        }
    }

    fn tell(&mut self, event: &Event) {
        if let Some(tell) = &mut self.tell {
            tell(event, self.shared.clock.now());
        }
    }
}
