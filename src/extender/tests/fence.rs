//! Which PEs have to be settled before another one is committed.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::extender::pods_to_fence;
use crate::model::{Pod, PodUid, PoolMode, Rejection};
use crate::policy::PolicySet;
use crate::state::Cluster;
use crate::testing::{bound_to, exclusive, filter_node, governed, in_namespace, node, pe, pod, policies, pool, sized};

const NODES: [&str; 3] = ["n1", "n2", "n3"];
const PES: [&str; 3] = ["a", "b", "c"];

/// A cluster in which this process has taken over, and has written no fencing token yet.
fn taken_over(policies: PolicySet, pods: Vec<Pod>) -> Cluster {
    let pools =
        vec![pool("shared", &[], PoolMode::Shared), pool("sized", &[], sized(1)), pool("exclusive", &[], exclusive(1))];
    let mut cluster = governed(policies, NODES.map(node).into(), pools, pods);
    cluster.take_over("ours");
    cluster
}

fn fenced(cluster: &Cluster, pod: &str) -> Vec<String> {
    pods_to_fence(cluster, pod).into_iter().map(|key| key.name.to_string()).collect()
}

type PlacementSpec = Vec<(&'static str, &'static str)>;

fn some_spec() -> impl Strategy<Value = PlacementSpec> {
    let all: PlacementSpec = vec![
        ("colocation", "t"),
        ("colocation", "t,u"),
        ("exlocation", "t"),
        ("exlocation", "t,u"),
        ("isolated", "true"),
        ("host-pool", "shared"),
        ("host-pool", "sized"),
        ("host-pool", "exclusive"),
    ];
    prop_oneof![1 => Just(vec![]), 5 => subsequence(all, 1..3)]
}

fn scopes() -> impl Strategy<Value = PolicySet> {
    let scope = || select(&["Job", "Namespace", "Cluster"][..]);
    (scope(), scope()).prop_map(|(isolation, exclusive)| {
        policies(&format!("isolationScope: {isolation}, exclusiveScope: {exclusive}"))
    })
}

proptest! {
    #[test]
    fn pes_whose_placements_could_break_a_rule_are_fenced(
        policies in scopes(),
        pes in prop::collection::vec((select(&["j", "j", "j", "k"][..]), prop::bool::weighted(0.2), some_spec()), 3),
        third_is_bound in any::<bool>(),
    ) {
        let pods = PES.into_iter().zip(pes).map(|(name, (job, elsewhere, spec))| {
            let pod = pe(job, name, &spec);
            let pod = if elsewhere { in_namespace("other", pod) } else { pod };
            if name == "c" && third_is_bound { bound_to("n3", pod) } else { pod }
        });
        let mut cluster = taken_over(policies, pods.collect());
        for (one, other) in [("a", "b"), ("b", "a")] {
            let named = fenced(&cluster, one).contains(&other.to_owned());
            for (here, there) in NODES.into_iter().flat_map(|here| NODES.map(|there| (here, there))) {
                let alone = filter_node(&cluster, one, here).is_ok() && filter_node(&cluster, other, there).is_ok();
                cluster.assume(&PodUid::from(one), &here.into()).unwrap();
                let together = filter_node(&cluster, other, there);
                cluster.forget(&PodUid::from(one), "1");
                // the spec of a third PE is no rule between these two
                let legal = matches!(together, Ok(()) | Err(Rejection::BucketMemberRejected { .. }));
                prop_assert!(named || !alone || legal, "{one} on {here}, {other} on {there}: {together:?}");
            }
        }
    }
}

#[test]
fn only_pes_that_could_conflict_are_fenced() {
    let alone = [("host-pool", "exclusive")];
    let cases: [(&str, Pod, Pod, bool); 14] = [
        ("no spec", pe("j", "a", &[]), pe("j", "b", &[]), false),
        ("only one has a spec", pe("j", "a", &[("exlocation", "t")]), pe("j", "b", &[]), false),
        ("tokens", pe("j", "a", &[("exlocation", "t")]), pe("j", "b", &[("exlocation", "t")]), true),
        ("other jobs", pe("j", "a", &[("exlocation", "t")]), pe("k", "b", &[("exlocation", "t")]), false),
        ("bucket", pe("j", "a", &[("colocation", "t")]), pe("j", "b", &[("colocation", "t")]), true),
        ("pool", pe("j", "a", &[("host-pool", "sized")]), pe("j", "b", &[("host-pool", "sized")]), true),
        ("buckets of other jobs", pe("j", "a", &[("colocation", "t")]), pe("k", "b", &[("colocation", "t")]), false),
        ("isolated", pe("j", "a", &[("isolated", "true")]), pe("k", "b", &[]), true),
        ("beside isolated", pe("j", "a", &[]), pe("k", "b", &[("isolated", "true")]), true),
        ("isolated elsewhere", pe("j", "a", &[("isolated", "true")]), in_namespace("other", pe("j", "b", &[])), false),
        ("exclusive", pe("j", "a", &alone), pe("k", "b", &[]), true),
        ("exclusive for its own job", pe("j", "a", &alone), pe("j", "b", &[]), false),
        ("shared pool", pe("j", "a", &[("host-pool", "shared")]), pe("k", "b", &[]), false),
        ("a pod of no policy", pod("a"), pe("k", "b", &[("isolated", "true")]), false),
    ];
    for (case, one, other, wanted) in cases {
        let cluster = taken_over(policies(""), vec![one, other]);
        assert_eq!(fenced(&cluster, "a").contains(&"b".to_owned()), wanted, "{case}");
    }
}

#[test]
fn a_pe_with_placement_constraints_is_fenced_itself() {
    let cluster = taken_over(policies(""), vec![pe("j", "a", &[("exlocation", "t")])]);
    assert_eq!(fenced(&cluster, "a"), ["a"]);
    assert!(fenced(&cluster, "never-seen").is_empty());
}

#[test]
fn an_assumed_pod_is_fenced_once() {
    for pod in [pe("j", "a", &[("exlocation", "t")]), pod("a")] {
        let mut cluster = taken_over(policies(""), vec![pod]);
        cluster.assume(&PodUid::from("a"), &"n1".into()).unwrap();
        assert_eq!(fenced(&cluster, "a"), ["a"]);
    }
}
