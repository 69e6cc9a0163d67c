use serde_json::{Value, json};

use crate::admission::tests::support::{SIDECAR, pod, policy, pools, prepared};
use crate::admission::{Context, Decision, Outcome, SkipReason, check};
use crate::model::{Declarations, Namespace};

fn checked(spec: &str, pod: &Value) -> Decision {
    check(
        pod,
        &Namespace::from("ns"),
        Context { policies: &policy(spec), pools: &pools(), declared: &Declarations::default() },
    )
}

#[test]
fn a_pod_that_was_prepared_passes() {
    let (prepared, _) = prepared(&policy(SIDECAR), &pod(&json!({})));
    let decision = checked(SIDECAR, &prepared);
    assert_eq!(decision.outcome, Outcome::Unchanged { policy: "streams".into() });
    assert_eq!(decision.warnings, Vec::<String>::new());
}

#[test]
fn a_pod_that_was_not_prepared_is_said() {
    let decision = checked(SIDECAR, &pod(&json!({})));
    assert!(decision.patch.is_empty());
    assert_eq!(decision.warnings, ["outrigger.dev/policy is missing: the pod was not prepared; create it again"]);
    let decision = checked(SIDECAR, &pod(&json!({"metadata": {"annotations": {"outrigger.dev/policy": "other"}}})));
    assert_eq!(decision.warnings, ["outrigger.dev/policy is not `streams`, which governs the pod"]);
}

#[test]
fn a_contradiction_warns_or_denies_as_at_the_first_look() {
    let contradicts = pod(&json!({"metadata": {"annotations": {
        "outrigger.dev/isolated": "perhaps", "outrigger.dev/policy": "streams",
    }}}));
    let warned = checked("", &contradicts);
    assert_eq!(warned.warnings, ["outrigger.dev/isolated: `perhaps` is neither `true` nor `false`"]);
    let denied = checked("  onConflict: Deny\n", &contradicts);
    assert!(matches!(denied.outcome, Outcome::Denied { .. }));
}

#[test]
fn pods_that_are_skipped_are_not_asked_for_a_note() {
    let foreign = pod(&json!({"spec": {"schedulerName": "volcano"}}));
    let decision = checked("", &foreign);
    assert_eq!(decision.outcome.skip_reason(), Some(SkipReason::ForeignScheduler));
    assert_eq!(decision.warnings, Vec::<String>::new());
}
