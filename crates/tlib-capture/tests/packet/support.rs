//! Streams of messages, and packets to put them in.

use std::net::SocketAddr;

use etherparse::PacketBuilder;
use tlib_capture::packet::{
    CaptureError, CaptureItem, CaptureReader, CaptureSummary, Captured, Complaint, ReadOptions,
};
use tlib_proto::{AttributeId, Message, MessageId, Timestamp};

pub(crate) const CLIENT: &str = "192.168.27.50:40727";
pub(crate) const SERVER: &str = "192.168.27.51:7007";

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A time so many microseconds after the start of the captures here.
pub(crate) fn at(micros: u64) -> Timestamp {
    Timestamp::new(1_600_000_000 + micros / 1_000_000, u32::try_from(micros % 1_000_000).unwrap())
}

/// The first message of a client.
pub(crate) fn hello(application: &str) -> Message {
    Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| m.str(AttributeId::APPLICATION_NAME, application))
        .unwrap()
}

/// An event with a number and so many bytes of text.
pub(crate) fn event(number: u32, bytes: usize) -> Message {
    let text: String = (0..bytes).map(|n| char::from(b'a' + u8::try_from(n % 26).unwrap())).collect();
    Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, number).str(AttributeId::THIS_DN, &text)
    })
    .unwrap()
}

pub(crate) fn stream(messages: &[Message]) -> Vec<u8> {
    messages.iter().flat_map(|message| message.frame().to_vec()).collect()
}

/// Everything that a capture gives.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) captured: Vec<Captured>,
    pub(crate) complaints: Vec<Complaint>,
    pub(crate) error: Option<CaptureError>,
    pub(crate) summary: CaptureSummary,
    /// The most that waited at any time.
    pub(crate) held: usize,
}

impl Read {
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.captured.iter().map(|captured| captured.message.clone()).collect()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.complaints.iter().map(ToString::to_string).collect()
    }

    /// Fails when there is a complaint or an error.
    #[track_caller]
    pub(crate) fn clean(self) -> Self {
        assert!(self.complaints.is_empty() && self.error.is_none(), "{:#?} {:?}", self.texts(), self.error);
        self
    }
}

pub(crate) fn read(file: &[u8]) -> Read {
    read_with(file, ReadOptions::default())
}

pub(crate) fn read_with(file: &[u8], options: ReadOptions) -> Read {
    let mut reader = CaptureReader::new(file, options);
    let (mut captured, mut complaints, mut error, mut held) = (Vec::new(), Vec::new(), None, 0);
    while let Some(item) = reader.next() {
        assert!(error.is_none(), "an error is the last item");
        held = held.max(reader.held());
        match item {
            Ok(CaptureItem::Message(message)) => captured.push(message),
            Ok(CaptureItem::Complaint(complaint)) => complaints.push(complaint),
            Ok(_) => unreachable!(),
            Err(wrong) => error = Some(wrong),
        }
    }
    Read { captured, complaints, error, summary: reader.summary(), held }
}

/// A TCP segment to be put into a packet.
#[derive(Clone, Debug)]
pub(crate) struct Tcp {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) sequence: u32,
    pub(crate) acknowledged: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) payload: Vec<u8>,
}

impl Tcp {
    pub(crate) fn to_server(sequence: u32, payload: &[u8]) -> Self {
        Self {
            from: address(CLIENT),
            to: address(SERVER),
            sequence,
            acknowledged: None,
            syn: false,
            fin: false,
            payload: payload.to_vec(),
        }
    }

    pub(crate) fn to_client(sequence: u32, payload: &[u8]) -> Self {
        Self { from: address(SERVER), to: address(CLIENT), ..Self::to_server(sequence, payload) }
    }

    pub(crate) fn syn(mut self) -> Self {
        self.syn = true;
        self
    }

    pub(crate) fn fin(mut self) -> Self {
        self.fin = true;
        self
    }

    pub(crate) fn ack(mut self, sequence: u32) -> Self {
        self.acknowledged = Some(sequence);
        self
    }

    /// The packet, from its IP head on.
    pub(crate) fn packet(&self) -> Vec<u8> {
        let ip = match (self.from, self.to) {
            (SocketAddr::V4(from), SocketAddr::V4(to)) => {
                PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), 64)
            }
            (SocketAddr::V6(from), SocketAddr::V6(to)) => {
                PacketBuilder::ipv6(from.ip().octets(), to.ip().octets(), 64)
            }
            _ => unreachable!(),
        };
        let mut tcp = ip.tcp(self.from.port(), self.to.port(), self.sequence, 8192);
        if let Some(sequence) = self.acknowledged {
            tcp = tcp.ack(sequence);
        }
        if self.syn {
            tcp = tcp.syn();
        }
        if self.fin {
            tcp = tcp.fin();
        }
        let mut packet = Vec::new();
        tcp.write(&mut packet, &self.payload).unwrap();
        packet
    }
}

/// A pcap file of packets of this link type, a millisecond apart.
pub(crate) fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let timed: Vec<_> = packets.iter().zip(0..).map(|(packet, n)| (at(n * 1000), packet.clone())).collect();
    pcap_at(link, &timed)
}

/// A pcap file of packets with their times.
pub(crate) fn pcap_at(link: u32, packets: &[(Timestamp, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 262_144, link] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for (time, packet) in packets {
        let length = u32::try_from(packet.len()).unwrap();
        for word in [u32::try_from(time.seconds).unwrap(), time.micros, length, length] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(packet);
    }
    file
}

/// A raw IP pcap of these segments, a millisecond apart.
pub(crate) fn capture(segments: &[Tcp]) -> Vec<u8> {
    pcap(101, &segments.iter().map(Tcp::packet).collect::<Vec<_>>())
}
