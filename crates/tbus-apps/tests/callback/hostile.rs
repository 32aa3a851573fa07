//! Connections that misbehave disturb nobody else.

use std::io::{BufReader, Write};
use std::net::Shutdown;

use tbus_apps::callback::{Server, StartError};

use crate::support::{START, TestClock, answer, ask, config, connect, t_server};

#[test]
fn others_are_answered_whatever_one_sends() {
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let (config, _) = config(switch.address(), &clock);
    let server = Server::start(config).unwrap();
    // Idle, half a head, half a body: they are still there while others ask.
    let idle = connect(server.address());
    let mut half_head = connect(server.address());
    half_head.write_all(b"POST / HT").unwrap();
    let mut half_body = connect(server.address());
    half_body
        .write_all(format!("POST {START} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{").as_bytes())
        .unwrap();
    for bytes in [
        b"\x00\x01\x02\x03\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        [b"GET / HTTP/1.1\r\nX: ", vec![b'x'; 100_000].as_slice(), b"\r\n\r\n"].concat(),
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
    ] {
        let mut stream = connect(server.address());
        // The server may have closed before everything is written.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        if let Some(answer) = answer(&mut BufReader::new(stream)) {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    // Larger than the limit, and said so before all of it is sent.
    let mut large = connect(server.address());
    let head = format!(
        "POST {START} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n\r\n"
    );
    large.write_all(head.as_bytes()).unwrap();
    large.write_all(&vec![b' '; 200_000]).unwrap();
    assert_eq!(answer(&mut BufReader::new(large)).unwrap().status, 413);

    let started = ask(&server, "POST", START, "_customer_number=8005550100");
    assert_eq!(started.status, 200, "{started:?}");
    // A connection is good for more than one request.
    let mut stream = connect(server.address());
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut reader = BufReader::new(stream);
    assert_eq!([(); 2].map(|()| answer(&mut reader).unwrap().status), [200, 200]);
    // And the rest of the body that waited all the time.
    half_body.write_all(format!("\"_customer_number\":\"1\"{}}}", " ".repeat(76)).as_bytes()).unwrap();
    assert_eq!(answer(&mut BufReader::new(half_body)).unwrap().status, 200);
    drop((idle, half_head));
    let left = server.stop();
    assert_eq!(left.open, 2);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut config, _) = config(switch.address(), &clock);
    config.listen = taken.local_addr().unwrap().to_string();
    let error = Server::start(config).err().unwrap();
    assert!(matches!(error, StartError::Listen { .. }));
    assert!(error.to_string().contains("another program listens there"), "{error}");
}
