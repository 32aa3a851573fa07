//! The Info Mart on both databases.

mod place;
mod schema;
