//! What goes over the sockets is in the capture, all of it, both ways; by the server's tap and by the proxy.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use tbus_core::World;
use tbus_server::{Listening, Proxy, ProxyConfig, ProxyNote, Server, ServerConfig};
use tlib_capture::packet::{
    CaptureHandle, CaptureItem, CaptureReader, CaptureSink, Captured, Flow, ReadOptions,
};
use tlib_net::Client;
use tlib_proto::wire::control_frame;
use tlib_proto::{KvList, Message, MessageId};
use tlib_testkit::published;

use crate::{connect, next, runtime, shared, user_event};

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn capture() -> (CaptureSink, CaptureHandle, Memory) {
    let memory = Memory::default();
    let (sink, handle) = CaptureSink::start(memory.clone(), "test", |error| panic!("{error}")).unwrap();
    (sink, handle, memory)
}

/// Everything in the file, which is complete and without a fault.
fn messages(handle: CaptureHandle, memory: &Memory) -> Vec<Captured> {
    handle.close().unwrap();
    let file = memory.0.lock().unwrap().clone();
    let items = CaptureReader::new(&file[..], ReadOptions::default());
    let message = |item| match item {
        Ok(CaptureItem::Message(captured)) => captured,
        other => panic!("{other:?}"),
    };
    items.map(message).collect()
}

/// Talks to a server: what each application has sent and received.
async fn talk(address: &str) -> BTreeMap<String, Vec<(Flow, Message)>> {
    let mut told: BTreeMap<String, Vec<(Flow, Message)>> = BTreeMap::new();
    let mut listeners = Vec::new();
    for name in ["Icon_Voice", "Stat_Server"] {
        let client = connect(address, name).await;
        client.register("REPORTING").await.unwrap();
        listeners.push((name, client));
    }
    let sender = connect(address, "OrchestrationServer").await;
    let data = published::user_data();
    for reference in 0..50 {
        let request = user_event("REPORTING", Some(1000 + reference), data.view());
        let answer = sender.request(request).await.unwrap();
        told.entry("OrchestrationServer".to_owned()).or_default().push((Flow::ToClient, answer));
        for (name, client) in &mut listeners {
            let event = next(client).await;
            told.entry((*name).to_owned()).or_default().push((Flow::ToClient, event));
        }
    }
    told
}

/// Checks that a capture has what the clients saw, each under its name, and the requests.
fn check(captured: &[Captured], told: &BTreeMap<String, Vec<(Flow, Message)>>) {
    for (name, expected) in told {
        let of = |one: &&Captured| one.application.as_deref() == Some(name.as_str());
        let known = [MessageId::EVENT_ACK, MessageId::EVENT_USER_EVENT];
        let found: Vec<_> =
            captured.iter().filter(of).filter(|one| known.contains(&one.message.id())).collect();
        let found: Vec<_> = found.iter().map(|one| (one.flow, one.message.clone())).collect();
        assert_eq!(&found, expected, "{name}");
    }
    let requests = captured.iter().filter(|one| one.message.id() == MessageId::REQUEST_DISTRIBUTE_USER_EVENT);
    assert_eq!(requests.filter(|one| one.flow == Flow::ToServer).count(), 50);
    let hello = captured.iter().filter(|one| one.message.id() == MessageId::REQUEST_REGISTER_CLIENT);
    assert_eq!(hello.count(), 3);
}

#[test]
fn the_servers_capture_has_every_frame() {
    let (sink, handle, memory) = capture();
    let mut config = ServerConfig::new(World::default());
    config.capture = Some(sink);
    let server = Server::start(config).unwrap();
    let address = server.address();
    let told = runtime().block_on(talk(&address.to_string()));
    server.stop();
    let captured = messages(handle, &memory);
    check(&captured, &told);
    assert!(captured.iter().all(|one| one.server == address && one.client.ip() == address.ip()));
    let mut connections: Vec<u32> = captured.iter().map(|one| one.connection).collect();
    connections.sort_unstable();
    connections.dedup();
    assert_eq!(connections, [1, 2, 3]);
}

#[test]
fn damage_and_keep_alives_are_captured_and_a_slow_clients_bytes_when_they_go() {
    let (sink, handle, memory) = capture();
    let mut config = ServerConfig::new(World::default());
    config.capture = Some(sink);
    config.world.t_server.options.slow_client_soft_limit = 64 << 20;
    config.world.t_server.options.slow_client_hard_limit = 64 << 20;
    let server = Server::start(config).unwrap();
    let address = server.address();

    let mut raw = TcpStream::connect(address).unwrap();
    raw.write_all(&control_frame(MessageId(0xff00))).unwrap();
    raw.read_exact(&mut [0; 8]).unwrap();
    raw.write_all(&[0xff; 12]).unwrap();
    raw.shutdown(Shutdown::Write).unwrap();
    raw.read_to_end(&mut Vec::new()).unwrap();

    let sent = runtime().block_on(async {
        let mut slow = connect(&address.to_string(), "Stat_Server").await;
        slow.register("REPORTING").await.unwrap();
        let sender = connect(&address.to_string(), "OrchestrationServer").await;
        let data = KvList::build(|list| list.str("long", "x".repeat(15_000))).unwrap();
        for reference in 0..400 {
            sender.request(user_event("REPORTING", Some(reference), data.view())).await.unwrap();
        }
        // Only now is anything of it read.
        let mut events = Vec::new();
        for _ in 0..400 {
            events.push(next(&mut slow).await);
        }
        events
    });
    server.stop();
    handle.close().unwrap();
    let file = memory.0.lock().unwrap().clone();
    let mut reader = CaptureReader::new(&file[..], ReadOptions::default());
    let (mut events, mut complaints) = (Vec::new(), Vec::new());
    for item in reader.by_ref() {
        match item.unwrap() {
            CaptureItem::Message(one) if one.message.id() == MessageId::EVENT_USER_EVENT => {
                events.push(one.message)
            }
            CaptureItem::Message(_) => {}
            CaptureItem::Complaint(complaint) => complaints.push(complaint.to_string()),
            _ => unreachable!(),
        }
    }
    assert_eq!(events, sent);
    assert_eq!(reader.summary().control, 2);
    assert_eq!(complaints.len(), 2, "{complaints:#?}");
    assert!(complaints[0].contains("client to server: no frame begins here"), "{complaints:#?}");
    assert!(complaints[1].contains("12 bytes skipped"), "{complaints:#?}");
}

/// A proxy with its notes.
fn proxy(to: SocketAddr, sink: CaptureSink) -> (Proxy, Arc<Mutex<Vec<ProxyNote>>>) {
    let notes = shared(Vec::new());
    let told = Arc::clone(&notes);
    let mut config = ProxyConfig::new(&to.to_string());
    config.capture = Some(sink);
    config.on_note = Box::new(move |note| told.lock().unwrap().push(note.clone()));
    (Proxy::run(Listening::bind("127.0.0.1:0").unwrap(), config).unwrap(), notes)
}

#[test]
fn the_proxys_capture_has_every_frame() {
    let server = Server::start(ServerConfig::new(World::default())).unwrap();
    let (sink, handle, memory) = capture();
    let (proxy, notes) = proxy(server.address(), sink);
    let told = runtime().block_on(talk(&proxy.address().to_string()));
    proxy.stop();
    check(&messages(handle, &memory), &told);
    let notes = notes.lock().unwrap();
    let names = notes.iter().filter_map(|note| match note {
        ProxyNote::Closed { application, .. } => application.clone(),
        _ => None,
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["Icon_Voice", "OrchestrationServer", "Stat_Server"]);
    assert_eq!(notes.len(), 6, "{notes:#?}");
}

#[test]
fn the_proxy_passes_on_any_bytes_and_the_end_of_a_direction() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let (sink, handle, memory) = capture();
    let (proxy, notes) = proxy(server.local_addr().unwrap(), sink);
    let up: Vec<u8> = (0..3_000_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let down: Vec<u8> = (0..2_000_000_u32).map(|n| (n * 3 % 241) as u8).collect();

    let mut client = TcpStream::connect(proxy.address()).unwrap();
    let (mut accepted, _) = server.accept().unwrap();
    let mut writer = client.try_clone().unwrap();
    let sent = up.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut received = Vec::new();
    accepted.read_to_end(&mut received).unwrap();
    assert!(received == up, "to the server, with the end of the direction");
    accepted.write_all(&down[..1_000_000]).unwrap();
    let answer = down.clone();
    let answering = std::thread::spawn(move || {
        accepted.write_all(&answer[1_000_000..]).unwrap();
    });
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert!(received == down, "to the client");
    writing.join().unwrap();
    answering.join().unwrap();
    proxy.stop();
    let last = notes.lock().unwrap().last().cloned();
    let Some(ProxyNote::Closed { to_server, to_client, .. }) = last else { panic!("{last:?}") };
    assert_eq!((to_server, to_client), (3_000_000, 2_000_000));
    assert!(handle.close().unwrap() > 5_000_000);
    drop(memory);
}

#[test]
fn a_client_that_does_not_read_holds_back_the_server() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let (sink, handle, _memory) = capture();
    let (proxy, _) = proxy(server.local_addr().unwrap(), sink);
    let client = TcpStream::connect(proxy.address()).unwrap();
    let (mut accepted, _) = server.accept().unwrap();
    accepted.set_write_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
    let chunk = vec![0; 1 << 20];
    let mut taken = 0_usize;
    while let Ok(count) = accepted.write(&chunk) {
        taken += count;
        assert!(taken < 64 << 20, "what the sockets' buffers hold, and no more");
    }
    drop(client);
    proxy.stop();
    handle.close().unwrap();
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (sink, handle, memory) = capture();
    let (proxy, notes) = proxy(gone, sink);
    let mut client = TcpStream::connect(proxy.address()).unwrap();
    assert_eq!(client.read_to_end(&mut Vec::new()).unwrap_or(0), 0, "closed");
    proxy.stop();
    let text = notes.lock().unwrap()[0].to_string();
    assert!(text.contains(&format!("turned away: cannot connect to {gone}: ")), "{text}");
    assert!(messages(handle, &memory).is_empty());
}

#[test]
fn a_client_of_the_library_may_stay_connected_when_the_proxy_ends() {
    let server = Server::start(ServerConfig::new(World::default())).unwrap();
    let (sink, handle, memory) = capture();
    let (proxy, notes) = proxy(server.address(), sink);
    let runtime = runtime();
    let address = proxy.address().to_string();
    let client: Client = runtime.block_on(connect(&address, "Icon_Voice"));
    proxy.stop();
    assert!(notes.lock().unwrap().last().unwrap().to_string().contains("closed by the proxy, which ends"));
    assert_eq!(messages(handle, &memory).len(), 2, "the file is complete");
    drop(client);
}
