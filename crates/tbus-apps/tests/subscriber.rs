//! The subscriber against a scripted T-Server: what it hands on, what it logs, and how it comes back.

use tbus_apps::subscriber::{Notice, Style, Subscriber, SubscriberConfig, SubscriberError};
use tbus_apps::{stat_server, urs};
use tlib_capture::read::{Kind, LogReader, Origin};
use tlib_capture::{LogConfig, LogHandle, LogSink, LogTarget, MemoryLog};
use tlib_net::client::ClientError;
use tlib_proto::{AttributeId, ErrorCode, Message, MessageId};
use tlib_testkit::mock_server::{MockServer, To};

fn config(server: &MockServer, dns: &[&str], style: Style) -> (SubscriberConfig, MemoryLog, LogHandle) {
    let memory = MemoryLog::with_header();
    let mut log = LogConfig::new("App");
    log.gather = std::time::Duration::ZERO;
    let (sink, handle) = LogSink::start(log, LogTarget::Memory(memory.clone())).unwrap();
    let dns = dns.iter().map(|dn| (*dn).to_owned()).collect();
    let mut config = SubscriberConfig::new(&server.address(), dns, "App", style);
    config.log = Some(sink);
    (config, memory, handle)
}

fn user_event(server: &MockServer, dn: &str) -> Message {
    server.event(MessageId::EVENT_USER_EVENT, |m| m.str(AttributeId::THIS_DN, dn))
}

fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// The messages that a log shows, `>` for what was sent; there is nothing to complain about.
fn messages(log: &str) -> Vec<String> {
    let mut reader = LogReader::new("log", log.as_bytes());
    let mut messages = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        assert_eq!(record.complaints, [], "{log}");
        if let Kind::Block(block) = record.kind {
            let sent = matches!(block.origin, Origin::RequestTo { .. });
            let name = String::from_utf8_lossy(block.name);
            messages.push(if sent { format!(">{name}") } else { name.into_owned() });
        }
    }
    messages
}

#[test]
fn events_are_handed_on_and_logged() {
    let server = MockServer::start();
    let (config, log, handle) = config(&server, &["REPORTING", "7001"], urs::STYLE);
    run(async {
        let mut subscriber = Subscriber::start(config).await.unwrap();
        let event = user_event(&server, "REPORTING");
        server.send(To::All, &event);
        assert_eq!(subscriber.next().await, Some(Notice::Event(event)));
        subscriber.stop().await;
    });
    handle.close();
    let log = log.text();
    assert_eq!(
        messages(&log),
        [
            "EventLinkConnected",
            ">RequestRegisterAddress",
            "EventRegistered",
            ">RequestRegisterAddress",
            "EventRegistered",
            "EventUserEvent"
        ]
    );
    let address = server.address();
    for line in [
        " request to 65200(SIP_Server) message RequestRegisterAddress\n\tAttributeReferenceID\t2\n\tAttributeThisDN\t'7001'\n",
        &format!(" received from 65200(SIP_Server){address}(fd=1) message EventRegistered(refid=1)\n"),
        &format!(" received from 65200(SIP_Server){address}(fd=1) message EventUserEvent\n"),
        " Trc 24190 Registered on 7001 of SIP_Server\n",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
}

#[test]
fn it_comes_back_and_registers_again() {
    let server = MockServer::start();
    let (config, log, handle) = config(&server, &["REPORTING", "7001"], stat_server::STYLE);
    run(async {
        let mut subscriber = Subscriber::start(config).await.unwrap();
        server.stop();
        let notice = subscriber.next().await;
        assert!(matches!(notice, Some(Notice::Lost { .. })), "{notice:?}");
        let notice = subscriber.next().await;
        assert!(
            matches!(&notice, Some(Notice::Failed { reason }) if reason.contains("cannot connect")),
            "{notice:?}"
        );
        server.listen_again();
        // The same reason again is not told again.
        assert_eq!(subscriber.next().await, Some(Notice::Opened { missing: vec![] }));
        server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 4);
        let event = user_event(&server, "7001");
        server.send(To::Last, &event);
        assert_eq!(subscriber.next().await, Some(Notice::Event(event)));

        server.set(|manners| manners.refuse_registrations = Some(ErrorCode::NOT_CONFIGURED));
        server.close(To::All);
        let notice = subscriber.next().await;
        assert!(matches!(notice, Some(Notice::Lost { .. })), "{notice:?}");
        let Some(Notice::Opened { missing }) = subscriber.next().await else { panic!("not opened") };
        let dns: Vec<_> = missing.iter().map(|(dn, _)| dn.as_str()).collect();
        assert_eq!(dns, ["REPORTING", "7001"]);
        subscriber.stop().await;
    });
    handle.close();
    let log = log.text();
    // What Stat Server asks and is answered is not in its log.
    assert_eq!(messages(&log), ["EventUserEvent"]);
    assert!(
        log.contains("Message EventUserEvent received from 'SIP_Server@7001'\nmessage EventUserEvent\n"),
        "{log}"
    );
    for text in [
        " Std 24190 Disconnected from SIP_Server: ",
        " Std 24190 Not connected: cannot connect to ",
        " Std 24190 Not registered on 7001 of SIP_Server: ",
    ] {
        assert!(log.contains(text), "{text}: {log}");
    }
}

#[test]
fn what_fails_at_the_start_is_an_error() {
    let server = MockServer::start();
    server.set(|manners| manners.refuse_registrations = Some(ErrorCode::NOT_CONFIGURED));
    let (first, _, _log) = config(&server, &["NOWHERE"], urs::STYLE);
    let error = run(Subscriber::start(first)).unwrap_err();
    assert!(matches!(&error, SubscriberError::Registration { dn, .. } if dn == "NOWHERE"), "{error}");
    let (second, _, _log) = config(&server, &["NOWHERE"], urs::STYLE);
    server.stop();
    let error = run(Subscriber::start(second)).unwrap_err();
    assert!(matches!(error, SubscriberError::Client(ClientError::Connect { .. })), "{error}");
}

#[test]
fn an_owner_that_takes_nothing_can_still_end_it() {
    let server = MockServer::start();
    let (config, _, _log) = config(&server, &["REPORTING"], stat_server::STYLE);
    run(async {
        let subscriber = Subscriber::start(config).await.unwrap();
        let event = user_event(&server, "REPORTING");
        let frames = event.frame().repeat(5000);
        server.send_bytes(To::All, &frames);
        tokio::task::yield_now().await;
        subscriber.stop().await;
    });
    server.expect_closed(To::One(0));
}
