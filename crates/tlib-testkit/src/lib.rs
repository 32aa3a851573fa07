//! What the tests of the other crates share. Used as a dev-dependency only.
//!
//! * [`strategy`]: messages of every kind, for property tests.
//! * [`published`]: the published samples.
//! * [`vectors`]: golden frames as annotated hex.
//! * [`TestClock`]: a wall clock that stands still until a test moves it.

mod clock;
pub mod published;
pub mod strategy;
pub mod vectors;

pub use clock::TestClock;
