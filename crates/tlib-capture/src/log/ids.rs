//! Numbers of standard lines. A published number carries its published text; everything of our own has a number that
//! no public page or sample shows. Those from 25000 up are the recorder's, as ICON's are.

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
/// `Database queue [GUD]: persistent queue transaction <n> is being processed.` (published).
pub const DATABASE_BEGUN: u32 = 25003;
/// `Database queue [GUD]: persistent queue transaction <n> is processed, committed and removed. ..` (published).
pub const DATABASE_DONE: u32 = 25004;
/// `Persistent Queue GUD: transaction <n> is committed. <k> records written into the queue` (published).
pub const QUEUE_COMMITTED: u32 = 25016;
/// The recorder's connection: session opened or closed, registered on a DN or not (chosen).
pub const SOURCE: u32 = 25190;
/// Events that are missing, or may be, and which (chosen).
pub const MISSING: u32 = 25191;
/// The queue is nearly full, is full, has room again, cannot be written (chosen).
pub const QUEUE_ROOM: u32 = 25192;
/// The database cannot be written; a transaction is tried again; it works again (chosen).
pub const DATABASE_TROUBLE: u32 = 25193;
/// What was not stored as it came: pairs dropped or cut, with counts (chosen).
pub const NOT_STORED: u32 = 25194;
/// The connection of an application such as Stat Server or URS: opened, lost, registered on a DN or not (chosen).
pub const APPLICATION: u32 = 24190;
