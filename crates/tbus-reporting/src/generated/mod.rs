//! What `cargo xtask codegen` writes from `protocol-spec`. The file keeps one row per line, so rustfmt leaves it alone.

#[rustfmt::skip]
pub mod keys;
