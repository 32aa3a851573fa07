//! The reader of logs.

mod forms;
mod support;
