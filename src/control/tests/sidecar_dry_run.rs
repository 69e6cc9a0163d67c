use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt as _;
use hyper::{Request as HttpRequest, Response};
use kube::client::Body;
use tokio::time::Instant;

use super::*;
use crate::policy::Source;

fn status(code: u16, message: &str) -> Status {
    Status { code, message: message.to_owned(), ..Status::default() }
}

#[test]
fn only_what_the_api_server_calls_invalid_is_rejected() {
    let invalid = "Pod \"outrigger-sidecar-check\" is invalid: \
                   spec.initContainers[0].securityContext.privileged: Forbidden: disallowed by cluster policy";
    let Answer::Invalid(problem) = read(&status(422, invalid)) else { panic!("it is invalid") };
    assert_eq!(problem, "securityContext.privileged: Forbidden: disallowed by cluster policy");
    let unreadable = "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal";
    assert!(matches!(read(&status(400, unreadable)), Answer::Invalid(_)));

    let pod_security = "pods \"outrigger-sidecar-check\" is forbidden: violates PodSecurity \"restricted:latest\"";
    assert!(matches!(read(&status(403, pod_security)), Answer::Valid), "validation was before");

    for (code, message) in [
        (403, "pods is forbidden: User \"a\" cannot create resource \"pods\" in API group \"\""),
        (400, "admission webhook \"images.example\" denied the request: no such registry"),
        (422, "pods \"outrigger-sidecar-check\" is forbidden: ValidatingAdmissionPolicy 'a' denied request"),
        (404, "namespaces \"outrigger-system\" not found"),
    ] {
        assert!(matches!(read(&status(code, message)), Answer::Unknown(_)), "{message}");
    }
    for (code, message) in [(500, "etcdserver: request timed out"), (429, "too many requests"), (503, "starting")] {
        assert!(matches!(read(&status(code, message)), Answer::Missing(_)), "{message}");
    }
}

#[test]
fn the_pod_of_a_dry_run_has_the_volumes_of_the_sidecar_once_each() {
    let sidecar = json!({
        "name": "main",
        "volumeMounts": [{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/b"}, {"name": "a", "mountPath": "/c"}],
        "volumeDevices": [{"name": "d", "devicePath": "/d"}],
    });
    let pod = pod(Some(&sidecar));
    let volumes: Vec<&str> =
        pod["spec"]["volumes"].as_array().unwrap().iter().map(|volume| volume["name"].as_str().unwrap()).collect();
    assert_eq!(volumes, ["a", "b", "d"]);
    assert_eq!(pod["spec"]["containers"][0]["name"], "other");
}

/// An API server that accepts no sidecar with the name `bad`, after it has failed to answer so many times.
fn client(failures: usize) -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let service = tower::service_fn(move |request: HttpRequest<Body>| {
        let asked = Arc::clone(&counted);
        async move {
            let body = request.into_body().collect().await?.to_bytes();
            let is_bad = String::from_utf8_lossy(&body).contains("\"name\":\"bad\"");
            let (code, message) = if asked.fetch_add(1, Ordering::Relaxed) < failures {
                (503, "not now".to_owned())
            } else if is_bad {
                (422, format!("Pod \"{NAME}\" is invalid: spec.initContainers[0].image: Invalid value"))
            } else {
                (201, String::new())
            };
            let answer =
                json!({"kind": "Status", "status": "Failure", "code": code, "message": message, "reason": "R"});
            let answer = Body::from(answer.to_string().into_bytes());
            Response::builder().status(code).body(answer).map_err(tower::BoxError::from)
        }
    });
    (Client::new(service, "default"), asked)
}

fn policies(sidecar: &str) -> PolicySet {
    let text = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: p}}\nspec:\n  \
         selector: {{podSelector: {{matchLabels: {{outrigger.dev/job: j}}}}}}\n  \
         injection: {{sidecars: [{{name: good, image: a}}, {{name: {sidecar}, image: a}}]}}\n"
    );
    PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text }]).unwrap()
}

fn rejected(policies: &PolicySet) -> PolicySet {
    let rejected =
        RejectedSidecar { policy: "p".into(), sidecar: "bad".into(), problem: "image: Invalid value".into() };
    policies.with_rejected_sidecars(&[rejected])
}

#[expect(clippy::disallowed_methods, reason = "the test ends the task")]
fn follow(dry_run: SidecarDryRun, store: &Arc<Store>) -> tokio::task::JoinHandle<Infallible> {
    tokio::spawn(dry_run.follow(Arc::clone(store)))
}

#[tokio::test(start_paused = true)]
async fn sidecars_are_asked_about_again_until_the_api_server_answers() {
    let (client, asked) = client(4);
    let dry_run = SidecarDryRun::new(client, "outrigger-system");
    let written = policies("bad");
    let store = Arc::new(Store::new(dry_run.check(written.clone()).await));
    assert_eq!(store.view().policies, written, "nothing is known");
    let started = Instant::now();
    let followed = follow(dry_run, &store);
    let in_force = async |policies: PolicySet| {
        let found = store.wait_for(Duration::from_hours(1), |cluster| (*cluster.policies() == policies).then_some(()));
        assert!(found.await.is_some());
    };
    in_force(rejected(&written)).await;
    assert_eq!(started.elapsed().as_secs(), 5 + 10 + 20 + 40, "the pause doubles");
    assert_eq!(asked.load(Ordering::Relaxed), 4 + 3, "five pods without a sidecar, then each sidecar");
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(asked.load(Ordering::Relaxed), 4 + 3, "no more once there is an answer");
    followed.abort();
}

#[tokio::test(start_paused = true)]
async fn policies_that_were_loaded_since_stay() {
    let (client, _) = client(2);
    let dry_run = SidecarDryRun::new(client, "outrigger-system");
    let store = Arc::new(Store::new(dry_run.check(policies("bad")).await));
    let followed = follow(dry_run, &store);
    let fine = policies("fine");
    store.apply([Event::Policies(fine.clone())]);
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(store.view().policies, fine);
    followed.abort();
}
