use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::{SIDECAR, pod, policy, pools, review};
use crate::admission::{Answer, Context, Decision, DecodeError, KnownDemand, SkipReason, mutate, validate};
use crate::model::{Declarations, RequestOutcome, ResourceConstraints};

fn both(body: &[u8]) -> [Result<Answer, DecodeError>; 2] {
    let (policies, pools) = (policy(SIDECAR), pools());
    let context = Context {
        policies: &policies,
        pools: &pools,
        declared: &Declarations::default(),
        constraints: &ResourceConstraints::default(),
        demand: KnownDemand::default(),
    };
    [mutate(body, context), validate(body, context)]
}

/// A review whose object has `filling` as the value of an unknown member of its spec.
fn review_with(job: &str, filling: &str) -> Vec<u8> {
    let object = pod(&json!({"metadata": {"labels": {"outrigger.dev/job": job}}, "spec": {"unknown": "FILLING"}}));
    String::from_utf8(review(&object)).unwrap().replace("\"FILLING\"", filling).into_bytes()
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        for answer in both(&body) {
            prop_assert!(answer.is_err(), "random bytes are no review");
        }
    }

    #[test]
    fn a_damaged_review_is_answered_or_refused(at in 0_usize..600, byte: u8, cut in 0_usize..600) {
        let mut body = review(&pod(&json!({"spec": {"nodeName": "n1", "tolerations": [{"operator": "Exists"}]}})));
        let at = at % body.len();
        body[at] = byte;
        for answer in both(&body).into_iter().flatten() {
            prop_assert!(serde_json::from_slice::<Value>(&answer.body).is_ok());
        }
        body.truncate(cut);
        for answer in both(&body) {
            prop_assert!(answer.is_err() || cut >= body.len());
        }
    }
}

#[test]
fn an_empty_body_is_refused() {
    for body in [&b""[..], b"null", b"[]", b"{}", b"\xff\xfe", b"{\"request\":{}}"] {
        assert!(both(body).iter().all(Result::is_err), "{body:?}");
    }
}

#[test]
fn a_pod_that_is_nested_too_deeply_is_refused_where_it_would_be_read() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(both(&review_with("j", &deep(50))).iter().all(Result::is_ok));
    for levels in [200, 40_000, 100_000] {
        for answer in both(&review_with("j", &deep(levels))) {
            assert!(matches!(answer, Err(DecodeError::Object(_))), "{levels}");
        }
    }
    // Here the memory that the values would take is found first.
    assert!(both(&review_with("j", &deep(600_000))).iter().all(Result::is_ok));
    assert!(both(deep(100_000).as_bytes()).iter().all(Result::is_err));
}

#[test]
fn a_pod_of_no_policy_is_not_read_beyond_its_labels() {
    // No job, no policy: what stands in the spec is none of our business.
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = String::from_utf8(review_with("j", &deep)).unwrap().replace("outrigger.dev/job", "app");
    for answer in both(body.as_bytes()) {
        let answer = answer.unwrap();
        assert_eq!((answer.decision.skip_reason(), answer.decision.policy()), (Some(SkipReason::NoPolicy), None));
        assert_eq!(
            serde_json::from_slice::<Value>(&answer.body).unwrap()["response"],
            json!({"uid": "u-1", "allowed": true})
        );
    }
}

#[test]
fn a_legal_pod_of_many_values_is_prepared_and_one_that_takes_too_much_memory_is_skipped_or_denied() {
    let (policies, pools) = (policy(SIDECAR), pools());
    let constraints = ResourceConstraints::default();
    let context = Context {
        policies: &policies,
        pools: &pools,
        declared: &Declarations::default(),
        constraints: &constraints,
        demand: KnownDemand::default(),
    };
    let variables: Value = (0..10_000).map(|n| json!({"name": format!("V{n}"), "value": "a,b,[c]"})).collect();
    let legal = pod(&json!({
        "metadata": {"annotations": {"notes": ",".repeat(250_000)}},
        "spec": {"containers": [{"name": "pe", "env": variables}]},
    }));
    assert_eq!(mutate(&review(&legal), context).unwrap().decision.outcome(), RequestOutcome::Injected);

    let greedy = review_with("j", &format!("[{}]", vec![r#"{"a":0}"#; 90_000].join(",")));
    let mutated = mutate(&greedy, context).unwrap().decision;
    assert_eq!(mutated.skip_reason(), Some(SkipReason::TooLarge));
    assert!(mutated.warnings()[0].contains("too many values"), "{:?}", mutated.warnings());
    let validated = validate(&greedy, context).unwrap().decision;
    assert!(
        matches!(&validated, Decision::Deny { message, .. } if message.contains("too many values")),
        "{validated:?}"
    );
}
