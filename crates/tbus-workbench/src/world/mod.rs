//! A world from traffic: what logs and captures show of tenant, T-Server, DNs, applications, agents and keys.
//!
//! [`Inference`] follows records of logs and items of captures, in memory that does not grow with them; what it gives is an
//! [`Inferred`] world, whose text says of every DN how its type is known. What no traffic tells stays as in the default world, and
//! the rules for types are chosen: nobody has published any.
//!
//! ```
//! use tbus_workbench::world::{Inference, Style};
//! use tlib_capture::read::LogReader;
//!
//! let log = b"@00:34:20.7570 [0] 8.1.000.62 distribute_call_event: message EventQueued\n\tAttributeThisDN\t'8000'\n";
//! let mut inference = Inference::new();
//! let mut reader = LogReader::new("server.log", &log[..]);
//! while let Some(record) = reader.next()? {
//!     inference.record(&record);
//! }
//! let inferred = inference.finish();
//! assert_eq!(inferred.world().dns[0].number, "8000");
//! assert_eq!(inferred.world().dns[0].ty.name(), "ACD Queue");
//! assert!(inferred.to_toml(Style::default()).contains("# calls wait on it (EventQueued); a guess that no Virtual Queue"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clue;
mod infer;
mod keys;
mod names;
#[cfg(test)]
mod tests;
mod text;

pub use infer::{Inference, Inferred};
pub use text::Style;
