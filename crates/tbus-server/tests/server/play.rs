//! Captured events, played to whoever is registered.

use tbus_core::{Keep, World};
use tbus_server::{Server, ServerConfig};
use tlib_proto::{AttributeId, Message, MessageId};

use crate::{connect, next, runtime};

fn event(dn: &str, number: u64) -> Message {
    Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.long(AttributeId::EVENT_SEQUENCE_NUMBER, number).str(AttributeId::THIS_DN, dn)
    })
    .unwrap()
}

#[test]
fn played_events_reach_everybody_on_the_dn_in_their_order() {
    let server = Server::start(ServerConfig::new(World::default())).unwrap();
    let address = server.address().to_string();
    let keep = Keep { sequence: true, times: false };
    runtime().block_on(async {
        assert_eq!(server.play(event("REPORTING", 1), keep).await.unwrap(), 0, "nobody is there");
        let mut clients = [connect(&address, "A").await, connect(&address, "B").await];
        for client in &clients {
            client.register("REPORTING").await.unwrap();
        }
        for number in 0..100 {
            assert_eq!(server.play(event("REPORTING", number), keep).await.unwrap(), 2);
        }
        for client in &mut clients {
            for number in 0..100 {
                let event = next(client).await;
                assert_eq!(event.view().long(AttributeId::EVENT_SEQUENCE_NUMBER), Ok(Some(number)));
            }
        }
        let error = server.play(event("NOWHERE", 1), keep).await.unwrap_err();
        assert_eq!(error.to_string(), "DN NOWHERE is not configured");
    });
    server.stop();
}
