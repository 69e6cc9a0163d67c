use crate::model::{NodeName, Pod, PodUid, Pool, PoolMode, Reason};
use crate::state::{Cluster, Event};
use crate::testing::{bound_to, cluster, exclusive, filter_node, leaving, listed, node, pe};

/// A bound PE of an exclusive pool of node `n1`, and a pending PE of another job.
fn occupied() -> Cluster {
    let owner = bound_to("n1", pe("first", "owner", &[("host-pool", "mine")]));
    let pools = vec![listed("mine", &["n1"], exclusive(1))];
    cluster(vec![node("n1")], pools, vec![owner, pe("second", "stranger", &[])])
}

fn pool() -> Pool {
    listed("mine", &["n1"], exclusive(1))
}

fn reason(cluster: &Cluster) -> Option<Reason> {
    filter_node(cluster, "stranger", "n1").err().map(|rejection| rejection.reason())
}

const HELD: Option<Reason> = Some(Reason::PoolExclusiveToOtherJob);

#[test]
fn an_exclusive_allocation_outlives_its_pool_and_ends_with_its_last_pe() {
    let shared = listed("mine", &["n1"], PoolMode::Shared);
    let ends: [Event; 3] = [Event::gone::<Pool>(pool().id), Event::listed::<Pool>(vec![]), Event::put(shared)];
    for end in ends {
        let mut cluster = occupied();
        assert_eq!(reason(&cluster), HELD);
        cluster.apply(end.clone());
        assert_eq!(reason(&cluster), HELD, "{end:?}");
        let again = bound_to("n1", pe("first", "owner", &[("host-pool", "mine")]));
        cluster.apply(Event::put(Pod { resource_version: "9".into(), ..again.clone() }));
        assert_eq!(reason(&cluster), HELD, "a later version of the pod");
        cluster.apply(Event::put(leaving(again)));
        assert_eq!(reason(&cluster), None, "a PE that leaves holds no node");
    }
}

#[test]
fn a_pe_of_a_pool_that_is_created_again_as_shared_holds_no_node() {
    let mut cluster = occupied();
    cluster.apply(Event::gone::<Pod>("owner".into()));
    cluster.apply(Event::put(listed("mine", &["n1"], PoolMode::Shared)));
    cluster.apply(Event::put(bound_to("n1", pe("first", "next", &[("host-pool", "mine")]))));
    assert_eq!(reason(&cluster), None);
}

#[test]
fn an_assumed_pe_holds_its_node_until_it_is_forgotten() {
    let owner = pe("first", "owner", &[("host-pool", "mine")]);
    let mut cluster = cluster(vec![node("n1")], vec![pool()], vec![owner, pe("second", "stranger", &[])]);
    cluster.assume(&PodUid::from("owner"), &NodeName::from("n1")).unwrap();
    cluster.apply(Event::gone::<Pool>(pool().id));
    assert_eq!(reason(&cluster), HELD);
    cluster.forget(&PodUid::from("owner"), "1");
    assert_eq!(reason(&cluster), None);
}

#[test]
fn a_process_that_never_saw_the_pool_reads_it_from_the_record() {
    let record = r#"{"version":1,"node":"n1","pool":"streams/mine","exclusive":true}"#;
    let owner = bound_to("n1", pe("first", "owner", &[("host-pool", "mine"), ("placement", record)]));
    let mut cluster = cluster(vec![node("n1")], vec![], vec![owner.clone(), pe("second", "stranger", &[])]);
    assert_eq!(reason(&cluster), HELD);
    cluster.apply(Event::put(Pod { node: None, ..owner }));
    assert_eq!(reason(&cluster), None, "a record on a pod without a node means nothing");
}
