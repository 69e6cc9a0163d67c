use serde_json::{Value, json};

use crate::admission::candidate::{Governed, labels};
use crate::admission::tests::support::{SIDECAR, pod, policy, pools, prepared};
use crate::admission::{Context, Decision, DenialReason, KnownDemand, SkipReason};
use crate::model::RequestOutcome;
use crate::model::{Declarations, ResourceConstraints};

fn checked(spec: &str, pod: &Value) -> Decision {
    let (policies, pools, declared, namespace) = (policy(spec), pools(), Declarations::default(), "ns".into());
    let context = Context {
        policies: &policies,
        pools: &pools,
        declared: &declared,
        constraints: &ResourceConstraints::default(),
        demand: KnownDemand::default(),
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

/// The denial of this pod as one that was not prepared.
fn denial(spec: &str, pod: &Value) -> String {
    let decision = checked(spec, pod);
    assert!(decision.patch().is_empty());
    let Decision::Deny { reason: DenialReason::NotPrepared, message, .. } = decision else {
        panic!("{pod}: {decision:?}")
    };
    assert!(message.contains("enforcement=strict") && message.contains("Create it again"), "{message}");
    message
}

#[test]
fn a_pod_that_was_not_prepared_is_denied_with_what_is_missing() {
    let whole = prepared(&policy(SIDECAR), &pod(&json!({}))).0;
    for (change, missing) in [
        (
            json!({"metadata": {"annotations": null}}),
            "outrigger.dev/policy is missing: the webhook was not called, or did not answer in time",
        ),
        (json!({"metadata": {"annotations": {"outrigger.dev/policy": "other"}}}), "outrigger.dev/policy is `other`"),
        (json!({"spec": {"schedulerName": "default-scheduler"}}), "spec.schedulerName is not the policy's"),
        (json!({"spec": {"schedulerName": null}}), "spec.schedulerName is not the policy's"),
        (json!({"spec": {"initContainers": []}}), "a sidecar is missing"),
        (json!({"spec": {"initContainers": null}}), "a sidecar is missing"),
    ] {
        let mut pod = whole.clone();
        json_patch::merge(&mut pod, &change);
        let message = denial(SIDECAR, &pod);
        assert!(message.contains(&format!("as policy `streams` prepares it: {missing}.")), "{change}: {message}");
    }
}

#[test]
fn marks_that_a_user_writes_do_not_stand_for_what_is_missing() {
    let forged = pod(&json!({"metadata": {"annotations": {
        "outrigger.dev/policy": "streams", "outrigger.dev/sized-containers": "pe",
    }}}));
    assert!(denial(SIDECAR, &forged).contains("spec.schedulerName"), "the mark alone");
    let mut more = forged;
    more["spec"]["schedulerName"] = json!("outrigger");
    assert!(denial(SIDECAR, &more).contains("a sidecar is missing"), "mark and scheduler");
    assert_eq!(checked("", &more).outcome(), RequestOutcome::Unchanged, "nothing is missing where nothing is injected");
}

#[test]
fn what_another_webhook_may_change_after_the_last_call_is_not_missing() {
    let policy_spec = format!("{SIDECAR}  resources: {{requests: {{cpu: 1}}}}\n  recovery: {{tolerationSeconds: 5}}\n");
    let mut whole = prepared(&policy(&policy_spec), &pod(&json!({}))).0;
    whole["spec"]["containers"][0]["resources"] = json!({});
    whole["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "proxy"}));
    whole["spec"]["tolerations"] = json!([]);
    assert_eq!(checked(&policy_spec, &whole).outcome(), RequestOutcome::Unchanged);
    let declined = pod(&json!({"metadata": {"annotations": {"outrigger.dev/inject": "false"}}}));
    let declined = prepared(&policy(&policy_spec), &declined).0;
    assert_eq!(checked(&policy_spec, &declined).outcome(), RequestOutcome::Unchanged, "declined");
}

#[test]
fn a_contradiction_passes_or_is_denied_as_at_the_first_look() {
    let contradicts = pod(&json!({"metadata": {"annotations": {"outrigger.dev/isolated": "perhaps"}}}));
    let warned = checked("", &prepared(&policy(""), &contradicts).0);
    assert_eq!(warned.outcome(), RequestOutcome::Unchanged, "the first call has warned");
    let denied = checked("  onConflict: Deny\n", &contradicts);
    assert!(matches!(denied, Decision::Deny { reason: DenialReason::InvalidPlacement, .. }), "{denied:?}");
}

#[test]
fn pods_that_are_skipped_are_not_asked_for_a_note() {
    let foreign = pod(&json!({"spec": {"schedulerName": "volcano"}}));
    let decision = checked("", &foreign);
    assert_eq!(decision.skip_reason(), Some(SkipReason::ForeignScheduler));
    assert_eq!(decision.warnings(), Vec::<String>::new());
}
