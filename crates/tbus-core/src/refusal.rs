//! Why a request is refused: the code and the text of its EventError.

use std::borrow::Cow;

use tlib_proto::{AttributeError, AttributeId, EncodeError, ErrorCode};

use crate::effects::Shown;

/// What EventError will say. Which code goes with which mistake is chosen wherever facts 4 only names the code.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) text: Cow<'static, str>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    /// 53: the request makes no sense without this attribute.
    pub(crate) fn missing(attribute: AttributeId) -> Self {
        Self::new(ErrorCode::INVALID_ATTR, format!("Attribute{attribute} is missing"))
    }

    /// 53: the number has no name in the attribute's enumeration.
    pub(crate) fn no_such_value(attribute: AttributeId, value: i32) -> Self {
        Self::new(ErrorCode::INVALID_ATTR, format!("Attribute{attribute} {value} is not defined"))
    }

    /// 59: no such DN in this world.
    pub(crate) fn unknown_dn(name: &[u8]) -> Self {
        Self::new(ErrorCode::NOT_CONFIGURED, format!("DN {} is not configured", Shown(name)))
    }

    /// 41: the requester may not speak for this DN.
    pub(crate) fn not_registered(name: &[u8]) -> Self {
        Self::new(ErrorCode::NOT_REGISTERED, format!("DN {} is not registered by this client", Shown(name)))
    }
}

impl From<AttributeError> for Refusal {
    fn from(error: AttributeError) -> Self {
        Self::new(ErrorCode::INVALID_ATTR, error.to_string())
    }
}

impl From<EncodeError> for Refusal {
    fn from(error: EncodeError) -> Self {
        Self::new(ErrorCode::INVALID_ATTR, error.to_string())
    }
}
