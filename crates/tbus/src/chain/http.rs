//! Requests to the callback service, over one connection.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, anyhow};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest answer that is read.
const ANSWER_LIMIT: usize = 1 << 20;

/// The callback service's HTTP API.
pub(super) struct Http {
    host: String,
    connection: SendRequest<Full<Bytes>>,
}

/// What the service said: a record, or why it refuses.
pub(super) enum Answer {
    /// The id of the callback.
    Taken(Option<String>),
    /// Status, phrase and message.
    Refused(String),
}

impl Http {
    pub(super) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("callback service {address}"))?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await.context("callback service")?;
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "the connection to the callback service has ended");
            }
        });
        Ok(Self { host: address.to_string(), connection })
    }

    /// Asks for a callback.
    pub(super) async fn start(
        &mut self,
        service: &str,
        parameters: Map<String, Value>,
    ) -> anyhow::Result<Answer> {
        self.ask(Method::POST, &path(&[service]), Some(parameters)).await
    }

    /// Cancels one.
    pub(super) async fn cancel(&mut self, service: &str, id: &str) -> anyhow::Result<Answer> {
        self.ask(Method::DELETE, &path(&[service, id]), None).await
    }

    /// Gives one another time.
    pub(super) async fn reschedule(
        &mut self,
        service: &str,
        id: &str,
        parameters: Map<String, Value>,
    ) -> anyhow::Result<Answer> {
        self.ask(Method::PUT, &path(&[service, id]), Some(parameters)).await
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        parameters: Option<Map<String, Value>>,
    ) -> anyhow::Result<Answer> {
        let body = parameters.map(|parameters| Value::Object(parameters).to_string()).unwrap_or_default();
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let answer = tokio::time::timeout(PATIENCE, async {
            self.connection.ready().await?;
            let response = self.connection.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
            anyhow::Ok((status, body.map_err(|error| anyhow!(error))?.to_bytes()))
        });
        let late = || anyhow!("callback service {}: no answer within {} s", self.host, PATIENCE.as_secs());
        let (status, body) = answer.await.map_err(|_| late())?.context("callback service")?;
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |key: &str| json.get(key).and_then(Value::as_str);
        if status.is_success() {
            return Ok(Answer::Taken(text("_id").map(str::to_owned)));
        }
        let phrase = text("phrase").unwrap_or("no phrase");
        let message = text("message").unwrap_or("no message");
        Ok(Answer::Refused(format!("{} {phrase}: {message}", status.as_u16())))
    }
}

fn path(parts: &[&str]) -> String {
    parts.iter().fold("/genesys/1/service/callback".to_owned(), |path, part| {
        format!("{path}/{}", utf8_percent_encode(part, NON_ALPHANUMERIC))
    })
}
