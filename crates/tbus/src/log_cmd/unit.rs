//! Which lines belong together: a request's block with its line 04543 and the notes behind it, an event's block with its lines
//! 04542.

use tlib_capture::read::{Kind, Origin, Record};

/// What a record does to the unit before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It begins a unit.
    Begins,
    /// It belongs to the unit before.
    Belongs,
    /// It belongs to no message.
    Apart,
}

/// Follows the records of a log.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// Name of the message of the open unit.
    name: Vec<u8>,
    open: bool,
    /// Whether a line 04543 may still come.
    awaits_interaction: bool,
}

impl Units {
    /// Tells where a record belongs.
    pub(super) fn role(&mut self, record: &Record<'_>) -> Role {
        let (name, awaits) = match &record.kind {
            Kind::Block(block) => {
                let request = matches!(block.origin, Origin::Received(_) | Origin::Bare);
                (block.name, request)
            }
            Kind::Received(receipt) => (receipt.message, true),
            Kind::Interaction(line) => {
                if self.open && self.awaits_interaction && self.name == line.message {
                    self.awaits_interaction = false;
                    return Role::Belongs;
                }
                (line.message, false)
            }
            Kind::Sent(receipt) => {
                if self.open && self.name == receipt.message {
                    return Role::Belongs;
                }
                (receipt.message, false)
            }
            Kind::Note(_) if self.open => return Role::Belongs,
            _ => {
                self.open = false;
                return Role::Apart;
            }
        };
        self.name.clear();
        self.name.extend_from_slice(name);
        self.open = true;
        self.awaits_interaction = awaits;
        Role::Begins
    }
}
