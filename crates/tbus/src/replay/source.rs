//! The files: their steps, read on a thread of its own, so that neither waits for the other.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use tlib_capture::replay::{Filter, Heard, Planned, Skip, Step};
use tlib_proto::{AttributeId, MessageId};
use tokio::sync::mpsc;

use super::files::each;
use crate::exit::{Failure, say};

/// Messages that are read ahead.
const AHEAD: usize = 256;

/// Damaged messages that are named one by one.
const NAMED: u64 = 100;

/// Clients and DNs that are registered beforehand at most.
const LISTENERS: usize = 100_000;

/// What is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Requests,
    Events,
}

/// What the thread tells.
#[derive(Debug)]
pub(super) enum News {
    Message(Box<Planned>),
    /// A captured answer has named the call that a request with this ReferenceID has made.
    Called {
        reference: u32,
        /// ThisDN: several applications may use the same ReferenceIDs.
        dn: Option<Box<[u8]>>,
        conn_id: u64,
    },
    /// The files begin again.
    Again,
    Failed(Failure),
}

/// What was read, and what of it is not sent.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) read: u64,
    pub(super) skipped: BTreeMap<Skip, u64>,
    /// Attributes of what is sent that have no published id.
    pub(super) unpublished: usize,
}

/// Shared with the thread.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) bytes: Arc<AtomicU64>,
    tally: Mutex<Tally>,
}

impl Progress {
    pub(super) fn with<T>(&self, see: impl FnOnce(&mut Tally) -> T) -> T {
        see(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(super) struct Source {
    pub(super) files: Vec<String>,
    pub(super) filter: Filter,
    pub(super) wanted: Wanted,
    pub(super) rounds: u32,
}

impl Source {
    /// Reads on a thread of its own until nobody listens any more.
    pub(super) fn start(self, progress: Arc<Progress>) -> Result<mpsc::Receiver<News>, Failure> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let read = move || {
            for round in 0..self.rounds {
                if round > 0 && sender.blocking_send(News::Again).is_err() {
                    return;
                }
                let mut closed = false;
                let read = each(&self.files, &progress.bytes, |file, step| {
                    let Some(news) = self.sift(file, step, &progress) else { return true };
                    closed = sender.blocking_send(news).is_err();
                    !closed
                });
                if closed {
                    return;
                }
                if let Err(failure) = read {
                    // Nobody who waits: nobody to tell.
                    let _ = sender.blocking_send(News::Failed(failure));
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(read)
            .map_err(|error| Failure::system(anyhow!(error).context("cannot start")))?;
        Ok(receiver)
    }

    /// Counts a step, and tells what is to be done about it.
    fn sift(&self, file: &str, step: Step, progress: &Progress) -> Option<News> {
        let skip = |why: Skip| progress.with(|tally| *tally.skipped.entry(why).or_default() += 1);
        let planned = match step {
            Step::Heard(_) => return None,
            Step::Skipped { place, why, detail } => {
                let count = progress.with(|tally| {
                    tally.read += 1;
                    let count = tally.skipped.entry(why.clone()).or_default();
                    *count += 1;
                    *count
                });
                if why == Skip::Damaged && count <= NAMED {
                    say(&format!("{file}: {place}: left out: {detail}"));
                }
                return None;
            }
            Step::Message(planned) => planned,
        };
        // A request that was rebuilt has been read as its event.
        if !planned.rebuilt {
            progress.with(|tally| tally.read += 1);
        }
        match (self.wanted, planned.is_request()) {
            (Wanted::Requests, true) => {}
            (Wanted::Requests, false) => {
                skip(Skip::Event);
                let view = planned.message.view();
                let reference = view.reference_id().ok().flatten()?;
                let conn_id = view.long(AttributeId::CONN_ID).ok().flatten()?;
                let dn = planned.this_dn().map(Into::into);
                return Some(News::Called { reference, dn, conn_id });
            }
            (Wanted::Events, true) => {
                if !planned.rebuilt {
                    skip(Skip::Request);
                }
                return None;
            }
            (Wanted::Events, false) if planned.answer => {
                skip(Skip::Answer);
                return None;
            }
            (Wanted::Events, false) if planned.this_dn().is_none() => {
                skip(Skip::NoDn);
                return None;
            }
            (Wanted::Events, false) => {}
        }
        if !self.filter.lets_through(&planned) {
            skip(Skip::Filtered);
            return None;
        }
        if planned.unpublished > 0 {
            progress.with(|tally| tally.unpublished += planned.unpublished);
        }
        Some(News::Message(Box::new(planned)))
    }

    /// Who has received events of which DN without having registered there in the capture, in the order of the first event. Files
    /// that can be read only once are not looked at.
    pub(super) fn listeners(&self) -> Result<Vec<Heard>, Failure> {
        if self.files.iter().any(|file| file == "-") {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        each(&self.files, &Arc::default(), |_, step| {
            let (heard, registers) = match step {
                Step::Heard(heard) => (heard, false),
                Step::Message(planned) if planned.message.id() == MessageId::REQUEST_REGISTER_ADDRESS => {
                    let (Some(application), Some(dn)) = (planned.application.clone(), planned.this_dn())
                    else {
                        return true;
                    };
                    (Heard { application, dn: dn.into() }, true)
                }
                _ => return true,
            };
            let wanted = self.filter.lets_application_through(Some(&heard.application));
            if wanted && seen.len() < LISTENERS && seen.insert(heard.clone()) && !registers {
                all.push(heard);
            }
            true
        })?;
        Ok(all)
    }
}
