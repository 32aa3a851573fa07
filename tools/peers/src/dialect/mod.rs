//! How the peers are spoken to. Each carries tbus' event frame between bytes of its own, so that the generator checks every
//! server's deliveries by the same comparison.
//!
//! The peers' protocols are written here without their client libraries, as much of them as a fan-out needs: what a client
//! costs must not depend on whose it is.

mod mqtt;
mod nats;
mod redis;

use std::io::{Read, Write};
use std::net::TcpStream;

use tbus_load::{EventShape, LoadError, Payload, Plan, Role, Template};

pub use mqtt::Mqtt;
pub use nats::Nats;
pub use redis::Redis;

/// The one subject, channel or topic that events go to: the name of the plan's DN.
fn subject(plan: &Plan) -> Result<String, LoadError> {
    if plan.dns.len() != 1 {
        return Err(LoadError::Plan(format!(
            "a peer is given one DN as its subject, not {}",
            plan.dns.len()
        )));
    }
    let subject = String::from_utf8_lossy(plan.dns.first()).into_owned();
    if subject.chars().all(|sign| sign.is_ascii_alphanumeric()) {
        Ok(subject)
    } else {
        Err(LoadError::Plan(format!("{subject:?}: a peer's subject has letters and digits only")))
    }
}

/// The event frame of the plan.
fn event(plan: &Plan) -> Result<Template, LoadError> {
    Ok(EventShape::new(&Payload::default(), &plan.dns)?.event)
}

/// Writes a part of the handshake.
fn say(stream: &mut TcpStream, role: &Role, bytes: &[u8]) -> Result<(), LoadError> {
    stream.write_all(bytes).map_err(|error| LoadError::handshake(role.to_string(), error.to_string()))
}

/// Reads exactly these bytes.
fn expect(stream: &mut TcpStream, role: &Role, expected: &[u8]) -> Result<(), LoadError> {
    let mut bytes = vec![0; expected.len()];
    let failed = |text: String| LoadError::handshake(role.to_string(), text);
    let printed = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match stream.read(room) {
            Ok(0) => {
                let came = printed(bytes.get(..filled).unwrap_or_default());
                return Err(failed(format!("the server has closed the connection after \"{came}\"")));
            }
            Ok(read) => filled += read,
            Err(error) => return Err(failed(format!("waiting for \"{}\": {error}", printed(expected)))),
        }
    }
    if bytes == expected {
        Ok(())
    } else {
        Err(failed(format!("expected \"{}\", the server sent \"{}\"", printed(expected), printed(&bytes))))
    }
}

/// The text of the first line, and its length with the line end; nothing while it is incomplete.
fn line(bytes: &[u8]) -> Option<(String, usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let text = String::from_utf8_lossy(bytes.get(..end)?);
    Some((text.trim_end().to_owned(), end + 1))
}

/// The longest line that a server may send out of turn.
const LONGEST_LINE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use tbus_load::{Dialect, Names, Other};

    use super::*;

    fn plan() -> Plan {
        Plan { subscribers: 30, ..Plan::new(([127, 0, 0, 1], 1).into()) }
    }

    /// Request, event and answer as text, with a dot for every byte of the frame inside.
    fn shown(dialect: &mut dyn Dialect) -> [String; 3] {
        let templates = dialect.templates(&plan()).unwrap();
        let frame = EventShape::new(&Payload::default(), &plan().dns).unwrap().event.len();
        assert_eq!(frame, 512);
        let show = |template: &Template| {
            // A frame begins with its length: 508 bytes follow.
            let bytes = template.bytes();
            let at = bytes.windows(4).position(|window| window == [0, 0, 1, 252]).unwrap();
            let (before, rest) = bytes.split_at(at);
            format!("{}[512]{}", before.escape_ascii(), rest[frame..].escape_ascii())
        };
        let answer = templates.answer.unwrap().bytes().escape_ascii().to_string();
        [show(&templates.request), show(&templates.event), answer]
    }

    #[test]
    fn the_same_frame_between_each_peers_own_bytes() {
        assert_eq!(
            shown(&mut Nats),
            ["PUB REPORTING 512\\r\\n[512]\\r\\n", "MSG REPORTING 1 512\\r\\n[512]\\r\\n", "+OK\\r\\n"]
        );
        assert_eq!(
            shown(&mut Redis),
            [
                "*3\\r\\n$7\\r\\nPUBLISH\\r\\n$9\\r\\nREPORTING\\r\\n$512\\r\\n[512]\\r\\n",
                "*3\\r\\n$7\\r\\nmessage\\r\\n$9\\r\\nREPORTING\\r\\n$512\\r\\n[512]\\r\\n",
                // How many have got it.
                ":30\\r\\n"
            ]
        );
        assert_eq!(
            shown(&mut Mqtt),
            [
                "2\\x8d\\x04\\x00\\tREPORTING\\x00\\x01[512]",
                "0\\x8b\\x04\\x00\\tREPORTING[512]",
                "@\\x02\\x00\\x01"
            ]
        );
    }

    #[test]
    fn a_peer_takes_one_plain_subject() {
        for (names, told) in [
            (Names::numbered(2).unwrap(), "one DN as its subject, not 2"),
            (Names::new(["a b"]).unwrap(), "letters and digits"),
        ] {
            let plan = Plan { dns: names, ..plan() };
            let error = Nats.templates(&plan).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    /// What a server hears, and what it says then.
    type Script = &'static [(&'static [u8], &'static [u8])];

    /// What a client says when the server says this.
    fn handshake(dialect: &dyn Dialect, role: &Role, script: Script) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for (heard, said) in script {
                let mut bytes = vec![0; heard.len()];
                stream.read_exact(&mut bytes).unwrap();
                assert_eq!(bytes.escape_ascii().to_string(), heard.escape_ascii().to_string());
                stream.write_all(said).unwrap();
            }
        });
        let mut stream = TcpStream::connect(address).unwrap();
        let done = dialect.open(&plan(), &mut stream, role).map_err(|error| error.to_string());
        server.join().unwrap();
        if done.is_ok() {
            assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0, "something was left unread or not said");
        }
        done
    }

    const PUBLISHER: Role = Role::Publisher { index: 0 };
    const SUBSCRIBER: Role = Role::Subscriber { index: 7, dns: 0..1 };

    #[test]
    fn handshakes() {
        const NATS_PUBLISHER: Script = &[
            (b"", b"INFO {\"server_id\":\"x\"}\r\n"),
            (
                b"CONNECT {\"verbose\":true,\"pedantic\":false,\"lang\":\"tbus-peers\",\"version\":\"0.1.0\"}\r\nPING\r\n",
                b"+OK\r\nPONG\r\n",
            ),
        ];
        const NATS_SUBSCRIBER: Script = &[
            (b"", b"INFO {}\r\n"),
            (
                b"CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"tbus-peers\",\"version\":\"0.1.0\"}\r\nSUB REPORTING 1\r\nPING\r\n",
                b"PONG\r\n",
            ),
        ];
        assert_eq!(handshake(&Nats, &PUBLISHER, NATS_PUBLISHER), Ok(()));
        assert_eq!(handshake(&Nats, &SUBSCRIBER, NATS_SUBSCRIBER), Ok(()));
        const SUBSCRIBED: &[u8] = b"*3\r\n$9\r\nsubscribe\r\n$9\r\nREPORTING\r\n:1\r\n";
        assert_eq!(handshake(&Redis, &PUBLISHER, &[(b"PING\r\n", b"+PONG\r\n")]), Ok(()));
        assert_eq!(handshake(&Redis, &SUBSCRIBER, &[(b"SUBSCRIBE REPORTING\r\n", SUBSCRIBED)]), Ok(()));
        const CONNACK: &[u8] = &[0x20, 2, 0, 0];
        const MQTT_PUBLISHER: Script = &[(b"\x10\x13\0\x04MQTT\x04\x02\0\0\0\x07tbus-p0", CONNACK)];
        const MQTT_SUBSCRIBER: Script = &[
            (b"\x10\x13\0\x04MQTT\x04\x02\0\0\0\x07tbus-s7", CONNACK),
            (b"\x82\x0e\0\x01\0\x09REPORTING\0", &[0x90, 3, 0, 1, 0]),
        ];
        assert_eq!(handshake(&Mqtt, &PUBLISHER, MQTT_PUBLISHER), Ok(()));
        assert_eq!(handshake(&Mqtt, &SUBSCRIBER, MQTT_SUBSCRIBER), Ok(()));
    }

    #[test]
    fn a_handshake_that_fails_says_what_came() {
        let refused =
            handshake(&Redis, &PUBLISHER, &[(b"PING\r\n", b"-NOAUTH Authentication required.\r\n")]);
        let refused = refused.unwrap_err();
        assert!(refused.contains("publisher 0") && refused.contains("-NOAUTH"), "{refused}");
        let closed = handshake(&Redis, &PUBLISHER, &[(b"PING\r\n", b"+P")]).unwrap_err();
        assert!(closed.contains("closed the connection after \"+P\""), "{closed}");
    }

    #[test]
    fn what_comes_out_of_turn() {
        let pong: Option<&'static [u8]> = Some(b"PONG\r\n");
        assert_eq!(Nats.other(&SUBSCRIBER, b"PING\r\nMSG"), Other::Skip { length: 6, reply: pong });
        assert_eq!(Nats.other(&SUBSCRIBER, b"PIN"), Other::More);
        assert_eq!(Nats.other(&PUBLISHER, b"INFO {}\r\n+OK"), Other::Skip { length: 9, reply: None });
        let slow = Nats.other(&SUBSCRIBER, b"-ERR 'Slow Consumer'\r\n");
        assert_eq!(slow, Other::Refused("-ERR 'Slow Consumer'".to_owned()));
        assert_eq!(Nats.other(&SUBSCRIBER, b"MSG OTHER 1 2\r\nxx\r\n"), Other::NotMine);
        assert_eq!(
            Redis.other(&PUBLISHER, b"-OOM no memory\r\n"),
            Other::Refused("-OOM no memory".to_owned())
        );
        assert_eq!(Redis.other(&PUBLISHER, b":29\r\n"), Other::NotMine);
        assert_eq!(Mqtt.other(&SUBSCRIBER, b"x"), Other::NotMine);
    }
}
