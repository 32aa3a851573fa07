//! Captures: read as messages, written anew from fakes. Nothing gets over that is not understood: comments, names of
//! interfaces and hosts, other protocols and damaged frames stay behind, counted.

use std::collections::VecDeque;
use std::io::{Read, Write};

use tlib_proto::{Limits, Timestamp};

use super::Anonymizer;
use crate::packet::{
    CaptureError, CaptureItem, CaptureReader, Captured, PcapngWriter, ReadOptions, WriteError,
};

/// Connections that are open in what is written; with one more the oldest is closed (chosen).
const OPEN: usize = 4096;

/// Why a capture could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum CaptureChange {
    /// Reading.
    #[error(transparent)]
    Read(#[from] CaptureError),
    /// Writing.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A message that does not fit any more.
    #[error("packet {packet}: {error}")]
    Message {
        /// Number of the packet, from 1.
        packet: u64,
        /// Why.
        error: tlib_proto::EncodeError,
    },
}

impl Anonymizer {
    /// Reads a pcap or pcapng file and writes pcapng: times, connections, directions, ports and messages are as before, with one
    /// message a packet or more.
    ///
    /// # Errors
    /// [`CaptureChange`].
    pub fn capture<R: Read, W: Write>(
        &mut self,
        from: R,
        to: W,
        options: ReadOptions,
    ) -> Result<W, CaptureChange> {
        let limits = options.limits;
        let mut reader = CaptureReader::new(from, options);
        let mut writer = PcapngWriter::new(to, "tbus anonymize")?;
        let mut open = VecDeque::new();
        let mut last = Timestamp::default();
        for item in reader.by_ref() {
            match item? {
                CaptureItem::Message(captured) => {
                    last = last.max(captured.at);
                    self.captured(&captured, &limits, &mut writer, &mut open)?;
                }
                CaptureItem::Complaint(_) => {}
            }
        }
        let summary = reader.summary();
        self.dropped("packets without T-Library traffic", summary.ignored);
        self.dropped("keep-alive frames", summary.control);
        self.dropped("streams of other protocols", summary.foreign);
        self.dropped("damaged frames", summary.damaged);
        self.dropped("bytes that belong to no frame", summary.skipped);
        Ok(writer.finish(last)?)
    }

    fn captured<W: Write>(
        &mut self,
        captured: &Captured,
        limits: &Limits,
        writer: &mut PcapngWriter<W>,
        open: &mut VecDeque<u32>,
    ) -> Result<(), CaptureChange> {
        let connection = u64::from(captured.connection);
        if !open.contains(&captured.connection) {
            if open.len() >= OPEN
                && let Some(oldest) = open.pop_front()
            {
                writer.close(captured.at, u64::from(oldest))?;
            }
            open.push_back(captured.connection);
            let client = self.end(captured.client);
            let server = self.end(captured.server);
            writer.open(captured.at, connection, client, server)?;
        }
        let message = self.message(captured.message.view(), limits);
        let message = message.map_err(|error| CaptureChange::Message { packet: captured.packet, error })?;
        Ok(writer.bytes(captured.at, connection, captured.flow, message.frame())?)
    }

    fn end(&mut self, address: std::net::SocketAddr) -> std::net::SocketAddr {
        let mut fake = address;
        let mut text = address.ip().to_string().into_bytes();
        self.change(super::Class::Address, &mut text, "packet", |cipher, text| {
            fake = cipher.socket(address);
            let new = fake.ip().to_string();
            if new.len() == text.len() {
                text.copy_from_slice(new.as_bytes());
            }
        });
        fake
    }
}
