//! The packets of a pcap or pcapng file, one after the other, in one buffer.
//!
//! The framing of both formats is read here, so that every length is checked before anything is allocated and every
//! error knows its byte; what is inside a block is parsed by pcap-parser.

use std::io::{self, ErrorKind, Read};

use pcap_parser::pcapng::{Block, InterfaceDescriptionBlock, OptionCode, parse_block_be, parse_block_le};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{PcapHeader, parse_pcap_header};
use tlib_proto::Timestamp;

/// Longest packet or block (chosen): longer than any packet, short enough to allocate without a thought.
const BLOCK_LIMIT: usize = 16 << 20;

/// Most interfaces in a section (chosen).
const INTERFACE_LIMIT: usize = 4096;

const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// A capture that cannot be read on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// Neither pcap nor pcapng.
    #[error("no capture file: it begins with {found}; pcap and pcapng files are read")]
    NotACapture {
        /// Its first bytes.
        found: String,
    },
    /// Something in the file is impossible; what was before it has been read.
    #[error("packet {packet}, byte {byte} of the file: {what}")]
    Damaged {
        /// The packet that would have come, from 1.
        packet: u64,
        /// Where in the file.
        byte: u64,
        /// What is wrong.
        what: String,
    },
    /// The file cannot be read.
    #[error("packet {packet}, byte {byte} of the file: {source}")]
    Io {
        /// The packet that would have come, from 1.
        packet: u64,
        /// Where in the file.
        byte: u64,
        /// What the system says.
        source: io::Error,
    },
}

/// One packet as it stands in the file.
pub(super) struct Packet<'a> {
    pub(super) number: u64,
    pub(super) byte: u64,
    pub(super) at: Timestamp,
    pub(super) link: u16,
    pub(super) original: u32,
    pub(super) data: &'a [u8],
}

/// How the packets of an interface are to be read.
#[derive(Clone, Copy)]
struct Interface {
    link: u16,
    /// Parts of a second.
    resolution: Resolution,
    offset: i64,
}

#[derive(Clone, Copy)]
enum Resolution {
    Decimal(u32),
    Binary(u32),
}

#[derive(Clone)]
enum Format {
    Pcap(PcapHeader),
    Pcapng { big_endian: bool, interfaces: Vec<Interface> },
}

/// Reads the packets of a file.
pub(super) struct PacketFile<R> {
    input: R,
    format: Option<Format>,
    buffer: Vec<u8>,
    /// Bytes of the file before the block that is being read.
    byte: u64,
    packets: u64,
    ended: bool,
}

/// What is said of a block that pcap-parser refuses.
const NO_BLOCK: &str = "a block whose lengths do not fit together; the file is damaged from here on";

impl<R: Read> PacketFile<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, format: None, buffer: Vec::new(), byte: 0, packets: 0, ended: false }
    }

    /// Packets so far.
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    /// The next packet; `None` at the end of the file. After an error there is nothing more.
    pub(super) fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        if self.ended {
            return Ok(None);
        }
        match self.advance() {
            Ok(Some(found)) => {
                let Found { link, at, original, data } = found;
                let (number, byte) = (self.packets, self.byte);
                let data = self.buffer.get(data.0..data.1).unwrap_or_default();
                Ok(Some(Packet { number, byte, at, link, original, data }))
            }
            Ok(None) => {
                self.ended = true;
                Ok(None)
            }
            Err(error) => {
                self.ended = true;
                Err(error)
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Found>, CaptureError> {
        if self.format.is_none() && !self.open()? {
            return Ok(None);
        }
        if let Some(Format::Pcap(header)) = &self.format {
            let header = header.clone();
            return self.record(&header);
        }
        loop {
            if !self.block()? {
                return Ok(None);
            }
            if let Some(found) = self.packet_block()? {
                self.packets += 1;
                return Ok(Some(found));
            }
        }
    }

    /// Finds out what file it is. An empty file has no packets.
    fn open(&mut self) -> Result<bool, CaptureError> {
        if !self.fill(4)? {
            return Ok(false);
        }
        if self.buffer.starts_with(&SECTION_HEADER) {
            self.format = Some(Format::Pcapng { big_endian: false, interfaces: Vec::new() });
            return Ok(true);
        }
        let not_a_capture = |bytes: &[u8]| {
            let hex: Vec<String> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            CaptureError::NotACapture { found: hex.join(" ") }
        };
        let magic = self.buffer.first_chunk::<4>().copied().map_or(0, u32::from_le_bytes);
        if !matches!(magic, 0xa1b2_c3d4 | 0xa1b2_3c4d | 0xa1b2_cd34 | 0xd4c3_b2a1 | 0x4d3c_b2a1) {
            return Err(not_a_capture(&self.buffer));
        }
        self.fill(24)?;
        let Ok((_, header)) = parse_pcap_header(&self.buffer) else {
            return Err(not_a_capture(&self.buffer));
        };
        self.format = Some(Format::Pcap(header));
        self.next_block();
        Ok(true)
    }

    /// One record of a pcap file.
    fn record(&mut self, header: &PcapHeader) -> Result<Option<Found>, CaptureError> {
        // Behind the head of the "modified" format stand 8 bytes more.
        let head = if header.is_modified_format() { 24 } else { 16 };
        self.next_block();
        if !self.fill(head)? {
            return Ok(None);
        }
        let word = |at: usize| {
            let bytes = self.buffer.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied();
            let bytes = bytes.unwrap_or_default();
            if header.is_bigendian() { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        let (seconds, fraction, captured, original) = (word(0), word(4), word(8), word(12));
        let length = usize::try_from(captured).unwrap_or(usize::MAX);
        if length > BLOCK_LIMIT {
            return Err(self.damaged(format!(
                "a packet of {captured} bytes is over the limit of {BLOCK_LIMIT}; the file is damaged from here on"
            )));
        }
        self.fill(head.saturating_add(length))?;
        let micros = if header.is_nanosecond_precision() { fraction / 1000 } else { fraction };
        self.packets += 1;
        // The upper half of the field says how long the check sequence of a frame is.
        let link = u16::try_from(header.network.0 & 0xffff).unwrap_or_default();
        let at = Timestamp::new(seconds.into(), micros);
        Ok(Some(Found { link, at, original, data: (head, head.saturating_add(length)) }))
    }

    /// Reads a whole pcapng block into the buffer; `false` at the end of the file.
    fn block(&mut self) -> Result<bool, CaptureError> {
        // The first block's first 4 bytes are there already.
        if self.buffer.len() > 4 {
            self.next_block();
        }
        if !self.fill(12)? {
            return Ok(false);
        }
        if self.buffer.starts_with(&SECTION_HEADER) {
            // Its byte order stands behind its length.
            let big_endian = match self.buffer.get(8..12) {
                Some([0x1a, 0x2b, 0x3c, 0x4d]) => true,
                Some([0x4d, 0x3c, 0x2b, 0x1a]) => false,
                _ => return Err(self.damaged("a section header without its byte order mark".to_owned())),
            };
            self.format = Some(Format::Pcapng { big_endian, interfaces: Vec::new() });
        }
        let length = usize::try_from(self.word(4)).unwrap_or(usize::MAX);
        if !(12..=BLOCK_LIMIT).contains(&length) || length % 4 != 0 {
            return Err(self.damaged(format!(
                "a block of {length} bytes: 12 to {BLOCK_LIMIT} in steps of 4 are possible; the file is damaged from here on"
            )));
        }
        self.fill(length)?;
        Ok(true)
    }

    /// Makes of the block in the buffer what it is good for.
    fn packet_block(&mut self) -> Result<Option<Found>, CaptureError> {
        // Blocks without packets need not be right for the packets to be read.
        let kind = self.word(0);
        if !matches!(kind, 1 | 2 | 3 | 6) && !self.buffer.starts_with(&SECTION_HEADER) {
            return Ok(None);
        }
        if kind == 2 {
            return Err(self.damaged("an obsolete packet block; convert the file with editcap".to_owned()));
        }
        let parse = if self.big_endian() { parse_block_be } else { parse_block_le };
        // Taken out for as long as the block borrows from it.
        let buffer = std::mem::take(&mut self.buffer);
        let found = match parse(&buffer) {
            Ok((_, block)) => self.understand(&block, &buffer),
            Err(_) => Err(self.damaged(NO_BLOCK.to_owned())),
        };
        self.buffer = buffer;
        found
    }

    fn understand(&mut self, block: &Block<'_>, buffer: &[u8]) -> Result<Option<Found>, CaptureError> {
        match block {
            Block::SectionHeader(header) if header.major_version != 1 => {
                Err(self.damaged(format!("version {} of pcapng is not known", header.major_version)))
            }
            Block::InterfaceDescription(description) => {
                let interface = Interface::of(description, self.big_endian());
                match &mut self.format {
                    Some(Format::Pcapng { interfaces, .. }) if interfaces.len() < INTERFACE_LIMIT => {
                        interfaces.push(interface);
                        Ok(None)
                    }
                    _ => Err(self.damaged(format!("more than {INTERFACE_LIMIT} interfaces"))),
                }
            }
            Block::EnhancedPacket(packet) => {
                let Some(interface) = self.interface(packet.if_id) else {
                    return Err(self.damaged(format!("interface {} is not described before", packet.if_id)));
                };
                let at = interface.time(u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low));
                let data = place(buffer, 28, packet.packet_data());
                Ok(Some(Found { link: interface.link, at, original: packet.origlen, data }))
            }
            Block::SimplePacket(packet) => {
                let Some(interface) = self.interface(0) else {
                    return Err(self.damaged("interface 0 is not described before".to_owned()));
                };
                let data = place(buffer, 12, packet.packet_data());
                Ok(Some(Found {
                    link: interface.link,
                    at: Timestamp::default(),
                    original: packet.origlen,
                    data,
                }))
            }
            _ => Ok(None),
        }
    }

    fn big_endian(&self) -> bool {
        matches!(self.format, Some(Format::Pcapng { big_endian: true, .. }))
    }

    fn interface(&self, number: u32) -> Option<Interface> {
        let Some(Format::Pcapng { interfaces, .. }) = &self.format else { return None };
        interfaces.get(usize::try_from(number).ok()?).copied()
    }

    fn word(&self, at: usize) -> u32 {
        let bytes =
            self.buffer.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
        if self.big_endian() { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn next_block(&mut self) {
        self.byte = self.byte.saturating_add(u64::try_from(self.buffer.len()).unwrap_or(u64::MAX));
        self.buffer.clear();
    }

    /// Reads until the buffer holds so many bytes; `false` when it is empty and the file is at its end.
    fn fill(&mut self, length: usize) -> Result<bool, CaptureError> {
        let missing = length.saturating_sub(self.buffer.len());
        let limit = u64::try_from(missing).unwrap_or(u64::MAX);
        // A file may promise more than it has: the buffer grows with what comes.
        let read = (&mut self.input).take(limit).read_to_end(&mut self.buffer);
        match read {
            Ok(read) if read == missing => Ok(true),
            Ok(_) if self.buffer.is_empty() => Ok(false),
            Ok(_) => {
                let (have, want) = (self.buffer.len(), length);
                Err(self.damaged(format!("the file ends here: {have} bytes of {want} are there")))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => self.fill(length),
            Err(source) => {
                Err(CaptureError::Io { packet: self.packets.saturating_add(1), byte: self.byte, source })
            }
        }
    }

    fn damaged(&self, what: String) -> CaptureError {
        CaptureError::Damaged { packet: self.packets.saturating_add(1), byte: self.byte, what }
    }
}

/// A packet of which the data is in the buffer.
struct Found {
    link: u16,
    at: Timestamp,
    original: u32,
    data: (usize, usize),
}

/// Where `data`, which begins at `start`, stands in the buffer.
fn place(buffer: &[u8], start: usize, data: &[u8]) -> (usize, usize) {
    let start = start.min(buffer.len());
    (start, start.saturating_add(data.len()).min(buffer.len()))
}

impl Interface {
    fn of(description: &InterfaceDescriptionBlock<'_>, big_endian: bool) -> Self {
        // pcap-parser knows neither powers of two nor offsets of the other byte order.
        let resolution = match description.if_tsresol {
            power @ 0..0x80 => Resolution::Decimal(power.into()),
            power => Resolution::Binary((power & 0x7f).into()),
        };
        let offset = description.options.iter().find(|option| option.code == OptionCode::IfTsoffset);
        let offset = offset.and_then(|option| option.value().first_chunk::<8>()).copied().unwrap_or_default();
        let offset = if big_endian { i64::from_be_bytes(offset) } else { i64::from_le_bytes(offset) };
        let link = u16::try_from(description.linktype.0 & 0xffff).unwrap_or_default();
        Self { link, resolution, offset }
    }

    /// A time that no clock shows becomes one that is near it: the packet is more than its time.
    fn time(self, ticks: u64) -> Timestamp {
        let ticks = u128::from(ticks);
        let micros = match self.resolution {
            Resolution::Decimal(power @ 0..=6) => ticks.saturating_mul(10_u128.pow(6 - power)),
            Resolution::Decimal(power) => 10_u128.checked_pow(power - 6).map_or(0, |unit| ticks / unit),
            Resolution::Binary(power) => ticks.saturating_mul(1_000_000) >> power,
        };
        let seconds = u64::try_from(micros / 1_000_000).unwrap_or(u64::MAX);
        let rest = u32::try_from(micros % 1_000_000).unwrap_or_default();
        Timestamp::new(seconds.saturating_add_signed(self.offset), rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_resolution() {
        let at = |resolution, ticks| Interface { link: 1, resolution, offset: 0 }.time(ticks);
        assert_eq!(at(Resolution::Decimal(6), 5_000_007), Timestamp::new(5, 7));
        assert_eq!(at(Resolution::Decimal(9), 5_000_007_999), Timestamp::new(5, 7));
        assert_eq!(at(Resolution::Decimal(0), 5), Timestamp::new(5, 0));
        assert_eq!(at(Resolution::Binary(10), 5 << 10 | 512), Timestamp::new(5, 500_000));
        assert_eq!(at(Resolution::Decimal(127), u64::MAX), Timestamp::new(0, 0));
        assert_eq!(at(Resolution::Binary(127), u64::MAX), Timestamp::new(0, 0));
        let late = Interface { link: 1, resolution: Resolution::Decimal(0), offset: i64::MIN };
        assert_eq!(late.time(u64::MAX).micros, 0);
    }
}
