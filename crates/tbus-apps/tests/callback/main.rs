//! The callback service over real sockets, with a real T-Server and an HTTP client.

mod away;
mod embedded;
mod hostile;
mod support;
