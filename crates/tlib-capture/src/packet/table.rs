//! All connections of a capture, and the bounds on what they hold.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use super::connection::{Connection, Sink};
use super::half::elapsed;
use super::heads::Segment;
use super::reader::ReadOptions;

/// A closed connection is remembered for what still comes of it; after this time what comes is new (chosen).
const CLOSED_FOR: Duration = Duration::from_secs(60);

type Ends = (SocketAddr, SocketAddr);

/// Finds the connection of a segment.
#[derive(Default)]
pub(super) struct Table {
    connections: HashMap<Ends, Connection>,
    /// Connections by when they were last used, the oldest first.
    used: BTreeMap<u64, Ends>,
    /// Those of them that hold bytes.
    holding: BTreeMap<u64, Ends>,
    clock: u64,
    held: usize,
    numbers: u32,
}

impl Table {
    /// How many connections have been seen.
    pub(super) fn seen(&self) -> u32 {
        self.numbers
    }

    /// Bytes that wait in all connections.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Handles a segment, and then the bounds.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, options: &ReadOptions, sink: &mut Sink<'_>) {
        let ends =
            if segment.from <= segment.to { (segment.from, segment.to) } else { (segment.to, segment.from) };
        if let Some(known) = self.connections.get(&ends) {
            let forgotten = known.closed.is_some_and(|at| elapsed(at, sink.mark.at) > CLOSED_FOR);
            if known.is_over_for(segment, forgotten) {
                self.remove(ends, sink);
            }
        }
        if !self.connections.contains_key(&ends) {
            // What only acknowledges or ends opens nothing.
            if !segment.syn && segment.payload.is_empty() {
                return;
            }
            self.numbers = self.numbers.saturating_add(1);
            self.connections.insert(ends, Connection::new(self.numbers, segment));
        }
        let Some(connection) = self.connections.get_mut(&ends) else { return };
        connection.segment(segment, sink);
        if connection.held() > options.connection_bytes {
            connection.give_up("the bound of one connection is reached", sink);
        }
        self.count(ends);
        while self.held > options.total_bytes
            && let Some((_, oldest)) = self.holding.pop_first()
        {
            if let Some(connection) = self.connections.get_mut(&oldest) {
                connection.give_up("the bound of all connections is reached, and it is the oldest", sink);
            }
            self.recount(oldest);
        }
        while self.connections.len() > options.connections.max(1)
            && let Some((_, oldest)) = self.used.pop_first()
        {
            self.remove(oldest, sink);
        }
    }

    /// Notes that a connection was used, and what it holds now.
    fn count(&mut self, ends: Ends) {
        self.clock = self.clock.saturating_add(1);
        let Some(connection) = self.connections.get_mut(&ends) else { return };
        self.used.remove(&connection.used);
        self.holding.remove(&connection.used);
        connection.used = self.clock;
        self.used.insert(self.clock, ends);
        self.recount(ends);
    }

    fn recount(&mut self, ends: Ends) {
        let Some(connection) = self.connections.get_mut(&ends) else { return };
        let held = connection.held();
        self.held = self.held.saturating_sub(connection.counted).saturating_add(held);
        connection.counted = held;
        if held > 0 {
            self.holding.insert(connection.used, ends);
        } else {
            self.holding.remove(&connection.used);
        }
    }

    fn remove(&mut self, ends: Ends, sink: &mut Sink<'_>) {
        let Some(mut connection) = self.connections.remove(&ends) else { return };
        self.used.remove(&connection.used);
        self.holding.remove(&connection.used);
        self.held = self.held.saturating_sub(connection.counted);
        connection.finish(sink);
    }

    /// There is nothing more: what waits is handled, connection by connection in the order of their numbers. Gives one
    /// connection's findings at a time; `false` when there are no more.
    pub(super) fn finish_one(&mut self, sink: &mut Sink<'_>) -> bool {
        let next =
            self.connections.iter().min_by_key(|(_, connection)| connection.number).map(|(ends, _)| *ends);
        let Some(ends) = next else { return false };
        self.remove(ends, sink);
        true
    }
}
