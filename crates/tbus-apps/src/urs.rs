//! URS, as a subscriber: it registers, receives, and keeps the log of a T-Library client.
//!
//! It routes nothing: which requests a router sends, and why, is not part of this project.

use tlib_capture::ClientForm;

use crate::subscriber::Style;

/// Application name in the published example.
pub const NAME: &str = "Universal_Routing_Server";

/// Application type in the header of the log (chosen; only T-Server's is published).
pub const KIND: &str = "Universal Routing Server";

/// The forms of its log: requests and events with their attributes (facts `tlib` 5.2).
pub const STYLE: Style =
    Style { sent: Some(ClientForm::RequestTo), received: ClientForm::ReceivedFrom, answers: true };
