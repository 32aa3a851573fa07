//! How many files, and that is sockets, the process may have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Descriptors beside the clients' sockets: files, threads, the reactor's own (chosen, with room).
const OTHERS: u64 = 64;

/// Raises the limit so that so many sockets fit, as far as the system lets everybody do that. Shells start programs with a
/// limit of 1024, for the sake of old ones.
pub(crate) fn raise(sockets: usize) {
    let mut limit = getrlimit(Resource::Nofile);
    let needed = u64::try_from(sockets).unwrap_or(u64::MAX).saturating_add(OTHERS);
    let most = limit.maximum.map_or(needed, |most| needed.min(most));
    if limit.current.is_some_and(|current| current < most) {
        limit.current = Some(most);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, most, "cannot raise the limit of open files");
        }
    }
}
