//! What `watch`, `send` and `demo` share: a runtime, a connection, and what its errors mean to a user.

use anyhow::anyhow;
use tbus_core::World;
use tlib_net::client::{ClientOptions, ServerError};
use tlib_net::{Client, ClientError};
use tlib_proto::ErrorCode;

use crate::exit::{Exit, Failure, cut};
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
    failure_at(&error, "--server")
}

/// The same for a command whose server is named by another option.
pub(crate) fn failure_at(error: &ClientError, option: &str) -> Failure {
    failure_with(error, option, |error| server_hint(error, &[]))
}

/// The same for a registration on a DN, which this option has named.
pub(crate) fn registration_failure(error: ClientError, option: &str, dn: &str) -> Failure {
    let hint = |error: &ServerError| {
        let several = error.code == ErrorCode::NOT_CONFIGURED && dn.contains(',');
        let repeat = if several { format!("; repeat {option} for several DNs") } else { String::new() };
        format!("{repeat}{}", server_hint(error, &[dn]))
    };
    failure_with(&error, "--server", hint).context(cut(dn))
}

fn failure_with(error: &ClientError, option: &str, server_hint: impl Fn(&ServerError) -> String) -> Failure {
    let exit = match error {
        ClientError::TimedOut { .. } => Exit::Unmet,
        ClientError::Connect { .. } | ClientError::Lost(_) | ClientError::Wire(_) => Exit::System,
        _ => Exit::Refused,
    };
    let hint = match error {
        ClientError::Connect { .. } => {
            format!("; `{} serve` starts a server, {option} names another one", invocation::command())
        }
        ClientError::Refused { error, .. } | ClientError::Server { error, .. } => server_hint(error),
        _ => String::new(),
    };
    Failure::Failed { exit, error: anyhow!("{error}{hint}") }
}

/// What to do about an EventError that a request with these DNs has caused.
pub(crate) fn server_hint(error: &ServerError, dns: &[&str]) -> String {
    let spec = format!("`{} spec {}` tells more", invocation::command(), error.code.0);
    if error.code != ErrorCode::NOT_CONFIGURED {
        return format!("; {spec}");
    }
    let world = World::default();
    let names: Vec<_> = world.dns.iter().map(|dn| dn.number.as_str()).collect();
    let other_case =
        |dn: &&str| names.iter().copied().find(|name| name != dn && name.eq_ignore_ascii_case(dn));
    let hint = if let Some(name) = dns.iter().find_map(other_case) {
        format!("did you mean {name}? DN names are case-sensitive")
    } else {
        format!("the server's world has no such DN, the default world has {}", names.join(", "))
    };
    format!("; {hint}; {spec}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_dn_is_explained() {
        let hint =
            |dns: &[&str]| server_hint(&ServerError { code: ErrorCode::NOT_CONFIGURED, text: None }, dns);
        let other_case = "; did you mean REPORTING? DN names are case-sensitive; ";
        assert!(hint(&["Reporting"]).starts_with(other_case));
        assert!(hint(&["7001", "reporting"]).starts_with(other_case));
        for dns in [&["NOWHERE"][..], &["REPORTING"], &[]] {
            assert!(hint(dns).contains("the default world has REPORTING, Callback_VQ"), "{dns:?}");
        }
    }
}
