//! The reader of logs.

mod forms;
mod generate;
mod generated;
mod hostile;
mod support;
