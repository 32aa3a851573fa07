//! From a packet to its TCP segment.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};

/// One TCP segment with its ends.
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) acknowledged: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    pub(super) payload: &'a [u8],
}

/// What a packet turns out to be.
pub(super) enum Head<'a> {
    /// TCP over IP.
    Tcp(Segment<'a>),
    /// A fragment of an IP packet.
    Fragment,
    /// A kind of link that is not known.
    UnknownLink,
    /// Anything else: another protocol, or heads that make no sense.
    Other,
}

/// Reads the heads of a packet. Never fails: what is no TCP is something else.
pub(super) fn read(link: u16, data: &[u8]) -> Head<'_> {
    let sliced = match link {
        // Ethernet, with or without VLAN tags.
        1 => LaxSlicedPacket::from_ethernet(data).ok(),
        // Loopback: the address family in 4 bytes, then IP.
        0 | 108 => data.get(4..).and_then(|rest| LaxSlicedPacket::from_ip(rest).ok()),
        // Raw IP, by its own number, by those of some BSDs, and by those of each version.
        12 | 14 | 101 | 228 | 229 => LaxSlicedPacket::from_ip(data).ok(),
        // Linux cooked: the protocol stands last in the old head, first in the new one.
        113 => cooked(data, 14, 16),
        276 => cooked(data, 0, 20),
        _ => return Head::UnknownLink,
    };
    let Some(sliced) = sliced else { return Head::Other };
    let (source, destination) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            (IpAddr::V4(ip.header().source_addr()), IpAddr::V4(ip.header().destination_addr()))
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            (IpAddr::V6(ip.header().source_addr()), IpAddr::V6(ip.header().destination_addr()))
        }
        _ => return Head::Other,
    };
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
        let fragmented = sliced
            .ip_payload()
            .is_some_and(|payload| payload.fragmented && payload.ip_number == etherparse::IpNumber::TCP);
        return if fragmented { Head::Fragment } else { Head::Other };
    };
    Head::Tcp(Segment {
        from: SocketAddr::new(source, tcp.source_port()),
        to: SocketAddr::new(destination, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
    })
}

fn cooked(data: &[u8], protocol: usize, length: usize) -> Option<LaxSlicedPacket<'_>> {
    let protocol = u16::from_be_bytes(*data.get(protocol..)?.first_chunk()?);
    Some(LaxSlicedPacket::from_ether_type(EtherType(protocol), data.get(length..)?))
}
