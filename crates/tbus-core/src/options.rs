//! `[t-server.options]`: the vendor's options by their own names, and ours in the same spelling.

use std::time::Duration;

use serde::Deserialize;
use tlib_proto::Limits;
use tlib_proto::wire::profile;
use toml::Spanned;

/// What the options of the T-Server say, defaults filled in.
///
/// `user-data-limit` is the vendor's (facts 1.4), `addp-timeout` the vendor's name for the keep-alive; the others are
/// ours (chosen), and the driver is who obeys them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `user-data-limit`: bytes of packed user data, 1 to 65535, default 16000.
    pub user_data_limit: usize,
    /// `addp-timeout`: seconds of silence after which a client is polled; default 0, never.
    pub addp_timeout: Duration,
    /// `handshake-timeout`: seconds until RequestRegisterClient must have come; 1 to 3600, default 10.
    pub handshake_timeout: Duration,
    /// `max-clients`: connections at a time; 1 to 1048576, default 16384.
    pub max_clients: usize,
    /// `frame-limit`: bytes of the longest frame, either way; 8192 to 1 GiB, default 1 MiB.
    pub frame_limit: usize,
    /// `slow-client-soft-limit`: queued bytes from which a client's deadline runs; default 1 MiB.
    pub slow_client_soft_limit: usize,
    /// `slow-client-hard-limit`: queued bytes at which a client is disconnected at once; default 8 MiB.
    pub slow_client_hard_limit: usize,
    /// `slow-client-timeout`: seconds over the soft limit after which a client is disconnected; 1 to 3600, default 5.
    pub slow_client_timeout: Duration,
}

const MEBIBYTE: usize = 1 << 20;
const GIBIBYTE: u64 = 1 << 30;

impl Default for Options {
    fn default() -> Self {
        Self {
            user_data_limit: profile::USER_DATA_LIMIT,
            addp_timeout: Duration::ZERO,
            handshake_timeout: Duration::from_secs(profile::HANDSHAKE_SECONDS),
            max_clients: 16_384,
            frame_limit: profile::FRAME_LIMIT,
            slow_client_soft_limit: MEBIBYTE,
            slow_client_hard_limit: MEBIBYTE.saturating_mul(8),
            slow_client_timeout: Duration::from_secs(5),
        }
    }
}

impl Options {
    /// What the codec may read and write under these options.
    pub fn limits(&self) -> Limits {
        Limits { frame: self.frame_limit, ..Limits::default() }
    }
}

/// The options as they stand in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RawOptions {
    user_data_limit: Option<Spanned<u64>>,
    addp_timeout: Option<Spanned<u64>>,
    handshake_timeout: Option<Spanned<u64>>,
    max_clients: Option<Spanned<u64>>,
    frame_limit: Option<Spanned<u64>>,
    slow_client_soft_limit: Option<Spanned<u64>>,
    slow_client_hard_limit: Option<Spanned<u64>>,
    slow_client_timeout: Option<Spanned<u64>>,
}

/// A value outside its range: where it stands in the file, and what to say.
pub(crate) type OutOfRange = (usize, String);

impl RawOptions {
    pub(crate) fn check(self) -> Result<Options, OutOfRange> {
        let mut options = Options::default();
        let hard = self.slow_client_hard_limit.as_ref().map(|value| value.span().start);
        let soft = self.slow_client_soft_limit.as_ref().map(|value| value.span().start);
        size(&mut options.user_data_limit, "user-data-limit", self.user_data_limit, 1, 65_535)?;
        size(&mut options.max_clients, "max-clients", self.max_clients, 1, 1 << 20)?;
        size(&mut options.frame_limit, "frame-limit", self.frame_limit, 8192, GIBIBYTE)?;
        let (name, value) = ("slow-client-soft-limit", self.slow_client_soft_limit);
        size(&mut options.slow_client_soft_limit, name, value, 1, GIBIBYTE)?;
        let (name, value) = ("slow-client-hard-limit", self.slow_client_hard_limit);
        size(&mut options.slow_client_hard_limit, name, value, 1, GIBIBYTE)?;
        time(&mut options.addp_timeout, "addp-timeout", self.addp_timeout, 0)?;
        time(&mut options.handshake_timeout, "handshake-timeout", self.handshake_timeout, 1)?;
        time(&mut options.slow_client_timeout, "slow-client-timeout", self.slow_client_timeout, 1)?;
        if options.slow_client_soft_limit > options.slow_client_hard_limit {
            let text = format!(
                "slow-client-soft-limit {} is over slow-client-hard-limit {}",
                options.slow_client_soft_limit, options.slow_client_hard_limit
            );
            return Err((soft.or(hard).unwrap_or_default(), text));
        }
        Ok(options)
    }
}

fn checked(name: &str, value: &Spanned<u64>, least: u64, most: u64) -> Result<u64, OutOfRange> {
    let number = *value.get_ref();
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err((value.span().start, format!("{name} is {number}, must be {least} to {most}")))
    }
}

fn size(
    option: &mut usize,
    name: &str,
    value: Option<Spanned<u64>>,
    least: u64,
    most: u64,
) -> Result<(), OutOfRange> {
    if let Some(value) = value {
        *option = usize::try_from(checked(name, &value, least, most)?).unwrap_or(usize::MAX);
    }
    Ok(())
}

fn time(
    option: &mut Duration,
    name: &str,
    value: Option<Spanned<u64>>,
    least: u64,
) -> Result<(), OutOfRange> {
    if let Some(value) = value {
        *option = Duration::from_secs(checked(name, &value, least, 3600)?);
    }
    Ok(())
}
