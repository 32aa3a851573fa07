//! The T-Server: [`tbus_core`]'s switch on [`tlib_net`]'s reactor, with a T-Server log.
//!
//! [`Server`] runs one on a thread of its own. [`TestServer`] is the same for other people's tests: a free port, and a
//! journal of what was received and delivered that can be asked. [`Proxy`] stands between clients and a server, and
//! captures what they say.
//!
//! ```
//! use tbus_server::TestServer;
//! use tlib_net::Client;
//! use tlib_proto::{AttributeId, KvList, Message, MessageId};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = TestServer::start();
//! let mut listener = Client::connect(&server.address().to_string(), "Stat_Server").await?;
//! listener.register("REPORTING").await?;
//!
//! let sender = Client::connect(&server.address().to_string(), "OrchestrationServer").await?;
//! let data = KvList::build(|list| list.str("gms_ServiceName", "inbound-delay"))?;
//! let request = Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
//!     m.str(AttributeId::COMMUNICATION_DN, "REPORTING").list(AttributeId::USER_DATA, data.view())
//! })?;
//! assert_eq!(sender.request(request).await?.id(), MessageId::EVENT_ACK);
//!
//! let event = listener.next_message().await.expect("the server is up");
//! assert_eq!(event.id(), MessageId::EVENT_USER_EVENT);
//! server.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "REPORTING", 1);
//! server.expect(MessageId::EVENT_USER_EVENT, "REPORTING", 1);
//! # Ok(())
//! # }
//! ```
//!
//! What this crate is **not**: it has no SQL, and no rule of the switch.

mod capture;
mod chronicle;
mod journal;
mod proxy;
mod server;
mod switchboard;
mod test_server;
mod thread;

pub use journal::{Entry, Journal};
pub use proxy::{Proxy, ProxyConfig, ProxyNote};
pub use server::{
    Accepted, ConnectedClient, Identity, Listening, PlayError, Server, ServerConfig, StartError, Tap,
};
pub use test_server::TestServer;
