//! The switch without I/O: the world it simulates, who is registered where, and which event goes to whom.
//!
//! [`Switch`] is the whole state. The driver owns it as a plain `&mut`, hands it one request at a time and gets
//! [`Effects`]: frames that are ready for the sockets, and the steps that say who gets which frame and what the log
//! tells about it. An event is encoded once for all its receivers, at most twice where one copy alone carries a
//! ReferenceID.
//!
//! Where things are: `world` and `options` read the configuration, `registry` knows clients, DNs and registrations,
//! `turn` finds the handler of a request, `events` writes events and finds their receivers. The handlers stand by theme:
//! `user_events`, `registration`, `queries`, `agents`, `calls`, `user_data`. A rule that nobody has published is marked
//! "chosen" where it is obeyed; "facts 3.3" and the like are sections of the project's collection of public facts.
//!
//! What this crate is **not**: it has no sockets, no files, no clock (time is an argument) and no log macros.
//!
//! ```
//! use tbus_core::{ClientId, Effects, Step, Switch, World};
//! use tlib_proto::{AttributeId, Message, MessageId, Timestamp};
//!
//! let mut switch = Switch::new(World::default());
//! let mut effects = Effects::new();
//! let hello = Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| {
//!     m.str(AttributeId::APPLICATION_NAME, "Stat_Server")
//! })?;
//! switch.open(ClientId(0), Timestamp::new(1_348_817_660, 757_000), hello.view(), &mut effects);
//! for step in effects.steps() {
//!     if let Step::Deliver(delivery) = step {
//!         assert_eq!(delivery.message, MessageId::EVENT_LINK_CONNECTED);
//!         assert_eq!(delivery.to, [ClientId(0)]);
//!     }
//! }
//! effects.clear_steps();
//! let batch = effects.answers.split().freeze(); // what the sockets get
//! # assert!(!batch.is_empty());
//! # Ok::<(), tlib_proto::EncodeError>(())
//! ```

#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

mod agents;
mod calls;
mod dn_name;
mod effects;
mod events;
mod heads;
mod options;
mod played;
mod queries;
mod refusal;
mod registration;
mod registry;
mod switch;
#[cfg(test)]
mod testing;
mod turn;
mod user_data;
mod user_events;
mod world;

pub use dn_name::DnName;
pub use effects::{Buffer, Delivery, Effects, Frame, Function, Note, Step};
pub use options::Options;
pub use played::{Keep, Unplayable};
pub use switch::{ClientId, Switch};
pub use world::{
    AgentConfig, ApplicationConfig, DnConfig, DnType, SwitchConfig, TServerConfig, TenantConfig, World,
    WorldError,
};
