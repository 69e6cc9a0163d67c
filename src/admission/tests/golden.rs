//! Reviews as the API server sends them, and our answers, in `tests/golden/admission`.
//!
//! `NAME.request.json` is what comes in. In `NAME.response.json` the patch is decoded, so that it can be read, and the
//! outcome stands beside it; only `envelope.response.json` is what goes out to the byte. A name that begins with
//! `validate-` goes to [`validate`]. After a wanted change:
//! `cargo test --lib write_the_golden_answers -- --ignored`, and read the difference.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::admission::{Answer, Context, KnownDemand, mutate, validate};
use crate::api::HostPool;
use crate::model::{Declarations, Pool, Pools, ResourceConstraints, WithheldSidecar};
use crate::policy::{PolicySet, Source};
use crate::testing::Golden;

const FILES: Golden = Golden("admission");

fn pools() -> Pools {
    let objects: Vec<HostPool> = serde_saphyr::from_multiple(&FILES.read("pools.yaml")).unwrap();
    objects.iter().map(|object| Pool::try_from(object).unwrap()).map(|pool| (pool.id.clone(), Arc::new(pool))).collect()
}

fn answer(case: &str) -> Answer {
    let source = Source { file: "policies.yaml".to_owned(), text: FILES.read("policies.yaml") };
    let (policies, pools) = (PolicySet::parse(&[source]).unwrap(), pools());
    let context = Context {
        policies: &policies,
        pools: &pools,
        declared: &Declarations::default(),
        constraints: &ResourceConstraints::default(),
        demand: KnownDemand::default(),
    };
    let body = FILES.read(&format!("{case}.request.json")).into_bytes();
    if case.starts_with("validate-") { validate(&body, context) } else { mutate(&body, context) }.unwrap()
}

/// The answer as it is stored.
fn stored(case: &str) -> String {
    let answer = answer(case);
    if case == "envelope" {
        return String::from_utf8(answer.body).unwrap() + "\n";
    }
    let mut review: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&review["apiVersion"], &review["kind"]), (&json!("admission.k8s.io/v1"), &json!("AdmissionReview")));
    let mut response = review["response"].take();
    assert_eq!(response.get("patch").is_some(), response.get("patchType").is_some(), "both or neither");
    if let Some(patch) = response.get_mut("patch") {
        *patch = serde_json::from_slice(&STANDARD.decode(patch.as_str().unwrap()).unwrap()).unwrap();
    }
    let outcome = json!({
        "is": answer.decision.outcome().as_str(),
        "reason": answer.decision.skip_reason().map(crate::admission::SkipReason::as_str),
        "withheld": WithheldSidecar::annotation(answer.decision.withheld()),
        "policy": answer.decision.policy(),
        "namespace": answer.object.namespace,
        "name": answer.object.name,
    });
    serde_json::to_string_pretty(&json!({"outcome": outcome, "response": response})).unwrap() + "\n"
}

#[test]
fn every_golden_review_gets_its_golden_answer() {
    FILES.check(stored);
}

#[test]
fn every_golden_patch_leads_to_a_pod_that_gets_no_more() {
    for case in FILES.cases() {
        let mut review: Value = serde_json::from_str(&FILES.read(&format!("{case}.request.json"))).unwrap();
        let answered: Value = serde_json::from_slice(&answer(&case).body).unwrap();
        let Some(patch) = answered["response"].get("patch") else { continue };
        let patch: json_patch::Patch =
            serde_json::from_slice(&STANDARD.decode(patch.as_str().unwrap()).unwrap()).unwrap();
        json_patch::patch(&mut review["request"]["object"], &patch).unwrap();
        let source = Source { file: String::new(), text: FILES.read("policies.yaml") };
        let (policies, pools) = (PolicySet::parse(&[source]).unwrap(), pools());
        let body = serde_json::to_vec(&review).unwrap();
        let again = mutate(
            &body,
            Context {
                policies: &policies,
                pools: &pools,
                declared: &Declarations::default(),
                constraints: &ResourceConstraints::default(),
                demand: KnownDemand::default(),
            },
        )
        .unwrap();
        let again: Value = serde_json::from_slice(&again.body).unwrap();
        assert_eq!(again["response"].get("patch"), None, "{case}");
    }
}

#[test]
#[ignore = "writes the golden answers anew"]
fn write_the_golden_answers() {
    FILES.write(stored);
}
