//! HTTP without sockets: each request to a machine of its own, or to one that goes on.

mod description;
mod refused;
mod requests;

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::callback::machine::{Machine, MachineConfig};
use crate::callback::options::Options;
use crate::callback::shared::{Clock, Running};
use crate::session::{Ids, Outcomes};
use tower::ServiceExt;

/// The id of the first callback: the published sample's.
pub(super) const ID: &str = "445-5338c861-6f94-48fc-a3a3-81ca343c3cc2";

/// 2030-01-01T10:00:00Z.
pub(super) const NOW: i64 = 1_893_492_000;

/// A service whose clock a test moves.
pub(super) struct Http {
    shared: Arc<Shared>,
    router: Router,
    time: Arc<AtomicI64>,
}

impl Http {
    pub(super) fn new(options: Options) -> Self {
        let machine = Machine::new(MachineConfig {
            options,
            outcomes: Outcomes::new(),
            ids: Ids::new(1).with_services([ID.to_owned()]),
            tenant_dbid: 1,
            queues: std::collections::HashMap::new(),
        });
        let time = Arc::new(AtomicI64::new(NOW));
        let shown = time.clone();
        let clock = Clock::Injected(Arc::new(move || shown.load(Ordering::SeqCst)));
        let shared = Arc::new(Shared::new(machine, Running::start(&clock)));
        Self { router: router(&shared), shared, time }
    }

    /// With one callback under way, [`ID`].
    pub(super) fn with_callback() -> Self {
        let http = Self::new(Options::default());
        let (status, answer) =
            http.post("/genesys/1/service/callback/default", "_customer_number=8005550100");
        assert_eq!((status, answer["_id"].as_str()), (200, Some(ID)), "{answer}");
        http
    }

    /// Does everything that is due until a time, as if each message were taken.
    pub(super) fn until(&self, time: i64) {
        self.time.store(time, Ordering::SeqCst);
        let mut machine = self.shared.machine();
        loop {
            let works = machine.advance(time);
            if works.is_empty() {
                return;
            }
            works.into_iter().for_each(|work| machine.done(work.id, Ok(()), time));
        }
    }

    /// The status and the JSON of an answer.
    pub(super) fn send(&self, request: Request) -> (u16, Json) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            assert_eq!(head.headers[CONTENT_TYPE], "application/json");
            let body = axum::body::to_bytes(body, 10 << 20).await.unwrap();
            (head.status.as_u16(), serde_json::from_slice(&body).unwrap())
        })
    }

    /// A request with a body of this type; without a type if it is empty.
    pub(super) fn request(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (u16, Json) {
        let mut request = Request::builder().method(method).uri(path);
        if !media_type.is_empty() {
            request = request.header(CONTENT_TYPE, media_type);
        }
        self.send(request.body(Body::from(body.to_vec())).unwrap())
    }

    pub(super) fn get(&self, path: &str) -> (u16, Json) {
        self.request("GET", path, "", b"")
    }

    pub(super) fn post(&self, path: &str, form: &str) -> (u16, Json) {
        self.request("POST", path, "application/x-www-form-urlencoded", form.as_bytes())
    }

    pub(super) fn post_json(&self, path: &str, body: &Json) -> (u16, Json) {
        self.request("POST", path, "application/json", body.to_string().as_bytes())
    }
}
