//! Making connections: time-outs, and as many open files as the load needs.

use std::net::TcpStream;

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::dialect::{Dialect, Role};
use crate::error::LoadError;
use crate::plan::Plan;

/// Open files besides the connections (chosen): standard streams, epoll, libraries, what is read from /proc.
const OTHER_FILES: u64 = 64;

/// Lets this process, and those that it starts, have so many connections: raises the soft limit of open files as far as
/// the hard limit allows.
///
/// # Errors
/// [`LoadError::Descriptors`] when the hard limit is too low.
pub fn raise_descriptor_limit(connections: usize) -> Result<(), LoadError> {
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    let mut limits = getrlimit(Resource::Nofile);
    if limits.current.is_none_or(|limit| limit >= needed) {
        return Ok(());
    }
    if let Some(limit) = limits.maximum.filter(|limit| *limit < needed) {
        return Err(LoadError::Descriptors { needed, limit });
    }
    limits.current = Some(needed);
    setrlimit(Resource::Nofile, limits).map_err(|error| LoadError::system("limit of open files", error))
}

/// A blocking connection to the plan's server, with time-outs.
pub(crate) fn stream(plan: &Plan) -> Result<TcpStream, LoadError> {
    let connect = || {
        let stream = TcpStream::connect_timeout(&plan.server, plan.patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(plan.patience))?;
        stream.set_write_timeout(Some(plan.patience))?;
        Ok(stream)
    };
    connect().map_err(|source| LoadError::Connect { address: plan.server, source })
}

/// A connection after its handshake, which does not block any more. One handshake is under way at a time, so a server
/// need not have a long queue for connections.
pub(crate) fn open(plan: &Plan, dialect: &dyn Dialect, role: &Role) -> Result<TcpStream, LoadError> {
    let mut stream = stream(plan)?;
    dialect.open(plan, &mut stream, role)?;
    stream.set_nonblocking(true).map_err(|error| LoadError::system("non-blocking socket", error))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_named() {
        assert!(raise_descriptor_limit(0).is_ok());
        let error = raise_descriptor_limit(usize::MAX);
        // Without a hard limit everything is allowed, as far as the kernel goes.
        if getrlimit(Resource::Nofile).maximum.is_some() {
            let text = error.unwrap_err().to_string();
            assert!(text.contains("open files are needed") && text.contains("ulimit -n"), "{text}");
        }
    }
}
