//! The demand on nodes is kept as pods come and go, and is the same as if it were computed anew, in whatever order.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::model::{DemandForecasts, NodeName, Pod, PodUid};
use crate::risk::{AddedDemand, Calibration, NodeClass, Observation};
use crate::state::{Change, Cluster, Event, Snapshot};
use crate::testing::{
    asking, bound_to, cluster, forecasts, governed, job_demand, leaving, node, others_demand, pe, pod, policies,
};

const NODES: [&str; 3] = ["n1", "n2", "n3"];

fn known() -> Arc<DemandForecasts> {
    let jobs = [("j", job_demand(&[2_000.0, 5_000.0, 3_000.0], 0.2, 0.3)), ("k", job_demand(&[1_000.0], 0.5, 0.7))];
    forecasts(&jobs, &[("n1", others_demand(500.0)), ("n2", others_demand(100.0))])
}

/// The risk of each node, to the last bit.
fn risks(snapshot: &Snapshot) -> Vec<(NodeName, u64)> {
    let mut risks: Vec<_> = snapshot.node_risks().map(|(name, risk)| (name.clone(), risk.to_bits())).collect();
    risks.sort();
    risks
}

fn risk(cluster: &Cluster, name: &str) -> f64 {
    let snapshot = cluster.snapshot();
    snapshot.risk_with(&AddedDemand::nothing(), snapshot.find(name).unwrap()).unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Put(Pod),
    Gone(PodUid),
    Assume(PodUid, NodeName),
    Forget(PodUid),
    Demand,
}

fn a_step() -> impl Strategy<Value = Step> {
    let names = || prop::sample::select(&["a", "b", "c", "d"][..]);
    let a_node = || prop::sample::select(&NODES[..]);
    let a_pod = (names(), prop::sample::select(&["j", "k", "l", ""][..]), prop::option::of(a_node()), any::<bool>());
    let a_pod = a_pod.prop_map(|(name, job, node, is_leaving)| {
        let pod = asking(700, if job.is_empty() { pod(name) } else { pe(job, name, &[]) });
        let pod = node.into_iter().fold(pod, |pod, node| bound_to(node, pod));
        if is_leaving { leaving(pod) } else { pod }
    });
    prop_oneof![
        6 => a_pod.prop_map(Step::Put),
        2 => names().prop_map(|name| Step::Gone(PodUid::from(name))),
        3 => (names(), a_node()).prop_map(|(name, node)| Step::Assume(PodUid::from(name), NodeName::from(node))),
        1 => names().prop_map(|name| Step::Forget(PodUid::from(name))),
        1 => Just(Step::Demand),
    ]
}

proptest! {
    #[test]
    fn what_is_kept_is_what_is_computed_anew(steps in prop::collection::vec(a_step(), 1..40)) {
        let mut cluster = cluster(NODES.map(node).into(), vec![], vec![]);
        cluster.apply(Event::Demand(known()));
        for step in steps {
            match step {
                Step::Put(pod) => cluster.apply(Event::put(pod)),
                Step::Gone(uid) => cluster.apply(Event::gone::<Pod>(uid)),
                Step::Assume(uid, node) => drop(cluster.assume(&uid, &node)),
                Step::Forget(uid) => cluster.forget(&uid, "1"),
                Step::Demand => cluster.apply(Event::Demand(known())),
            }
        }
        let kept = risks(cluster.snapshot());
        cluster.apply(Event::Demand(known()));
        prop_assert_eq!(kept, risks(cluster.snapshot()));
    }

    #[test]
    fn the_order_of_events_changes_nothing(order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(), early: bool) {
        let pods: Vec<Pod> =
            (0..6).map(|number| bound_to("n1", pe(["j", "k", "l"][number % 3], &format!("p{number}"), &[]))).collect();
        let at_once = {
            let mut cluster = cluster(NODES.map(node).into(), vec![], pods.clone());
            cluster.apply(Event::Demand(known()));
            risks(cluster.snapshot())
        };
        let mut cluster = cluster(NODES.map(node).into(), vec![], vec![]);
        if early {
            cluster.apply(Event::Demand(known()));
        }
        for at in order {
            cluster.apply(Event::put(pods[at].clone()));
        }
        if !early {
            cluster.apply(Event::Demand(known()));
        }
        prop_assert_eq!(at_once, risks(cluster.snapshot()));
    }
}

#[test]
fn an_assumed_pe_counts_at_once_and_a_forgotten_one_no_longer() {
    let mut cluster = cluster(NODES.map(node).into(), vec![], vec![pe("j", "a", &[]), pe("j", "b", &[])]);
    cluster.apply(Event::Demand(known()));
    let empty = risk(&cluster, "n1");
    cluster.assume(&"a".into(), &"n1".into()).unwrap();
    cluster.assume(&"b".into(), &"n1".into()).unwrap();
    assert!(risk(&cluster, "n1") > empty, "{}", risk(&cluster, "n1"));
    cluster.forget(&"a".into(), "1");
    cluster.forget(&"b".into(), "1");
    assert_eq!(risk(&cluster, "n1").to_bits(), empty.to_bits());
}

#[test]
fn a_pe_that_is_leaving_uses_its_node_until_it_is_gone() {
    let pods = ["a", "b"].map(|name| bound_to("n1", pe("j", name, &[])));
    let mut cluster = cluster(NODES.map(node).into(), vec![], pods.clone().into());
    cluster.apply(Event::Demand(known()));
    let running = risk(&cluster, "n1");
    for pod in pods {
        cluster.apply(Event::put(leaving(pod)));
    }
    assert_eq!(risk(&cluster, "n1").to_bits(), running.to_bits());
}

#[test]
fn a_place_in_a_plan_counts() {
    let pods = vec![pe("j", "a", &[]), bound_to("n1", pe("j", "b", &[]))];
    let mut cluster = cluster(NODES.map(node).into(), vec![], pods);
    cluster.apply(Event::Demand(known()));
    let (_, pe) = cluster.pod("a").unwrap();
    let (pe, mut snapshot) = (Arc::clone(pe.unwrap()), cluster.snapshot().clone());
    let (n1, before) = (snapshot.find("n1").unwrap(), risks(&snapshot));
    snapshot.place(&pe, n1);
    assert_ne!(risks(&snapshot), before);
    snapshot.displace(&pe, n1);
    assert_eq!(risks(&snapshot), before);
}

#[test]
fn decisions_of_before_are_not_used_after_a_forecast() {
    let mut cluster = cluster(NODES.map(node).into(), vec![], vec![pe("j", "a", &[])]);
    let job = cluster.pod("a").unwrap().1.unwrap().job.clone();
    let (unknown, version) = (cluster.snapshot().key(&job), cluster.snapshot().version());
    cluster.apply(Event::Demand(known()));
    let first = cluster.snapshot().key(&job);
    assert_ne!(first, unknown);
    assert!(cluster.snapshot().version() > version);
    cluster.apply(Event::Demand(known()));
    assert_ne!(cluster.snapshot().key(&job), first);
}

#[test]
fn forecasts_age_by_the_time() {
    let mut cluster = cluster(NODES.map(node).into(), vec![], vec![bound_to("n1", pe("j", "a", &[]))]);
    cluster.apply(Event::Demand(known()));
    let (fresh, version) = (risks(cluster.snapshot()), cluster.snapshot().version());
    let at = |minutes: i64| Event::Time(Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes));
    cluster.apply(at(4));
    assert_eq!((risks(cluster.snapshot()), cluster.snapshot().version()), (fresh.clone(), version));
    cluster.apply(at(70));
    assert_ne!(risks(cluster.snapshot()), fresh);
    assert!(cluster.snapshot().version() > version);
}

#[test]
fn what_was_learnt_corrects_the_risk_from_now_on() {
    let mut cluster = cluster(NODES.map(node).into(), vec![], vec![bound_to("n1", pe("j", "a", &[]))]);
    cluster.apply(Event::Demand(known()));
    let stated = risk(&cluster, "n1");
    let snapshot = cluster.snapshot();
    let told = snapshot.explain_risk_with(&AddedDemand::nothing(), snapshot.find("n1").unwrap()).unwrap();
    let mut calibration = Calibration::default();
    for distance in [0.0, 1.0, 2.0, 3.0, 4.25] {
        let class = NodeClass::of_node(&node("n1"));
        let one = Observation { class, resource: told.resource, distance, happened: true };
        calibration.observe(&vec![one; 4_000]);
    }
    cluster.apply(Event::Calibration(Arc::new(calibration)));
    assert!(risk(&cluster, "n1") > stated + 0.3, "{stated} {}", risk(&cluster, "n1"));
    cluster.apply(Event::Demand(known()));
    assert!(risk(&cluster, "n1") > stated + 0.3, "the next forecast is corrected too");
}

/// kube-scheduler sees no forecast: a PE that was rejected for the risk is tried again.
#[test]
fn a_forecast_releases_nodes_where_a_policy_has_a_ceiling() {
    for (placement, releases) in [("riskCeiling: 0.1", true), ("", false)] {
        let mut cluster = governed(policies(placement), NODES.map(node).into(), vec![], vec![]);
        let before = cluster.snapshot().nodes_released_in();
        cluster.apply(Event::Demand(known()));
        assert_eq!(cluster.snapshot().nodes_released_in() > before, releases, "{placement}");
    }
}

#[test]
fn without_demand_nothing_is_kept() {
    let mut cluster = cluster(NODES.map(node).into(), vec![], vec![bound_to("n1", pe("j", "a", &[]))]);
    assert!(!cluster.snapshot().knows_demand());
    cluster.apply(Event::Demand(known()));
    assert!(cluster.snapshot().knows_demand());
    cluster.apply(Event::Demand(Arc::default()));
    assert!(!cluster.snapshot().knows_demand());
    let snapshot = cluster.snapshot();
    assert!(snapshot.node(snapshot.find("n1").unwrap()).unwrap().demand.is_none());
    cluster.apply(Event::Node(Change::Gone("n1".into())));
}
