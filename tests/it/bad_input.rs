//! Whatever comes in gets a clear 4xx, or 200 with `Error` where the contract wants it; nothing panics, and memory stays
//! bounded (law 7).

use futures::StreamExt as _;
use hyper::body::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::noise::Noise;
use crate::objects::{binding_args, extender_args, node, pod, review};
use crate::program::{Answered, Caller, Program, Settings};

/// Requests at one time: more than the program has workers.
const AT_ONCE: usize = 16;

async fn program() -> (ApiServer, Program) {
    let api = ApiServer::start(vec![node("n1"), node("n2"), pod("a")]);
    let program = Program::start(&api, Settings::default()).await;
    (api, program)
}

/// Every path that takes a body, with a good one for it.
fn endpoints(program: &Program) -> Vec<(&Caller, &'static str, Value)> {
    let pod = pod("a");
    let mut gone = pod.clone();
    gone["metadata"]["uid"] = json!("another");
    let whole = json!({"Pod": pod, "Nodes": {"items": [node("n1"), node("new")]}, "NodeNames": null});
    let victims = json!({"n1": {"Pods": [{"UID": "u1"}], "NumPDBViolations": 1}});
    vec![
        (&program.extender, "/extender/filter", extender_args(&pod, &["n1", "n2"])),
        (&program.extender, "/extender/prioritize", extender_args(&pod, &["n1", "n2"])),
        (&program.extender, "/simulate/filter", whole.clone()),
        (&program.extender, "/simulate/prioritize", whole),
        (
            &program.extender,
            "/extender/preempt",
            json!({"Pod": pod, "NodeNameToVictims": null, "NodeNameToMetaVictims": victims}),
        ),
        // One that is not bound, so that it can be asked for again and again.
        (&program.extender, "/extender/bind", binding_args(&gone, "n1")),
        (&program.admission, "/admission/mutate", review(&pod)),
        (&program.admission, "/admission/validate", review(&pod)),
        (&program.admission, "/admission/validate-streamjob", review_of_stream_job()),
    ]
}

/// A review of a `StreamJob` of two PEs.
fn review_of_stream_job() -> Value {
    let pes = json!([{"name": "a", "colocation": ["t"]}, {"name": "b", "colocation": ["t"], "exlocation": ["x"]}]);
    let mut body = review(&json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamJob", "metadata": {"name": "j", "namespace": "ns"},
        "spec": {"pes": pes},
    }));
    body["request"]["resource"] = json!({"group": "outrigger.dev", "version": "v1alpha1", "resource": "streamjobs"});
    body
}

/// Asks for all bodies, several at a time.
async fn ask_all(caller: &Caller, path: &str, bodies: Vec<Vec<u8>>) -> Vec<(Bytes, Answered)> {
    let asked = bodies.into_iter().map(Bytes::from).map(|body| async move {
        let answer = caller.post(path, body.clone()).await;
        (body, answer.unwrap())
    });
    futures::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}

/// What must be true of a program that has been asked for anything.
async fn is_unharmed(program: &Program) {
    for (caller, path, good) in endpoints(program) {
        let answer = caller.post(path, good.to_string()).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_ne!(answer.json(), Value::Null, "{path}: {}", answer.body);
    }
    program.operations.get("/livez").await.unwrap().succeeded().unwrap();
    let log = program.log();
    assert!(!log.contains("panicked"), "{log}");
}

fn is_clear_rejection(path: &str, body: &[u8], answer: &Answered) {
    let shown = String::from_utf8_lossy(&body[..body.len().min(300)]);
    assert!(answer.status == 400, "{path}: {} for {shown}", answer.status);
    let said = if path.starts_with("/admission") { answer.json()["error"].to_string() } else { answer.body.clone() };
    assert!(said.len() > 10 && said.len() < 1_000, "{path}: `{said}` for {shown}");
}

#[tokio::test]
async fn ten_thousand_random_byte_strings_at_each_endpoint_are_each_refused() {
    let (_api, program) = program().await;
    let mut noise = Noise::new(1);
    let before = program.peak_memory();
    for (caller, path, _) in endpoints(&program) {
        let bodies = (0..10_000).map(|_| noise.bytes()).collect();
        for (body, answer) in ask_all(caller, path, bodies).await {
            is_clear_rejection(path, &body, &answer);
        }
    }
    is_unharmed(&program).await;
    let grown = program.peak_memory() - before;
    assert!(grown < 32, "{grown} MiB more after 60,000 requests");
}

#[tokio::test]
async fn every_cut_of_a_good_body_is_refused() {
    let (_api, program) = program().await;
    for (caller, path, good) in endpoints(&program) {
        let good = good.to_string().into_bytes();
        let cuts = (0..good.len()).map(|end| good[..end].to_vec()).collect();
        for (body, answer) in ask_all(caller, path, cuts).await {
            is_clear_rejection(path, &body, &answer);
        }
    }
    is_unharmed(&program).await;
}

#[tokio::test]
async fn damaged_bodies_are_answered_or_refused() {
    let (_api, program) = program().await;
    let mut noise = Noise::new(2);
    for (caller, path, good) in endpoints(&program) {
        let text = good.to_string().into_bytes();
        let bodies = (0..1_500).map(|turn| match turn % 3 {
            0 => noise.damaged(&text),
            _ => noise.misshapen(&good),
        });
        for (body, answer) in ask_all(caller, path, bodies.collect()).await {
            if answer.status == 200 {
                // Whole nodes go back as they came, also with numbers that are too large for a `Value`.
                let read: Result<IgnoredAny, _> = serde_json::from_str(&answer.body);
                assert!(read.is_ok() && answer.body != "null", "{path}: {}", answer.body);
            } else {
                is_clear_rejection(path, &body, &answer);
            }
        }
    }
    is_unharmed(&program).await;
}

/// Where nobody looks something strange may be passed over; where somebody looks it is refused.
const PLACES: [&str; 6] = ["", "/Pod", "/Pod/metadata", "/Pod/metadata/labels", "/Pod/spec", "/request/object/spec"];

/// The document with one member more at a place, if there is such a place.
fn with_member(document: &Value, place: &str, member: &str) -> Option<String> {
    let mut document = document.clone();
    document.pointer_mut(place)?.as_object_mut()?.insert("deep".to_owned(), json!("(here)"));
    Some(document.to_string().replacen("\"(here)\"", member, 1))
}

#[tokio::test]
async fn deep_nesting_is_no_way_in() {
    let (_api, program) = program().await;
    for (caller, path, good) in endpoints(&program) {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let deep = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
            let answer = caller.post(path, deep.clone()).await.unwrap();
            is_clear_rejection(path, deep.as_bytes(), &answer);
            for body in PLACES.iter().filter_map(|place| with_member(&good, place, &deep)) {
                let answer = caller.post(path, body.clone()).await.unwrap();
                assert!(answer.status == 200 || answer.status == 400, "{path}: {}", answer.status);
            }
        }
    }
    is_unharmed(&program).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let (_api, program) = program().await;
    for (caller, path, _) in endpoints(&program) {
        let answer = caller.post(path, vec![b' '; (8 << 20) + 1]).await.unwrap();
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.body.contains("8388608 bytes"), "{path}: {}", answer.body);
        // The largest that is allowed is read, and found to be nothing.
        let answer = caller.post(path, vec![b' '; 8 << 20]).await.unwrap();
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
    }
    is_unharmed(&program).await;
}

#[tokio::test]
async fn another_kind_or_version_is_named_in_the_refusal() {
    let (_api, program) = program().await;
    for (change, said) in [
        (json!({"apiVersion": "admission.k8s.io/v1beta1"}), "`admission.k8s.io/v1beta1` `AdmissionReview`"),
        (json!({"kind": "ConversionReview"}), "`admission.k8s.io/v1` `ConversionReview`"),
        (json!({"apiVersion": null, "kind": null}), "send `admission.k8s.io/v1` `AdmissionReview`"),
        (json!({"request": null}), "has no request"),
        (json!({"request": {"uid": null}}), "has no uid"),
    ] {
        let mut body = review(&pod("a"));
        json_patch::merge(&mut body, &change);
        for path in ["/admission/mutate", "/admission/validate", "/admission/validate-streamjob"] {
            let answer = program.admission.post(path, body.to_string()).await.unwrap();
            assert_eq!(answer.status, 400, "{path} {change}");
            assert!(answer.json()["error"].as_str().unwrap().contains(said), "{path}: {}", answer.body);
        }
    }
    // The extender contract has no version: another object is one without a pod.
    let simulated = ["/simulate/filter", "/simulate/prioritize"];
    for path in ["/extender/filter", "/extender/prioritize", "/extender/preempt"].into_iter().chain(simulated) {
        for body in [review(&pod("a")), json!({}), json!({"Pod": null, "NodeNames": ["n1"]})] {
            let answer = program.extender.post(path, body.to_string()).await.unwrap();
            assert_eq!(answer.status, 400, "{path} {body}");
            assert!(answer.body.starts_with("Pod is missing"), "{path}: {}", answer.body);
        }
    }
    for missing in ["PodName", "PodNamespace", "PodUID", "Node"] {
        let mut body = binding_args(&pod("a"), "n1");
        body[missing] = json!("");
        let answer = program.extender.post("/extender/bind", body.to_string()).await.unwrap();
        assert_eq!((answer.status, answer.body.starts_with(missing)), (400, true), "{}", answer.body);
    }
}

#[tokio::test]
async fn nodes_that_are_null_or_missing_mean_none_and_whole_nodes_are_an_error() {
    let (_api, program) = program().await;
    let ask = async |path: &str, body: &Value| {
        let answer = program.extender.post(path, body.to_string()).await.unwrap();
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.body);
        answer.json()
    };
    let none = [
        json!({"Pod": pod("a")}),
        json!({"Pod": pod("a"), "Nodes": null, "NodeNames": null}),
        json!({"Pod": pod("a"), "NodeNames": null}),
        json!({"Pod": pod("a"), "Nodes": null, "NodeNames": []}),
    ];
    for body in &none {
        let filtered = ask("/extender/filter", body).await;
        assert_eq!((&filtered["NodeNames"], &filtered["Error"]), (&json!([]), &json!("")), "{body}");
        assert_eq!(ask("/extender/prioritize", body).await, json!([]), "{body}");
    }
    for nodes in [json!({"items": [node("n1")]}), json!({"items": null}), json!({})] {
        let body = json!({"Pod": pod("a"), "Nodes": nodes, "NodeNames": null});
        let error = ask("/extender/filter", &body).await["Error"].clone();
        assert!(error.as_str().unwrap().contains("nodeCacheCapable: true"), "{error}");
        assert_eq!(ask("/extender/prioritize", &body).await, json!([]), "{body}");
    }
}

#[tokio::test]
async fn the_spelling_of_keys_does_not_matter() {
    let (_api, program) = program().await;
    for (caller, path, good) in endpoints(&program) {
        if !path.starts_with("/extender") {
            continue;
        }
        let expected = caller.post(path, good.to_string()).await.unwrap();
        for spelling in [str::to_lowercase, camel] {
            let mut body = good.clone();
            respell(&mut body, spelling);
            assert_ne!(body, good, "{path}");
            let answer = caller.post(path, body.to_string()).await.unwrap();
            assert_eq!((answer.status, answer.body), (expected.status, expected.body.clone()), "{path}: {body}");
        }
    }
}

fn camel(key: &str) -> String {
    let (first, rest) = key.split_at(if key == "UID" { 3 } else { 1 });
    first.to_lowercase() + rest
}

/// Spells Go's names of fields anew; a pod's own keys stay.
fn respell(value: &mut Value, spelling: fn(&str) -> String) {
    match value {
        Value::Object(object) => {
            for (key, mut member) in std::mem::take(object) {
                respell(&mut member, spelling);
                let of_go = key.starts_with(|first: char| first.is_ascii_uppercase());
                object.insert(if of_go { spelling(&key) } else { key }, member);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| respell(element, spelling)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `head`, then `piece` as often as there is room in `size`, then `tail`.
fn filled(size: usize, head: &str, piece: impl Fn(usize) -> String, tail: &str) -> Vec<u8> {
    let mut body = head.to_owned();
    for number in 0.. {
        let piece = piece(number);
        if body.len() + piece.len() + 1 + tail.len() > size {
            break;
        }
        if number > 0 {
            body.push(',');
        }
        body.push_str(&piece);
    }
    (body + tail).into_bytes()
}

/// Many callers send the same body at once, each on its own; how much memory it took, in MiB.
async fn attack(program: &Program, caller: &Caller, path: &str, body: Vec<u8>) -> u64 {
    let calls = (0..CALLERS).map(|_| caller.post(path, body.clone()));
    for answer in futures::future::join_all(calls).await {
        let answer = answer.unwrap();
        // Who finds no room, or has to wait too long beside the others, is told so.
        assert!([200, 400, 408, 503].contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
    }
    program.peak_memory()
}

const LARGEST: usize = 8 << 20;
/// More by far than there is room for.
const CALLERS: usize = 12;

#[tokio::test]
async fn large_questions_of_many_callers_do_not_add_up_in_memory() {
    let (_api, program) = program().await;
    let pod = pod("a").to_string();
    let names = format!(r#"{{"Pod":{pod},"NodeNames":["#);
    let victims = format!(r#"{{"Pod":{pod},"NodeNameToMetaVictims":{{"n1":{{"Pods":["#);
    let fields = r#"{"Pod":{"metadata":{"managedFields":[{"fieldsV1":["#;
    let labels = r#"{"Pod":{"metadata":{"labels":{"#;
    for (path, body) in [
        ("/extender/filter", filled(LARGEST, &names, |_| r#""""#.to_owned(), "]}")),
        ("/extender/filter", filled(LARGEST, fields, |_| r#"{"a":0}"#.to_owned(), "]}]}}}")),
        ("/extender/filter", filled(LARGEST, labels, |number| format!(r#""{number:x}":"""#), "}}}}")),
        ("/extender/preempt", filled(LARGEST, &victims, |_| r#"{"UID":"u"}"#.to_owned(), "]}}}")),
    ] {
        let peak = attack(&program, &program.extender, path, body).await;
        assert!(peak < 512, "{path}: {peak} MiB");
    }
    is_unharmed(&program).await;
}

#[tokio::test]
async fn large_reviews_of_many_callers_do_not_add_up_in_memory() {
    let (_api, program) = program().await;
    let whole = review(&json!("(here)")).to_string();
    let (before, after) = whole.split_once("\"(here)\"").unwrap();
    let pod = pod("a").to_string();
    let open = pod.strip_suffix('}').unwrap();
    let unknown = |size: usize, piece: &str| {
        filled(size, &format!(r#"{before}{open},"x":["#), |_| piece.to_owned(), &format!("]}}{after}"))
    };
    let labels = format!(r#"{before}{{"metadata":{{"labels":{{"outrigger.dev/job":"j","#);
    // What a job takes the place of may be as large, and is compared only.
    let stream_job = review_of_stream_job().to_string();
    let open = stream_job.strip_suffix("}}").unwrap();
    let before_it = format!(r#"{open},"oldObject":{{"spec":{{"pes":["#);
    for (path, body) in [
        ("/admission/mutate", unknown(LARGEST, r#"{"a":0}"#)),
        // The largest that are looked at.
        ("/admission/mutate", unknown(330_000, r#"{"a":0}"#)),
        ("/admission/mutate", unknown(580_000, "0")),
        ("/admission/validate", unknown(405_000, "[]")),
        ("/admission/validate-streamjob", filled(3 << 20, &before_it, |_| "[]".to_owned(), "]}}}}")),
        (
            "/admission/mutate",
            filled(3 << 20, &labels, |number| format!(r#""{number:x}":"""#), &format!("}}}}}}{after}")),
        ),
        (
            "/admission/mutate",
            filled(500_000, &labels, |number| format!(r#""{number:x}":"""#), &format!("}}}}}}{after}")),
        ),
    ] {
        let peak = attack(&program, &program.admission, path, body).await;
        // The container's limit in deploy/webhook is 256 MiB.
        assert!(peak < 224, "{path}: {peak} MiB");
    }
    is_unharmed(&program).await;
}
