//! Tests of bind: every rule is verified again, and the pod is assumed.

use jiff::Timestamp;

use crate::extender::BindingArguments;
use crate::extender::bind::{
    BindingCycle, PendingBinding, VerificationError, Verified, check_scheduler, verify_and_assume,
};
use crate::model::{NodeName, Pod, Pool, Rejection, StreamJob, keys};
use crate::state::{Cluster, Event};
use crate::testing::{NAMESPACE, bound_to, cluster, node, pe, place, pod, pod_key, policies};

const APART: &[(&str, &str)] = &[("exlocation", "t")];

fn bind(cluster: &mut Cluster, pod: &str, node: &str) -> Result<Verified, VerificationError> {
    let arguments =
        BindingArguments { namespace: NAMESPACE.into(), name: pod.into(), uid: pod.into(), node: node.into() };
    let cycle = BindingCycle { attempt: None, gang_plan: None, possible_takeovers: 0, now: Timestamp::UNIX_EPOCH };
    verify_and_assume(cluster, &arguments, cycle)
}

/// PEs `a` and `b` that must not share a node, and a pod that is no PE.
fn known() -> Cluster {
    let pods = vec![pe("j", "a", APART), pe("j", "b", APART), pod("web")];
    cluster(vec![node("n1"), node("n2")], vec![], pods)
}

fn assumed(verified: Result<Verified, VerificationError>) -> PendingBinding {
    match verified {
        Ok(Verified::Assumed(binding)) => *binding,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pending_binding_has_the_verified_version_of_the_pod() {
    let mut cluster = known();
    cluster.apply(Event::put(Pod { resource_version: "7".into(), ..pe("j", "a", APART) }));
    let binding = assumed(bind(&mut cluster, "a", "n1"));
    assert_eq!(binding.pod.to_string(), "streams/a");
    assert_eq!((&*binding.resource_version, binding.node.as_str()), ("7", "n1"));
    assert_eq!(binding.record.unwrap().node.as_str(), "n1");
    assert_eq!(cluster.assumed("a").map(NodeName::as_str), Some("n1"));
}

#[test]
fn the_second_of_two_exlocated_pes_is_rejected() {
    let mut cluster = known();
    assumed(bind(&mut cluster, "a", "n1"));
    let rejected = Err(VerificationError::Rejected(Rejection::ExlocationConflict(pod_key("a"))));
    assert_eq!(bind(&mut cluster, "b", "n1"), rejected);
    assert_eq!((cluster.assumed("b"), cluster.assumed_len()), (None, 1), "no pod is assumed");
    assumed(bind(&mut cluster, "b", "n2"));
}

#[test]
fn a_pod_of_no_policy_is_bound_without_a_record() {
    let mut cluster = known();
    let binding = assumed(bind(&mut cluster, "web", "never-seen"));
    assert_eq!(binding.record, None);
    assert_eq!(cluster.assumed_len(), 1);
}

#[test]
fn a_pe_is_not_bound_to_an_unknown_node() {
    assert_eq!(bind(&mut known(), "a", "never-seen"), Err(VerificationError::Rejected(Rejection::NodeUnknown)));
}

#[test]
fn a_bound_pod_is_not_bound_again() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![bound_to("n1", pe("j", "a", &[]))]);
    assert_eq!(bind(&mut cluster, "a", "n1"), Ok(Verified::AlreadyBound));
    assert_eq!(bind(&mut cluster, "a", "n2"), Err(VerificationError::Elsewhere("n1".into())));
    assert_eq!(cluster.assumed_len(), 0);
}

#[test]
fn an_unknown_pod_is_not_bound() {
    let error = bind(&mut known(), "gone", "n1").unwrap_err();
    assert_eq!(error, VerificationError::UnknownPod("streams/gone".to_owned()));
}

#[test]
fn no_pod_is_bound_before_all_kinds_are_listed() {
    let listed = || {
        [
            Event::listed(vec![node("n1")]),
            Event::listed::<Pool>(vec![]),
            Event::listed::<StreamJob>(vec![]),
            Event::listed(vec![pe("j", "a", &[]), pod("web")]),
        ]
    };
    for missing in 0..4 {
        let mut cluster = Cluster::new(policies(""));
        for (_, event) in listed().into_iter().enumerate().filter(|(number, _)| *number != missing) {
            cluster.apply(event);
        }
        cluster.apply(Event::put(pe("j", "a", &[])));
        cluster.apply(Event::put(pod("web")));
        for name in ["a", "web"] {
            assert_eq!(
                bind(&mut cluster, name, "n1"),
                Err(VerificationError::NotListed),
                "{name} without list {missing}"
            );
        }
        assert_eq!(cluster.assumed_len(), 0);
    }
}

#[test]
fn a_pod_is_not_assumed_before_conflicting_pods_are_settled() {
    let mut cluster = known();
    cluster.take_over("ours");
    for name in ["a", "b"] {
        let Ok(Verified::Unsettled(pods)) = bind(&mut cluster, "a", "n1") else { panic!("{name}") };
        assert!(pods.iter().any(|pod| pod.name.as_str() == name), "{pods:?}");
        assert_eq!(cluster.assumed_len(), 0);
        let token = cluster.next_token(&name.into()).unwrap();
        let spec = [("outrigger.dev/exlocation", "t"), (keys::EPOCH, &token)];
        let marked = Pod { annotations: spec.into_iter().collect(), ..pe("j", name, APART) };
        cluster.apply(Event::put(marked));
    }
    assumed(bind(&mut cluster, "a", "n1"));
}

#[test]
fn an_assumed_pod_has_to_be_fenced_before_it_is_assumed_again() {
    let mut cluster = known();
    assert_eq!(place(&mut cluster, "a").as_deref(), Some("n1"));
    let Ok(Verified::Unsettled(pods)) = bind(&mut cluster, "a", "n2") else { panic!("it may still land on n1") };
    assert_eq!(pods.iter().map(ToString::to_string).collect::<Vec<_>>(), ["streams/a"]);
    assert_eq!(cluster.assumed("a").map(NodeName::as_str), Some("n1"));
}

#[test]
fn pods_of_other_schedulers_are_not_bound() {
    let mut cluster = known();
    for (name, scheduler) in [("a", "default-scheduler"), ("web", "volcano")] {
        let pod = Pod { scheduler_name: scheduler.into(), ..Pod::clone(cluster.pod(name).unwrap().0) };
        cluster.apply(Event::put(pod));
        let error = check_scheduler(&cluster, &name.into()).unwrap_err().to_string();
        let expected = format!(
            "pod streams/{name} asks for scheduler `{scheduler}`, and this extender binds pods of outrigger only"
        );
        assert_eq!(error, expected);
    }
    cluster.apply(Event::put(Pod { scheduler_name: "outrigger".into(), ..pod("web") }));
    assert_eq!(check_scheduler(&cluster, &"web".into()), Ok(()));
}
