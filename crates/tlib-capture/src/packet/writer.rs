//! Messages as packets: pcapng with made-up TCP/IP heads.
//!
//! The heads are right in all that a reader looks at: addresses and ports, sequence and acknowledgement numbers,
//! handshake and end, checksums. What nobody can see from outside a socket is chosen: initial sequence numbers, window
//! (1 GiB, so that no analysis calls it full), time to live 64, one acknowledgement for every half MiB.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use etherparse::{IpNumber, Ipv4Header, Ipv6Header, TcpHeader, TcpOptionElement};
use tlib_proto::Timestamp;

use super::{Flow, Hello};

/// Raw IP: the packets begin with their IP head.
const LINK_RAW: u16 = 101;

/// Longest payload of a packet (chosen): with its heads it stays below the 65535 bytes that an IP packet may have, with
/// room for a link's own head.
const SEGMENT: usize = 65_000;

/// Bytes after which the other side acknowledges without having anything to say.
const ACKNOWLEDGE_AFTER: u32 = 512 << 10;

const COMMENT: u16 = 1;
const USER_APPLICATION: u16 = 4;
const TIME_RESOLUTION: u16 = 9;

/// A capture that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file cannot be written.
    #[error("cannot write the capture: {0}")]
    Io(#[from] io::Error),
    /// Bytes for a connection that was not opened, or has been closed.
    #[error("connection {0} is not open")]
    NotOpen(u64),
    /// The system gives no thread.
    #[error("cannot start the capture's thread: {0}")]
    Thread(io::Error),
}

/// One side of a connection, by what it has sent.
#[derive(Clone, Copy)]
struct Side {
    address: SocketAddr,
    /// Sequence number of its next byte.
    next: u32,
    /// What the other side has acknowledged of it.
    acknowledged: u32,
    packets: u16,
}

struct Connection {
    client: Side,
    server: Side,
    /// How the client calls itself.
    hello: Hello,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    syn: bool,
    fin: bool,
    push: bool,
    first: bool,
}

/// Writes a pcapng file. Times are microseconds, as the protocol's are.
pub struct PcapngWriter<W> {
    out: W,
    connections: HashMap<u64, Connection>,
    segment: usize,
    written: u64,
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Writes the head of the file; `application` is what the file says it was written by.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn new(out: W, application: &str) -> Result<Self, WriteError> {
        let mut writer =
            Self { out, connections: HashMap::new(), segment: SEGMENT, written: 0, block: Vec::new() };
        let mut body = Vec::new();
        body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        body.extend_from_slice(&[1, 0, 0, 0]);
        // The length of the section is not known beforehand.
        body.extend_from_slice(&u64::MAX.to_le_bytes());
        option(&mut body, USER_APPLICATION, application.as_bytes());
        end_of_options(&mut body);
        writer.write_block(0x0a0d_0d0a, &body)?;
        body.clear();
        body.extend_from_slice(&LINK_RAW.to_le_bytes());
        body.extend_from_slice(&[0; 6]);
        option(&mut body, TIME_RESOLUTION, &[6]);
        end_of_options(&mut body);
        writer.write_block(1, &body)?;
        Ok(writer)
    }

    /// Cuts what is written into packets with so many bytes at most, 1 to 65000.
    #[must_use]
    pub fn with_segment(mut self, bytes: usize) -> Self {
        self.segment = bytes.clamp(1, SEGMENT);
        self
    }

    /// Bytes of the file so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// A connection is opened: three packets. A connection of that number that is open is closed before.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn open(
        &mut self,
        at: Timestamp,
        connection: u64,
        client: SocketAddr,
        server: SocketAddr,
    ) -> Result<(), WriteError> {
        if self.connections.contains_key(&connection) {
            self.close(at, connection)?;
        }
        let (client, server) = same_family(client, server);
        // Different for every connection and for both sides, and the same in every run.
        let number = u32::try_from(connection & 0xffff_ffff).unwrap_or_default();
        let start = number.wrapping_mul(0x9e37_79b9);
        let side = |address, next| Side { address, next, acknowledged: next, packets: 0 };
        let mut new =
            Connection { client: side(client, start), server: side(server, !start), hello: Hello::default() };
        let comment = format!("connection {connection}");
        let syn = Flags { syn: true, ..Flags::default() };
        self.packet(at, &mut new, Flow::ToServer, Flags { first: true, ..syn }, &[], Some(&comment))?;
        self.packet(at, &mut new, Flow::ToClient, syn, &[], None)?;
        self.packet(at, &mut new, Flow::ToServer, Flags::default(), &[], None)?;
        self.connections.insert(connection, new);
        Ok(())
    }

    /// Bytes go over a connection, in as many packets as they need. The packet that completes RequestRegisterClient has
    /// the application's name as its comment.
    ///
    /// # Errors
    /// [`WriteError`]; of what the system has refused, the beginning may be written.
    pub fn bytes(
        &mut self,
        at: Timestamp,
        connection: u64,
        flow: Flow,
        bytes: &[u8],
    ) -> Result<(), WriteError> {
        let Some(mut open) = self.connections.remove(&connection) else {
            return Err(WriteError::NotOpen(connection));
        };
        let done = self.segments(at, connection, &mut open, flow, bytes);
        self.connections.insert(connection, open);
        done
    }

    fn segments(
        &mut self,
        at: Timestamp,
        number: u64,
        connection: &mut Connection,
        flow: Flow,
        bytes: &[u8],
    ) -> Result<(), WriteError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, after) = rest.split_at(self.segment.min(rest.len()));
            rest = after;
            let name = (flow == Flow::ToServer).then(|| connection.hello.feed(now)).flatten();
            let comment = name.map(|name| format!("connection {number} is {name}"));
            let flags = Flags { push: rest.is_empty(), ..Flags::default() };
            self.packet(at, connection, flow, flags, now, comment.as_deref())?;
            let sender = connection.sides(flow).0;
            if sender.next.wrapping_sub(sender.acknowledged) >= ACKNOWLEDGE_AFTER {
                self.packet(at, connection, flow.back(), Flags::default(), &[], None)?;
            }
        }
        Ok(())
    }

    /// A connection is closed, by the client first: three packets. One that is not open stays as it is.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn close(&mut self, at: Timestamp, connection: u64) -> Result<(), WriteError> {
        let Some(mut open) = self.connections.remove(&connection) else { return Ok(()) };
        let fin = Flags { fin: true, ..Flags::default() };
        self.packet(at, &mut open, Flow::ToServer, fin, &[], None)?;
        self.packet(at, &mut open, Flow::ToClient, fin, &[], None)?;
        self.packet(at, &mut open, Flow::ToServer, Flags::default(), &[], None)
    }

    /// Flushes what is written to below.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn flush(&mut self) -> Result<(), WriteError> {
        Ok(self.out.flush()?)
    }

    /// Closes what is open, flushes, and gives back what was written to.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn finish(mut self, at: Timestamp) -> Result<W, WriteError> {
        self.close_all(at)?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Closes what is open.
    pub(super) fn close_all(&mut self, at: Timestamp) -> Result<(), WriteError> {
        let mut open: Vec<u64> = self.connections.keys().copied().collect();
        open.sort_unstable();
        for connection in open {
            self.close(at, connection)?;
        }
        Ok(())
    }

    fn packet(
        &mut self,
        at: Timestamp,
        connection: &mut Connection,
        flow: Flow,
        flags: Flags,
        payload: &[u8],
        comment: Option<&str>,
    ) -> Result<(), WriteError> {
        let (from, to) = connection.sides(flow);
        let mut tcp = TcpHeader::new(from.address.port(), to.address.port(), from.next, u16::MAX);
        (tcp.syn, tcp.fin, tcp.psh, tcp.ack) = (flags.syn, flags.fin, flags.push, !flags.first);
        if tcp.ack {
            tcp.acknowledgment_number = to.next;
            to.acknowledged = to.next;
        }
        if flags.syn {
            let options = [TcpOptionElement::MaximumSegmentSize(u16::MAX), TcpOptionElement::WindowScale(14)];
            tcp.set_options(&options).map_err(io::Error::other)?;
        }
        let payload_length = u32::try_from(payload.len()).unwrap_or_default();
        let beside = u32::from(flags.syn).wrapping_add(u32::from(flags.fin));
        from.next = from.next.wrapping_add(payload_length).wrapping_add(beside);
        from.packets = from.packets.wrapping_add(1);

        let mut packet = Vec::with_capacity(payload.len().saturating_add(80));
        let transport = tcp.header_len().saturating_add(payload.len());
        let too_long = |_| io::Error::other("a packet longer than IP allows");
        let transport = u16::try_from(transport).map_err(too_long)?;
        match (from.address.ip(), to.address.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let mut ip =
                    Ipv4Header::new(transport, 64, IpNumber::TCP, source.octets(), destination.octets())
                        .map_err(io::Error::other)?;
                ip.identification = from.packets;
                ip.header_checksum = ip.calc_header_checksum();
                tcp.checksum = tcp.calc_checksum_ipv4(&ip, payload).map_err(io::Error::other)?;
                packet.extend_from_slice(&ip.to_bytes());
            }
            (source, destination) => {
                let ip = Ipv6Header {
                    payload_length: transport,
                    next_header: IpNumber::TCP,
                    hop_limit: 64,
                    source: v6(source).octets(),
                    destination: v6(destination).octets(),
                    ..Ipv6Header::default()
                };
                tcp.checksum = tcp.calc_checksum_ipv6(&ip, payload).map_err(io::Error::other)?;
                packet.extend_from_slice(&ip.to_bytes());
            }
        }
        packet.extend_from_slice(&tcp.to_bytes());
        packet.extend_from_slice(payload);
        self.write_packet(at, &packet, comment)
    }

    fn write_packet(
        &mut self,
        at: Timestamp,
        packet: &[u8],
        comment: Option<&str>,
    ) -> Result<(), WriteError> {
        let micros = at.seconds.saturating_mul(1_000_000).saturating_add(at.micros.into());
        let length = u32::try_from(packet.len()).unwrap_or_default();
        let mut body = Vec::with_capacity(packet.len().saturating_add(64));
        body.extend_from_slice(&0_u32.to_le_bytes());
        let (high, low) = (micros >> 32, micros & 0xffff_ffff);
        for half in [high, low] {
            body.extend_from_slice(&u32::try_from(half).unwrap_or_default().to_le_bytes());
        }
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(packet);
        pad(&mut body);
        if let Some(comment) = comment {
            option(&mut body, COMMENT, comment.as_bytes());
            end_of_options(&mut body);
        }
        self.write_block(6, &body)
    }

    fn write_block(&mut self, kind: u32, body: &[u8]) -> Result<(), WriteError> {
        let length = u32::try_from(body.len().saturating_add(12)).unwrap_or_default();
        self.block.clear();
        self.block.extend_from_slice(&kind.to_le_bytes());
        self.block.extend_from_slice(&length.to_le_bytes());
        self.block.extend_from_slice(body);
        self.block.extend_from_slice(&length.to_le_bytes());
        // In one piece, so that a file that is read while it grows has whole blocks as far as the system goes along.
        self.out.write_all(&self.block)?;
        self.written = self.written.saturating_add(length.into());
        Ok(())
    }
}

impl Connection {
    /// Sender and receiver.
    fn sides(&mut self, flow: Flow) -> (&mut Side, &mut Side) {
        match flow {
            Flow::ToServer => (&mut self.client, &mut self.server),
            Flow::ToClient => (&mut self.server, &mut self.client),
        }
    }
}

impl Flow {
    /// The other direction.
    pub const fn back(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

/// An IPv4 socket may be seen through an IPv6 one; a packet has addresses of one kind.
fn same_family(client: SocketAddr, server: SocketAddr) -> (SocketAddr, SocketAddr) {
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let (client, server) = (plain(client), plain(server));
    if client.is_ipv4() == server.is_ipv4() {
        return (client, server);
    }
    let wide = |address: SocketAddr| SocketAddr::new(IpAddr::V6(v6(address.ip())), address.port());
    (wide(client), wide(server))
}

fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) if address == Ipv4Addr::UNSPECIFIED => Ipv6Addr::UNSPECIFIED,
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(value.get(..length.into()).unwrap_or_default());
    pad(body);
}

fn end_of_options(body: &mut Vec<u8>) {
    body.extend_from_slice(&[0; 4]);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}
