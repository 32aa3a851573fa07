//! What engineers do with captured traffic.
//!
//! What this crate is **not**: it has no routing rules; it reads what was captured and what is stored, and says or writes
//! what follows from it.
