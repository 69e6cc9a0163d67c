//! Each reason code of `docs/placement.md` has its cause, and of several causes the first reason wins.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::model::{
    Node, NodeRequirement, NodeRequirements, Pod, PodPhase, PodRequests, Pool, PoolMode, Reason, Rejection, Resources,
    StreamJob, Subject, Test,
};
use crate::state::{Cluster, Event};
use crate::testing::{
    asking, bound_to, closed, cluster, cordoned, exclusive, filter_node, governed, in_namespace, job_id, labelled,
    leaving, limited, listed, measured, node, pe, pod, pod_key, policies_by_namespace, pool, protecting, selecting,
    shortage, sized, stream_job, tagged, tainted, taking, tolerating,
};

/// Filters node `n1` for PE `a` in a cluster of these nodes, pools and pods.
fn filter_first(nodes: Vec<Node>, pools: Vec<Pool>, pods: Vec<Pod>) -> Result<(), Rejection> {
    filter_node(&cluster(nodes, pools, pods), "a", "n1")
}

/// The same with two nodes and no pool, where only pods make a difference.
fn among(pods: Vec<Pod>) -> Result<(), Rejection> {
    filter_first(vec![node("n1"), node("n2")], vec![], pods)
}

const OTHER: &str = "other";

#[test]
fn node_unknown_until_the_node_is_watched() {
    let pods = vec![bound_to("n1", pod("first")), pe("j", "a", &[])];
    let mut cluster = cluster(vec![], vec![], pods);
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::NodeUnknown));
    cluster.apply(Event::put(node("n1")));
    assert_eq!(filter_node(&cluster, "a", "n1"), Ok(()));
    cluster.apply(Event::gone::<Node>("n1".into()));
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::NodeUnknown));
}

#[test]
fn invalid_placement_while_a_value_cannot_be_parsed() {
    for (spec, reason) in [
        (&[("isolated", "yes")][..], "outrigger.dev/isolated: `yes` is neither `true` nor `false`"),
        (
            &[("host-pool", "p"), ("host-tags", "a")],
            "outrigger.dev/host-tags: cannot be combined with outrigger.dev/host-pool; keep one",
        ),
    ] {
        let rejection = Rejection::InvalidPlacement(reason.into());
        assert_eq!(among(vec![pe("j", "a", spec)]), Err(rejection));
    }
    assert_eq!(among(vec![pe("j", "a", &[("isolated", "false")])]), Ok(()));
}

#[test]
fn invalid_placement_while_pes_of_a_bucket_exclude_each_other() {
    let problem = "colocation against exlocation: it shares exlocation token `x` with PE b, which is in its bucket";
    let spec = [("colocation", "t"), ("exlocation", "x")];
    let rejection = Err(Rejection::InvalidPlacement(problem.into()));
    assert_eq!(among(vec![pe("j", "a", &spec), pe("j", "b", &spec)]), rejection);
    assert_eq!(among(vec![pe("j", "a", &spec), bound_to("n1", pe("j", "b", &spec))]), rejection);
    assert_eq!(among(vec![pe("j", "a", &spec), leaving(bound_to("n1", pe("j", "b", &spec)))]), Ok(()));
    assert_eq!(among(vec![pe("j", "a", &spec), pe("k", "b", &spec)]), Ok(()));
    assert_eq!(among(vec![pe("j", "a", &spec), pe("j", "b", &[("colocation", "t"), ("exlocation", "y")])]), Ok(()));
}

#[test]
fn invalid_placement_while_an_isolated_pe_is_in_a_bucket_with_others() {
    let bucket = ("colocation", "t");
    let rejection = Err(Rejection::InvalidPlacement(
        "colocation against isolation: an isolated PE cannot share a bucket, here with PE b".into(),
    ));
    for (own, theirs) in [("true", "false"), ("false", "true")] {
        let pods = vec![pe("j", "a", &[bucket, ("isolated", own)]), pe("j", "b", &[bucket, ("isolated", theirs)])];
        assert_eq!(among(pods), rejection);
    }
    assert_eq!(among(vec![pe("j", "a", &[bucket, ("isolated", "true")])]), Ok(()));
    assert_eq!(among(vec![pe("j", "a", &[bucket]), pe("j", "b", &[bucket])]), Ok(()));
}

#[test]
fn pool_not_found_until_the_pool_exists_in_the_namespace_of_the_pe() {
    let waiting = || vec![in_namespace(OTHER, pe("j", "a", &[("host-pool", "p")]))];
    let mut cluster = cluster(vec![node("n1")], vec![pool("p", &[], PoolMode::Shared)], waiting());
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::PoolNotFound("other/p".into())));
    let mut theirs = pool("p", &[], PoolMode::Shared);
    theirs.id.namespace = OTHER.into();
    cluster.apply(Event::put(theirs.clone()));
    assert_eq!(filter_node(&cluster, "a", "n1"), Ok(()));
    cluster.apply(Event::gone::<Pool>(theirs.id));
    assert_eq!(filter_node(&cluster, "a", "n1").map_err(|rejection| rejection.reason()), Err(Reason::PoolNotFound));
}

#[test]
fn a_pe_that_tolerates_why_a_node_is_unschedulable_passes() {
    let deleted = || Node { schedulable: false, unschedulable_taints: Vec::new(), ..node("n1") };
    let patient = || tolerating(&["node.kubernetes.io/unschedulable"], pe("j", "a", &[]));
    let tolerant = |key| tolerating(&[key], pe("j", "a", &[]));
    let filter = |node: Node, pod: Pod| filter_first(vec![node], vec![], vec![pod]);
    assert_eq!(filter(cordoned(node("n1")), patient()), Ok(()));
    assert_eq!(filter(cordoned(node("n1")), tolerant("another")), Err(Rejection::NodeUnschedulable));
    assert_eq!(filter(deleted(), patient()), Err(Rejection::NodeUnschedulable), "no toleration helps");
}

#[test]
fn node_unschedulable_while_the_node_is_cordoned() {
    let mut cluster = cluster(vec![cordoned(node("n1"))], vec![], vec![pe("j", "a", &[])]);
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::NodeUnschedulable));
    cluster.apply(Event::put(node("n1")));
    assert_eq!(filter_node(&cluster, "a", "n1"), Ok(()));
}

#[test]
fn untolerated_taint_while_the_pod_does_not_tolerate_a_taint() {
    let with = |taints: &[&str], tolerated: &[&str]| {
        filter_first(vec![tainted(taints, node("n1"))], vec![], vec![tolerating(tolerated, pe("j", "a", &[]))])
    };
    let rejection = |taint: &str| Err(Rejection::UntoleratedTaint(format!("{taint}:NoSchedule")));
    assert_eq!(with(&[], &[]), Ok(()));
    assert_eq!(with(&["k"], &[]), rejection("k"));
    assert_eq!(with(&["k"], &["other"]), rejection("k"));
    assert_eq!(with(&["k", "l"], &["k"]), rejection("l"));
    assert_eq!(with(&["k", "l"], &["k", "l"]), Ok(()));
}

#[test]
fn node_affinity_mismatch_while_the_node_does_not_match_the_selector() {
    let with = |labels: &[&str]| {
        filter_first(vec![labelled(labels, node("n1"))], vec![], vec![selecting(&["ssd", "fast"], pe("j", "a", &[]))])
    };
    let rejection = |lacking: &str| Err(Rejection::NodeAffinityMismatch(lacking.to_owned()));
    assert_eq!(with(&[]), rejection("ssd="));
    assert_eq!(with(&["ssd"]), rejection("fast="));
    assert_eq!(with(&["fast", "ssd"]), Ok(()));
}

#[test]
fn pool_tag_missing_where_admission_has_written_the_tag_as_node_affinity() {
    let exists = |key: &str| NodeRequirement { subject: Subject::Label(key.into()), test: Test::Exists };
    let with = |spec: &[(&str, &str)], own: &[&str], labels: &[&str]| {
        let term = own.iter().map(|key| exists(key)).chain([exists("tag.outrigger.dev/gpu")]).collect();
        let requirements = NodeRequirements { terms: Some(vec![term]), ..NodeRequirements::default() };
        let pe = Pod { node_requirements: Some(Arc::new(requirements)), ..pe("j", "a", spec) };
        let pools = vec![pool("tags", &["gpu"], PoolMode::Shared)];
        filter_first(vec![labelled(labels, node("n1"))], pools, vec![pe])
    };
    let missing = Err(Rejection::PoolTagMissing("gpu".into()));
    let mismatch = |lacking: &str| Err(Rejection::NodeAffinityMismatch(lacking.to_owned()));
    for spec in [("host-tags", "gpu"), ("host-pool", "tags")] {
        assert_eq!(with(&[spec], &[], &[]), missing);
        assert_eq!(with(&[spec], &["zone"], &[]), mismatch("zone"), "the pod's own affinity comes first");
        assert_eq!(with(&[spec], &["zone"], &["zone"]), missing);
        assert_eq!(with(&[spec], &["zone"], &["zone", "tag.outrigger.dev/gpu"]), Ok(()));
    }
    assert_eq!(with(&[], &[], &[]), mismatch("tag.outrigger.dev/gpu"), "the tag is no pool's");
}

#[test]
fn a_resource_that_no_node_lists_is_not_short() {
    let with = |listed: &[&str], requested: &str| {
        let resources = |names: &[&str], units: u64| Resources {
            other: names.iter().map(|name| (Box::from(*name), units)).collect(),
            ..Resources::default()
        };
        let other = Node { allocatable: resources(listed, 1), ..node("n2") };
        let requests = resources(&[requested], 1);
        let pe = |name: &str, spec: &[(&str, &str)]| {
            let resources = PodRequests { limits: requests.clone(), requests: requests.clone() };
            Pod { resources: Arc::new(resources), ..pe("j", name, spec) }
        };
        let alone = filter_first(vec![node("n1"), other.clone()], vec![], vec![pe("a", &[])]);
        let bucket = [("colocation", "t")];
        let pods = vec![pe("a", &bucket), pe("b", &bucket)];
        assert_eq!(alone.is_ok(), filter_first(vec![node("n1"), other], vec![], pods).is_ok());
        alone.is_ok()
    };
    assert!(with(&[], "example.com/fpga"), "a device class or another extender provides it");
    assert!(!with(&["example.com/fpga"], "example.com/fpga"), "another node lists it");
    assert!(!with(&[], "hugepages-2Mi"), "a native resource");
}

#[test]
fn restricted_tag_unless_the_pe_requests_the_tag() {
    let asking_for = |spec: &[(&str, &str)]| {
        let pools = vec![pool("tags", &["gpu"], PoolMode::Shared), listed("hosts", &["n1"], PoolMode::Shared)];
        filter_first(vec![closed(&["gpu"], node("n1"))], pools, vec![pe("j", "a", spec)])
    };
    let rejection = Err(Rejection::RestrictedTag("gpu".into()));
    assert_eq!(asking_for(&[]), rejection);
    assert_eq!(asking_for(&[("host-pool", "hosts")]), rejection);
    assert_eq!(asking_for(&[("host-pool", "tags")]), Ok(()));
    assert_eq!(asking_for(&[("host-tags", "gpu")]), Ok(()));
}

#[test]
fn pool_tag_missing_until_the_node_has_every_tag() {
    let with = |tags: &[&str]| {
        let pods = vec![pe("j", "a", &[("host-tags", "a,b")])];
        filter_first(vec![tagged(tags, node("n1"))], vec![], pods)
    };
    assert_eq!(with(&[]), Err(Rejection::PoolTagMissing("a".into())));
    assert_eq!(with(&["a"]), Err(Rejection::PoolTagMissing("b".into())));
    assert_eq!(with(&["A", "b"]), Err(Rejection::PoolTagMissing("a".into())));
    assert_eq!(with(&["a", "b", "c"]), Ok(()));
}

#[test]
fn not_in_pool_unless_a_name_or_address_of_the_node_is_listed() {
    let among_hosts = |hosts: &[&str]| {
        let addressed = Node { addresses: vec!["10.0.0.1".into()], ..node("n1") };
        let pools = vec![listed("p", hosts, PoolMode::Shared)];
        filter_first(vec![addressed, node("n2")], pools, vec![pe("j", "a", &[("host-pool", "p")])])
    };
    assert_eq!(among_hosts(&[]), Err(Rejection::NotInPool));
    assert_eq!(among_hosts(&["n2"]), Err(Rejection::NotInPool));
    assert_eq!(among_hosts(&["n2", "n1"]), Ok(()));
    assert_eq!(among_hosts(&["10.0.0.1"]), Ok(()));
}

#[test]
fn pool_too_small_while_fewer_nodes_qualify_than_its_size() {
    for mode in [sized(2), exclusive(2)] {
        let with = |second: Node| {
            let pools = vec![pool("p", &["t"], mode)];
            filter_first(vec![tagged(&["t"], node("n1")), second], pools, vec![pe("j", "a", &[("host-pool", "p")])])
        };
        assert_eq!(with(node("n2")), Err(Rejection::PoolTooSmall { qualifying: 1, size: 2 }));
        assert_eq!(with(cordoned(tagged(&["t"], node("n2")))), Err(Rejection::PoolTooSmall { qualifying: 1, size: 2 }));
        assert_eq!(with(tagged(&["t"], node("n2"))), Ok(()));
        let hosts = |hosts: &[&str]| {
            let pools = vec![listed("p", hosts, mode)];
            filter_first(vec![node("n1"), node("n2")], pools, vec![pe("j", "a", &[("host-pool", "p")])])
        };
        assert_eq!(hosts(&["n1", "n9"]), Err(Rejection::PoolTooSmall { qualifying: 1, size: 2 }));
        assert_eq!(hosts(&["n1", "n2"]), Ok(()));
    }
}

#[test]
fn pool_exclusive_to_other_job_while_an_active_pe_of_that_job_and_pool_is_on_the_node() {
    let beside = |owner: Pod| {
        let pools = vec![pool("mine", &[], exclusive(1)), pool("shared", &[], sized(1))];
        filter_first(vec![node("n1")], pools, vec![owner, pe("j", "a", &[])])
    };
    let owning = |job: &str| bound_to("n1", pe(job, "owner", &[("host-pool", "mine")]));
    assert_eq!(beside(owning("k")), Err(Rejection::PoolExclusiveToOtherJob(job_id("k"))));
    assert_eq!(beside(owning("j")), Ok(()));
    assert_eq!(beside(leaving(owning("k"))), Ok(()));
    assert_eq!(beside(Pod { phase: PodPhase::Finished, ..owning("k") }), Ok(()));
    assert_eq!(beside(bound_to("n1", pe("k", "owner", &[("host-pool", "shared")]))), Ok(()));
    assert_eq!(beside(bound_to("n1", pe("k", "owner", &[("host-pool", "gone")]))), Ok(()));
}

#[test]
fn pool_node_in_use_while_a_pe_of_another_job_is_on_the_node() {
    let beside = |other: Pod| {
        let pools = vec![pool("p", &[], exclusive(1))];
        filter_first(vec![node("n1")], pools, vec![other, pe("j", "a", &[("host-pool", "p")])])
    };
    let other = |job: &str| bound_to("n1", pe(job, "b", &[]));
    assert_eq!(beside(other("k")), Err(Rejection::PoolNodeInUse(job_id("k"))));
    assert_eq!(beside(other("j")), Ok(()));
    assert_eq!(beside(leaving(other("k"))), Ok(()));
    assert_eq!(beside(bound_to("n1", pod("of no job"))), Ok(()));
}

#[test]
fn exclusive_pools_reach_as_far_as_the_policy_of_their_job_says() {
    let scopes = [("streams", "exclusiveScope: Cluster"), (OTHER, "exclusiveScope: Namespace")];
    let pools = || {
        let mut theirs = pool("p", &[], exclusive(1));
        theirs.id.namespace = OTHER.into();
        vec![pool("p", &[], exclusive(1)), theirs]
    };
    let in_pool = [("host-pool", "p")];
    let with = |there: Pod, new: Pod| {
        filter_node(
            &governed(policies_by_namespace(&scopes), vec![node("n1")], pools(), vec![bound_to("n1", there), new]),
            "a",
            "n1",
        )
        .map_err(|rejection| rejection.reason())
    };
    let far = || in_namespace(OTHER, pe("k", "b", &[]));
    assert_eq!(
        with(pe("j", "b", &in_pool), in_namespace(OTHER, pe("k", "a", &[]))),
        Err(Reason::PoolExclusiveToOtherJob)
    );
    assert_eq!(with(in_namespace(OTHER, pe("k", "b", &in_pool)), pe("j", "a", &[])), Ok(()));
    assert_eq!(with(far(), pe("j", "a", &in_pool)), Err(Reason::PoolNodeInUse));
    assert_eq!(with(pe("j", "b", &[]), in_namespace(OTHER, pe("k", "a", &in_pool))), Ok(()));
}

#[test]
fn pool_index_elsewhere_once_the_allocation_of_the_job_is_full() {
    for mode in [sized(1), exclusive(1)] {
        let beside = |other: Pod| {
            let pools = vec![pool("p", &[], mode), pool("q", &[], mode)];
            filter_first(vec![node("n1"), node("n2")], pools, vec![other, pe("j", "a", &[("host-pool", "p")])])
        };
        let chosen = |job: &str, node: &str, pool: &str| bound_to(node, pe(job, "b", &[("host-pool", pool)]));
        assert_eq!(beside(chosen("j", "n2", "p")), Err(Rejection::PoolIndexElsewhere));
        assert_eq!(beside(chosen("j", "n1", "p")), Ok(()));
        assert_eq!(beside(leaving(chosen("j", "n2", "p"))), Ok(()));
        assert_eq!(beside(chosen("j", "n2", "q")), Ok(()));
        assert_eq!(beside(chosen("k", "n2", "p")), Ok(()));
    }
}

#[test]
fn an_allocation_has_no_more_nodes_than_the_size_of_its_pool() {
    let pods = vec![
        bound_to("n2", pe("j", "b", &[("host-pool", "p")])),
        bound_to("n2", pe("j", "c", &[("host-pool", "p")])),
        pe("j", "a", &[("host-pool", "p")]),
    ];
    let nodes = || ["n1", "n2", "n3"].map(node).to_vec();
    assert_eq!(filter_first(nodes(), vec![pool("p", &[], sized(2))], pods.clone()), Ok(()));
    let full = [pods, vec![bound_to("n3", pe("j", "d", &[("host-pool", "p")]))]].concat();
    assert_eq!(filter_first(nodes(), vec![pool("p", &[], sized(2))], full.clone()), Err(Rejection::PoolIndexElsewhere));
    assert_eq!(filter_first(nodes(), vec![pool("p", &[], PoolMode::Shared)], full), Ok(()));
}

#[test]
fn host_mismatch_unless_the_node_is_named() {
    let naming = |hosts: &str| {
        let addressed = Node { addresses: vec!["10.0.0.1".into()], ..node("n1") };
        filter_first(vec![addressed], vec![], vec![pe("j", "a", &[("hosts", hosts)])])
    };
    assert_eq!(naming("n2"), Err(Rejection::HostMismatch));
    assert_eq!(naming("n2, n1"), Ok(()));
    assert_eq!(naming("10.0.0.1"), Ok(()));
}

#[test]
fn insufficient_resources_while_a_request_does_not_fit() {
    let beside = |phase: PodPhase| {
        let filler = Pod { phase, ..bound_to("n1", asking(3_000, pod("filler"))) };
        among(vec![filler, asking(1_001, pe("j", "a", &[]))])
    };
    let rejection = Err(Rejection::InsufficientResources(shortage("cpu", 1_001, 1_000)));
    assert_eq!(beside(PodPhase::Active), rejection);
    assert_eq!(beside(PodPhase::Leaving), rejection);
    assert_eq!(beside(PodPhase::Finished), Ok(()));
    assert_eq!(among(vec![bound_to("n1", asking(3_000, pod("filler"))), asking(1_000, pe("j", "a", &[]))]), Ok(()));
    // Limits are a matter of rank.
    assert_eq!(among(vec![limited(9_000, asking(4_000, pe("j", "a", &[])))]), Ok(()));
    // A resource that is not requested rejects no node.
    assert_eq!(among(vec![bound_to("n1", asking(5_000, pod("overbooked"))), asking(0, pe("j", "a", &[]))]), Ok(()));
}

#[test]
fn insufficient_resources_while_the_node_has_no_free_pod() {
    let with_room_for = |pods: u64| {
        let nodes = vec![Node { pods, ..node("n1") }];
        filter_first(nodes, vec![], vec![bound_to("n1", pod("of no job")), pe("j", "a", &[])])
    };
    assert_eq!(with_room_for(1), Err(Rejection::InsufficientResources(shortage("pods", 1, 0))));
    assert_eq!(with_room_for(2), Ok(()));
}

#[test]
fn insufficient_resources_while_another_pod_uses_the_port() {
    let beside = |port: u32, phase: PodPhase| {
        let there = Pod { phase, ..bound_to("n1", taking(80, pod("of no job"))) };
        among(vec![there, taking(port, pe("j", "a", &[]))])
    };
    let rejection = Err(Rejection::InsufficientResources(shortage("hostPort 80/TCP", 1, 0)));
    assert_eq!(beside(80, PodPhase::Active), rejection);
    assert_eq!(beside(80, PodPhase::Leaving), rejection);
    assert_eq!(beside(80, PodPhase::Finished), Ok(()));
    assert_eq!(beside(81, PodPhase::Active), Ok(()));
    // A port that two had, and one gave back, is still taken.
    let both = || {
        vec![bound_to("n1", taking(80, pod("b"))), bound_to("n1", taking(80, pod("c"))), taking(80, pe("j", "a", &[]))]
    };
    let mut cluster = cluster(vec![node("n1")], vec![], both());
    cluster.apply(Event::gone::<Pod>("b".into()));
    assert_eq!(filter_node(&cluster, "a", "n1"), rejection);
    cluster.apply(Event::gone::<Pod>("c".into()));
    assert_eq!(filter_node(&cluster, "a", "n1"), Ok(()));
}

#[test]
fn isolation_holds_both_ways_between_active_pes() {
    let between = |there: &[(&str, &str)], spec: &[(&str, &str)], phase: PodPhase| {
        among(vec![Pod { phase, ..bound_to("n1", pe("k", "b", there)) }, pe("j", "a", spec)])
    };
    let alone = [("isolated", "true")];
    let holds = Err(Rejection::NodeHoldsIsolatedPe(pod_key("b")));
    let needs_empty = Err(Rejection::IsolatedPeNeedsEmptyNode(pod_key("b")));
    assert_eq!(between(&alone, &[], PodPhase::Active), holds);
    assert_eq!(between(&alone, &alone, PodPhase::Active), holds);
    assert_eq!(between(&[], &alone, PodPhase::Active), needs_empty);
    assert_eq!(between(&[], &[], PodPhase::Active), Ok(()));
    for (there, spec) in [(&alone[..], &[][..]), (&[], &alone), (&alone, &alone)] {
        assert_eq!(between(there, spec, PodPhase::Leaving), Ok(()));
    }
    assert_eq!(among(vec![bound_to("n1", pod("of no job")), pe("j", "a", &alone)]), Ok(()));
}

#[test]
fn isolation_reaches_as_far_as_the_policy_of_the_isolated_pe_says() {
    let alone = [("isolated", "true")];
    let with = |there: Pod, new: Pod| {
        let policies = policies_by_namespace(&[("streams", "isolationScope: Cluster"), (OTHER, "isolationScope: Job")]);
        filter_node(&governed(policies, vec![node("n1")], vec![], vec![bound_to("n1", there), new]), "a", "n1")
            .map_err(|rejection| rejection.reason())
    };
    let far = |pod: Pod| in_namespace(OTHER, pod);
    assert_eq!(with(pe("j", "b", &alone), far(pe("j", "a", &[]))), Err(Reason::NodeHoldsIsolatedPe));
    assert_eq!(with(far(pe("j", "b", &[])), pe("j", "a", &alone)), Err(Reason::IsolatedPeNeedsEmptyNode));
    assert_eq!(with(far(pe("j", "b", &alone)), far(pe("k", "a", &[]))), Ok(()));
    assert_eq!(with(far(pe("k", "b", &[])), far(pe("j", "a", &alone))), Ok(()));
    assert_eq!(with(far(pe("j", "b", &alone)), far(pe("j", "a", &[]))), Err(Reason::NodeHoldsIsolatedPe));
}

#[test]
fn colocation_mismatch_while_the_bucket_is_on_another_node() {
    let token = |tokens: &'static str| [("colocation", tokens)];
    let beside = |others: Vec<Pod>| among([others, vec![pe("j", "a", &token("t1,t2"))]].concat());
    let elsewhere = |name: &str, tokens| bound_to("n2", pe("j", name, &token(tokens)));
    let here = |name: &str, tokens| bound_to("n1", pe("j", name, &token(tokens)));
    let mismatch =
        |nodes: &[&str]| Err(Rejection::ColocationMismatch(nodes.iter().map(|name| (*name).into()).collect()));
    assert_eq!(beside(vec![elsewhere("b", "t1")]), mismatch(&["n2"]));
    assert_eq!(beside(vec![leaving(elsewhere("b", "t1"))]), Ok(()));
    assert_eq!(beside(vec![here("b", "t1")]), Ok(()));
    assert_eq!(beside(vec![elsewhere("b", "t3")]), Ok(()));
    // A chain of tokens includes pending PEs. Every node is rejected for a PE that joins members on two nodes.
    assert_eq!(beside(vec![elsewhere("b", "t3"), pe("j", "c", &token("t3,t1"))]), mismatch(&["n2"]));
    assert_eq!(beside(vec![elsewhere("b", "t1"), here("c", "t2")]), mismatch(&["n1", "n2"]));
}

#[test]
fn bucket_does_not_fit_until_all_pending_members_fit() {
    let bucket = [("colocation", "t")];
    let beside = |other: Pod| among(vec![other, asking(3_000, pe("j", "a", &bucket))]);
    let rejection = Err(Rejection::BucketDoesNotFit(shortage("cpu", 4_001, 4_000)));
    assert_eq!(beside(asking(1_001, pe("j", "b", &bucket))), rejection);
    assert_eq!(beside(asking(1_000, pe("j", "b", &bucket))), Ok(()));
    assert_eq!(beside(asking(1_001, pe("j", "b", &[("colocation", "u")]))), Ok(()));
    // Once the first is there, each of the rest needs room for itself only.
    let rest = asking(2_000, pe("j", "b", &bucket));
    let pods = vec![bound_to("n1", pe("j", "first", &bucket)), rest, asking(3_000, pe("j", "a", &bucket))];
    assert_eq!(among(pods), Ok(()));
}

#[test]
fn bucket_does_not_fit_where_too_few_pods_are_free() {
    let bucket = [("colocation", "t")];
    let with_room_for = |pods: u64| {
        let all = vec![bound_to("n1", pod("of no job")), pe("j", "a", &bucket), pe("j", "b", &bucket)];
        filter_first(vec![Node { pods, ..node("n1") }], vec![], all)
    };
    assert_eq!(with_room_for(2), Err(Rejection::BucketDoesNotFit(shortage("pods", 2, 1))));
    assert_eq!(with_room_for(3), Ok(()));
}

#[test]
fn bucket_does_not_fit_where_a_member_is_rejected_or_its_port_is_used() {
    let bucket = [("colocation", "t")];
    let beside = |node: Node, others: Vec<Pod>| {
        filter_first(vec![node], vec![], [others, vec![tolerating(&["k"], taking(80, pe("j", "a", &bucket)))]].concat())
    };
    let taken = Err(Rejection::BucketDoesNotFit(shortage("hostPort 80/TCP", 1, 0)));
    assert_eq!(beside(node("n1"), vec![taking(80, pe("j", "b", &bucket))]), taken);
    assert_eq!(beside(node("n1"), vec![taking(81, pe("j", "b", &bucket))]), Ok(()));
    let mate = || taking(81, pe("j", "b", &bucket));
    let there = bound_to("n1", taking(81, pod("of no job")));
    let taken = Err(Rejection::BucketDoesNotFit(shortage("hostPort 81/TCP", 1, 0)));
    assert_eq!(beside(node("n1"), vec![mate(), there]), taken);
    let taint = Rejection::UntoleratedTaint("k:NoSchedule".to_owned());
    let rejected = Err(Rejection::BucketMemberRejected { pe: "b".into(), rejection: Box::new(taint) });
    assert_eq!(beside(tainted(&["k"], node("n1")), vec![mate()]), rejected);
    assert_eq!(beside(tainted(&["k"], node("n1")), vec![tolerating(&["k"], mate())]), Ok(()));
}

#[test]
fn exlocation_conflict_while_an_active_pe_with_a_shared_token_is_on_the_node() {
    let beside = |job: &str, tokens: &str, phase: PodPhase| {
        let there = Pod { phase, ..bound_to("n1", pe(job, "b", &[("exlocation", tokens)])) };
        among(vec![there, pe("j", "a", &[("exlocation", "t1,t2")])])
    };
    assert_eq!(beside("j", "t2,t3", PodPhase::Active), Err(Rejection::ExlocationConflict(pod_key("b"))));
    assert_eq!(beside("j", "t3", PodPhase::Active), Ok(()));
    assert_eq!(beside("j", "t1", PodPhase::Leaving), Ok(()));
    assert_eq!(beside("k", "t1", PodPhase::Active), Ok(()));
}

#[test]
fn exlocation_infeasible_where_a_pending_pe_has_no_other_node() {
    let apart = [("exlocation", "t")];
    let beside = |other: Pod| {
        let nodes = vec![labelled(&["ssd"], node("n1")), tainted(&["k"], node("n2"))];
        filter_first(nodes, vec![], vec![tolerating(&["k"], pe("j", "a", &apart)), other])
    };
    let needed = Err(Rejection::ExlocationInfeasible("t".into()));
    assert_eq!(beside(pe("j", "b", &apart)), needed);
    assert_eq!(beside(selecting(&["ssd"], tolerating(&["k"], pe("j", "b", &apart)))), needed);
    assert_eq!(beside(tolerating(&["k"], pe("j", "b", &apart))), Ok(()));
}

/// Filters two nodes with this CPU and memory load in percent for PE `a` of job `j`.
fn loaded(protection: &str, loads: [(&str, f64, f64); 2], overrides: bool) -> [Result<(), Rejection>; 2] {
    let policies = protecting(protection, &[("", "")]);
    let mut cluster = governed(policies, vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[])]);
    let job = StreamJob { override_load_protection: overrides, ..stream_job("j", &[]) };
    cluster.apply(Event::put(job));
    cluster.apply(measured(&loads));
    ["n1", "n2"].map(|node| filter_node(&cluster, "a", node))
}

#[test]
fn t14_a_node_above_a_threshold_is_rejected_and_a_metric_with_threshold_100_is_ignored() {
    let loads = [("n1", 76.0, 99.0), ("n2", 75.0, 100.0)];
    let [first, second] = loaded("cpu: {upper: 75}, memory: {upper: 100}", loads, false);
    assert_eq!(first.unwrap_err().to_string(), "NodeOverloaded: cpu is at 76 %, above 75 %");
    assert_eq!(second, Ok(()));
}

#[test]
fn t14_every_overloaded_node_is_rejected_unless_the_job_overrides() {
    let loads = [("n1", 76.0, 10.0), ("n2", 10.0, 91.0)];
    let protection = "cpu: {upper: 75}, memory: {upper: 90}";
    for result in loaded(protection, loads, false) {
        assert_eq!(result.map_err(|rejection| rejection.reason()), Err(Reason::NodeOverloaded));
    }
    assert_eq!(loaded(protection, loads, true), [Ok(()), Ok(())]);
}

#[test]
fn t14_a_gang_that_only_fits_overloaded_nodes_is_pending_as_a_whole() {
    let gang = |name| asking(3_000, pe("j", name, &[("gang", "2")]));
    let policies = protecting("cpu: {upper: 75}", &[("", "")]);
    let mut cluster = governed(policies, vec![node("n1"), node("n2")], vec![], vec![gang("a"), gang("b")]);
    assert!(filter_node(&cluster, "a", "n1").is_ok() || filter_node(&cluster, "a", "n2").is_ok());
    cluster.apply(measured(&[("n1", 76.0, 0.0)]));
    let rejection = |node| filter_node(&cluster, "a", node).unwrap_err();
    assert_eq!(rejection("n1").reason(), Reason::NodeOverloaded);
    let message = rejection("n2").to_string();
    assert!(message.starts_with("GangInfeasible: ") && message.contains("NodeOverloaded: cpu is at 76 %"), "{message}");
}

#[test]
fn t14_without_load_protection_or_without_data_no_node_is_overloaded() {
    let loads = [("n1", 100.0, 100.0), ("n9", 100.0, 100.0)];
    let [first, second] = loaded("cpu: {upper: 75}", loads, false);
    assert_eq!(first.map_err(|rejection| rejection.reason()), Err(Reason::NodeOverloaded));
    assert_eq!(second, Ok(()));
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[])]);
    cluster.apply(measured(&loads));
    assert_eq!(filter_node(&cluster, "a", "n1"), Ok(()));
}

#[test]
fn an_assumed_pe_rejects_no_other_node_for_itself() {
    for wish in [("isolated", "true"), ("exlocation", "t"), ("colocation", "t"), ("host-pool", "p")] {
        let pools = vec![pool("p", &[], exclusive(1))];
        let mut cluster = cluster(vec![node("n1"), node("n2")], pools, vec![pe("j", "a", &[wish])]);
        cluster.assume(&"a".into(), &"n2".into()).unwrap();
        for node in ["n1", "n2"] {
            assert_eq!(filter_node(&cluster, "a", node), Ok(()), "{wish:?}");
        }
    }
}

/// A cause of a rejection. Causes that exclude each other are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Invalid,
    NoPool,
    Cordoned,
    Tainted,
    Unselected,
    Closed,
    Tag,
    Unlisted,
    Small,
    Owned,
    InUse,
    Chosen,
    Host,
    Full,
    HoldsIsolated,
    Isolated,
    BucketElsewhere,
    BucketTooLarge,
    Exlocated,
    Overloaded,
}

/// Every cause, in the order of the reasons, with the reason that it gives.
const CAUSES: [(Cause, Reason); 20] = [
    (Cause::Invalid, Reason::InvalidPlacement),
    (Cause::NoPool, Reason::PoolNotFound),
    (Cause::Cordoned, Reason::NodeUnschedulable),
    (Cause::Tainted, Reason::UntoleratedTaint),
    (Cause::Unselected, Reason::NodeAffinityMismatch),
    (Cause::Closed, Reason::RestrictedTag),
    (Cause::Tag, Reason::PoolTagMissing),
    (Cause::Unlisted, Reason::NotInPool),
    (Cause::Small, Reason::PoolTooSmall),
    (Cause::Owned, Reason::PoolExclusiveToOtherJob),
    (Cause::InUse, Reason::PoolNodeInUse),
    (Cause::Chosen, Reason::PoolIndexElsewhere),
    (Cause::Host, Reason::HostMismatch),
    (Cause::Full, Reason::InsufficientResources),
    (Cause::HoldsIsolated, Reason::NodeHoldsIsolatedPe),
    (Cause::Isolated, Reason::IsolatedPeNeedsEmptyNode),
    (Cause::BucketElsewhere, Reason::ColocationMismatch),
    (Cause::BucketTooLarge, Reason::BucketDoesNotFit),
    (Cause::Exlocated, Reason::ExlocationConflict),
    (Cause::Overloaded, Reason::NodeOverloaded),
];

/// A cluster in which these causes, and no others, speak against PE `a` on node `n1`.
fn with_causes(causes: &[Cause]) -> Cluster {
    let has = |cause: Cause| causes.contains(&cause);
    let given = |cause: Cause, some: &'static str, none: &'static str| if has(cause) { some } else { none };
    let tag = given(Cause::Tag, "tag.outrigger.dev/other", "tag.outrigger.dev/t");
    let restriction = given(Cause::Closed, "restrict.outrigger.dev/lab", "unrelated");
    let mut first = labelled(&[tag, restriction], node("n1"));
    first.schedulable = !has(Cause::Cordoned);
    if has(Cause::Tainted) {
        first = tainted(&["k"], first);
    }
    let nodes = vec![first, tagged(&["t"], node("n2")), node("n3")];
    let size = if has(Cause::Small) { 4 } else { 1 };
    let own = if has(Cause::Unlisted) {
        listed("own", &["n2", "n3"], exclusive(size))
    } else if has(Cause::Tag) {
        pool("own", &["t"], exclusive(size))
    } else {
        pool("own", &[], exclusive(size))
    };
    let theirs = pool("theirs", &[], exclusive(1));

    let mut spec = vec![
        ("host-pool", given(Cause::NoPool, "absent", "own")),
        ("hosts", given(Cause::Host, "n2", "n1")),
        ("colocation", "t"),
        ("exlocation", "x"),
    ];
    if has(Cause::Isolated) {
        spec.push(("isolated", "true"));
    }
    if has(Cause::Invalid) {
        spec.push(("scheme", "none"));
    }
    let selected: &[&str] = if has(Cause::Unselected) { &["absent"] } else { &[] };
    let mut pods = vec![selecting(selected, asking(1_000, pe("j", "a", &spec)))];
    let mut add = |cause: Cause, pod: Pod| {
        if has(cause) {
            pods.push(pod);
        }
    };
    add(Cause::Owned, bound_to("n1", pe("k", "owner", &[("host-pool", "theirs")])));
    add(Cause::InUse, bound_to("n1", pe("k", "stranger", &[])));
    add(Cause::Chosen, bound_to("n2", pe("j", "chosen", &[("host-pool", "own")])));
    add(Cause::Full, bound_to("n1", asking(3_500, pod("filler"))));
    add(Cause::HoldsIsolated, bound_to("n1", pe("j", "alone", &[("isolated", "true")])));
    add(Cause::Isolated, bound_to("n1", pe("j", "neighbour", &[])));
    add(Cause::BucketElsewhere, bound_to("n2", pe("j", "anchor", &[("colocation", "t")])));
    add(Cause::BucketTooLarge, asking(3_500, pe("j", "mate", &[("colocation", "t")])));
    add(Cause::Exlocated, bound_to("n1", pe("j", "apart", &[("exlocation", "x")])));
    let policies = protecting("cpu: {upper: 75}", &[("", "")]);
    let mut cluster = governed(policies, nodes, vec![own, theirs], pods);
    cluster.apply(measured(&[("n1", if has(Cause::Overloaded) { 76.0 } else { 75.0 }, 50.0)]));
    cluster
}

/// True where one cluster can have these causes at once.
fn are_compatible(causes: &[Cause]) -> bool {
    let both = |one: Cause, other: Cause| causes.contains(&one) && causes.contains(&other);
    // A pool has tags or hosts; a bucket with an isolated PE is a contradiction; a bucket that has begun needs no sum; a
    // job that has begun to choose from a pool is not asked for its size.
    !both(Cause::Tag, Cause::Unlisted)
        && !both(Cause::Small, Cause::Chosen)
        && !both(Cause::Isolated, Cause::BucketElsewhere)
        && !both(Cause::Isolated, Cause::BucketTooLarge)
        && !both(Cause::BucketElsewhere, Cause::BucketTooLarge)
}

#[test]
fn each_cause_alone_gives_its_reason_and_none_gives_none() {
    assert_eq!(filter_node(&with_causes(&[]), "a", "n1"), Ok(()));
    for (cause, reason) in CAUSES {
        let result = filter_node(&with_causes(&[cause]), "a", "n1");
        assert_eq!(result.map_err(|rejection| rejection.reason()), Err(reason), "{cause:?}");
    }
}

#[test]
fn of_two_causes_the_first_reason_wins() {
    for (at, (first, reason)) in CAUSES.into_iter().enumerate() {
        for (second, _) in &CAUSES[at + 1..] {
            if are_compatible(&[first, *second]) {
                let result = filter_node(&with_causes(&[first, *second]), "a", "n1");
                assert_eq!(result.map_err(|rejection| rejection.reason()), Err(reason), "{first:?} {second:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn of_any_causes_the_first_reason_wins(causes in subsequence(CAUSES.to_vec(), 1..=20)) {
        let mut chosen: Vec<(Cause, Reason)> = Vec::new();
        for cause in causes {
            let with: Vec<Cause> = chosen.iter().chain([&cause]).map(|(cause, _)| *cause).collect();
            if are_compatible(&with) {
                chosen.push(cause);
            }
        }
        let causes: Vec<Cause> = chosen.iter().map(|(cause, _)| *cause).collect();
        let result = filter_node(&with_causes(&causes), "a", "n1").map_err(|rejection| rejection.reason());
        prop_assert_eq!(result, Err(chosen[0].1), "{:?}", causes);
    }
}

#[test]
fn pool_too_small_does_not_count_nodes_closed_by_restricting_tags() {
    let closed_node = closed(&["other"], tagged(&["t"], node("n2")));
    let cluster = cluster(
        vec![tagged(&["t"], node("n1")), closed_node],
        vec![pool("pair", &["t"], sized(2))],
        vec![pe("j", "a", &[("host-pool", "pair")])],
    );
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::PoolTooSmall { qualifying: 1, size: 2 }));
}

#[test]
fn an_allocation_stays_when_another_node_of_the_pool_is_cordoned() {
    let nodes = |second| vec![tagged(&["t"], node("n1")), second];
    let spec = [("host-pool", "pair")];
    let pods = vec![bound_to("n1", pe("j", "a", &spec)), pe("j", "b", &spec)];
    let tagged_node = tagged(&["t"], node("n2"));
    let cluster = cluster(nodes(cordoned(tagged_node)), vec![pool("pair", &["t"], sized(2))], pods);
    assert_eq!(filter_node(&cluster, "b", "n1"), Ok(()));
}
