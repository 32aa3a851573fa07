//! The HTTP face of the callback service: paths and bodies as published (facts infomart 7.1).

mod body;
mod openapi;
mod routes;
mod serve;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use serde_json::{Value as Json, json};

pub(super) use serve::serve;

use super::refusal::{Phrase, Refusal};
use super::shared::Shared;
use routes::{Call, ROUTES, Route};

/// All paths, as a service that takes requests.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in &ROUTES {
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        let shared = shared.clone();
        let handler = move |path: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
            let shared = shared.clone();
            async move { respond(answer(&shared, route, path, request).await) }
        };
        router = router.route(route.path, on(filter, handler));
    }
    router.fallback(unknown_path).method_not_allowed_fallback(unknown_method)
}

async fn answer(
    shared: &Shared,
    route: &'static Route,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Json, Refusal> {
    let path = path.map_err(|_| Refusal::bad("the path is not UTF-8"))?;
    let path: Vec<String> = path.iter().map(|(_, value)| value.to_owned()).collect();
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let mut params = body::form("the query string", query.as_bytes(), route.repeated)?;
    let body = body::read(body).await?;
    params.join(body::parse(&head.headers, &body, route.repeated)?)?;
    let answer = shared.with(|machine, now| (route.answer)(Call { machine, path: &path, params, now }));
    // There may be work now, or something to tell.
    shared.wake();
    answer
}

async fn unknown_path(request: Request) -> Response {
    let path = super::options::cut(request.uri().path());
    let message = format!("there is no path {path}; {} describes those that there are", openapi::PATH);
    respond(Err(Refusal::new(Phrase::NotFound, message)))
}

async fn unknown_method(request: Request) -> Response {
    let path = super::options::cut(request.uri().path());
    let message = format!("{} is not for {path}; {} tells what is", request.method(), openapi::PATH);
    respond(Err(Refusal::new(Phrase::MethodNotAllowed, message)))
}

/// The answer to a request, always JSON.
fn respond(answer: Result<Json, Refusal>) -> Response {
    let (status, json) = match answer {
        Ok(json) => (StatusCode::OK, json),
        Err(refusal) => (
            StatusCode::from_u16(refusal.phrase.status()).unwrap_or(StatusCode::BAD_REQUEST),
            json!({
                "message": refusal.message,
                "exception": refusal.phrase.exception(),
                "phrase": refusal.phrase.name(),
            }),
        ),
    };
    let mut response = Response::new(Body::from(json.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
