//! Tests of filter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize;
use serde_json::Value;

use crate::extender::tests::{answer, question};
use crate::extender::{Filtered, SchedulingContext, decode_arguments, filter};
use crate::model::{Node, NodeName, PodUid, Reason};
use crate::policy::PolicySet;
use crate::state::{Cluster, Reservations, Snapshot};
use crate::testing::{asking, bound_to, cluster, node, pe, pod, policies, tagged};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// `ExtenderFilterResult` of the contract, and nothing else.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FilterResult {
    nodes: Option<Value>,
    node_names: Option<Vec<String>>,
    failed_nodes: Option<Value>,
    failed_and_unresolvable_nodes: Option<BTreeMap<String, String>>,
    error: String,
}

/// A view in which filter names every node that passes.
fn listing<'a>(snapshot: &'a Snapshot, policies: &'a PolicySet) -> SchedulingContext<'a> {
    SchedulingContext { filter_decides: false, ..SchedulingContext::new(snapshot, policies) }
}

fn filtered(cluster: &Cluster, spec: (&str, &str), names: &[&str]) -> (Filtered, FilterResult) {
    let body = question("a", spec, names);
    let filtered = filter(&decode_arguments(&body).unwrap(), listing(cluster.snapshot(), &policies("")));
    let result = answer(&filtered.body);
    (filtered, result)
}

/// A name that no escape must damage.
fn a_name() -> impl Strategy<Value = String> {
    prop_oneof![2 => "[a-z0-9.-]{1,12}", 1 => ".{0,8}", 1 => r#"[\\"/\n\u{0}\u{7f}é☃😀]{1,4}"#]
}

/// Nodes in any order, each with its expected result.
fn some_nodes() -> impl Strategy<Value = Vec<(String, &'static str)>> {
    let state = select(&["passes", "cordoned", "unknown"][..]);
    btree_map(a_name(), state, 0..12).prop_map(|nodes| nodes.into_iter().collect::<Vec<_>>()).prop_shuffle()
}

proptest! {
    #[test]
    fn every_node_of_a_request_passes_or_is_rejected_once_and_in_order(
        nodes in some_nodes(),
    ) {
        let known = nodes.iter().filter(|(_, state)| *state != "unknown");
        let known = known.map(|(name, state)| Node { schedulable: *state == "passes", ..node(name) }).collect();
        let names: Vec<&str> = nodes.iter().map(|(name, _)| name.as_str()).collect();
        let (filtered, result) = filtered(&cluster(known, vec![], vec![]), ("isolated", "false"), &names);

        let of = |wanted: &'static str| nodes.iter().filter(move |(_, state)| *state == wanted).map(|(name, _)| name.clone());
        prop_assert_eq!(result.node_names.unwrap(), of("passes").collect::<Vec<_>>());
        let rejected = of("cordoned").map(|name| (name, "NodeUnschedulable".to_owned()));
        let rejected = rejected.chain(of("unknown").map(|name| (name, "NodeUnknown".to_owned())));
        prop_assert_eq!(result.failed_and_unresolvable_nodes.unwrap(), rejected.collect());
        prop_assert_eq!((result.nodes, result.failed_nodes, result.error), (None, None, String::new()));

        let counts = [(Reason::NodeUnschedulable, of("cordoned").count()), (Reason::NodeUnknown, of("unknown").count())];
        prop_assert_eq!(&filtered.attempt.rejected, &counts.into_iter().filter(|(_, count)| *count > 0).collect());
        prop_assert_eq!((filtered.attempt.evaluated_nodes, filtered.error), (nodes.len(), None));
        prop_assert_eq!(filtered.attempt.choice.best.len() == 1, of("passes").count() == 1);
    }
}

#[test]
fn a_node_that_kube_scheduler_sends_is_not_rejected_by_a_rule_that_it_checks_too() {
    let spec = ("exlocation", "t");
    let sibling = bound_to("n2", pe("j", "b", &[spec]));
    let cordoned = Node { schedulable: false, ..node("cordoned") };
    let heavy = bound_to("full", asking(4_000, pod("heavy")));
    let nodes = vec![node("n1"), node("n2"), node("full"), cordoned];
    let cluster = cluster(nodes, vec![], vec![sibling, heavy, pe("j", "a", &[spec])]);
    let ask = |names: &[&str]| {
        let body = question("a", spec, names);
        let view = listing(cluster.snapshot(), cluster.policies());
        let filtered =
            filter(&decode_arguments(&body).unwrap(), SchedulingContext { asked_by_kube_scheduler: true, ..view });
        let result: FilterResult = answer(&filtered.body);
        let rejected: Vec<String> = result.failed_and_unresolvable_nodes.unwrap_or_default().into_keys().collect();
        (result.node_names.unwrap_or_default(), rejected, filtered.error.is_some(), filtered.attempt.rejected)
    };
    let counts = BTreeMap::from([(Reason::StaleState, 3), (Reason::ExlocationConflict, 1)]);
    let (one, two) = (vec!["n1".to_owned()], vec!["n2".to_owned()]);
    assert_eq!(ask(&["n1", "n2", "full", "cordoned", "never-seen"]), (one, two.clone(), false, counts));
    for behind in ["full", "cordoned", "never-seen"] {
        assert!(ask(&[behind]).2, "{behind}: kube-scheduler tries the pod again");
        assert!(ask(&["n2", behind]).2, "{behind}: the other node is rejected");
    }
    let counts = BTreeMap::from([(Reason::ExlocationConflict, 1)]);
    assert_eq!(ask(&["n2"]), (Vec::new(), two, false, counts));
}

#[test]
fn a_single_passing_node_is_the_choice() {
    let nodes = vec![tagged(&["ssd"], node("n1")), node("n2"), tagged(&["ssd"], node("n3"))];
    let cluster = cluster(nodes, vec![], vec![]);
    let only = |names: &[&str]| {
        let (filtered, _) = filtered(&cluster, ("host-tags", "ssd"), names);
        filtered.attempt.choice.best.first().map(|only| only.name.to_string())
    };
    assert_eq!(only(&["n2", "n3"]).as_deref(), Some("n3"));
    assert_eq!(only(&["n1", "n2", "n3"]), None);
    assert_eq!(only(&["n2"]), None);
}

#[test]
fn reservations_reject_nodes_while_another_node_passes() {
    let apart = [("exlocation", "t")];
    let pods = ["a", "other", "third"].map(|name| pe("j", name, &apart));
    let cluster = cluster(vec![node("n1"), node("n2"), node("n3")], vec![], pods.to_vec());
    let mut reservations = Reservations::default();
    let mut filtered = |reserved: &[(&str, &str)], names: &[&str]| {
        for (pe, node) in reserved {
            let pe = Arc::clone(cluster.pod(pe).unwrap().1.unwrap());
            reservations.reserve([(pe, NodeName::from(*node))], NOW);
        }
        let with_reservations = reservations.with_reservations(cluster.snapshot(), &PodUid::from("a"), NOW);
        let arguments = decode_arguments(&question("a", ("exlocation", "t"), names)).map(|arguments| {
            let view = listing(cluster.snapshot(), cluster.policies());
            filter(&arguments, SchedulingContext { with_reservations: with_reservations.as_ref(), ..view })
        });
        let filtered = arguments.unwrap();
        (filtered.passed.len(), filtered.attempt.rejected, filtered.error.is_some())
    };
    let rejected = |count| BTreeMap::from([(Reason::ExlocationConflict, count)]);
    assert_eq!(filtered(&[], &["n1", "n2"]), (2, BTreeMap::new(), false));
    assert_eq!(filtered(&[("a", "n2")], &["n1", "n2"]), (2, BTreeMap::new(), false), "its own is no obstacle");
    assert_eq!(filtered(&[("other", "n1")], &["n1", "n2"]), (1, rejected(1), false));
    let tried_again = (0, BTreeMap::new(), true);
    assert_eq!(filtered(&[("third", "n2")], &["n1", "n2"]), tried_again, "a refusal could outlive the proposals");
    assert_eq!(filtered(&[], &["n1", "n2", "n3"]), (1, rejected(2), false));
}

#[test]
fn filter_passes_the_nodes_that_placement_passes() {
    let pods = vec![bound_to("n1", pe("j", "rival", &[("exlocation", "t")])), pe("j", "a", &[("exlocation", "t")])];
    let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
    let (filtered, result) = filtered(&cluster, ("exlocation", "t"), &["n1", "n2"]);
    let rejected: BTreeMap<String, String> = crate::testing::reasons(&cluster, "a")
        .into_iter()
        .filter_map(|(name, reason)| Some((name, reason?.to_string())))
        .collect();
    assert_eq!(result.failed_and_unresolvable_nodes.unwrap(), rejected);
    assert_eq!(rejected.into_values().collect::<BTreeSet<_>>(), BTreeSet::from(["ExlocationConflict".to_owned()]));
    assert_eq!(filtered.pe.unwrap().pod.key.uid.as_str(), "a");
}
