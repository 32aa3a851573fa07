//! What the tests of the other crates share. Used as a dev-dependency only.
//!
//! * [`strategy`]: messages of every kind, for property tests.
//! * [`TestClock`]: a wall clock that stands still until a test moves it.

mod clock;
pub mod strategy;

pub use clock::TestClock;
