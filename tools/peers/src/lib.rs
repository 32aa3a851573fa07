//! tbus beside NATS, Redis, Mosquitto and a server that only copies, under one load.
//!
//! A [`shape::Shape`] says what load, a [`server::Setup`] which server; [`matrix`] runs every server in every shape, with the
//! repetitions outermost, and keeps what came out. Everything said about it (table, JSON lines, goals, chart) is computed
//! from those results. [`scenarios`] compare tbus with itself.

pub mod args;
pub mod chart;
pub mod dialect;
pub mod goals;
pub mod line;
pub mod load;
pub mod machine;
pub mod matrix;
pub mod measure;
pub mod progress;
pub mod raw;
pub mod results;
pub mod scenarios;
pub mod server;
pub mod shape;
pub mod table;
