//! What the tests of the other crates share. Used as a dev-dependency only.
//!
//! * [`corpus`]: the seeds of the fuzz targets.
//! * [`strategy`]: messages of every kind, for property tests.
//! * [`Postgres`]: a PostgreSQL server of one's own.
//! * [`published`]: the published samples.
//! * [`vectors`]: golden frames as annotated hex.
//! * [`mock_server`]: a scripted T-Server.
//! * [`TestClock`]: a wall clock that stands still until a test moves it.

mod clock;
pub mod corpus;
pub mod mock_server;
mod port;
mod postgres;
pub mod published;
pub mod strategy;
pub mod vectors;

pub use clock::TestClock;
pub use postgres::{Postgres, PostgresOptions};
