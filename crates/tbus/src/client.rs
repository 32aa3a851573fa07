//! What `watch`, `send` and `demo` share: a runtime, a connection, and what its errors mean to a user.

use anyhow::anyhow;
use tbus_core::World;
use tlib_net::client::{ClientOptions, ServerError};
use tlib_net::{Client, ClientError};
use tlib_proto::ErrorCode;

use crate::exit::{Exit, Failure};
use crate::invocation;

/// The runtime of a client: everything happens on this thread.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::system(anyhow!(error).context("cannot start")))
}

/// Connects and opens the session.
pub(crate) async fn connect(address: &str, options: ClientOptions) -> Result<Client, Failure> {
    Client::connect_with(address, options).await.map_err(failure)
}

/// The exit code of an error, and what to do about it.
pub(crate) fn failure(error: ClientError) -> Failure {
    let exit = match &error {
        ClientError::TimedOut { .. } => Exit::Unmet,
        ClientError::Connect { .. } | ClientError::Lost(_) | ClientError::Wire(_) => Exit::System,
        _ => Exit::Refused,
    };
    let hint = match &error {
        ClientError::Connect { .. } => {
            format!("; `{} serve` starts a server, --server names another one", invocation::command())
        }
        ClientError::Refused { error, .. } | ClientError::Server { error, .. } => server_hint(error),
        _ => String::new(),
    };
    Failure::Failed { exit, error: anyhow!("{error}{hint}") }
}

/// What to do about an EventError.
pub(crate) fn server_hint(error: &ServerError) -> String {
    let spec = format!("`{} spec {}` tells more", invocation::command(), error.code.0);
    if error.code != ErrorCode::NOT_CONFIGURED {
        return format!("; {spec}");
    }
    let world = World::default();
    let names: Vec<_> = world.dns.iter().map(|dn| dn.number.as_str()).collect();
    format!("; the server's world has no such DN, the default world has {}; {spec}", names.join(", "))
}
