//! The real binary, as a user runs it.

mod codec;
mod demo;
mod help;
mod icon;
mod idb;
mod serve;
mod support;
mod talk;
