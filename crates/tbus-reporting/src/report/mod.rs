//! The two callback reports: Callback Summary and Callback Details.
//!
//! [`summary`] reads the aggregates, groups them by tenant, queue, callback type, channel and day, and gives a
//! [`Summary`], which renders itself as table, CSV, JSON or HTML. [`details`] writes one line for each callback straight
//! from the database to its output, so that memory does not grow with the number of callbacks. [`charts`] brings what the
//! charts of a HTML page show. `protocol-spec/report.md` has the definitions, the columns and the forms, each with how it
//! is known.
//!
//! Values come from outside: every renderer escapes or replaces what could be read as its own markup.

mod charts;
mod details;
mod error;
mod figures;
mod filter;
mod hints;
mod html;
mod names;
mod percent;
mod summary;
mod terminal;

pub use self::charts::{BUCKETS, Bucket, Charts, Count, Wait, charts};
pub use self::details::{COLUMNS, Column, Details, Format, HTML_ROWS, Kind, TABLE_ROWS, details};
pub use self::error::ReportError;
pub use self::figures::Figures;
pub use self::filter::{Filter, Prompt};
pub use self::hints::hints;
pub use self::html::summary as summary_html;
pub use self::percent::Percent;
pub use self::summary::{HEADER, Line, Page, Summary, summary};

/// The longest line of a table, in characters (chosen).
pub const WIDTH: u16 = 120;
