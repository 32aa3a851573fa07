//! Numbers of standard lines. A published number carries its published text; everything of our own has a number that
//! no public page or sample shows.

/// `Logging service started` (published).
pub const STARTED: u32 = 4100;
/// `The Log Output of type 'file' has been created and opened` (published).
pub const OUTPUT_OPENED: u32 = 4112;
/// A request, as received from a client (published).
pub const RECEIVED: u32 = 4541;
/// A message, as sent to a client (published).
pub const SENT: u32 = 4542;
/// A request, as an interaction (published).
pub const INTERACTION: u32 = 4543;
/// The last line of a segment or of the log (chosen: the vendor's number and text are not published).
pub const CLOSED: u32 = 4198;
/// How many lines could not be written, and why (chosen: the vendor has no such line that we know of).
pub const LOST: u32 = 4199;
/// A client is gone, and why; a connection that was turned away (chosen).
pub const DISCONNECTED: u32 = 4197;
/// A message that cannot be read (the number is published for what a client receives from a server; that a server
/// uses it for what it receives from a client is chosen).
pub const INVALID: u32 = 4546;
