//! What engineers do with captured traffic: [`world`] infers a world from it, [`anonymize`] takes people out of a database of it,
//! [`lint`] checks the user events of callbacks.
//!
//! What this crate is **not**: it has no routing rules; it reads what was captured and what is stored, and says or writes
//! what follows from it.

#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

pub mod anonymize;
pub mod lint;
pub mod world;
