//! What call events carry, in which order.

use tlib_proto::enums::{CallState, CallType};
use tlib_proto::wire::MessageWriter;
use tlib_proto::{AttributeError, AttributeId, KvRef, MessageRef};

use super::{Call, Side};

/// What the event that answers a request repeats of it.
#[derive(Clone, Copy)]
pub(crate) struct Echo<'t> {
    extensions: Option<KvRef<'t>>,
    reason: Option<KvRef<'t>>,
}

impl<'t> Echo<'t> {
    pub(crate) fn read(request: MessageRef<'t>) -> Result<Self, AttributeError> {
        let extensions = request.list(AttributeId::EXTENSIONS)?;
        Ok(Self { extensions, reason: request.list(AttributeId::REASON)? })
    }
}

/// One event of a call, after its head.
pub(crate) struct CallEvent<'a> {
    pub(crate) call: &'a Call,
    /// Whose DN is ThisDN; `None` where the receiver is no party.
    pub(crate) this: Option<Side>,
    pub(crate) state: Option<CallState>,
    pub(crate) echo: Option<Echo<'a>>,
    pub(crate) reference: Option<u32>,
    /// Who has changed the data.
    pub(crate) third_party: Option<&'a [u8]>,
    /// Whether UserData is there even when it is empty.
    pub(crate) is_about_data: bool,
}

impl<'a> CallEvent<'a> {
    pub(crate) const fn new(call: &'a Call, this: Option<Side>) -> Self {
        Self { call, this, state: None, echo: None, reference: None, third_party: None, is_about_data: false }
    }

    /// CallType, CallID, ConnID, CallUUID, CallState, UserData, Extensions, Reason, ANI, DNIS, ReferenceID, ThisDN, its
    /// role, OtherDN, its role, ThirdPartyDN (chosen, after the order of EventUserEvent in the published log).
    pub(crate) fn write(&self, writer: &mut MessageWriter<'_>) {
        let call = self.call;
        writer
            .int(AttributeId::CALL_TYPE, CallType::INTERNAL.0)
            .unsigned(AttributeId::CALL_ID, call.number)
            .long(AttributeId::CONN_ID, call.conn_id)
            .str(AttributeId::CALL_UUID, call.uuid());
        if let Some(state) = self.state {
            writer.int(AttributeId::CALL_STATE, state.0);
        }
        let user_data = call.user_data.view();
        if self.is_about_data || !user_data.is_empty() {
            writer.list(AttributeId::USER_DATA, user_data);
        }
        if let Some(echo) = self.echo {
            writer
                .optional(AttributeId::EXTENSIONS, echo.extensions.map(Into::into))
                .optional(AttributeId::REASON, echo.reason.map(Into::into));
        }
        writer
            .str(AttributeId::ANI, call.caller.name.as_bytes())
            .str(AttributeId::DNIS, call.callee.name.as_bytes());
        if let Some(reference) = self.reference {
            writer.unsigned(AttributeId::REFERENCE_ID, reference);
        }
        if let Some(this) = self.this {
            let other = this.other();
            writer
                .str(AttributeId::THIS_DN, call.party(this).name.as_bytes())
                .int(AttributeId::THIS_DN_ROLE, this.role().0)
                .str(AttributeId::OTHER_DN, call.party(other).name.as_bytes())
                .int(AttributeId::OTHER_DN_ROLE, other.role().0);
        }
        if let Some(third_party) = self.third_party {
            writer.str(AttributeId::THIRD_PARTY_DN, third_party);
        }
    }
}
