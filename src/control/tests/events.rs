use std::sync::{Arc, Mutex};

use http_body_util::BodyExt as _;
use hyper::{Request, Response};
use kube::client::Body;
use serde_json::{Value, json};

use super::*;
use crate::control::clock::monotonic;
use crate::model::{JobId, PodKey};

/// Every request that reaches the API server: method, path and body.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Vec<(String, Value)>>>);

impl Requests {
    fn client(&self) -> Client {
        let requests = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let requests = requests.clone();
            async move {
                let what = format!("{} {}", request.method(), request.uri().path());
                let body = request.into_body().collect().await.unwrap().to_bytes();
                requests.0.lock().unwrap().push((what, serde_json::from_slice(&body).unwrap()));
                Response::builder().status(201).body(Body::from(body.to_vec())).map_err(tower::BoxError::from)
            }
        });
        Client::new(service, "default")
    }

    fn take(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn job() -> StreamJob {
    let metadata = json!({"name": "clicks", "namespace": "streams", "uid": "u-job"});
    serde_json::from_value(json!({"metadata": metadata, "spec": {}})).unwrap()
}

fn waiting(note: &str) -> JobEvent {
    let regarding = InvolvedObject::Pod { name: "clicks-a".to_owned(), uid: "u-pod".to_owned() };
    JobEvent { regarding, reason: "Waiting", is_warning: true, note: note.to_owned() }
}

fn placed() -> JobEvent {
    JobEvent { regarding: InvolvedObject::Job, reason: "Placed", is_warning: false, note: "2/2".to_owned() }
}

#[tokio::test]
async fn an_event_says_what_happened_to_which_object_and_who_reports_it() {
    let requests = Requests::default();
    let now = monotonic();
    let mut events = EventPublisher::new(requests.client(), "replica-1".to_owned(), now);
    events.publish(&job(), vec![waiting("nothing fits"), placed()], now).await;
    let written = requests.take();
    let create = "POST /apis/events.k8s.io/v1/namespaces/streams/events";
    assert_eq!(written.iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>(), [create, create]);
    let (pod, of_job) = (&written[0].1, &written[1].1);
    for (event, kind, name, uid) in [(pod, "Pod", "clicks-a", "u-pod"), (of_job, "StreamJob", "clicks", "u-job")] {
        let regarding = &event["regarding"];
        assert_eq!(
            (&regarding["kind"], &regarding["name"], &regarding["uid"]),
            (&json!(kind), &json!(name), &json!(uid))
        );
        assert_eq!(event["reportingController"], "outrigger.dev/controller");
        assert_eq!(event["reportingInstance"], "replica-1");
        assert_eq!(event["action"], "Placing");
    }
    assert_eq!(
        (&pod["type"], &pod["reason"], &pod["note"]),
        (&json!("Warning"), &json!("Waiting"), &json!("nothing fits"))
    );
    assert_eq!(pod["related"]["name"], "clicks");
    assert_eq!((&of_job["type"], &of_job["reason"]), (&json!("Normal"), &json!("Placed")));
}

#[tokio::test]
async fn a_later_event_of_the_same_reason_has_its_own_note() {
    let requests = Requests::default();
    let now = monotonic();
    let mut events = EventPublisher::new(requests.client(), "replica-1".to_owned(), now);
    for note in ["HostMismatch", "ExlocationConflict"] {
        events.publish(&job(), vec![waiting(note)], now).await;
    }
    let written = requests.take();
    let notes: Vec<&str> = written.iter().map(|(_, event)| event["note"].as_str().unwrap()).collect();
    assert_eq!(notes, ["HostMismatch", "ExlocationConflict"]);
    assert_ne!(written[0].1["metadata"]["name"], written[1].1["metadata"]["name"]);
}

#[tokio::test]
async fn events_beyond_the_rate_are_dropped() {
    let requests = Requests::default();
    let now = monotonic();
    let mut events = EventPublisher::new(requests.client(), "replica-1".to_owned(), now);
    events.publish(&job(), vec![placed(); 250], now).await;
    assert_eq!(requests.take().len(), 200);
    events.publish(&job(), vec![placed(); 50], now + Duration::from_secs(1)).await;
    assert_eq!(requests.take().len(), 20, "a second brings twenty more");
}

#[test]
fn notes_are_as_short_as_the_api_server_wants_them() {
    let (event, _) = recorded(&job(), waiting(&"x".repeat(5_000)));
    assert!(event.note.unwrap().len() <= 1_024);
}

#[tokio::test]
async fn a_reservation_that_is_given_up_is_an_event_on_its_pod() {
    let requests = Requests::default();
    let now = monotonic();
    let mut events = EventPublisher::new(requests.client(), "replica-1".to_owned(), now);
    let pod = PodKey { namespace: "streams".into(), name: "clicks-a".into(), uid: "u-pod".into() };
    let job = JobId { namespace: "streams".into(), name: "clicks".into(), generation: "".into() };
    events.publish_expired(&[ExpiredReservation { pod, job, node: "n3".into() }], now).await;
    let written = requests.take();
    let event = &written[0].1;
    assert_eq!((&event["reason"], &event["type"]), (&json!("ReservationExpired"), &json!("Warning")));
    assert_eq!((&event["regarding"]["kind"], &event["regarding"]["uid"]), (&json!("Pod"), &json!("u-pod")));
    assert!(event["note"].as_str().unwrap().starts_with("node n3 was reserved for this PE of job streams/clicks"));
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_costs_one_deadline_and_later_events_none() {
    let silent =
        tower::service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, tower::BoxError>>());
    let now = monotonic();
    let mut events = EventPublisher::new(Client::new(silent, "default"), "replica-1".to_owned(), now);
    let begun = tokio::time::Instant::now();
    events.publish(&job(), vec![placed(); 150], now).await;
    assert_eq!(begun.elapsed(), DEADLINE, "all events of a status have one deadline");
    events.publish(&job(), vec![placed(); 150], now + Duration::from_secs(5)).await;
    assert_eq!(begun.elapsed(), DEADLINE, "the next status does not wait");
    events.publish(&job(), vec![placed()], now + PAUSE).await;
    assert_eq!(begun.elapsed(), 2 * DEADLINE, "the API server is asked again");
}
