//! What can be seen of the driver only from inside: who waits for what, and how long a close takes.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

type Reply = oneshot::Receiver<Result<Message, ClientError>>;
type Assigned = oneshot::Receiver<Result<u32, RequestError>>;

/// A server that greets and then reads nothing, and a driver that is connected to it.
async fn connected() -> (Driver, JoinHandle<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let link = Message::build(MessageId::EVENT_LINK_CONNECTED, |m| m).unwrap();
        stream.write_all(link.frame()).unwrap();
        stream
    });
    let mut options = ClientOptions::new("Icon_Voice");
    options.connect_timeout = PATIENCE;
    let (_, commands) = mpsc::channel(1);
    let (events, _) = mpsc::channel(1);
    let (driver, _) = Driver::open(address, options, commands, events, None).await.unwrap();
    (driver, server)
}

/// Lets a driver go on until it has nothing left to do for what has come so far.
async fn go_on(driver: &mut Driver) {
    let a_while = async {
        // The runtime looks at its sockets every 61 rounds at the latest.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = driver.drive() => panic!("the connection goes on"),
        () = a_while => {}
    }
}

#[test]
fn on_demand_nothing_is_read_until_somebody_waits() {
    block_on(async {
        let (mut driver, server) = connected().await;
        let (events, mut heard) = mpsc::channel(16);
        let demand = Arc::new(Demand::default());
        driver.events = events;
        driver.demand = Some(demand.clone());
        let (_commands, commands) = mpsc::channel(1);
        driver.commands = commands;

        let event = Message::build(MessageId::EVENT_USER_EVENT, |m| m).unwrap();
        let mut stream = server.join().unwrap();
        stream.write_all(&event.frame().repeat(2)).unwrap();
        go_on(&mut driver).await;
        assert!(heard.try_recv().is_err(), "nobody waits");

        demand.raise();
        // The system may take its time to hand over what was written.
        while heard.len() < 2 {
            go_on(&mut driver).await;
        }
        stream.write_all(event.frame()).unwrap();
        go_on(&mut driver).await;
        assert_eq!(heard.len(), 2, "one read, and no other before somebody waits again");

        demand.raise();
        while heard.len() < 3 {
            go_on(&mut driver).await;
        }
    });
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

fn ask(driver: &mut Driver, request: Message) -> (Assigned, Reply) {
    let (assigned, reference) = oneshot::channel();
    let (reply, answer) = oneshot::channel();
    driver.command(Command::Request { request, assigned, reply });
    (reference, answer)
}

fn reference(mut assigned: Assigned) -> u32 {
    assigned.try_recv().expect("assigned at once").expect("there is room")
}

fn request(id: MessageId) -> Message {
    Message::build(id, |m| m.str(AttributeId::THIS_DN, "REPORTING")).unwrap()
}

#[test]
fn requests_that_are_given_up_make_room() {
    block_on(async {
        let (mut driver, _server) = connected().await;
        let (kept, _kept) = ask(&mut driver, request(MessageId::REQUEST_QUERY_SERVER));
        let (late, _) = ask(&mut driver, request(MessageId::REQUEST_REGISTER_ADDRESS));
        for _ in 0..2 * ClientSession::PENDING_LIMIT {
            let (assigned, _) = ask(&mut driver, request(MessageId::REQUEST_QUERY_SERVER));
            reference(assigned);
            driver.connection.output.clear();
        }
        assert!(driver.waiting.len() <= SWEEP_FROM, "{}", driver.waiting.len());
        assert!(driver.waiting.contains_key(&reference(kept)), "somebody waits for it");

        let late = reference(late);
        let registered =
            Message::build(MessageId::EVENT_REGISTERED, |m| m.unsigned(AttributeId::REFERENCE_ID, late));
        driver.answer(late, registered.unwrap());
        assert_eq!(driver.registrations.len(), 1, "registered is registered, late or not");
    });
}

#[test]
fn registrations_that_are_never_answered_make_room_when_nothing_else_does() {
    block_on(async {
        let (mut driver, _server) = connected().await;
        for _ in 0..=ClientSession::PENDING_LIMIT {
            let (assigned, _) = ask(&mut driver, request(MessageId::REQUEST_REGISTER_ADDRESS));
            reference(assigned);
            driver.connection.output.clear();
        }
        assert_eq!(driver.waiting.len(), 1);
    });
}

#[test]
fn a_request_that_is_given_up_before_its_turn_is_not_sent() {
    block_on(async {
        let (mut driver, _server) = connected().await;
        let before = driver.connection.output.len();
        let (assigned, _) = oneshot::channel();
        let (reply, _) = oneshot::channel();
        let request = request(MessageId::REQUEST_QUERY_SERVER);
        driver.command(Command::Request { request, assigned, reply });
        assert_eq!(driver.connection.output.len(), before);
        assert!(driver.waiting.is_empty());
    });
}

#[test]
fn a_reference_id_that_is_given_up_can_be_used_again() {
    block_on(async {
        let (mut driver, _server) = connected().await;
        let own =
            Message::build(MessageId::REQUEST_QUERY_SERVER, |m| m.unsigned(AttributeId::REFERENCE_ID, 431));
        let own = own.unwrap();
        drop(ask(&mut driver, own.clone()));
        let (again, _waits) = ask(&mut driver, own.clone());
        assert_eq!(reference(again), 431);
        let (mut third, _) = ask(&mut driver, own);
        assert_eq!(third.try_recv().unwrap(), Err(RequestError::InUse(431)));
    });
}

#[test]
fn a_server_that_does_not_read_does_not_keep_a_connection_from_closing() {
    block_on(async {
        let (mut driver, server) = connected().await;
        // More than the system takes for a peer that does not read.
        driver.connection.output.resize(64 << 20, 0);
        let closing = driver.connection.close(Duration::from_millis(20));
        tokio::time::timeout(PATIENCE, closing).await.expect("closed without the server");
        server.join().unwrap();
    });
}

#[test]
fn the_wait_grows_until_a_connection_has_lived() {
    let second = Duration::from_secs(1);
    let mut backoff = Backoff::new(second, 5 * second);
    for expected in [1, 2, 4, 5, 5] {
        let wait = backoff.wait();
        assert!(wait >= expected * second / 2 && wait <= expected * second, "{wait:?} of {expected} s");
    }
    backoff.lived(4 * second);
    assert!(backoff.wait() > 2 * second, "a connection that is lost at once is no success");
    backoff.lived(5 * second);
    assert!(backoff.wait() <= second);
}
