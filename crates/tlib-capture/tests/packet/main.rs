//! Captured packets: written, read, cut, mixed and damaged.

mod files;
mod hostile;
mod log_text;
mod memory;
mod reassembly;
mod shipped;
mod support;
mod wireshark;
mod writing;
