use serde_json::{Value, json};

use super::{ExplainedPod, MAX_NEAREST_NODES, explain, explain_from_manifest};
use crate::explain::{Explanation, PodState};
use crate::model::{DeclaredPe, FieldProblem, Node, Pod, PodPhase};
use crate::state::{Cluster, Event};
use crate::testing::{
    asking, bound_to, cluster, cordoned, declared_pe, declared_region, exclusive, governed, labelled, lasting, leaving,
    node, pe, pod, pool, reasons, sized, stream_job, streams_pe, streams_policy, tagged, tainted, with_cores,
};

fn explained(cluster: &Cluster, name: &str) -> Explanation {
    let pod = cluster.named("streams", name).unwrap();
    explain(&ExplainedPod::new(pod, cluster), cluster.snapshot(), cluster.policies())
}

fn recording(record: &Value, pod: Pod) -> Pod {
    let annotations = pod.annotations.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let record = ("outrigger.dev/placement".to_owned(), record.to_string());
    Pod { annotations: annotations.chain([record]).collect(), ..pod }
}

#[test]
fn a_pending_pe_has_reasons_and_the_nearest_nodes_with_remedies() {
    let nodes = vec![
        tainted(&["k"], cordoned(node("n1"))),
        tagged(&["ssd"], with_cores(1, node("n2"))),
        node("n3"),
        tagged(&["ssd"], node("n4")),
        node("n5"),
    ];
    let spec = [("host-tags", "ssd"), ("exlocation", "x")];
    let pods = vec![
        bound_to("n4", asking(3_500, pe("j", "b", &[("exlocation", "x")]))),
        bound_to("n2", asking(500, pod("of no job"))),
        asking(1_000, pe("j", "a", &spec)),
    ];
    let expected = json!({
        "version": 1,
        "pod": "streams/a",
        "source": "extender",
        "state": "waiting",
        "summary": "The pod is pending: none of 5 nodes fits.",
        "policy": "test",
        "job": "streams/j",
        "pe": "a",
        "nodes": 5,
        "passing": 0,
        "refused": {"InsufficientResources": 2, "NodeUnschedulable": 1, "PoolTagMissing": 2},
        "nearest": [
            {"node": "n2", "crowding": 1.0, "risk": 1.0, "lacks": [{
                "reason": "InsufficientResources",
                "problem": "InsufficientResources: cpu: requested 1000m, free 500m",
                "remedy": "free 500m of cpu: the PE requests 1000m, 500m is free",
            }]},
            {"node": "n3", "crowding": 0.25, "risk": 0.0, "lacks": [{
                "reason": "PoolTagMissing",
                "problem": "PoolTagMissing: no tag `ssd`",
                "remedy": "label the node tag.outrigger.dev/ssd",
            }]},
            {"node": "n5", "crowding": 0.25, "risk": 0.0, "lacks": [{
                "reason": "PoolTagMissing",
                "problem": "PoolTagMissing: no tag `ssd`",
                "remedy": "label the node tag.outrigger.dev/ssd",
            }]},
        ],
    });
    let cluster = cluster(nodes, vec![], pods);
    assert_eq!(serde_json::to_value(explained(&cluster, "a")).unwrap(), expected);
    let again: Explanation = serde_json::from_value(expected).unwrap();
    assert_eq!(again, explained(&cluster, "a"), "what was written can be read");
}

#[test]
fn every_rejection_of_a_node_is_listed_in_order() {
    let nodes = vec![tainted(&["k"], cordoned(labelled(&["restrict.outrigger.dev/gpu"], node("n1"))))];
    let pods = vec![
        bound_to("n1", asking(4_000, pe("j", "b", &[("exlocation", "x")]))),
        pe("j", "a", &[("exlocation", "x"), ("hosts", "n2"), ("isolated", "true")]),
    ];
    let explanation = explained(&cluster(nodes, vec![], pods), "a");
    let reasons: Vec<&str> = explanation.nearest[0].lacks.iter().map(|lack| lack.reason.as_str()).collect();
    let expected = [
        "NodeUnschedulable",
        "UntoleratedTaint",
        "RestrictedTag",
        "HostMismatch",
        "InsufficientResources",
        "IsolatedPeNeedsEmptyNode",
        "ExlocationConflict",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn counts_equal_those_of_filter_and_add_up() {
    let names: Vec<String> = (0..40).map(|number| format!("n{number}")).collect();
    let vary = |(number, name): (usize, &String)| match number % 4 {
        0 => node(name),
        1 => tainted(&["k"], node(name)),
        2 => cordoned(node(name)),
        _ => with_cores(0, node(name)),
    };
    let cluster = cluster(names.iter().enumerate().map(vary).collect(), vec![], vec![pe("j", "a", &[])]);
    let explanation = explained(&cluster, "a");
    let effective = reasons(&cluster, "a");
    assert_eq!(explanation.passing, effective.values().filter(|reason| reason.is_none()).count());
    for (reason, count) in &explanation.rejected {
        assert_eq!(
            *count,
            effective.values().flatten().filter(|effective| effective.as_str() == reason).count(),
            "{reason}"
        );
    }
    assert_eq!(explanation.passing + explanation.rejected.values().sum::<usize>(), explanation.nodes);
    assert_eq!(explanation.nodes, 40);
    assert_eq!(explanation.nearest.len(), MAX_NEAREST_NODES, "bounded, whatever the size of the cluster");
    assert!(explanation.nearest.iter().all(|candidate| candidate.lacks.is_empty()), "those that fit come first");
    assert!(
        explanation.summary.starts_with("The pod is pending, although 10 of 40 nodes fit"),
        "{}",
        explanation.summary
    );
}

#[test]
fn a_placed_pe_has_its_record_and_the_rejections_of_other_nodes() {
    let record = json!({"node": "n1", "asked": 8, "refused": {"PoolTagMissing": 4, "ExlocationConflict": 1}});
    let pods = vec![
        recording(&record, bound_to("n1", pe("j", "a", &[]))),
        bound_to("n3", pe("k", "b", &[])),
        bound_to("n3", pe("k", "c", &[])),
    ];
    let explanation = explained(&cluster(vec![node("n1"), cordoned(node("n2")), node("n3")], vec![], pods), "a");
    assert_eq!(explanation.state, PodState::Placed);
    assert_eq!(explanation.summary, "The pod is on n1, chosen from 3 nodes that fitted, of 8.");
    assert_eq!(explanation.record, Some(record));
    let others: Vec<(&str, f64, usize)> =
        explanation.nearest.iter().map(|other| (other.node.as_str(), other.crowding, other.lacks.len())).collect();
    assert_eq!(others, [("n3", 0.75, 0), ("n2", 0.25, 1)], "its own node is not among them");
    assert_eq!((explanation.nodes, explanation.passing), (2, 1));
    let here = explanation.here.unwrap();
    assert_eq!((here.node.as_str(), here.crowding, here.lacks.len()), ("n1", 0.25, 0), "it does not count twice");
    let behind: Vec<Option<&str>> = explanation.nearest.iter().map(|other| other.behind.as_deref()).collect();
    assert_eq!(behind, [Some("more PEs per core: 0.75, n1 has 0.25"), None]);
}

#[test]
fn a_placed_pe_has_the_rejections_of_its_own_node() {
    let pods = vec![bound_to("n1", asking(4_000, pe("j", "a", &[])))];
    let explanation = explained(&cluster(vec![cordoned(node("n1"))], vec![], pods), "a");
    let lacks: Vec<String> = explanation.here.unwrap().lacks.into_iter().map(|lack| lack.reason).collect();
    assert_eq!(lacks, ["NodeUnschedulable"], "nor does what it requests");
}

#[test]
fn the_state_of_a_pod_is_summarised_in_a_sentence() {
    let only = json!({"node": "n1", "asked": 3, "refused": {"HostMismatch": 2}});
    let finished = |pod: Pod| Pod { phase: PodPhase::Finished, ..pod };
    let pods = vec![
        recording(&only, bound_to("n1", pe("j", "only", &[]))),
        bound_to("n1", pe("j", "foreign", &[])),
        leaving(bound_to("n1", pe("j", "leaving", &[]))),
        finished(bound_to("n1", pe("j", "finished", &[]))),
        pod("not ours"),
        bound_to("n1", pod("not ours either")),
        pe("j", "committed", &[]),
    ];
    let mut cluster = cluster(vec![node("n1")], vec![], pods);
    cluster.assume(&"committed".into(), &"n1".into()).unwrap();
    let no_policy = "No policy governs it: kube-scheduler places it, and no rule of Outrigger applies.";
    for (name, state, summary) in [
        ("only", PodState::Placed, "The pod is on n1, the only one of 3 nodes that fitted."),
        ("foreign", PodState::Placed, "The pod is on n1, without a record: Outrigger did not place the pod."),
        ("leaving", PodState::Leaving, "The pod is being deleted."),
        ("finished", PodState::Finished, "The pod has finished."),
        ("not ours", PodState::Waiting, &format!("The pod is pending. {no_policy}")),
        ("not ours either", PodState::Placed, &format!("The pod is on n1. {no_policy}")),
        ("committed", PodState::Placing, "The pod is bound to n1; the watch does not show the node yet."),
    ] {
        let explanation = explained(&cluster, name);
        assert_eq!((explanation.state, explanation.summary.as_str()), (state, summary), "{name}");
    }
    assert_eq!(explained(&cluster, "not ours").nodes, 0, "no node is explained");
}

#[test]
fn a_problem_of_every_node_is_listed_once() {
    let pods = vec![pe("j", "a", &[("host-pool", "absent")]), pe("j", "b", &[("isolated", "perhaps")])];
    let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
    for (name, reason, remedy) in [
        ("a", "PoolNotFound", "create HostPool `streams/absent`, or name one that exists"),
        ("b", "InvalidPlacement", "change the placement spec of the PE"),
    ] {
        let explanation = explained(&cluster, name);
        let problem = explanation.problem.unwrap();
        assert_eq!((problem.reason.as_str(), problem.remedy.as_str()), (reason, remedy));
        assert_eq!(explanation.rejected.into_iter().collect::<Vec<_>>(), [(reason.to_owned(), 2)]);
        assert_eq!(explanation.summary, "The pod is pending: one problem rejects every node.");
    }
}

#[test]
fn every_member_of_a_gang_has_the_problem_of_the_gang() {
    let gang = |count: &'static str| [("gang", count), ("exlocation", "x")];
    let explain_member = |count| {
        let pods = vec![pe("j", "a", &gang(count)), pe("j", "b", &gang(count))];
        explained(&cluster(vec![node("n1"), cordoned(node("n2"))], vec![], pods), "a")
    };
    let incomplete = explain_member("4");
    let problem = incomplete.problem.unwrap();
    assert_eq!(problem.remedy, "create the 2 members of the gang that are missing, or ask for fewer");
    assert_eq!(incomplete.rejected.into_iter().collect::<Vec<_>>(), [("GangIncomplete".to_owned(), 2)]);
    let infeasible = explain_member("2");
    assert_eq!(infeasible.problem.unwrap().reason, "GangInfeasible");
    let rejected: Vec<(String, usize)> = infeasible.rejected.into_iter().collect();
    assert_eq!(rejected, [("GangInfeasible".to_owned(), 1), ("NodeUnschedulable".to_owned(), 1)]);
}

#[test]
fn remedies_have_the_amounts() {
    let remedies = |nodes: Vec<Node>, pods: Vec<Pod>| {
        let pools = vec![pool("small", &[], sized(4)), pool("own", &[], exclusive(1))];
        let explanation = explained(&cluster(nodes, pools, pods), "a");
        let lacks = explanation.nearest.into_iter().next().unwrap().lacks;
        lacks.into_iter().map(|rejection| rejection.remedy).collect::<Vec<String>>().join("; ")
    };
    let one = |constraint: (&str, &str), other: Option<Pod>| {
        remedies(vec![node("n1")], other.into_iter().chain([pe("j", "a", &[constraint])]).collect())
    };
    assert_eq!(one(("hosts", "n2"), None), "add it to outrigger.dev/hosts");
    assert_eq!(one(("host-pool", "small"), None), "let 3 more nodes qualify for the pool, or lower its size to 1");
    assert_eq!(
        one(("host-pool", "own"), Some(bound_to("n1", pe("k", "b", &[])))),
        "wait until job streams/k has left the node"
    );
    let bucket = ("colocation", "t");
    assert_eq!(
        one(bucket, Some(asking(4_000, pe("j", "b", &[bucket])))),
        "free 100m of cpu: the pending PEs of the bucket request 4100m, 4000m is free"
    );
    let elsewhere =
        vec![bound_to("n2", asking(4_000, pe("j", "b", &[bucket]))), asking(1_000, pe("j", "a", &[bucket]))];
    assert_eq!(remedies(vec![node("n1"), node("n2")], elsewhere), "make room on n2, where the bucket of the PE is");
    assert_eq!(
        remedies(vec![tainted(&["k"], node("n1"))], vec![pe("j", "a", &[])]),
        "tolerate k:NoSchedule, or remove the taint"
    );
}

#[test]
fn without_an_extender_a_pod_is_explained_from_its_manifest() {
    let read = |manifest: Value| explain_from_manifest(&serde_json::from_value(manifest).unwrap());
    let record = json!({"node": "n1", "job": "ns/j", "pe": "a", "policy": "annotations", "asked": 2, "refused": {}});
    let placed = read(json!({
        "metadata": {"namespace": "ns", "name": "a", "annotations": {"outrigger.dev/placement": record.to_string()}},
        "spec": {"nodeName": "n1", "containers": []},
    }));
    assert_eq!(
        serde_json::to_value(placed).unwrap(),
        json!({
            "version": 1, "pod": "ns/a", "source": "pod", "state": "placed",
            "summary": "The pod is on n1, chosen from 2 nodes that fitted, of 2.",
            "policy": "annotations", "job": "ns/j", "pe": "a", "node": "n1", "record": record,
            "nodes": 0, "passing": 0, "refused": {}, "nearest": [],
        })
    );
    let message = "0/2 nodes are available: 2 HostMismatch.";
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message});
    let waiting = read(json!({
        "metadata": {"namespace": "ns", "name": "a", "annotations": {"outrigger.dev/policy": "annotations"}},
        "spec": {"containers": []},
        "status": {"phase": "Pending", "conditions": [condition]},
    }));
    assert_eq!((waiting.state, waiting.summary.as_str()), (PodState::Waiting, "The pod is pending."));
    assert_eq!(waiting.message.as_deref(), Some(message));
}

#[test]
fn declared_values_have_their_object_and_field_problems_their_field() {
    let of_pe = DeclaredPe {
        field_problems: vec![FieldProblem {
            field: "spec.placement.rack".to_owned(),
            problem: "is not known".to_owned(),
            key: None,
        }],
        ..declared_pe("app-0", &[("hosts", "n9"), ("exlocation", "x")])
    };
    let own = Pod { annotations: [("outrigger.dev/colocation", "t")].into_iter().collect(), ..streams_pe("app", "0") };
    let mut cluster = governed(streams_policy(""), vec![node("n1")], vec![], vec![own]);
    cluster.apply(Event::put(of_pe));
    cluster.apply(Event::put(stream_job("app", &[("0", &[("hosts", "n1")])])));
    let Explanation { declared, unclear, .. } = explained(&cluster, "app-0");
    let reported: Vec<String> =
        declared.iter().map(|value| format!("{}={} by {}", value.key, value.value, value.by)).collect();
    assert_eq!(
        reported,
        [
            "outrigger.dev/exlocation=x by ProcessingElement.streams.ibm.com streams/app-0",
            "outrigger.dev/hosts=n1 by StreamJob streams/app",
        ]
    );
    assert_eq!(unclear, ["ProcessingElement.streams.ibm.com streams/app-0: spec.placement.rack: is not known"]);
}

#[test]
fn parallel_regions_of_the_job_are_listed_with_their_widths() {
    let pods = vec![streams_pe("app", "0"), streams_pe("other", "0"), pe("app", "of another dialect", &[])];
    let mut cluster = governed(streams_policy(""), vec![node("n1")], vec![], pods);
    let reported = |cluster: &Cluster, pod: &str| -> Vec<String> {
        let regions = explained(cluster, pod).parallel_regions;
        regions.iter().map(|(name, width)| format!("{name} {width}")).collect()
    };
    let version = cluster.snapshot().version();
    for region in [
        declared_region("app", "app-0", Some(2)),
        declared_region("app", "app-1", Some(1)),
        declared_region("app", "app-2", None),
        declared_region("other", "other-0", Some(9)),
    ] {
        cluster.apply(Event::put(region));
    }
    assert_eq!(reported(&cluster, "app-0"), ["of app-0 2", "of app-1 1"]);
    assert_eq!(reported(&cluster, "other-0"), ["of other-0 9"]);
    assert!(reported(&cluster, "of another dialect").is_empty());
    cluster.apply(Event::put(declared_region("app", "app-0", Some(3))));
    assert_eq!(reported(&cluster, "app-0"), ["of app-0 3", "of app-1 1"]);
    assert!(cluster.snapshot().version() > version);
}

#[test]
fn a_pod_whose_owner_is_gone_is_leaving() {
    let pod = lasting("a", bound_to("n1", pe("j", "a", &[])));
    let owner = pod.owner.as_deref().unwrap().clone();
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pod]);
    assert_eq!(explained(&cluster, "a").state, PodState::Placed);
    cluster.apply(Event::OwnerGone(owner));
    let explanation = explained(&cluster, "a");
    assert_eq!(explanation.state, PodState::Leaving);
    assert_eq!(explanation.summary, "The owner set of the pod is gone: the pod will be deleted.");
}

#[test]
fn sidecars_that_were_withheld_are_told_with_what_to_do() {
    let noted = [("withheld", "relay=VolumeMissing,other=NotKnownHere,otel-collector=PortInUse")];
    let cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &noted)]);
    let told: Vec<(String, String)> =
        explained(&cluster, "a").withheld.into_iter().map(|told| (told.sidecar, told.reason)).collect();
    let wanted = [("relay", "VolumeMissing"), ("otel-collector", "PortInUse")];
    assert_eq!(told, wanted.map(|(sidecar, reason)| (sidecar.to_owned(), reason.to_owned())));

    let manifest = json!({"metadata": {"name": "a", "annotations": {
        "outrigger.dev/policy": "annotations", "outrigger.dev/withheld": "relay=WindowsPod",
    }}});
    let told = explain_from_manifest(&serde_json::from_value(manifest).unwrap()).withheld;
    assert_eq!(told[0].remedy, "observe the PE from another pod");
}

#[test]
fn how_requests_and_limits_were_decided_is_told_by_source() {
    let line = "main cpu: user -/-, policy 100m/-, demand 310m, LimitRange -/250m, result 250m/250m";
    let noted = [("resources", line)];
    let cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &noted)]);
    let manifest = json!({"metadata": {"name": "a", "annotations": {
        "outrigger.dev/policy": "annotations", "outrigger.dev/resources": line,
    }}});
    let expected = json!([{
        "container": "main", "resource": "cpu", "user": {}, "policy": {"request": "100m"}, "demand": "310m",
        "limitRange": {"limit": "250m"}, "result": {"request": "250m", "limit": "250m"},
    }]);
    for explanation in [explained(&cluster, "a"), explain_from_manifest(&serde_json::from_value(manifest).unwrap())] {
        assert_eq!(serde_json::to_value(explanation.resources).unwrap(), expected);
    }
}
