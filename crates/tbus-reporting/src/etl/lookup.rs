//! TENANT_KEY and RESOURCE_KEY (`protocol-spec/infomart.md`).

use std::collections::HashMap;

use tbus_db::{Database, DbError, Transaction, Value};

use super::rules::{Doubt, Reading};
use crate::keys::slot;
use crate::mart::{self, Resource, Tenant};

const LAST_TENANT: &str = include_str!("../../sql/etl/last_tenant.sql");
const FIND_TENANT: &str = include_str!("../../sql/etl/find_tenant.sql");
const NAME_TENANT: &str = include_str!("../../sql/etl/name_tenant.sql");
const LAST_RESOURCE: &str = include_str!("../../sql/etl/last_resource.sql");
const BY_DBID: &str = include_str!("../../sql/etl/find_resource_by_dbid.sql");
const BY_TYPE: &str = include_str!("../../sql/etl/find_resource_by_type.sql");
const BY_NAME: &str = include_str!("../../sql/etl/find_resource_by_name.sql");
/// The key of what is named and not known.
const UNKNOWN: i32 = -1;
/// The key of what is not named.
const NO_VALUE: i32 = -2;
/// Answers that are kept in memory; when there are more, all are forgotten (chosen).
const KEPT: usize = 100_000;

/// Gives tenants their names; those that are not there are made.
pub(crate) fn name_tenants(
    tenants: &[(i32, String)],
    audit: i64,
    tx: &mut Transaction<'_>,
) -> Result<(), DbError> {
    for (dbid, name) in tenants {
        let number = Value::Int(i64::from(*dbid));
        if tx.execute(NAME_TENANT, &[Value::Text(name), number])? == 0 {
            let rows = tx.query(LAST_TENANT, &[])?;
            let last = rows.first().map_or(Ok(0), |row| row.int(0))?.max(0);
            let tenant = Tenant {
                tenant_key: key(last).saturating_add(1),
                tenant_name: name,
                tenant_cfg_dbid: Some(*dbid),
                create_audit_key: audit,
            };
            tx.row(&mart::TENANT, &tenant.values())?;
        }
    }
    Ok(())
}

/// What is known of tenants and queues.
#[derive(Debug)]
pub(crate) struct Lookup {
    tenants: HashMap<i32, i32>,
    queues: HashMap<Queue, i32>,
    last_queue: i32,
}

/// What an event says of its queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Queue {
    dbid: Option<i32>,
    type_id: Option<i32>,
    ty: Option<String>,
    name: Option<String>,
}

impl Lookup {
    pub(crate) fn new(database: &mut Database) -> Result<Self, DbError> {
        let rows = database.query(LAST_RESOURCE, &[])?;
        let last_queue = key(rows.first().map_or(Ok(0), |row| row.int(0))?);
        Ok(Self { tenants: HashMap::new(), queues: HashMap::new(), last_queue })
    }

    /// TENANT_KEY of an event.
    pub(crate) fn tenant(
        &mut self,
        reading: &mut Reading<'_>,
        tx: &mut Transaction<'_>,
    ) -> Result<i32, DbError> {
        let Some(dbid) = reading.given(slot::CB_TENANT_DBID) else { return Ok(UNKNOWN) };
        let found = match self.tenants.get(&dbid) {
            Some(found) => *found,
            None => {
                let rows = tx.query(FIND_TENANT, &[Value::Int(dbid.into())])?;
                let found = match rows.first() {
                    Some(row) => key(row.int(0)?),
                    None => UNKNOWN,
                };
                if self.tenants.len() >= KEPT {
                    self.tenants.clear();
                }
                self.tenants.insert(dbid, found);
                found
            }
        };
        if found == UNKNOWN {
            reading.doubts.push((slot::CB_TENANT_DBID, Doubt::UnknownTenant));
        }
        Ok(found)
    }

    /// RESOURCE_KEY of an event. A queue that is named and not known is made.
    pub(crate) fn queue(
        &mut self,
        reading: &mut Reading<'_>,
        audit: i64,
        tx: &mut Transaction<'_>,
    ) -> Result<i32, DbError> {
        let text = |slot| reading.event.text(slot).map(str::to_owned);
        let queue = Queue {
            dbid: reading.given(slot::CB_DIM_VQ_DBID),
            type_id: reading.given(slot::VQ_CFG_TYPE_ID),
            ty: text(slot::VQ_CFG_TYPE),
            name: text(slot::CB_DIM_VQ),
        };
        if queue == (Queue { dbid: None, type_id: None, ty: None, name: None }) {
            return Ok(NO_VALUE);
        }
        let found = match self.queues.get(&queue) {
            Some(found) => *found,
            None => {
                let found = match (find(&queue, tx)?, &queue.name) {
                    (Some(found), _) => found,
                    (None, None) => UNKNOWN,
                    (None, Some(name)) => self.add(&queue, name, audit, tx)?,
                };
                if self.queues.len() >= KEPT {
                    self.queues.clear();
                }
                self.queues.insert(queue, found);
                found
            }
        };
        if found == UNKNOWN {
            reading.doubts.push((slot::CB_DIM_VQ_DBID, Doubt::UnknownQueue));
        }
        Ok(found)
    }

    fn add(
        &mut self,
        queue: &Queue,
        name: &str,
        audit: i64,
        tx: &mut Transaction<'_>,
    ) -> Result<i32, DbError> {
        self.last_queue = self.last_queue.saturating_add(1);
        let row = Resource {
            resource_key: self.last_queue,
            resource_name: name,
            resource_cfg_dbid: queue.dbid,
            resource_cfg_type_id: queue.type_id,
            resource_type: queue.ty.as_deref(),
            create_audit_key: audit,
        };
        tx.row(&mart::RESOURCE_, &row.values())?;
        // A new row can be a better answer to an earlier question; without this, what a run gives would hang on where it began.
        self.queues.clear();
        Ok(self.last_queue)
    }
}

/// By DBID and number of the type, else by type and name, else by name.
fn find(queue: &Queue, tx: &mut Transaction<'_>) -> Result<Option<i32>, DbError> {
    if let (Some(dbid), Some(type_id)) = (queue.dbid, queue.type_id) {
        let rows = tx.query(BY_DBID, &[Value::Int(dbid.into()), Value::Int(type_id.into())])?;
        if let Some(row) = rows.first() {
            return row.int(0).map(|found| Some(key(found)));
        }
    }
    let Some(name) = queue.name.as_deref().map(Value::Text) else { return Ok(None) };
    let dbid = Value::Int(queue.dbid.map_or(-1, i64::from));
    if let Some(ty) = queue.ty.as_deref().map(Value::Text) {
        let rows = tx.query(BY_TYPE, &[name, ty, dbid, dbid])?;
        if let Some(row) = rows.first() {
            return row.int(0).map(|found| Some(key(found)));
        }
    }
    let rows = tx.query(BY_NAME, &[name, dbid, dbid])?;
    rows.first().map(|row| row.int(0).map(key)).transpose()
}

/// A key as its column holds it.
fn key(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(UNKNOWN)
}
