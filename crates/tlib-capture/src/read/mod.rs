//! Vendor-style logs: the reading half.
//!
//! [`LogReader`] reads a log of any size as a stream of borrowed [`Record`]s, its own logs and those of others
//! (`protocol-spec/log-format.md`, "What a reader tolerates"). Attributes and pairs are split where they stand, nothing is
//! copied; [`Block::to_message`] makes a message of a block, through the text codec of tlib-proto.
//!
//! ```
//! use tlib_capture::read::{Kind, LogReader};
//!
//! let log = b"@00:34:20.7570 [0] 8.1.000.62 send_to_client: message EventACK\n\tAttributeReferenceID\t431\n";
//! let mut reader = LogReader::new("server.log", &log[..]);
//! while let Some(record) = reader.next()? {
//!     for complaint in record.complaints {
//!         eprintln!("{}: {complaint}", record.at.file);
//!     }
//!     if let Kind::Block(block) = &record.kind {
//!         assert_eq!(block.name, b"EventACK");
//!         assert_eq!(block.attribute(b"ReferenceID"), Some(&b"431"[..]));
//!         let (message, _left_out) = block.to_message()?;
//!         assert_eq!(message.view().reference_id()?, Some(431));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod header;
mod line;
mod reader;
mod record;
mod repeats;
mod scan;
mod shape;
mod source;
mod split;
mod time;

pub use block::{Attribute, Block, Field, Fields, Pair};
pub use header::Header;
pub(crate) use header::name_length as header_name;
pub use reader::LogReader;
pub use record::{Client, Complaint, Interaction, Kind, Line, Origin, Position, ReadError, Receipt, Record};
pub(crate) use shape::pair_key;
pub use source::{BLOCK_LIMIT, LINE_LIMIT};
pub use time::Time;
