use std::sync::Arc;

use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};

use super::*;

/// The lease as the API server stores it; it refuses a write over an older version.
#[derive(Clone, Default)]
struct Stored(Arc<Mutex<Option<Value>>>);

impl Stored {
    fn answer(&self, method: &Method, body: &[u8]) -> (StatusCode, Value) {
        let mut stored = self.0.lock().unwrap();
        let written: Option<Value> = serde_json::from_slice(body).ok();
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        let status = |code: StatusCode, reason: &str| {
            (code, json!({"kind": "Status", "status": "Failure", "reason": reason, "code": code.as_u16()}))
        };
        match (stored.clone(), written) {
            (None, None) => status(StatusCode::NOT_FOUND, "NotFound"),
            (Some(lease), None) => (StatusCode::OK, lease),
            (Some(_), Some(_)) if *method == Method::POST => status(StatusCode::CONFLICT, "AlreadyExists"),
            (Some(lease), Some(written)) if version(&lease) != version(&written) => {
                status(StatusCode::CONFLICT, "Conflict")
            }
            (before, Some(mut written)) => {
                let next = before.and_then(|lease| version(&lease)?.parse::<u64>().ok()).unwrap_or_default() + 1;
                written["metadata"]["resourceVersion"] = json!(next.to_string());
                *stored = Some(written.clone());
                (StatusCode::OK, written)
            }
        }
    }

    fn client(&self) -> Client {
        let stored = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let stored = stored.clone();
            async move {
                let method = request.method().clone();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let (status, answer) = stored.answer(&method, &body);
                let answer = Body::from(answer.to_string().into_bytes());
                Response::builder().status(status).body(answer).map_err(tower::BoxError::from)
            }
        });
        Client::new(service, "default")
    }

    fn lease(&self, holder: &str) -> Lease {
        Lease::new(self.client(), "outrigger-system", holder.to_owned())
    }

    fn holder(&self) -> Option<String> {
        let stored = self.0.lock().unwrap();
        Some(stored.as_ref()?["spec"]["holderIdentity"].as_str()?.to_owned())
    }
}

#[tokio::test]
async fn the_first_process_acquires_the_lease_and_the_second_waits() {
    let stored = Stored::default();
    let (first, second) = (stored.lease("first"), stored.lease("second"));
    assert!(first.acquire_or_renew().await.unwrap());
    assert!(!second.acquire_or_renew().await.unwrap());
    assert!(first.acquire_or_renew().await.unwrap(), "and goes on holding it");
    assert_eq!(stored.holder().as_deref(), Some("first"));
}

#[tokio::test]
async fn a_released_lease_goes_to_the_next_process_at_once() {
    let stored = Stored::default();
    let (first, second) = (stored.lease("first"), stored.lease("second"));
    assert!(first.acquire_or_renew().await.unwrap());
    first.claim().renewed(monotonic());
    assert!(!second.acquire_or_renew().await.unwrap());
    first.release().await;
    assert!(!first.is_held());
    assert_eq!(stored.holder(), None);
    assert!(second.acquire_or_renew().await.unwrap());
}

#[tokio::test]
async fn a_process_that_holds_nothing_releases_nothing() {
    let stored = Stored::default();
    let (first, second) = (stored.lease("first"), stored.lease("second"));
    assert!(first.acquire_or_renew().await.unwrap());
    second.release().await;
    // It believes to hold the lease, and does not.
    second.claim().renewed(monotonic());
    second.release().await;
    assert_eq!(stored.holder().as_deref(), Some("first"));
}

#[test]
fn the_process_that_writes_second_has_not_won() {
    let refused = |reason: &str, code: u16| {
        let status = json!({"status": "Failure", "reason": reason, "code": code});
        is_written(Err(kube::Error::Api(serde_json::from_value(status).unwrap())))
    };
    assert!(is_written(Ok(LeaseObject::default())).unwrap());
    assert!(!refused("Conflict", 409).unwrap());
    assert!(!refused("AlreadyExists", 409).unwrap());
    assert!(refused("Forbidden", 403).is_err(), "which somebody has to mend");
}
