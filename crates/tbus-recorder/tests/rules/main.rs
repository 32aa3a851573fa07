//! The rules from events to rows: every rule on a memory sink, on SQLite and on PostgreSQL, against truth files.

mod adata;
mod apply;
mod attached;
mod calls;
mod events;
mod hostile;
mod ini;
mod memory;
mod random;
mod row;
mod sessions;
mod truth;
mod user_events;
