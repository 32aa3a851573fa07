//! What `cargo xtask codegen` writes from `protocol-spec`. The files keep one row per line, so rustfmt leaves them alone.

#[rustfmt::skip]
pub(crate) mod attributes;
#[rustfmt::skip]
pub mod enums;
#[rustfmt::skip]
pub(crate) mod errors;
#[rustfmt::skip]
pub(crate) mod messages;
#[rustfmt::skip]
pub mod profile;
