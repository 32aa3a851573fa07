//! The capture tap: what goes over the sockets, both ways, handed to a capture file's thread batch by batch.
//!
//! Received are whole frames as they are taken up, sent is what a socket has taken, when it has taken it: what is queued for
//! a slow client is captured when it is written, and not at all when the client is gone before. Bytes that come after a
//! connection is to be closed are no frames any more and are not captured.

use std::collections::HashMap;
use std::net::SocketAddr;

use bytes::Bytes;
use tlib_capture::packet::{CaptureRecord, CaptureSink, Flow};
use tlib_net::serve::ConnectionId;
use tlib_proto::Timestamp;

/// Turns what the reactor shows into records.
pub(crate) struct CaptureTap {
    sink: CaptureSink,
    records: Vec<CaptureRecord>,
    /// The reactor uses its numbers again, a capture does not.
    numbers: HashMap<u32, u64>,
    opened: u64,
}

impl CaptureTap {
    pub(crate) fn new(sink: CaptureSink) -> Self {
        Self { sink, records: Vec::new(), numbers: HashMap::new(), opened: 0 }
    }

    pub(crate) fn opened(&mut self, at: Timestamp, id: ConnectionId, server: SocketAddr, client: SocketAddr) {
        self.opened = self.opened.saturating_add(1);
        self.numbers.insert(id.0, self.opened);
        self.records.push(CaptureRecord::Open { at, connection: self.opened, client, server });
    }

    pub(crate) fn heard(&mut self, at: Timestamp, id: ConnectionId, bytes: &[u8]) {
        let bytes = Bytes::copy_from_slice(bytes);
        self.bytes(at, id, Flow::ToServer, [bytes]);
    }

    pub(crate) fn said(&mut self, at: Timestamp, id: ConnectionId, bytes: &mut Vec<Bytes>) {
        self.bytes(at, id, Flow::ToClient, bytes.drain(..));
    }

    fn bytes(
        &mut self,
        at: Timestamp,
        id: ConnectionId,
        flow: Flow,
        pieces: impl IntoIterator<Item = Bytes>,
    ) {
        let Some(connection) = self.numbers.get(&id.0).copied() else { return };
        let records = pieces.into_iter().map(|bytes| CaptureRecord::Bytes { at, connection, flow, bytes });
        self.records.extend(records);
    }

    pub(crate) fn closed(&mut self, at: Timestamp, id: ConnectionId) {
        if let Some(connection) = self.numbers.remove(&id.0) {
            self.records.push(CaptureRecord::Close { at, connection });
        }
    }

    /// Hands over what there is. Waits when the file's thread cannot keep up.
    pub(crate) fn hand_over(&mut self) {
        self.sink.push_batch(&mut self.records);
    }
}
