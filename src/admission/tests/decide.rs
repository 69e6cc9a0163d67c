use serde_json::json;

use super::*;
use crate::admission::DenialReason;
use crate::admission::KnownDemand;
use crate::admission::tests::support::{SIDECAR, decided, operations, pod, policies, policy, pools, prepared};
use crate::model::{Declarations, RequestOutcome, ResourceConstraints, WithheldSidecar};
use crate::policy::PolicySet;

const EVERYTHING: &str = "
  injection: {sidecars: [{name: relay, image: relay:1}]}
  resources: {requests: {cpu: 1}}
  recovery: {tolerationSeconds: 10}
";

fn skip_reason(spec: &str, more: &Value) -> Option<SkipReason> {
    decided(&policy(spec), &pod(more)).skip_reason()
}

#[test]
fn a_pe_is_handed_to_the_scheduler_of_the_policy() {
    for name in [json!(null), json!(""), json!("default-scheduler"), json!("outrigger")] {
        let (after, _) = prepared(&policy(""), &pod(&json!({"spec": {"schedulerName": name}})));
        assert_eq!(after["spec"]["schedulerName"], "outrigger", "{name}");
    }
    let (after, _) = prepared(&policy("  schedulerName: second\n"), &pod(&json!({})));
    assert_eq!(after["spec"]["schedulerName"], "second");
}

#[test]
fn pods_of_other_schedulers_and_mirror_pods_are_left_alone() {
    let forged = json!({"outrigger.dev/placement": "{}"});
    for (more, reason) in [
        (
            json!({"spec": {"schedulerName": "volcano"}, "metadata": {"annotations": forged}}),
            SkipReason::ForeignScheduler,
        ),
        (
            json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "1"}}, "spec": {"nodeName": "n"}}),
            SkipReason::MirrorPod,
        ),
    ] {
        let decision = decided(&policy(EVERYTHING), &pod(&more));
        assert_eq!(decision.skip_reason(), Some(reason));
        assert!(decision.patch().is_empty());
        assert_eq!(decision.warnings(), Vec::<String>::new());
    }
}

#[test]
fn a_pod_of_no_policy_is_left_alone() {
    let stranger = json!({"metadata": {"labels": {"app": "web"}}, "spec": {}});
    assert_eq!(decided(&policy(EVERYTHING), &stranger).skip_reason(), Some(SkipReason::NoPolicy));
}

#[test]
fn who_declines_keeps_containers_and_resources_and_is_still_placed() {
    let before = pod(&json!({"metadata": {"annotations": {"outrigger.dev/inject": "false"}}}));
    let decision = decided(&policy(EVERYTHING), &before);
    assert_eq!(decision.skip_reason(), Some(SkipReason::Declined));
    let (after, _) = prepared(&policy(EVERYTHING), &before);
    assert_eq!(after["spec"].get("initContainers"), None);
    assert_eq!(after["spec"]["containers"], before["spec"]["containers"]);
    assert_eq!(after["spec"]["schedulerName"], "outrigger");
    assert_eq!(after["spec"]["tolerations"][0]["tolerationSeconds"], 10);
}

#[test]
fn an_annotation_outweighs_a_label_and_an_odd_value_is_said() {
    let both = json!({"metadata": {
        "annotations": {"outrigger.dev/inject": "true"}, "labels": {"outrigger.dev/inject": "false"},
    }});
    assert_eq!(skip_reason(EVERYTHING, &both), None);
    let odd = pod(&json!({"metadata": {"labels": {"outrigger.dev/inject": "maybe"}}}));
    let decision = decided(&policy(EVERYTHING), &odd);
    assert_eq!(decision.outcome(), RequestOutcome::Injected);
    assert_eq!(decision.warnings(), ["outrigger.dev/inject: `maybe` is neither `true` nor `false`; ignored"]);
}

#[test]
fn on_the_nodes_network_sidecars_are_for_those_who_ask() {
    let spec = json!({"hostNetwork": true});
    let decision = decided(&policy(EVERYTHING), &pod(&json!({"spec": spec})));
    let relay = WithheldSidecar { sidecar: "relay".into(), reason: WithheldReason::HostNetwork };
    assert_eq!((decision.withheld(), decision.outcome()), (&[relay][..], RequestOutcome::PartlyInjected));
    assert_eq!(operations(&decision, "/spec/initContainers"), json!([]));
    assert_ne!(operations(&decision, "/spec/containers"), json!([]), "it is sized all the same");
    assert_eq!(
        decision.warnings(),
        ["spec.hostNetwork: no sidecar was added; outrigger.dev/inject: \"true\" asks for it"]
    );

    let asks = json!({"spec": spec, "metadata": {"annotations": {"outrigger.dev/inject": "true"}}});
    assert_eq!(decided(&policy(EVERYTHING), &pod(&asks)).added(), ["relay".into()]);
    assert_eq!(decided(&policy(""), &pod(&json!({"spec": spec}))).withheld(), [], "nothing was withheld");
}

#[test]
fn a_contradiction_is_warned_of_and_the_pod_is_prepared() {
    let before = pod(&json!({"metadata": {"annotations": {
        "outrigger.dev/host-pool": "tagged", "outrigger.dev/host-tags": "ssd",
    }}}));
    let decision = decided(&policy(SIDECAR), &before);
    assert_eq!(decision.outcome(), RequestOutcome::Injected);
    assert_eq!(
        decision.warnings(),
        ["outrigger.dev/host-tags: cannot be combined with outrigger.dev/host-pool; keep one"]
    );
    assert_eq!(operations(&decision, "/spec/affinity"), json!([]));
}

#[test]
fn a_contradiction_is_denied_where_the_policy_says_so() {
    let before = pod(&json!({"metadata": {"annotations": {"outrigger.dev/exlocation": "a,,b"}}}));
    let decision = decided(&policy("  onConflict: Deny\n"), &before);
    let message = "outrigger.dev/exlocation: `a,,b` has an empty part; write a list such as `a,b`".to_owned();
    assert_eq!(decision, Decision::Deny { policy: "streams".into(), reason: DenialReason::InvalidPlacement, message });
    assert!(decision.patch().is_empty());
}

#[test]
fn the_second_time_nothing_is_left_to_do() {
    let before = pod(&json!({"spec": {"nodeName": "n1"}}));
    let (after, _) = prepared(&policy(EVERYTHING), &before);
    let decision = decided(&policy(EVERYTHING), &after);
    assert_eq!((decision.outcome(), decision.policy()), (RequestOutcome::Unchanged, Some("streams")));
}

#[test]
fn an_object_that_is_no_pod_is_let_through_with_a_warning_that_can_be_counted() {
    let no_pods = [
        json!({"metadata": {"annotations": "text"}}),
        json!({"spec": "text"}),
        json!({"spec": {"initContainers": {"relay": {}}}}),
        json!({"spec": {"containers": [{"name": "pe", "resources": {"requests": "all"}}]}}),
    ];
    for more in no_pods {
        let decision = decided(&policy(EVERYTHING), &pod(&more));
        assert_eq!(decision.skip_reason(), Some(SkipReason::PatchWouldNotApply), "{more}");
        assert!(SkipReason::PatchWouldNotApply.is_failure());
        assert!(decision.patch().is_empty());
        assert!(
            decision.warnings()[0].starts_with("outrigger could not prepare this pod"),
            "{:?}",
            decision.warnings()
        );
    }
}

#[test]
fn a_defect_never_denies() {
    let broken = pod(&json!({"spec": {"tolerations": {}}}));
    let spec = format!("{EVERYTHING}  onConflict: Deny\n");
    assert_eq!(decided(&policy(&spec), &broken).skip_reason(), Some(SkipReason::PatchWouldNotApply));
}

/// Runs `assertion` with the pod's candidate and the pod to which the rules have been applied.
fn with_prepared(policies: &PolicySet, pod: &Value, assertion: impl FnOnce(Prepared<'_>, &Candidate<'_>, Context<'_>)) {
    let (pools, declared, namespace) = (pools(), Declarations::default(), Namespace::from("ns"));
    let context = Context {
        policies,
        pools: &pools,
        declared: &declared,
        constraints: &ResourceConstraints::default(),
        demand: KnownDemand::default(),
    };
    let governed = Governed::select(&namespace, candidate::labels(pod), policies).unwrap();
    let candidate = Candidate::read(pod, governed, context).unwrap();
    let prepared = apply_rules(Cow::Borrowed(pod), &candidate, context).unwrap();
    assertion(prepared, &candidate, context);
}

#[test]
fn a_patch_without_proof_is_not_sent() {
    let (policies, pod) = (policy(EVERYTHING), pod(&json!({})));
    with_prepared(&policies, &pod, |prepared, _, _| {
        assert_eq!(proven(prepared, &"streams".into(), |_| true), decided(&policies, &pod));
    });
    with_prepared(&policies, &pod, |prepared, _, _| {
        let decision = proven(prepared, &"streams".into(), |_| false);
        assert_eq!(decision.skip_reason(), Some(SkipReason::PatchNotIdempotent));
        assert!(decision.patch().is_empty());
        assert_eq!(decision.warnings().len(), 1);
    });
}

#[test]
fn the_proof_holds_for_the_prepared_pod_alone() {
    let raw = pod(&json!({"spec": {"nodeName": "n1"}}));
    with_prepared(&policy(EVERYTHING), &raw, |prepared, candidate, context| {
        let is_settled = |pod: &Value| is_settled(pod, candidate, &prepared.selected_labels, context);
        assert!(is_settled(prepared.patch.pod()));
        assert!(!is_settled(&raw), "the rules would patch the raw pod");
        for more in [
            json!({"spec": {"schedulerName": "volcano"}}),
            json!({"spec": {"nodeName": "n2"}}),
            json!({"metadata": {"labels": {"outrigger.dev/job": null}}}),
            json!({"metadata": {"annotations": {"outrigger.dev/policy": null}}}),
        ] {
            let mut changed = prepared.patch.pod().clone();
            json_patch::merge(&mut changed, &more);
            assert!(!is_settled(&changed), "{more}");
        }
    });
}

#[test]
fn the_proof_selects_the_policy_again_where_a_rule_has_changed_other_labels() {
    let of_the_operator = policies(
        "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: open-streams}
spec:
  selector:
    podSelector:
      matchExpressions:
      - {key: streams.ibm.com/job, operator: Exists}
      - {key: streams.ibm.com/hostisolation.7, operator: NotIn, values: [Op-3]}
  dialect: open-streams
",
    );
    let before = json!({
        "metadata": {
            "labels": {"streams.ibm.com/job": "app", "streams.ibm.com/hostisolation.7": "Op-3-"},
            "ownerReferences": [{
                "apiVersion": "streams.ibm.com/v1", "kind": "ProcessingElement", "name": "app-0", "uid": "u1",
                "controller": true,
            }],
        },
        "spec": {},
    });
    // The value is corrected to `Op-3`, which this policy does not select: with the patch, no policy would govern the pod.
    let decision = decided(&of_the_operator, &before);
    assert_eq!(decision.skip_reason(), Some(SkipReason::PatchNotIdempotent));
}
