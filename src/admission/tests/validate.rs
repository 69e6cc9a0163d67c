use serde_json::{Value, json};

use crate::admission::candidate::{Governed, labels};
use crate::admission::tests::support::{SIDECAR, pod, policy, pools, prepared};
use crate::admission::{Context, Decision, SkipReason};
use crate::model::RequestOutcome;
use crate::model::{Declarations, ResourceConstraints};

fn checked(spec: &str, pod: &Value) -> Decision {
    let (policies, pools, declared, namespace) = (policy(spec), pools(), Declarations::default(), "ns".into());
    let context = Context {
        policies: &policies,
        pools: &pools,
        declared: &declared,
        constraints: &ResourceConstraints::default(),
    };
    super::check(pod, Governed::select(&namespace, labels(pod), &policies).unwrap(), context)
}

#[test]
fn a_pod_that_was_prepared_passes() {
    let (prepared, _) = prepared(&policy(SIDECAR), &pod(&json!({})));
    let decision = checked(SIDECAR, &prepared);
    assert_eq!((decision.outcome(), decision.policy()), (RequestOutcome::Unchanged, Some("streams")));
    assert_eq!(decision.warnings(), Vec::<String>::new());
}

#[test]
fn a_pod_that_was_not_prepared_is_said() {
    let decision = checked(SIDECAR, &pod(&json!({})));
    assert!(decision.patch().is_empty());
    assert_eq!(decision.warnings(), ["outrigger.dev/policy is missing: the pod was not prepared; create it again"]);
    let decision = checked(SIDECAR, &pod(&json!({"metadata": {"annotations": {"outrigger.dev/policy": "other"}}})));
    assert_eq!(decision.warnings(), ["outrigger.dev/policy is not `streams`, which governs the pod"]);
}

#[test]
fn a_contradiction_warns_or_denies_as_at_the_first_look() {
    let contradicts = pod(&json!({"metadata": {"annotations": {
        "outrigger.dev/isolated": "perhaps", "outrigger.dev/policy": "streams",
    }}}));
    let warned = checked("", &contradicts);
    assert_eq!(warned.warnings(), ["outrigger.dev/isolated: `perhaps` is neither `true` nor `false`"]);
    let denied = checked("  onConflict: Deny\n", &contradicts);
    assert_eq!(denied.outcome(), RequestOutcome::Denied);
}

#[test]
fn pods_that_are_skipped_are_not_asked_for_a_note() {
    let foreign = pod(&json!({"spec": {"schedulerName": "volcano"}}));
    let decision = checked("", &foreign);
    assert_eq!(decision.skip_reason(), Some(SkipReason::ForeignScheduler));
    assert_eq!(decision.warnings(), Vec::<String>::new());
}
