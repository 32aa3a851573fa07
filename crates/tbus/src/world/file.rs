//! The world file that commands are given.

use std::path::Path;

use anyhow::anyhow;
use tbus_core::World;

use crate::exit::{Failure, unreadable};

/// The world of the file; without one, that of the published example.
pub(crate) fn read(path: Option<&Path>) -> Result<World, Failure> {
    let Some(path) = path else { return Ok(World::default()) };
    let name = path.display();
    let text = std::fs::read(path)
        .map_err(|error| Failure::bad(unreadable(&error).context(format!("world file {name}"))))?;
    let text = String::from_utf8(text).map_err(|_| Failure::bad(anyhow!("{name}: is not UTF-8 text")))?;
    World::from_toml(&text)
        .map_err(|error| Failure::bad(anyhow!("{name}:{}:{}: {}", error.line, error.column, error.message)))
}
