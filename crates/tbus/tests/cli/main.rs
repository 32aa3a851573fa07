//! The real binary, as a user runs it.

mod anonymize;
mod app;
mod callback;
mod capture;
mod chain;
mod codec;
mod demo;
mod etl;
mod etl_killed;
mod help;
mod icon;
mod idb;
mod infomart;
mod lint;
#[cfg(target_os = "linux")]
mod load;
mod log;
#[cfg(unix)]
mod record;
mod replay;
#[cfg(unix)]
mod replay_generated;
mod report;
mod serve;
mod support;
mod talk;
mod world;
