//! One subscriber's connection: every message is compared and its marks are read.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::ops::Range;

use crate::check::Check;
use crate::dialect::{Dialect, Other, Role};
use crate::engine::Tally;
use crate::names::Names;
use crate::publisher::is_transient;
use crate::seen::{Arrival, Seen};

/// Longest something that a dialect wants to see more of, in bytes (chosen): half of what is read at once.
const MOST_OTHER: usize = 128 * 1024;

/// What all subscribers compare with.
pub(crate) struct Expected<'e> {
    pub(crate) event: &'e Check,
    pub(crate) dns: &'e Names,
    /// How many messages each publisher has sent.
    pub(crate) sent: &'e [u64],
    pub(crate) dialect: &'e dyn Dialect,
}

/// A subscriber's connection.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) role: Role,
    /// What it listens to.
    pub(crate) dns: Range<usize>,
    pub(crate) stream: TcpStream,
    pub(crate) alive: bool,
    /// The start of a message.
    pub(crate) partial: Vec<u8>,
    pub(crate) seen: Seen,
    /// What it had lost when its connection ended.
    pub(crate) lost: u64,
}

/// Messages of one write: they share their times.
#[derive(Default)]
struct Run {
    written: u64,
    scheduled: u64,
    count: u64,
}

impl Subscriber {
    pub(crate) fn new(role: Role, dns: Range<usize>, stream: TcpStream, publishers: usize) -> Self {
        Self { role, dns, stream, alive: true, partial: Vec::new(), seen: Seen::new(publishers), lost: 0 }
    }

    /// Takes the messages at the start of `bytes`; how many bytes of them are whole messages.
    pub(crate) fn messages(
        &mut self,
        bytes: &[u8],
        now: u64,
        expected: &Expected<'_>,
        tally: &mut Tally,
    ) -> Result<usize, String> {
        let before = self.seen.delivered;
        let mut run = Run::default();
        let mut rest = bytes;
        let result = loop {
            if let Some((frame, after)) =
                rest.split_at_checked(expected.event.len()).filter(|(frame, _)| expected.event.fits(frame))
            {
                if let Err(text) = self.message(frame, now, expected, &mut run, tally) {
                    tally.damaged += 1;
                    break Err(text);
                }
                rest = after;
                continue;
            }
            if rest.is_empty() {
                break Ok(());
            }
            match odd(rest, expected.event, expected.dialect, &self.role, &mut self.stream) {
                Odd::More => break Ok(()),
                Odd::Skip(length) => rest = rest.get(length..).unwrap_or_default(),
                Odd::Damaged(text) => {
                    tally.damaged += 1;
                    break Err(text);
                }
                Odd::Refused(text) => break Err(text),
            }
        };
        tally.arrived(now, run.written, run.scheduled, run.count);
        tally.delivered += self.seen.delivered - before;
        result.map(|()| bytes.len() - rest.len())
    }

    #[inline]
    fn message(
        &mut self,
        frame: &[u8],
        now: u64,
        expected: &Expected<'_>,
        run: &mut Run,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let event = expected.event;
        let Some(marks) = event.marks(frame) else {
            return Err("a message whose running number is damaged".to_owned());
        };
        if !event.names.is_empty() {
            let dn = marks.dn as usize;
            if !self.dns.contains(&dn) || !event.names(frame, expected.dns.get(dn)) {
                return Err(format!(
                    "a message with another DN than the one that it was published to, number {dn}"
                ));
            }
        }
        let arrival = self.seen.message(marks.publisher as usize, marks.number, expected.sent);
        if arrival == Arrival::Unknown {
            let (publisher, number) = (marks.publisher, marks.number);
            return Err(format!("message {number} of publisher {publisher}, which was never published"));
        }
        if let Some(number) = event.rising(frame) {
            self.seen.rises(number, arrival == Arrival::New);
        }
        if marks.written != run.written || marks.scheduled != run.scheduled {
            tally.arrived(now, run.written, run.scheduled, run.count);
            *run = Run { written: marks.written, scheduled: marks.scheduled, count: 0 };
        }
        run.count += 1;
        Ok(())
    }
}

/// What stands where no frame fits.
pub(crate) enum Odd {
    /// The start of something.
    More,
    /// So many bytes of something harmless.
    Skip(usize),
    /// Not what was published.
    Damaged(String),
    /// The server does not do what it was asked.
    Refused(String),
}

/// Looks at bytes that are no whole frame, or not as the template says.
#[cold]
pub(crate) fn odd(
    rest: &[u8],
    check: &Check,
    dialect: &dyn Dialect,
    role: &Role,
    stream: &mut TcpStream,
) -> Odd {
    if rest.len() < check.len() && check.begins(rest) {
        return Odd::More;
    }
    match dialect.other(role, rest) {
        Other::More if rest.len() < MOST_OTHER => Odd::More,
        Other::Skip { length, reply } => {
            if let Some(reply) = reply {
                // A socket without room for a few bytes has more than enough to read on the other side.
                match stream.write(reply) {
                    Ok(taken) if taken == reply.len() => {}
                    Ok(_) => return Odd::Refused("the socket has no room for a short reply".to_owned()),
                    Err(error) => return Odd::Refused(error.to_string()),
                }
            }
            Odd::Skip(length.max(1))
        }
        Other::Refused(text) => Odd::Refused(text),
        Other::More | Other::NotMine => Odd::Damaged(check.difference(rest).map_or_else(
            || "a message that is too long".to_owned(),
            |(at, expected, found)| {
                format!(
                    "a message is not what was published: byte {at} of {} is {found:02x}, expected {expected:02x}",
                    check.len()
                )
            },
        )),
    }
}

/// Reads once, behind what is left of the last read: how many bytes there are now, or nothing when there is nothing.
#[inline]
pub(crate) fn read_once(
    stream: &mut TcpStream,
    partial: &[u8],
    buffer: &mut [u8],
) -> Result<Option<usize>, String> {
    let Some((kept, free)) = buffer.split_at_mut_checked(partial.len()) else {
        return Err("a message is longer than the buffer".to_owned());
    };
    kept.copy_from_slice(partial);
    match stream.read(free) {
        Ok(0) => Err("the server has closed the connection".to_owned()),
        Ok(read) => Ok(Some(partial.len() + read)),
        Err(error) if is_transient(&error) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            Err("the server has reset the connection".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}
