//! End-to-end tests: the real binary over real sockets, the README as it stands, and the import table.

mod architecture;
mod binary;
mod parsers;
mod readme;
mod recorder;
