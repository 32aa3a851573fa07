//! The recorder as a whole: a scripted T-Server in front of it, a database behind it.

mod data;
mod grouping;
mod log;
mod missing;
mod sessions;
mod start;
mod support;
mod trouble;
