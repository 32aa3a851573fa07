//! The Info Mart on both databases: its tables, what events become, what a run leaves behind.

mod aggregates;
mod place;
mod plans;
mod restart;
mod rules;
mod sample;
mod schema;
mod source;
