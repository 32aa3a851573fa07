//! A server that copies frames, as the raw dialect speaks to it, and that may change what it delivers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a subscriber gets for a publisher's frame: its number on the connection and its bytes. No frame: it is lost.
pub(crate) type Tamper = fn(u64, &[u8], &mut Vec<u8>);

/// Starts the server; it lives as long as the test.
pub(crate) fn start(tamper: Tamper) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let subscribers: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let hello = read_frame(&mut stream).unwrap();
            stream.write_all(&[0, 0, 0, 1, b'K']).unwrap();
            let subscribers = Arc::clone(&subscribers);
            match hello.split_at(4).1 {
                [b'S'] => subscribers.lock().unwrap().push(stream),
                [b'P', answer @ ..] => {
                    let answer = answer.to_vec();
                    thread::spawn(move || copy(stream, &answer, &subscribers, tamper));
                }
                other => panic!("{other:?}"),
            }
        }
    });
    address
}

fn copy(mut publisher: TcpStream, answer: &[u8], subscribers: &Mutex<Vec<TcpStream>>, tamper: Tamper) {
    let mut number = 0;
    let mut out = Vec::new();
    while let Some(frame) = read_frame(&mut publisher) {
        out.clear();
        tamper(number, &frame, &mut out);
        number += 1;
        if publisher.write_all(answer).is_err() {
            return;
        }
        for subscriber in subscribers.lock().unwrap().iter_mut() {
            // Who is gone gets nothing.
            let _ = subscriber.write_all(&out);
        }
    }
}

fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut frame = vec![0; 4];
    stream.read_exact(&mut frame).ok()?;
    let length = u32::from_be_bytes(frame.as_slice().try_into().unwrap());
    frame.resize(4 + length as usize, 0);
    stream.read_exact(&mut frame[4..]).ok()?;
    Some(frame)
}
