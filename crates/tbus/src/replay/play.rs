//! Each message at its time, in the order of the capture.

use std::io;

use anyhow::anyhow;
use tlib_capture::replay::{Pace, Planned};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::bar::Bar;
use super::source::News;
use crate::exit::{Failure, note};

/// Where messages go.
pub(super) trait Target {
    /// Sends a message.
    async fn send(&mut self, planned: Planned) -> Result<(), Failure>;

    /// A captured answer has named the call that the request with this ReferenceID and ThisDN has made.
    fn called(&mut self, _reference: u32, _dn: Option<Box<[u8]>>, _conn_id: u64) {}

    /// Another round begins.
    async fn again(&mut self) -> Result<(), Failure>;
}

/// A message in one line: time, client, name, ThisDN, and where it stands.
pub(super) fn describe(planned: &Planned) -> String {
    let time = planned.at.map_or_else(|| "-".to_owned(), |at| clock(at.clock));
    let application = planned.application.as_deref().unwrap_or("-");
    let dn = planned.this_dn().map(String::from_utf8_lossy).unwrap_or_default();
    let rebuilt = if planned.rebuilt { " (rebuilt)" } else { "" };
    let id = planned.message.id();
    let line = printable(&format!("{time} {application} {id} {dn}"));
    format!("{}{rebuilt}, {}", line.trim_end(), planned.place)
}

/// Text of a capture for the terminal.
pub(super) fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// `00:34:20.757`
fn clock(micros: u64) -> String {
    let millis = micros / 1000;
    let (seconds, minutes, hours) = (millis / 1000 % 60, millis / 60_000 % 60, millis / 3_600_000);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", millis % 1000)
}

/// `--step`: waits for the user before every message.
pub(super) struct Steps(Option<mpsc::Receiver<()>>);

impl Steps {
    /// Nobody is asked.
    pub(super) const fn off() -> Self {
        Self(None)
    }

    /// Every line of standard input sends a message; when it ends, the rest is sent without asking.
    pub(super) fn ask() -> Result<Self, Failure> {
        let (sender, receiver) = mpsc::channel(1);
        let read = move || {
            for line in io::stdin().lines() {
                if line.is_err() || sender.blocking_send(()).is_err() {
                    return;
                }
            }
        };
        // A thread, not a task: nothing can end the reading, and the runtime waits for its tasks.
        std::thread::Builder::new()
            .name("keys".to_owned())
            .spawn(read)
            .map_err(|error| Failure::system(anyhow!(error).context("cannot start")))?;
        Ok(Self(Some(receiver)))
    }

    async fn wait(&mut self, planned: &Planned) {
        let Some(lines) = &mut self.0 else { return };
        note(&format!("{}; Enter sends it", describe(planned)));
        if lines.recv().await.is_none() {
            self.0 = None;
        }
    }
}

/// Plays until the files end.
pub(super) async fn play(
    target: &mut impl Target,
    mut news: mpsc::Receiver<News>,
    mut pace: Pace,
    mut steps: Steps,
    bar: &Bar,
) -> Result<(), Failure> {
    let start = Instant::now();
    while let Some(news) = news.recv().await {
        match news {
            News::Message(planned) => {
                let due = pace.due(planned.at);
                if !due.is_zero()
                    && let Some(due) = start.checked_add(due)
                    && due > Instant::now()
                {
                    tokio::time::sleep_until(due).await;
                }
                steps.wait(&planned).await;
                target.send(*planned).await?;
                bar.sent();
            }
            News::Called { reference, dn, conn_id } => target.called(reference, dn, conn_id),
            News::Again => {
                pace.again();
                target.again().await?;
            }
            News::Failed(failure) => return Err(failure),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_capture::replay::{Place, Speed, When};
    use tlib_proto::{Message, MessageId};

    /// Line and time of everything that it gets, in milliseconds.
    struct Notes(Instant, Vec<(u64, u128)>);

    impl Target for Notes {
        async fn send(&mut self, planned: Planned) -> Result<(), Failure> {
            if let Place::Line(line) = planned.place {
                self.1.push((line, self.0.elapsed().as_millis()));
            }
            Ok(())
        }

        async fn again(&mut self) -> Result<(), Failure> {
            Ok(())
        }
    }

    fn news(line: u64, millis: u64) -> News {
        let at = When { elapsed: millis * 1000, clock: 0, date: None };
        News::Message(Box::new(Planned {
            place: Place::Line(line),
            at: Some(at),
            application: None,
            message: Message::build(MessageId::EVENT_USER_EVENT, |m| m).unwrap(),
            rebuilt: false,
            answer: false,
            unpublished: 0,
            receivers: Vec::new(),
        }))
    }

    fn played(speed: Speed) -> Vec<(u64, u128)> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (sender, receiver) = mpsc::channel(16);
            for (line, millis) in [(1, 5000), (2, 5250), (3, 5250), (4, 65_250)] {
                sender.try_send(news(line, millis)).unwrap();
            }
            sender.try_send(News::Again).unwrap();
            sender.try_send(news(1, 5000)).unwrap();
            sender.try_send(news(2, 6000)).unwrap();
            drop(sender);
            let mut notes = Notes(Instant::now(), Vec::new());
            assert!(play(&mut notes, receiver, Pace::new(speed), Steps::off(), &Bar::hidden()).await.is_ok());
            notes.1
        })
    }

    #[test]
    fn each_message_is_sent_at_its_time() {
        let expected = [(1, 0), (2, 250), (3, 250), (4, 60_250), (1, 60_250), (2, 61_250)];
        let played = played(Speed::Times(1.0));
        assert_eq!(played.len(), expected.len());
        for (played, expected) in played.iter().zip(expected) {
            assert!(played.0 == expected.0 && played.1.abs_diff(expected.1) <= 50, "{played:?} {expected:?}");
        }
    }

    #[test]
    fn the_order_is_the_same_at_the_highest_speed() {
        assert_eq!(played(Speed::Max), [1, 2, 3, 4, 1, 2].map(|line| (line, 0)));
    }
}
