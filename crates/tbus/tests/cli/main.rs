//! The real binary, as a user runs it.

mod capture;
mod codec;
mod demo;
mod help;
mod icon;
mod idb;
mod log;
#[cfg(unix)]
mod record;
mod replay;
mod serve;
mod support;
mod talk;
mod world;
