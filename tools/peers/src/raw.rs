//! The copy server: the floor that every real server is measured against.
//!
//! Every frame is a length in four bytes, big-endian, which counts what follows it, and so many bytes. The first frame of a
//! client is `S` (subscriber), or `P` (publisher) and the bytes that acknowledge each of its frames; the answer is the
//! frame `K`. From then on, whatever complete frames one read of a publisher has brought go, as the same bytes, to each
//! subscriber with one blocking write; then the publisher gets one acknowledgement per frame. Nothing is decoded, routed,
//! numbered, logged or queued: a subscriber that does not read stops everybody.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::time::Timespec;

/// Bytes that one read of a publisher takes at most (as tbus' reactor).
const READ: usize = 256 << 10;
/// Frames are shorter than this: a longer one ends its connection.
const LONGEST: usize = READ / 2;
/// Connections that one wake-up handles at most.
const EVENTS: usize = 256;
/// The listener among the connections, which are counted from 0.
const LISTENER: u64 = u64::MAX;
/// Bytes of the first frame are fewer than this.
const LONGEST_GREETING: usize = 4096;
/// The answer to the first frame.
const WELCOME: [u8; 5] = [0, 0, 0, 1, b'K'];

/// A connection.
struct Peer {
    stream: Rc<TcpStream>,
    role: Role,
}

/// What a connection has said to be.
enum Role {
    /// Nothing yet: so much of the first frame is there.
    Unknown(Vec<u8>),
    Subscriber,
    Publisher(Publisher),
}

/// What has come from a publisher and what it is owed.
struct Publisher {
    buffer: Vec<u8>,
    filled: usize,
    answer: Vec<u8>,
}

/// The server with all its connections.
struct Server {
    epoll: OwnedFd,
    listener: TcpListener,
    peers: Vec<Option<Peer>>,
    subscribers: Vec<(usize, Rc<TcpStream>)>,
    acks: Vec<u8>,
}

/// Serves until the process ends; one thread, which polls for `spin` before it sleeps.
///
/// # Errors
/// When the system refuses a socket or the poll.
pub fn serve(listener: TcpListener, spin: Duration) -> Result<()> {
    let epoll = epoll::create(CreateFlags::CLOEXEC).context("epoll")?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN).context("epoll")?;
    let (peers, subscribers, acks) = (Vec::new(), Vec::new(), Vec::new());
    let mut server = Server { epoll, listener, peers, subscribers, acks };
    let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; EVENTS];
    loop {
        let count = wait(&server.epoll, &mut events, spin)?;
        for event in events.iter().take(count) {
            match event.data.u64() {
                LISTENER => server.accept()?,
                token => server.readable(usize::try_from(token).unwrap_or(usize::MAX)),
            }
        }
    }
}

/// Waits for input, at first busily, then asleep; gives how many events there are.
fn wait(epoll: &OwnedFd, events: &mut [Event; EVENTS], spin: Duration) -> Result<usize> {
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    if !spin.is_zero() {
        let started = Instant::now();
        while started.elapsed() < spin {
            match epoll::wait(epoll, &mut *events, Some(&at_once)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(count) => return Ok(count),
                Err(error) => return Err(error).context("epoll"),
            }
        }
    }
    loop {
        match epoll::wait(epoll, &mut *events, None) {
            Err(Errno::INTR) => {}
            done => return done.context("epoll"),
        }
    }
}

impl Server {
    fn accept(&mut self) -> Result<()> {
        let (stream, _) = self.listener.accept().context("accept")?;
        stream.set_nodelay(true).context("TCP_NODELAY")?;
        let free = self.peers.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.peers.push(None);
            self.peers.len() - 1
        });
        epoll::add(&self.epoll, &stream, EventData::new_u64(slot as u64), EventFlags::IN).context("epoll")?;
        if let Some(place) = self.peers.get_mut(slot) {
            *place = Some(Peer { stream: Rc::new(stream), role: Role::Unknown(Vec::new()) });
        }
        Ok(())
    }

    /// Reads once from a connection, and does what follows from it.
    fn readable(&mut self, slot: usize) {
        let Some(mut peer) = self.peers.get_mut(slot).and_then(Option::take) else { return };
        let stays = match &mut peer.role {
            Role::Unknown(_) => self.greet(slot, &mut peer),
            Role::Subscriber => matches!((&*peer.stream).read(&mut [0; 64]), Ok(1..)),
            Role::Publisher(publisher) => self.copy(&peer.stream, publisher),
        };
        if stays {
            if let Some(place) = self.peers.get_mut(slot) {
                *place = Some(peer);
            }
        } else {
            // Closing both takes the socket out of the poll.
            self.subscribers.retain(|(subscriber, _)| *subscriber != slot);
        }
    }

    /// Reads of the first frame, which says what a connection is. Whether it stays.
    fn greet(&mut self, slot: usize, peer: &mut Peer) -> bool {
        let Role::Unknown(greeting) = &mut peer.role else { return true };
        let mut buffer = [0; LONGEST_GREETING];
        let room = LONGEST_GREETING.saturating_sub(greeting.len());
        let Ok(read @ 1..) = (&*peer.stream).read(buffer.get_mut(..room).unwrap_or_default()) else {
            return false;
        };
        greeting.extend_from_slice(buffer.get(..read).unwrap_or_default());
        peer.role = match complete(greeting) {
            Some((0, _)) => return true,
            Some((end, 1)) if end == greeting.len() => match greeting.get(4..) {
                Some(b"S") => {
                    self.subscribers.push((slot, Rc::clone(&peer.stream)));
                    Role::Subscriber
                }
                Some([b'P', answer @ ..]) => {
                    let answer = answer.to_vec();
                    Role::Publisher(Publisher { buffer: vec![0; READ], filled: 0, answer })
                }
                _ => return false,
            },
            _ => return false,
        };
        (&*peer.stream).write_all(&WELCOME).is_ok()
    }

    /// Copies what has come to everybody, then acknowledges it. Whether the publisher stays.
    fn copy(&mut self, stream: &TcpStream, publisher: &mut Publisher) -> bool {
        let room = publisher.buffer.get_mut(publisher.filled..).unwrap_or_default();
        let Ok(read @ 1..) = ({ stream }).read(room) else { return false };
        publisher.filled += read;
        let Some((end, count)) = complete(publisher.buffer.get(..publisher.filled).unwrap_or_default())
        else {
            return false;
        };
        if count == 0 {
            return true;
        }
        let data = publisher.buffer.get(..end).unwrap_or_default();
        for (_, subscriber) in &self.subscribers {
            // One that has gone is seen at its next event.
            let _ = (&**subscriber).write_all(data);
        }
        self.acks.clear();
        for _ in 0..count {
            self.acks.extend_from_slice(&publisher.answer);
        }
        let stays = ({ stream }).write_all(&self.acks).is_ok();
        publisher.buffer.copy_within(end..publisher.filled, 0);
        publisher.filled -= end;
        stays
    }
}

/// Where the last complete frame ends, and how many there are; nothing when a frame is too long.
fn complete(bytes: &[u8]) -> Option<(usize, usize)> {
    let (mut end, mut count) = (0, 0);
    while let Some(head) = bytes.get(end..).and_then(<[u8]>::first_chunk::<4>) {
        let length = usize::try_from(u32::from_be_bytes(*head)).ok().filter(|length| *length < LONGEST)? + 4;
        if bytes.len() - end < length {
            break;
        }
        end += length;
        count += 1;
    }
    Some((end, count))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::thread;

    use super::*;

    fn frame(byte: u8, length: usize) -> Vec<u8> {
        let mut frame = u32::try_from(length).unwrap().to_be_bytes().to_vec();
        frame.resize(4 + length, byte);
        frame
    }

    fn start(spin: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || serve(listener, spin));
        address
    }

    fn connect(address: SocketAddr, greeting: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(&u32::try_from(greeting.len()).unwrap().to_be_bytes()).unwrap();
        stream.write_all(greeting).unwrap();
        assert_eq!(take(&mut stream, 5), WELCOME);
        stream
    }

    fn take(stream: &mut TcpStream, bytes: usize) -> Vec<u8> {
        let mut taken = vec![0; bytes];
        stream.read_exact(&mut taken).unwrap();
        taken
    }

    #[test]
    fn complete_frames_are_counted() {
        let two = [frame(1, 5), frame(2, 0)].concat();
        assert_eq!(complete(&two), Some((13, 2)));
        assert_eq!(complete(&two[..12]), Some((9, 1)));
        assert_eq!(complete(&two[..8]), Some((0, 0)));
        assert_eq!(complete(&[0, 0]), Some((0, 0)));
        let longest = u32::try_from(LONGEST).unwrap();
        assert_eq!(complete(&(longest - 1).to_be_bytes()), Some((0, 0)));
        assert_eq!(complete(&longest.to_be_bytes()), None);
    }

    #[test]
    fn every_subscriber_gets_the_bytes_and_the_publisher_its_acknowledgements() {
        for spin in [Duration::ZERO, Duration::from_micros(200)] {
            let address = start(spin);
            let mut subscribers = [connect(address, b"S"), connect(address, b"S")];
            let mut publisher = connect(address, b"Pgot it");
            let sent = [frame(7, 500), frame(8, 0), frame(9, 30)].concat();
            let (first, rest) = sent.split_at(510);
            publisher.write_all(first).unwrap();
            publisher.write_all(rest).unwrap();
            for subscriber in &mut subscribers {
                assert_eq!(take(subscriber, sent.len()), sent);
            }
            assert_eq!(take(&mut publisher, 18), b"got itgot itgot it");
        }
    }

    #[test]
    fn who_goes_or_sends_nonsense_does_not_stop_the_others() {
        let address = start(Duration::ZERO);
        let mut stays = connect(address, b"S");
        drop(connect(address, b"S"));
        for nonsense in
            [&b"\0\0\0\x01x"[..], b"\0\0\0\x02S\0", b"\0\0\0\0", b"\0\0\0\x01Smore", b"GET / HTTP/1.1\r\n"]
        {
            let mut unknown = TcpStream::connect(address).unwrap();
            unknown.write_all(nonsense).unwrap();
            // Ended, or reset when bytes were left unread.
            assert!(matches!(unknown.read(&mut [0]), Ok(0) | Err(_)), "{nonsense:?}");
        }
        let mut publisher = connect(address, b"P!");
        publisher.write_all(&u32::MAX.to_be_bytes()).unwrap();
        assert_eq!(publisher.read(&mut [0]).unwrap(), 0);
        let mut publisher = connect(address, b"P!");
        publisher.write_all(&frame(3, 10)).unwrap();
        assert_eq!(take(&mut stays, 14), frame(3, 10));
        assert_eq!(take(&mut publisher, 1), b"!");
    }
}
