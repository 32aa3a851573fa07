//! What the paths do.

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::openapi;
use crate::callback::machine::{Machine, Record, Started};
use crate::callback::params::Params;
use crate::callback::refusal::Refusal;
use crate::callback::time;
use crate::session::CallDirection;

/// A request that has been read.
pub(super) struct Call<'c> {
    pub(super) machine: &'c mut Machine,
    /// The values of the path's places, in their order.
    pub(super) path: &'c [String],
    pub(super) params: Params,
    /// Seconds since 1970.
    pub(super) now: i64,
}

impl<'c> Call<'c> {
    fn place(&self, number: usize) -> &'c str {
        self.path.get(number).map(String::as_str).unwrap_or_default()
    }
}

/// A path and a method.
pub(crate) struct Route {
    /// The method.
    pub(crate) method: Method,
    /// The path, with places as `{name}`.
    pub(crate) path: &'static str,
    /// Parameters that may be there more than once.
    pub(super) repeated: &'static [&'static str],
    pub(super) answer: Answer,
}

type Answer = fn(Call<'_>) -> Result<Json, Refusal>;

const fn route(method: Method, path: &'static str, answer: Answer) -> Route {
    Route { method, path, repeated: &[], answer }
}

/// All of them (facts infomart 7.1; the place of the description is chosen).
pub(crate) static ROUTES: [Route; 14] = [
    route(Method::POST, "/genesys/1/service/callback/{name}", start),
    route(Method::GET, "/genesys/1/service/callback/{name}", query_service),
    route(Method::GET, "/genesys/1/service/callback", query),
    route(Method::DELETE, "/genesys/1/service/callback/{name}/{id}", cancel),
    route(Method::PUT, "/genesys/1/service/callback/{name}/{id}", reschedule),
    route(Method::GET, "/genesys/1/service/callback/{name}/availability", availability),
    route(Method::GET, "/genesys/1/service/{id}/check-queue-position", position),
    route(Method::POST, "/genesys/1/service/{id}/check-queue-position", position),
    route(Method::GET, "/genesys/1/admin/callback/queues", queues),
    route(Method::POST, "/genesys/1/admin/callback/cancel", cancel_many),
    route(Method::POST, "/genesys/1/admin/callback/reportcancelled", report_cancelled),
    Route {
        method: Method::GET,
        path: "/genesys/1/admin/callback/watermarks",
        repeated: &["service_name"],
        answer: watermarks,
    },
    route(Method::GET, openapi::PATH, description),
    route(Method::GET, "/", root),
];

fn start(call: Call<'_>) -> Result<Json, Refusal> {
    let name = call.place(0);
    let started = call.machine.start(name, call.params, call.now)?;
    Ok(dialog(&started))
}

/// What an application shows to the customer (facts infomart 7.1; the texts but the first are chosen).
fn dialog(started: &Started) -> Json {
    let text = match started.desired {
        None => "You will receive the call shortly".to_owned(),
        Some(at) => format!("You will receive the call at {}", time::format(at)),
    };
    match (&started.access_number, started.direction) {
        (Some(number), CallDirection::CustomerOriginated) if !started.chat => json!({
            "_id": started.id,
            "_action": "DialNumber",
            "_access_number": number,
            "_tel_url": format!("tel:{number}"),
            "_expiration_time": time::format(started.expires),
        }),
        _ if started.chat => json!({
            "_id": started.id,
            "_action": "StartChat",
            "_dialog_id": "0",
            "_expiration_time": time::format(started.expires),
        }),
        _ => json!({
            "_id": started.id,
            "_action": "ConfirmationDialog",
            "_dialog_id": "0",
            "_text": text,
            "_ok_title": "Ok",
        }),
    }
}

fn cancel(call: Call<'_>) -> Result<Json, Refusal> {
    let (name, id) = (call.place(0), call.place(1));
    call.params.only(&[])?;
    call.machine.cancel(name, id, call.now)?;
    Ok(json!({ "_id": id }))
}

fn reschedule(call: Call<'_>) -> Result<Json, Refusal> {
    let (name, id) = (call.place(0), call.place(1));
    call.machine.reschedule(name, id, call.params, call.now).map(record)
}

fn query(call: Call<'_>) -> Result<Json, Refusal> {
    call.machine.query(None, call.params).map(records)
}

fn query_service(call: Call<'_>) -> Result<Json, Refusal> {
    let name = call.place(0);
    call.machine.query(Some(name), call.params).map(records)
}

fn availability(call: Call<'_>) -> Result<Json, Refusal> {
    let free = call.machine.availability(call.place(0), &call.params, call.now)?;
    Ok(Json::Object(free.into_iter().map(|(at, count)| (time::format(at), count.into())).collect()))
}

fn position(call: Call<'_>) -> Result<Json, Refusal> {
    call.params.only(&[])?;
    let position = call.machine.position(call.place(0), call.now)?;
    Ok(json!({
        "_id": call.place(0),
        "position": position.position,
        "total": position.total,
        "ewt": position.ewt,
    }))
}

fn queues(call: Call<'_>) -> Result<Json, Refusal> {
    let queues = call.machine.queues(&call.params, call.now)?;
    Ok(Json::Object(queues.into_iter().map(|(name, found)| (name, records(found))).collect()))
}

fn cancel_many(call: Call<'_>) -> Result<Json, Refusal> {
    call.params.only(&["reason", "ids"])?;
    let reason = call.params.text("reason")?;
    let Some(ids) = call.params.list("ids") else {
        return Err(Refusal::bad("parameter ids is missing, a list of ids"));
    };
    let (cancelled, refused) = call.machine.cancel_many(ids, reason, call.now);
    let refused: Vec<_> = refused
        .into_iter()
        .map(
            |(id, refusal)| json!({ "_id": id, "phrase": refusal.phrase.name(), "message": refusal.message }),
        )
        .collect();
    Ok(json!({ "cancelled": cancelled, "refused": refused }))
}

fn report_cancelled(call: Call<'_>) -> Result<Json, Refusal> {
    call.params.only(&["callback_reason", "exported_properties"])?;
    let reason = call.params.text("callback_reason")?.unwrap_or("CANCELLED");
    let keys = call.params.list("exported_properties").unwrap_or_default();
    Ok(records(call.machine.report_cancelled(reason, keys)))
}

fn watermarks(call: Call<'_>) -> Result<Json, Refusal> {
    call.params.only(&["service_name"])?;
    let services = call.machine.watermarks(call.params.list("service_name").unwrap_or_default())?;
    let total: usize = services.iter().map(|(_, count)| count).sum();
    let services: Map<String, Json> =
        services.into_iter().map(|(name, count)| (name, count.into())).collect();
    Ok(json!({ "services": services, "total": total }))
}

fn description(_: Call<'_>) -> Result<Json, Refusal> {
    openapi::document()
}

fn root(call: Call<'_>) -> Result<Json, Refusal> {
    let services: Vec<_> = call.machine.options().services.keys().cloned().collect();
    Ok(json!({ "services": services, "description": openapi::PATH }))
}

fn record(record: Record) -> Json {
    Json::Object(record.into_iter().map(|(key, value)| (key, Json::String(value))).collect())
}

fn records(records: Vec<Record>) -> Json {
    Json::Array(records.into_iter().map(record).collect())
}
