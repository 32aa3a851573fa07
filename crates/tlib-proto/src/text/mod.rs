//! The log form of a message: the second codec of the same model (`protocol-spec/log-format.md`).
//!
//! [`print_attributes`] writes the attribute lines as T-Server does, [`Reader`] reads them back, also from logs of
//! others. What the vendor's text cannot show (binary, unicode, quotes and line breaks in values, unknown attributes)
//! has a chosen, marked form, so that `message -> text -> message` gives every byte back; golden text never needs it.

mod escape;
mod grammar;
mod parse;
mod print;

pub use parse::{Complaint, Reader, TextError, heading, parse_message};
pub use print::{TextStyle, print_attributes, print_clock, print_list_head, print_message};
