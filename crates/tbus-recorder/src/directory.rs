//! The numbers that a configuration has for things: DBIDs.

use std::collections::HashMap;

/// DBIDs for columns such as ENDPOINTID and TENANTID (facts 2.6). A simulator has no configuration layer, so whoever
/// runs the recorder says them; 0 stands for unknown (chosen).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// DBID of the tenant.
    pub tenant: i32,
    /// DBID of the switch.
    pub switch: i32,
    /// DBID of the T-Server application.
    pub t_server: i32,
    /// DBID of the recorder's own application.
    pub icon: i32,
    /// DBIDs of the DNs, by number.
    pub dns: HashMap<String, i32>,
}

impl Directory {
    /// DBID of a DN; 0 when it is not known.
    pub fn dn(&self, number: &str) -> i32 {
        self.dns.get(number).copied().unwrap_or_default()
    }
}
