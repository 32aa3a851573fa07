//! What `cargo xtask codegen` writes from `protocol-spec`. The files keep one row per line, so rustfmt leaves them alone.

#[rustfmt::skip]
pub mod keys;
#[rustfmt::skip]
pub mod mart;
#[rustfmt::skip]
pub(crate) mod source;
