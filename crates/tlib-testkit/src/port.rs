//! Ports that stay one's own while nobody listens.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

/// A socket that has the address, and does not listen. While it lives the system gives the port to nobody who asks for a
/// free one, and who sets the same option, as servers do, can listen there.
///
/// # Panics
/// When the address is not free.
pub(crate) fn bound(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("an option that every socket has");
    socket.bind(&address.into()).expect("a free port");
    socket
}

/// A free port of the loopback address, kept.
pub(crate) fn reserved() -> (Socket, SocketAddr) {
    let socket = bound(SocketAddr::from(([127, 0, 0, 1], 0)));
    let address = socket.local_addr().ok().and_then(|address| address.as_socket());
    (socket, address.expect("a bound socket has an address"))
}
