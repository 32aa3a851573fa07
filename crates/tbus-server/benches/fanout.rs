//! Fan-out over loopback: one publisher, many subscribers on one DN, and beside it, in the same run, a thread that only
//! copies frames of the same length. Figures of a shared machine mean little by themselves; the ratio does.
//!
//! `cargo bench -p tbus-server --bench fanout [-- SECONDS [SUBSCRIBERS..]]`

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tbus_server::{Server, ServerConfig};
use tlib_proto::session::{ClientSession, Hello};
use tlib_proto::wire::{Split, split_frame};
use tlib_proto::{AttributeId, KvList, Limits, Message, MessageId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Requests under way.
const WINDOW: usize = 512;
/// Requests of one write.
const BATCH: usize = 64;

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<f64>().ok());
    // `cargo test --benches` passes --test: then one short round shows that it runs.
    let test = std::env::args().any(|argument| argument == "--test");
    let time = Duration::from_secs_f64(if test { 0.05 } else { arguments.next().unwrap_or(1.0) });
    let mut shapes: Vec<usize> = arguments.map(|subscribers| subscribers as usize).collect();
    if shapes.is_empty() {
        shapes = if test { vec![3] } else { vec![1, 3, 30, 300] };
    }
    println!("{:>11} {:>14} {:>14} {:>7}", "subscribers", "tbus events/s", "copy events/s", "ratio");
    for subscribers in shapes {
        let mut ratios: Vec<(f64, f64, f64)> = (0..if test { 1 } else { 5 })
            .map(|_| {
                let (ours, copied) = (tbus(subscribers, time), copy(subscribers, time));
                (ours / copied, ours, copied)
            })
            .collect();
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, ours, copied) = ratios[ratios.len() / 2];
        println!("{subscribers:>11} {ours:>14.0} {copied:>14.0} {ratio:>7.2}");
    }
}

fn request() -> Message {
    let data = KvList::build(|list| {
        for n in 0..12 {
            list.str(format!("gms_Key_{n:02}"), "65UA6ISSJH76R340BNDQ");
        }
        list
    });
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::COMMUNICATION_DN, "REPORTING")
            .list(AttributeId::USER_DATA, data.expect("fits").view())
            .str(AttributeId::THIS_DN, "REPORTING")
    })
    .expect("fits")
}

/// Delivered events per second of a server at saturation.
fn tbus(subscribers: usize, time: Duration) -> f64 {
    let server = Server::start(ServerConfig::new(tbus_core::World::default())).expect("a free port");
    let address = server.address();
    let sockets = (0..subscribers).map(|_| {
        let mut socket = open(address);
        let register =
            Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| m.str(AttributeId::THIS_DN, "REPORTING"));
        socket.write_all(register.expect("fits").frame()).expect("connected");
        answer(&mut socket);
        socket
    });
    let sockets: Vec<_> = sockets.collect();
    let mut publisher = open(address);
    // One event tells the lengths of an event and of an answer.
    publisher.write_all(request().frame()).expect("connected");
    let ack = answer(&mut publisher);
    let event = sockets.iter().map(|mut socket| answer(&mut socket)).max().unwrap_or_default();
    let rate = drive(publisher, sockets, request().frame(), ack, event, time);
    server.stop();
    rate
}

fn open(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).expect("the server accepts");
    let hello = Hello { application: "bench".to_owned(), password: None };
    socket.write_all(ClientSession::hello(&hello).expect("fits").frame()).expect("connected");
    answer(&mut socket);
    socket
}

/// Reads one frame; its length.
fn answer(socket: &mut impl Read) -> usize {
    let mut head = [0; 4];
    socket.read_exact(&mut head).expect("an answer");
    let mut body = vec![0; u32::from_be_bytes(head) as usize];
    socket.read_exact(&mut body).expect("an answer");
    body.len() + head.len()
}

/// Delivered frames per second of a thread that copies what the publisher sends to every subscriber, and answers each
/// frame with 12 bytes.
fn copy(subscribers: usize, time: Duration) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let copier = std::thread::spawn(move || {
        let accept = || listener.accept().expect("a client").0;
        let mut publisher = accept();
        let mut receivers: Vec<TcpStream> = (0..subscribers).map(|_| accept()).collect();
        for socket in receivers.iter().chain([&publisher]) {
            socket.set_nodelay(true).expect("a socket");
        }
        let (mut buffer, mut filled) = (vec![0; 256 * 1024], 0);
        let mut answers = Vec::new();
        loop {
            match publisher.read(&mut buffer[filled..]) {
                Ok(read) if read > 0 => filled += read,
                _ => return,
            }
            let (mut end, mut frames) = (0, 0);
            while let Ok(Split::Frame(frame, _)) = split_frame(&buffer[end..filled], &Limits::default()) {
                end += frame.len();
                frames += 1;
            }
            for receiver in &mut receivers {
                if receiver.write_all(&buffer[..end]).is_err() {
                    return;
                }
            }
            answers.resize(frames * 12, 0);
            if publisher.write_all(&answers).is_err() {
                return;
            }
            buffer.copy_within(end..filled, 0);
            filled -= end;
        }
    });
    let publisher = TcpStream::connect(address).expect("the copier accepts");
    let sockets =
        (0..subscribers).map(|_| TcpStream::connect(address).expect("the copier accepts")).collect();
    // Frames as long as the server's events.
    let event = request().frame().len() + 40;
    let mut frame = u32::try_from(event - 4).expect("short").to_be_bytes().to_vec();
    frame.resize(event, 0);
    let rate = drive(publisher, sockets, &frame, 12, event, time);
    copier.join().expect("the copier ends when its publisher does");
    rate
}

/// Publishes in a closed loop for a while, on one thread with all subscribers, and counts whole events delivered.
fn drive(
    publisher: TcpStream,
    subscribers: Vec<TcpStream>,
    request: &[u8],
    answer: usize,
    event: usize,
    time: Duration,
) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let asynchronous = |socket: TcpStream| {
        socket.set_nonblocking(true).expect("a socket");
        tokio::net::TcpStream::from_std(socket).expect("a socket")
    };
    local.block_on(&runtime, async move {
        let started = Instant::now();
        let readers: Vec<_> = subscribers
            .into_iter()
            .map(|socket| {
                let mut socket = asynchronous(socket);
                tokio::task::spawn_local(async move {
                    let (mut bytes, mut buffer) = (0_usize, vec![0; 256 * 1024]);
                    while let Ok(read) = socket.read(&mut buffer).await {
                        bytes += read;
                        if read == 0 || started.elapsed() > time {
                            break;
                        }
                    }
                    bytes / event
                })
            })
            .collect();
        let mut publisher = asynchronous(publisher);
        let batch = request.repeat(BATCH);
        let (mut sent, mut answered, mut buffer) = (0_usize, 0_usize, vec![0; 64 * 1024]);
        while started.elapsed() <= time {
            if sent - answered / answer + BATCH <= WINDOW {
                publisher.write_all(&batch).await.expect("the server reads");
                sent += BATCH;
            } else {
                answered += publisher.read(&mut buffer).await.expect("the server answers");
            }
        }
        let mut delivered = 0;
        for reader in readers {
            // A reader that has got everything by now waits for no more.
            if let Ok(count) = tokio::time::timeout(Duration::from_millis(200), reader).await {
                delivered += count.expect("a reader does not fail");
            }
        }
        delivered as f64 / time.as_secs_f64()
    })
}
