use std::sync::{Arc, Mutex};

use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::Announcement;

/// The lease as the API server stores it; so many writes are preceded by another.
#[derive(Clone, Default)]
struct Stored(Arc<Mutex<(Option<Value>, usize)>>);

fn failure(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "status": "Failure", "reason": reason, "code": code})
}

impl Stored {
    fn client(&self) -> Client {
        let stored = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let stored = stored.clone();
            async move {
                let is_read = *request.method() == Method::GET;
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let mut stored = stored.0.lock().unwrap();
                let (code, answer) = match (is_read, stored.0.clone()) {
                    (true, Some(lease)) => (200, lease),
                    (true, None) => (404, failure(404, "NotFound")),
                    (false, _) if stored.1 > 0 => {
                        stored.1 -= 1;
                        (409, failure(409, "Conflict"))
                    }
                    (false, _) => {
                        let written: Value = serde_json::from_slice(&body).unwrap();
                        stored.0 = Some(written.clone());
                        (200, written)
                    }
                };
                let answer = Body::from(answer.to_string().into_bytes());
                Response::builder()
                    .status(StatusCode::from_u16(code).unwrap())
                    .body(answer)
                    .map_err(tower::BoxError::from)
            }
        });
        Client::new(service, "default")
    }
}

#[tokio::test]
async fn the_epoch_that_is_announced_last_counts_and_the_holder_of_the_lease_stays() {
    let stored = Stored::default();
    let announcement = Announcement::new(stored.client(), "outrigger-system");
    assert_eq!(announcement.read().await.unwrap(), None);
    announcement.write("one").await.unwrap();
    assert_eq!(announcement.read().await.unwrap().as_deref(), Some("one"), "a lease is made");
    {
        let mut open = stored.0.lock().unwrap();
        let lease = open.0.as_mut().unwrap();
        lease["spec"] = json!({"holderIdentity": "pod_1", "leaseTransitions": 3});
        open.1 = 2;
    }
    announcement.write("two").await.unwrap();
    assert_eq!(announcement.read().await.unwrap().as_deref(), Some("two"), "the holder renews it meanwhile");
    let lease = stored.0.lock().unwrap().0.clone().unwrap();
    assert_eq!(lease["spec"], json!({"holderIdentity": "pod_1", "leaseTransitions": 3}));
    stored.0.lock().unwrap().1 = 9;
    assert!(announcement.write("three").await.is_err(), "not for ever");
}
