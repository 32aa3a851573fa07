//! `--as server`: captured events for whoever registers.

use std::sync::Arc;

use tbus_core::Keep;
use tbus_server::{PlayError, Server, Tap};
use tlib_capture::Record;
use tlib_capture::replay::{ConnIds, Planned};
use tlib_proto::MessageId;
use tokio::sync::watch;

use super::play::Target;
use crate::exit::{Failure, say};

/// Events that cannot be played are told one by one up to this number.
const TOLD: u64 = 20;

/// Counts registrations.
pub(super) fn registrations() -> (Tap, watch::Receiver<u32>) {
    let (sender, receiver) = watch::channel(0_u32);
    let tap = move |records: &[Record]| {
        let is_one = |record: &&Record| matches!(record, Record::Event { message, .. } if message.id() == MessageId::EVENT_REGISTERED);
        let more = u32::try_from(records.iter().filter(is_one).count()).unwrap_or(u32::MAX);
        if more > 0 {
            sender.send_modify(|count| *count = count.saturating_add(more));
        }
    };
    (Box::new(tap), receiver)
}

/// What has become of the events.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) nobody: u64,
    pub(super) refused: u64,
}

pub(super) struct Playing {
    server: Arc<Server>,
    keep: Keep,
    /// `None`: as captured.
    conn_ids: Option<ConnIds>,
    results: Results,
}

impl Playing {
    pub(super) fn new(server: Arc<Server>, keep: Keep, conn_ids: Option<ConnIds>) -> Self {
        Self { server, keep, conn_ids, results: Results::default() }
    }

    /// Lets go of the server.
    pub(super) fn finish(self) -> Results {
        self.results
    }
}

impl Target for Playing {
    async fn send(&mut self, planned: Planned) -> Result<(), Failure> {
        let place = planned.place;
        let event = match &mut self.conn_ids {
            Some(conn_ids) => conn_ids.apply(&planned.message).map_err(Failure::bad)?,
            None => planned.message,
        };
        match self.server.play(event, self.keep).await {
            Ok(0) => self.results.nobody += 1,
            Ok(receivers) => {
                self.results.sent += 1;
                self.results.delivered += receivers as u64;
            }
            Err(PlayError::Stopped) => return Err(Failure::system(PlayError::Stopped)),
            Err(error) => {
                if self.results.refused < TOLD {
                    say(&format!("{place}: {error}"));
                }
                self.results.refused += 1;
            }
        }
        Ok(())
    }

    async fn again(&mut self) -> Result<(), Failure> {
        if let Some(conn_ids) = &mut self.conn_ids {
            conn_ids.forget();
        }
        Ok(())
    }
}
