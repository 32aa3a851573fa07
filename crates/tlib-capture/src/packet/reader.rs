//! The messages of a capture file.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use tlib_proto::Limits;

use super::connection::Sink;
use super::file::{CaptureError, Packet, PacketFile};
use super::frames::Mark;
use super::heads::{self, Head};
use super::item::{CaptureItem, Complaint, Trouble};
use super::table::Table;

/// Bytes that one read of the file asks for.
const READ_CHUNK: usize = 256 << 10;

/// What a capture reader is told; all bounds are chosen.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Limits of the decoder.
    pub limits: Limits,
    /// Only connections with one of these ports; all of them when it is empty.
    pub ports: Vec<u16>,
    /// Most connections that are remembered; the one that was used longest ago is finished then. Default 16384.
    pub connections: usize,
    /// Bytes that one connection may hold, out of order or as part of a frame. Default 8 MiB.
    pub connection_bytes: usize,
    /// Bytes that all of them may hold; the one that was used longest ago gives its up then. Default 48 MiB.
    pub total_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            ports: Vec::new(),
            connections: 16_384,
            connection_bytes: 8 << 20,
            total_bytes: 48 << 20,
        }
    }
}

/// What a reader has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureSummary {
    /// Packets of the file.
    pub packets: u64,
    /// Packets that are no TCP, or whose ports were not asked for.
    pub ignored: u64,
    /// TCP connections.
    pub connections: u32,
    /// Messages.
    pub messages: u64,
    /// Keep-alive frames, which are no messages.
    pub control: u64,
    /// Directions of connections that carry another protocol.
    pub foreign: u64,
    /// Bytes of T-Library streams that are not in the capture.
    pub lost: u64,
    /// Bytes that belong to no frame that could be found.
    pub skipped: u64,
    /// Frames that are wrong inside, or cut off.
    pub damaged: u64,
}

impl CaptureSummary {
    pub(super) fn count(&mut self, trouble: &Trouble) {
        match trouble {
            Trouble::Lost { bytes } => self.lost = self.lost.saturating_add(*bytes),
            Trouble::Skipped { bytes } => self.skipped = self.skipped.saturating_add(*bytes),
            Trouble::Damaged(_) | Trouble::Unfinished { .. } => self.damaged = self.damaged.saturating_add(1),
            Trouble::Foreign => self.foreign = self.foreign.saturating_add(1),
            _ => {}
        }
    }
}

/// Reads the messages of a pcap or pcapng file, in the order in which they become complete.
///
/// The file is read as a stream and memory is bounded by [`ReadOptions`], whatever is in the file. An error is the last
/// item; what was read before it has been given by then.
///
/// Which end is the server: who was sent a SYN; else who is sent requests or sends events; else who has the lower port
/// (chosen).
///
/// ```
/// use tlib_capture::packet::{CaptureItem, CaptureReader, ReadOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/captures/callback.pcapng");
/// for item in CaptureReader::open(file.as_ref(), ReadOptions::default())? {
///     match item? {
///         CaptureItem::Message(captured) => println!("{} {:?}", captured.flow, captured.message.id()),
///         CaptureItem::Complaint(complaint) => eprintln!("{complaint}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct CaptureReader<R> {
    file: PacketFile<BufReader<R>>,
    options: ReadOptions,
    table: Table,
    items: VecDeque<CaptureItem>,
    summary: CaptureSummary,
    last: Mark,
    /// The error that is the last item.
    error: Option<CaptureError>,
    ended: bool,
    told: Told,
}

/// What is said only once.
#[derive(Default)]
struct Told {
    cut: bool,
    fragment: bool,
    links: HashSet<u16>,
}

impl CaptureReader<File> {
    /// Opens a file.
    ///
    /// # Errors
    /// What the system says. That the file is no capture is said by the first item.
    pub fn open(path: &Path, options: ReadOptions) -> io::Result<Self> {
        Ok(Self::new(File::open(path)?, options))
    }
}

impl<R: Read> CaptureReader<R> {
    /// Reads a capture from anywhere; it need not be buffered.
    pub fn new(input: R, options: ReadOptions) -> Self {
        Self {
            file: PacketFile::new(BufReader::with_capacity(READ_CHUNK, input)),
            options,
            table: Table::default(),
            items: VecDeque::new(),
            summary: CaptureSummary::default(),
            last: Mark::default(),
            error: None,
            ended: false,
            told: Told::default(),
        }
    }

    /// What has been read so far; of the whole file when the reader has ended.
    pub fn summary(&self) -> CaptureSummary {
        CaptureSummary {
            packets: self.file.packets(),
            connections: self.table.seen(),
            ..self.summary.clone()
        }
    }

    /// Bytes that wait for others at the moment, out of order or as part of a frame.
    pub fn held(&self) -> usize {
        self.table.held()
    }

    /// Reads one packet, or finishes one connection; `false` when there is nothing more.
    fn step(&mut self) -> bool {
        if self.ended {
            let mut sink = Sink {
                limits: &self.options.limits,
                mark: self.last,
                items: &mut self.items,
                summary: &mut self.summary,
            };
            return self.table.finish_one(&mut sink);
        }
        let packet = match self.file.next() {
            Ok(Some(packet)) => packet,
            Ok(None) => {
                self.ended = true;
                return true;
            }
            Err(error) => {
                self.ended = true;
                self.error = Some(error);
                return true;
            }
        };
        let mark = Mark { packet: packet.number, byte: packet.byte, at: packet.at };
        self.last = mark;
        match heads::read(packet.link, packet.data) {
            Head::Tcp(segment) => {
                let ports = [segment.from.port(), segment.to.port()];
                if !self.options.ports.is_empty()
                    && !ports.iter().any(|port| self.options.ports.contains(port))
                {
                    self.summary.ignored = self.summary.ignored.saturating_add(1);
                    return true;
                }
                if let Some(trouble) = self.told.about(&packet) {
                    self.items.push_back(complaint(mark, trouble));
                }
                let mut sink = Sink {
                    limits: &self.options.limits,
                    mark,
                    items: &mut self.items,
                    summary: &mut self.summary,
                };
                self.table.segment(&segment, &self.options, &mut sink);
            }
            head => {
                self.summary.ignored = self.summary.ignored.saturating_add(1);
                let trouble = match head {
                    Head::Fragment if !std::mem::replace(&mut self.told.fragment, true) => Trouble::Fragment,
                    Head::UnknownLink if self.told.links.insert(packet.link) => Trouble::Link(packet.link),
                    _ => return true,
                };
                self.items.push_back(complaint(mark, trouble));
            }
        }
        true
    }
}

fn complaint(place: Mark, trouble: Trouble) -> CaptureItem {
    CaptureItem::Complaint(Complaint { place, stream: None, trouble })
}

impl Told {
    /// What is to be said of a packet that is not whole.
    fn about(&mut self, packet: &Packet<'_>) -> Option<Trouble> {
        let captured = u32::try_from(packet.data.len()).unwrap_or(u32::MAX);
        if captured >= packet.original || std::mem::replace(&mut self.cut, true) {
            return None;
        }
        Some(Trouble::Cut { captured, original: packet.original })
    }
}

impl<R: Read> Iterator for CaptureReader<R> {
    type Item = Result<CaptureItem, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Some(Ok(item));
            }
            if !self.step() {
                return self.error.take().map(Err);
            }
        }
    }
}
