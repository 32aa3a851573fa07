//! Stat Server, as a subscriber: it registers, receives, counts user events, and keeps a log.
//!
//! The vendor's statistics are not reproduced: what is counted here, user events per DN and per value of chosen keys, is chosen.

mod counts;
mod table;

pub use counts::{Counts, DnRow, KeyRow, Snapshot, Tally, Value};
pub use table::table;

use tlib_capture::ClientForm;

use crate::subscriber::Style;

/// Application name in the published example.
pub const NAME: &str = "Stat_Server";

/// Application type in the header of the log (chosen; only T-Server's is published).
pub const KIND: &str = "Stat Server";

/// The forms of its log: events as lines 04541 and 04543 (facts `tlib` 5.2). What it asks is not printed (chosen).
pub const STYLE: Style = Style { sent: None, received: ClientForm::Told, answers: false };

/// The keys that are counted unless others are named (chosen): that of the published example, and those of callbacks that a
/// report is made of.
pub const KEYS: [&str; 4] = ["gms_ServiceName", "_CB_DIM_TYPE", "_CB_DIM_CHANNEL", "_CB_DISPOSITION"];
