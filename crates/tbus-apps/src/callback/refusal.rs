//! Why a request is refused.

use std::fmt;

/// What kind of refusal, and with that the HTTP status and the `phrase` of the answer. `BAD_PARAMETER` with 400 is
/// published, and 503 for throttled requests (facts infomart 7.1, public tests of the API); the others are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// A parameter is missing or wrong.
    BadParameter,
    /// There is no such service, callback or path.
    NotFound,
    /// The path is there, the method is not.
    MethodNotAllowed,
    /// The body did not come in time.
    RequestTimeout,
    /// The callback is not in a state for it, over perhaps.
    State,
    /// The body, or a part of it, is too long.
    TooLarge,
    /// The body is of a type that is not read.
    UnsupportedMediaType,
    /// A limit of the service is reached.
    Throttled,
}

impl Phrase {
    /// `phrase` of the answer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadParameter => "BAD_PARAMETER",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::RequestTimeout => "REQUEST_TIMEOUT",
            Self::State => "INVALID_STATE",
            Self::TooLarge => "TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::Throttled => "SERVICE_UNAVAILABLE",
        }
    }

    /// HTTP status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadParameter => 400,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::State => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Throttled => 503,
        }
    }

    /// `exception` of the answer (chosen: the name of a class is published for none of them).
    pub const fn exception(self) -> &'static str {
        match self {
            Self::BadParameter => "BadParameterException",
            Self::NotFound => "NotFoundException",
            Self::MethodNotAllowed => "MethodNotAllowedException",
            Self::RequestTimeout => "RequestTimeoutException",
            Self::State => "InvalidStateException",
            Self::TooLarge => "TooLargeException",
            Self::UnsupportedMediaType => "UnsupportedMediaTypeException",
            Self::Throttled => "ServiceUnavailableException",
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind.
    pub phrase: Phrase,
    /// What is wrong, and where.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(phrase: Phrase, message: impl Into<String>) -> Self {
        Self { phrase, message: message.into() }
    }

    /// A parameter is missing or wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(Phrase::BadParameter, message)
    }

    /// A parameter has a value that it cannot have.
    pub(crate) fn value(name: &str, found: &str, legal: impl fmt::Display) -> Self {
        Self::bad(format!("{name}={}: expected {legal}", super::options::cut(found)))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.phrase.name(), self.message)
    }
}

impl std::error::Error for Refusal {}
