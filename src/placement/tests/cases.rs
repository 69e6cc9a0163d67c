//! Cases (T1, …) and defects (B1, …) of the legacy platform and of its cloud native form, as far as this version goes.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Owner, OwnerKind, Pod, PoolMode, Reason, Rejection};
use crate::state::{Cluster, Event};
use crate::testing::{
    asking, bound_to, choice, closed, cluster, cordoned, decide, exclusive, filter_node, governed, in_namespace,
    job_id, labelled, leaving, node, pe, place, pod, pod_key, policies, pool, reasons, shortage, sized, tagged,
    with_cores,
};

/// All orders of three PEs.
const ORDERS: [[&str; 3]; 6] =
    [["a", "b", "c"], ["a", "c", "b"], ["b", "a", "c"], ["b", "c", "a"], ["c", "a", "b"], ["c", "b", "a"]];

const NOWHERE: [&str; 0] = [];

/// Asserts that every node is rejected for a PE for this reason.
fn assert_rejected_everywhere(cluster: &Cluster, pod: &str, reason: Reason) {
    for (node, said) in reasons(cluster, pod) {
        assert_eq!(said, Some(reason), "{node}");
    }
}

#[test]
fn t1_a_pe_goes_to_nodes_with_all_tags_of_its_pool() {
    let nodes = || vec![tagged(&["a"], node("n1")), tagged(&["b"], node("n2")), tagged(&["b", "a"], node("n3"))];
    let pools = vec![pool("p", &["a", "b"], PoolMode::Shared)];
    let named = cluster(nodes(), pools, vec![pe("j", "a", &[("host-pool", "p")])]);
    assert_eq!(choice(&named, "a"), ["n3"]);
    let unnamed = cluster(nodes(), vec![], vec![pe("j", "a", &[("host-tags", "a,b")])]);
    assert_eq!(choice(&unnamed, "a"), ["n3"]);
    let free = cluster(nodes(), vec![], vec![pe("j", "a", &[])]);
    assert_eq!(choice(&free, "a"), ["n1", "n2", "n3"]);
}

#[test]
fn t3_a_pool_larger_than_the_qualifying_nodes_rejects_every_node() {
    let nodes = || vec![tagged(&["a"], node("n1")), tagged(&["a"], node("n2")), node("n3")];
    let pods = || vec![pe("j", "a", &[("host-pool", "p")]), pe("j", "b", &[("host-pool", "p")])];
    let three = cluster(nodes(), vec![pool("p", &["a"], sized(3))], pods());
    for pod in ["a", "b"] {
        assert_eq!(choice(&three, pod), NOWHERE);
        assert_eq!(filter_node(&three, pod, "n1"), Err(Rejection::PoolTooSmall { qualifying: 2, size: 3 }));
    }
    let two = cluster(nodes(), vec![pool("p", &["a"], sized(2))], pods());
    assert_eq!(choice(&two, "a"), ["n1", "n2"]);
}

#[test]
fn t3_the_allocation_of_a_job_includes_the_next_node() {
    let pods = |pool: &'static str| {
        let spec = [("host-pool", pool)];
        vec![bound_to("n2", pe("j", "first", &spec)), bound_to("n3", pe("k", "foreign", &spec)), pe("j", "a", &spec)]
    };
    let chosen_with = |pool_of_pe: &'static str, next: &str| {
        let pools = vec![pool("sized", &[], sized(2)), pool("shared", &[], PoolMode::Shared)];
        let cluster = cluster(["n1", "n2", "n3"].map(node).to_vec(), pools, pods(pool_of_pe));
        let snapshot = cluster.snapshot();
        let decision = decide(&cluster, "a");
        let nodes = decision.allocation_with(snapshot.find(next).unwrap());
        nodes.into_iter().map(|node| node.to_string()).collect::<Vec<String>>()
    };
    assert_eq!(chosen_with("sized", "n1"), ["n1", "n2"]);
    assert_eq!(chosen_with("sized", "n2"), ["n2"]);
    assert_eq!(chosen_with("shared", "n1"), NOWHERE);
    assert_eq!(chosen_with("absent", "n1"), NOWHERE);
}

#[test]
fn t4_an_exclusive_pool_takes_no_node_in_use_and_admits_no_other_job() {
    let pods = vec![
        bound_to("n1", pe("foreign", "early", &[])),
        pe("owner", "a", &[("host-pool", "p")]),
        pe("owner", "b", &[]),
        pe("foreign", "late", &[]),
    ];
    let mut cluster = cluster(vec![node("n1"), node("n2")], vec![pool("p", &[], exclusive(1))], pods);
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::PoolNodeInUse(job_id("foreign"))));
    assert_eq!(place(&mut cluster, "a").as_deref(), Some("n2"));
    assert_eq!(filter_node(&cluster, "late", "n2"), Err(Rejection::PoolExclusiveToOtherJob(job_id("owner"))));
    assert_eq!(choice(&cluster, "late"), ["n1"]);
    assert_eq!(choice(&cluster, "b"), ["n1", "n2"]);
}

#[test]
fn t5_each_index_of_a_pool_is_one_node_of_its_own() {
    for order in ORDERS {
        let at = |name: &str, place: &str| pe("j", name, &[("host-pool", "p"), ("pool-index", place)]);
        let pods = vec![at("a", "0"), at("b", "1"), at("c", "0")];
        let mut cluster = cluster(["n1", "n2", "n3"].map(node).to_vec(), vec![pool("p", &[], sized(2))], pods);
        let mut nodes: Vec<(&str, String)> =
            order.into_iter().map(|pod| (pod, place(&mut cluster, pod).unwrap())).collect();
        nodes.sort_unstable();
        let [(_, a), (_, b), (_, c)] = &nodes[..] else { panic!("{nodes:?}") };
        assert!(a == c && a != b, "{order:?}: {nodes:?}");
    }
}

#[test]
fn t6_pes_joined_by_a_chain_of_tokens_share_a_node_in_any_order() {
    for order in ORDERS {
        let pods = vec![
            pe("j", "a", &[("colocation", "t1")]),
            pe("j", "b", &[("colocation", "t1,t2")]),
            pe("j", "c", &[("colocation", "t2")]),
        ];
        let mut cluster = cluster(vec![node("n1"), node("n2"), node("n3")], vec![], pods);
        let nodes = order.map(|pod| place(&mut cluster, pod).unwrap());
        assert!(nodes.iter().all(|node| *node == nodes[0]), "{order:?}: {nodes:?}");
    }
}

#[test]
fn t7_a_bucket_is_placed_where_all_members_fit() {
    for order in ORDERS {
        let pods = ["a", "b", "c"].map(|name| asking(2_000, pe("j", name, &[("colocation", "t")]))).to_vec();
        let nodes = vec![with_cores(4, node("n1")), with_cores(4, node("n2")), with_cores(8, node("n3"))];
        let mut cluster = cluster(nodes, vec![], pods);
        for pod in order {
            assert_eq!(choice(&cluster, pod), ["n3"], "{order:?}");
            place(&mut cluster, pod);
        }
    }
}

#[test]
fn t8_equal_tokens_of_two_jobs_are_unrelated() {
    for spec in ["colocation", "exlocation"] {
        let pods = vec![bound_to("n2", pe("j", "a", &[(spec, "t")])), pe("k", "b", &[(spec, "t")])];
        let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
        assert_eq!(choice(&cluster, "b"), ["n1", "n2"], "{spec}");
    }
}

#[test]
fn t8_a_job_of_the_same_name_in_another_namespace_is_another_job() {
    for spec in ["colocation", "exlocation"] {
        let pods =
            vec![bound_to("n2", in_namespace("other", pe("j", "a", &[(spec, "t")]))), pe("j", "b", &[(spec, "t")])];
        let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
        assert_eq!(choice(&cluster, "b"), ["n1", "n2"], "{spec}");
    }
}

#[test]
fn t9_three_of_four_exlocated_pes_are_placed_on_three_nodes() {
    let pods = ["a", "b", "c", "d"].map(|name| pe("j", name, &[("exlocation", "t")])).to_vec();
    let mut cluster = cluster(vec![node("n1"), node("n2"), node("n3")], vec![], pods);
    let mut nodes = ["a", "b", "c"].map(|pod| place(&mut cluster, pod).unwrap());
    nodes.sort_unstable();
    assert_eq!(nodes, ["n1", "n2", "n3"]);
    assert_eq!(choice(&cluster, "d"), NOWHERE);
    assert_rejected_everywhere(&cluster, "d", Reason::ExlocationConflict);
}

#[test]
fn t9_a_leaving_predecessor_does_not_delay_its_replacement() {
    let group = ["a", "b", "c"].map(|name| bound_to(&format!("n-{name}"), pe("j", name, &[("exlocation", "t")])));
    let mut pods = group.to_vec();
    pods.push(leaving(bound_to("n-d", pe("j", "d", &[("exlocation", "t")]))));
    pods.push(pe("j", "new", &[("exlocation", "t")]));
    let cluster = cluster(["n-a", "n-b", "n-c", "n-d"].map(node).to_vec(), vec![], pods);
    assert_eq!(choice(&cluster, "new"), ["n-d"]);
}

#[test]
fn t10_a_pe_leaves_the_only_node_of_another_pe_free() {
    let both = || {
        let x = pe("j", "x", &[("exlocation", "t"), ("hosts", "n1,n2")]);
        let y = pe("j", "y", &[("exlocation", "t"), ("hosts", "n1")]);
        cluster(vec![node("n1"), node("n2")], vec![], vec![x, y])
    };
    assert_eq!(reasons(&both(), "x")["n1"], Some(Reason::ExlocationInfeasible));
    for order in [["x", "y"], ["y", "x"]] {
        let mut cluster = both();
        for pod in order {
            let (passes, rejected) = if pod == "x" { ("n2", "n1") } else { ("n1", "n2") };
            assert_eq!(choice(&cluster, pod), [passes], "{order:?}");
            assert!(filter_node(&cluster, pod, rejected).is_err());
            place(&mut cluster, pod);
        }
    }
}

#[test]
fn t11_an_isolated_pe_takes_an_empty_node_and_keeps_other_pes_off() {
    let pods = vec![
        bound_to("n1", pe("k", "busy", &[])),
        pe("j", "alone", &[("isolated", "true")]),
        pe("k", "late", &[]),
        pe("k", "alone too", &[("isolated", "true")]),
    ];
    let mut cluster = cluster(vec![node("n1"), node("n2"), node("n3")], vec![], pods);
    assert_eq!(choice(&cluster, "alone"), ["n2", "n3"]);
    assert_eq!(place(&mut cluster, "alone").as_deref(), Some("n2"));
    assert_eq!(choice(&cluster, "late"), ["n3", "n1"]);
    assert_eq!(choice(&cluster, "alone too"), ["n3"]);
}

#[test]
fn t11_isolation_reaches_as_far_as_the_policy_says() {
    for (scope, nodes) in [("Job", &["n1", "n2", "n3"][..]), ("Namespace", &["n1", "n2"]), ("Cluster", &["n1"])] {
        let pods = vec![
            pe("j", "alone", &[("isolated", "true")]),
            bound_to("n2", in_namespace("other", pe("j", "same cluster", &[]))),
            bound_to("n3", pe("k", "same namespace", &[])),
            bound_to("n4", pe("j", "same job", &[])),
        ];
        let placement = policies(&format!("isolationScope: {scope}"));
        let cluster = governed(placement, ["n1", "n2", "n3", "n4"].map(node).to_vec(), vec![], pods);
        assert_eq!(choice(&cluster, "alone"), nodes, "{scope}");
    }
}

#[test]
fn t13_a_node_takes_only_pes_that_request_each_of_its_restricting_tags() {
    let nodes = || vec![closed(&["gpu"], node("n1")), closed(&["gpu", "lab"], node("n2"))];
    let pods = vec![
        pe("j", "none", &[]),
        pe("j", "one", &[("host-tags", "gpu")]),
        pe("j", "both", &[("host-tags", "gpu,lab")]),
        pe("j", "pool", &[("host-pool", "p")]),
        pe("j", "host", &[("hosts", "n1")]),
    ];
    let cluster = cluster(nodes(), vec![pool("p", &["lab", "gpu"], PoolMode::Shared)], pods);
    assert_rejected_everywhere(&cluster, "none", Reason::RestrictedTag);
    assert_eq!(choice(&cluster, "one"), ["n1"]);
    assert_eq!(filter_node(&cluster, "one", "n2"), Err(Rejection::RestrictedTag("lab".into())));
    assert_eq!(choice(&cluster, "both"), ["n2"]);
    assert_eq!(choice(&cluster, "pool"), ["n2"]);
    assert_eq!(filter_node(&cluster, "host", "n1"), Err(Rejection::RestrictedTag("gpu".into())));
}

#[test]
fn t13_a_restricting_tag_does_not_give_the_tag() {
    let nodes = vec![labelled(&["restrict.outrigger.dev/gpu"], node("n1"))];
    let cluster = cluster(nodes, vec![], vec![pe("j", "a", &[("host-tags", "gpu")])]);
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::PoolTagMissing("gpu".into())));
}

#[test]
fn t16_the_strategies_differ_where_another_job_is_crowded() {
    let pods = |scheme: &'static str| {
        vec![
            bound_to("n1", pe("foreign", "f1", &[])),
            bound_to("n1", pe("foreign", "f2", &[])),
            bound_to("n2", pe("j", "own", &[])),
            pe("j", "a", &[("scheme", scheme)]),
        ]
    };
    let first = |scheme| choice(&cluster(vec![node("n1"), node("n2")], vec![], pods(scheme)), "a").remove(0);
    assert_eq!(first("balancedInstance"), "n2", "one PE is there, whoever's it is");
    assert_eq!(first("balancedJob"), "n1", "none of the job's own is there");
}

/// An incarnation of PE `a`, whose name outlives its pod.
fn incarnation(number: u8, spec: &[(&str, &str)]) -> Pod {
    let labels = [("outrigger.dev/job", "j"), ("outrigger.dev/pe", "a")].into_iter().collect();
    let owner = Owner { name: "a".into(), uid: "owner".into(), kind: OwnerKind::Other, is_only: true };
    Pod { labels, owner: Some(owner.into()), ..pe("j", &format!("a-{number}"), spec) }
}

#[test]
fn t17_a_restarted_pe_returns_to_its_node_and_moves_only_if_relocatable() {
    let relaunched = |spec: &[(&str, &str)]| {
        let pods = vec![bound_to("n2", incarnation(1, spec)), bound_to("n2", pe("k", "other", &[]))];
        let mut cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
        cluster.apply(Event::gone::<Pod>("a-1".into()));
        cluster.apply(Event::put(incarnation(2, spec)));
        cluster
    };
    let mut free = relaunched(&[]);
    assert_eq!(choice(&free, "a-2"), ["n2", "n1"], "its node is free");
    let mut pinned = relaunched(&[("relocatable", "false")]);
    assert_eq!(choice(&pinned, "a-2"), ["n2"]);
    for cluster in [&mut free, &mut pinned] {
        cluster.apply(Event::listed(vec![node("n1"), cordoned(node("n2"))]));
    }
    assert_eq!(choice(&free, "a-2"), ["n1"], "its node takes nothing, and it may be relocated");
    assert_eq!(filter_node(&pinned, "a-2", "n1"), Err(Rejection::PinnedElsewhere("n2".into())));
    assert_eq!(filter_node(&pinned, "a-2", "n2"), Err(Rejection::NodeUnschedulable));
    for cluster in [&mut free, &mut pinned] {
        cluster.apply(Event::gone::<Pod>("other".into()));
        cluster.apply(Event::listed(vec![node("n1")]));
    }
    assert_eq!(choice(&free, "a-2"), ["n1"], "its node is gone, and it may be relocated");
    assert_rejected_everywhere(&pinned, "a-2", Reason::PinnedElsewhere);
}

#[test]
fn t19_a_resubmitted_job_inherits_no_state() {
    let submitted = |generation: &str, pod: Pod| {
        let labels = [("outrigger.dev/job", "j"), ("outrigger.dev/generation", generation)].into_iter().collect();
        Pod { labels, ..pod }
    };
    let spec = [("colocation", "t"), ("exlocation", "x"), ("host-pool", "p")];
    for before in [bound_to("n2", pe("j", "old", &spec)), leaving(bound_to("n2", pe("j", "old", &spec)))] {
        let pods = vec![submitted("1", before), submitted("2", pe("j", "new", &spec))];
        let cluster = cluster(vec![node("n1"), node("n2")], vec![pool("p", &[], sized(1))], pods);
        let mut nodes = choice(&cluster, "new");
        nodes.sort_unstable();
        assert_eq!(nodes, ["n1", "n2"]);
    }
}

#[test]
fn t19_pods_whose_owner_is_gone_reject_no_node() {
    let of = |uid: &str, pod: Pod| {
        let owner = Owner { name: "set".into(), uid: uid.into(), kind: OwnerKind::Other, is_only: true };
        Pod { owner: Some(Arc::new(owner)), ..pod }
    };
    let spec = [("isolated", "true"), ("host-pool", "p")];
    let before = asking(1_000, of("before", bound_to("n1", pe("j", "old", &spec))));
    let owner = before.owner.as_deref().unwrap().clone();
    let pods = vec![before, of("now", asking(2_000, pe("j", "new", &spec)))];
    let nodes = vec![with_cores(4, node("n1")), with_cores(2, node("n2"))];
    let mut cluster = cluster(nodes, vec![pool("p", &[], sized(1))], pods);
    assert_eq!(filter_node(&cluster, "new", "n1"), Err(Rejection::NodeHoldsIsolatedPe(pod_key("old"))));
    assert_eq!(filter_node(&cluster, "new", "n2").unwrap_err().reason(), Reason::PoolIndexElsewhere);
    // Of the same name, but another one.
    cluster.apply(Event::OwnerGone(Owner { uid: "long ago".into(), ..owner.clone() }));
    assert!(choice(&cluster, "new").is_empty());
    cluster.apply(Event::OwnerGone(owner));
    let mut nodes = choice(&cluster, "new");
    nodes.sort_unstable();
    assert_eq!(nodes, ["n1", "n2"]);
    // Their requests still count.
    cluster.apply(Event::put(asking(3_500, pe("k", "large", &[]))));
    assert_rejected_everywhere(&cluster, "large", Reason::InsufficientResources);
}

#[test]
fn a_pod_with_an_old_owner_changes_nothing_for_running_pods() {
    // A manifest that was dumped from a pod names the owner of that time. Applying the manifest again is no evidence.
    let of = |uid: &str, created: i64, pod: Pod| {
        let owner = Owner { name: "set".into(), uid: uid.into(), kind: OwnerKind::Other, is_only: true };
        Pod { owner: Some(Arc::new(owner)), created: Timestamp::from_second(created).unwrap(), ..pod }
    };
    let spec = [("isolated", "true")];
    let pods = vec![of("present", 5, bound_to("n1", pe("j", "runs", &spec))), of("past", 9, pe("j", "applied", &spec))];
    let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
    assert_eq!(choice(&cluster, "applied"), ["n2"]);
}

#[test]
fn t20_a_host_that_does_not_exist_rejects_every_node() {
    let cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[("hosts", "n9")])]);
    assert_rejected_everywhere(&cluster, "a", Reason::HostMismatch);
}

#[test]
fn t24_a_cordoned_node_is_rejected() {
    let cluster = cluster(vec![cordoned(node("n1")), node("n2")], vec![], vec![pe("j", "a", &[])]);
    assert_eq!(choice(&cluster, "a"), ["n2"]);
}

#[test]
fn b1_one_of_two_tags_is_not_enough() {
    let nodes = vec![tagged(&["a"], node("n1")), tagged(&["b"], node("n2"))];
    let cluster =
        cluster(nodes, vec![pool("p", &["a", "b"], PoolMode::Shared)], vec![pe("j", "a", &[("host-pool", "p")])]);
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::PoolTagMissing("b".into())));
    assert_eq!(filter_node(&cluster, "a", "n2"), Err(Rejection::PoolTagMissing("a".into())));
}

#[test]
fn b2_a_pe_with_two_tokens_joins_the_pe_with_one_of_them() {
    let pods = vec![
        bound_to("n2", pe("j", "a", &[("colocation", "t1")])),
        bound_to("n3", pe("k", "both", &[("colocation", "t1,t2")])),
        pe("j", "b", &[("colocation", "t1,t2")]),
    ];
    let cluster = cluster(vec![node("n1"), node("n2"), node("n3")], vec![], pods);
    assert_eq!(choice(&cluster, "b"), ["n2"]);
}

#[test]
fn b3_the_first_of_a_bucket_is_rejected_where_the_rest_does_not_fit() {
    let pods = vec![
        asking(100, pe("j", "small", &[("colocation", "t")])),
        asking(4_000, pe("j", "large", &[("colocation", "t")])),
    ];
    let nodes = vec![with_cores(4, node("n1")), with_cores(5, node("n2"))];
    let mut cluster = cluster(nodes, vec![], pods);
    assert_eq!(filter_node(&cluster, "small", "n1"), Err(Rejection::BucketDoesNotFit(shortage("cpu", 4_100, 4_000))));
    assert_eq!(place(&mut cluster, "small").as_deref(), Some("n2"));
    assert_eq!(place(&mut cluster, "large").as_deref(), Some("n2"));
}

#[test]
fn b4_equal_tokens_of_two_jobs_have_no_effect() {
    let spec = [("colocation", "t"), ("exlocation", "x")];
    let pods = vec![bound_to("n1", pe("j", "a", &spec)), bound_to("n2", pe("k", "b", &spec)), pe("l", "c", &spec)];
    let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
    assert_eq!(choice(&cluster, "c"), ["n1", "n2"]);
}

#[test]
fn b5_isolated_pes_of_two_submissions_share_no_node_and_other_jobs_stay_off() {
    let spec = [("isolated", "true")];
    let pods = vec![bound_to("n1", pe("first", "a", &spec)), pe("second", "b", &spec), pe("unrelated", "c", &[])];
    let cluster = cluster(vec![node("n1")], vec![], pods);
    for pod in ["b", "c"] {
        assert_eq!(filter_node(&cluster, pod, "n1"), Err(Rejection::NodeHoldsIsolatedPe(pod_key("a"))));
    }
}

#[test]
fn b6_naming_a_host_skips_no_rule() {
    let hosts = [("hosts", "n1")];
    let full = cluster(
        vec![node("n1")],
        vec![],
        vec![bound_to("n1", asking(4_000, pod("filler"))), asking(1, pe("j", "a", &hosts))],
    );
    assert_eq!(filter_node(&full, "a", "n1"), Err(Rejection::InsufficientResources(shortage("cpu", 1, 0))));
    let cordoned = cluster(vec![cordoned(node("n1"))], vec![], vec![pe("j", "a", &hosts)]);
    assert_eq!(filter_node(&cordoned, "a", "n1"), Err(Rejection::NodeUnschedulable));
}

#[test]
fn b7_the_order_of_creation_breaks_no_rule() {
    for order in ORDERS {
        let pods = vec![
            pe("j", "a", &[("isolated", "true")]),
            pe("j", "b", &[("exlocation", "x,y")]),
            pe("j", "c", &[("exlocation", "y")]),
        ];
        let mut cluster = cluster(vec![node("n1"), node("n2"), node("n3")], vec![], pods);
        let mut nodes = order.map(|pod| place(&mut cluster, pod).unwrap());
        nodes.sort_unstable();
        assert_eq!(nodes, ["n1", "n2", "n3"], "{order:?}");
    }
}

#[test]
fn b8_t21_a_token_that_is_given_twice_counts_once() {
    let pods = vec![
        pe("j", "a", &[("hosts", "n2,n2"), ("colocation", "t,t"), ("exlocation", "x,x")]),
        pe("j", "b", &[("colocation", "t")]),
    ];
    let mut cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
    assert_eq!(place(&mut cluster, "a").as_deref(), Some("n2"));
    assert_eq!(choice(&cluster, "b"), ["n2"]);
}

#[test]
fn b10_leaving_pes_count_for_no_rule_between_pes() {
    for spec in [("exlocation", "t"), ("isolated", "true"), ("host-pool", "p")] {
        let old = || bound_to("n2", pe("j", "old", &[spec]));
        let with = |old: Pod| {
            let pods = vec![old, pe("j", "new", &[spec])];
            cluster(vec![node("n1"), node("n2")], vec![pool("p", &[], exclusive(1))], pods)
        };
        assert_eq!(choice(&with(old()), "new").len(), 1, "{spec:?}");
        assert_eq!(choice(&with(leaving(old())), "new"), ["n1", "n2"], "{spec:?}");
    }
}

#[test]
fn b10_requests_count_until_the_pod_is_gone() {
    let pods = vec![leaving(bound_to("n1", asking(4_000, pe("j", "old", &[])))), asking(1_000, pe("j", "new", &[]))];
    let mut cluster = cluster(vec![node("n1")], vec![], pods);
    assert_eq!(filter_node(&cluster, "new", "n1"), Err(Rejection::InsufficientResources(shortage("cpu", 1_000, 0))));
    cluster.apply(Event::gone::<Pod>("old".into()));
    assert_eq!(choice(&cluster, "new"), ["n1"]);
}

#[test]
fn b13_an_unschedulable_node_does_not_count_for_the_size_of_a_pool() {
    let pools = || vec![pool("p", &[], sized(2))];
    let pods = || vec![pe("j", "a", &[("host-pool", "p")])];
    let one_cordoned = cluster(vec![node("n1"), cordoned(node("n2"))], pools(), pods());
    assert_eq!(filter_node(&one_cordoned, "a", "n1"), Err(Rejection::PoolTooSmall { qualifying: 1, size: 2 }));
    let both = cluster(vec![node("n1"), node("n2")], pools(), pods());
    assert_eq!(choice(&both, "a"), ["n1", "n2"]);
}
