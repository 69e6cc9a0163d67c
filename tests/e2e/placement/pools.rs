//! Pools and isolation: who may share a node at all.

use serde_json::json;

use super::pe::{Pe, Team, nodes_of, tagged};
use crate::cluster::FakeNode;
use crate::installation::shared;

#[test]
fn t1_a_pool_by_two_tags_takes_only_the_node_that_has_both() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        // the small node is the fullest in any order of rank: nothing but the rule leads there
        let both = tagged(tagged(FakeNode::new("conj-both"), "conj-a"), "conj-b").resource("cpu", "1");
        let nodes = [tagged(FakeNode::new("conj-1"), "conj-a"), tagged(FakeNode::new("conj-2"), "conj-b"), both];
        cluster.create_nodes(&nodes).await.unwrap();
        let team = Team::new(cluster, "conjunctive").await;
        team.pool(cluster, "pair", &json!({ "tags": ["conj-a", "conj-b"] })).await;

        for name in ["first", "second", "third"] {
            let pe = Pe::new("job", name).wish("host-pool", "pair").cpu("100m");
            assert_eq!(team.place(pe).await, "conj-both", "PE {name}");
        }
        let unnamed = Pe::new("job", "fourth").wish("host-tags", "conj-a,conj-b").cpu("100m");
        assert_eq!(team.place(unnamed).await, "conj-both", "an unnamed pool of the same tags");
    });
}

#[test]
fn t4_an_exclusive_pool_keeps_others_off_and_begins_on_no_node_of_others() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_nodes(&nodes_of("excl", &["excl-1", "excl-2"])).await.unwrap();
        let team = Team::new(cluster, "exclusive").await;
        team.pool(cluster, "own", &json!({ "tags": ["excl"], "size": 1, "mode": "Exclusive" })).await;
        let stranger = |name: &str| Pe::new(name, name).wish("host-tags", "excl");
        let of_pool = |job: &str, name: &str| Pe::new(job, name).wish("host-pool", "own");

        let owned = team.place(of_pool("owner", "owner-1")).await;
        assert_eq!(team.place(of_pool("owner", "owner-2")).await, owned, "a pool of size 1 is one node");
        let other = team.place(stranger("stranger")).await;
        assert_ne!(other, owned, "no other job comes in");

        // nothing is left: one node is another job's, on the other one another job's PE runs
        team.create(of_pool("late", "late")).await;
        let rejection = team.rejected("late").await;
        assert!(rejection.contains("1 PoolExclusiveToOtherJob"), "{rejection}");
        assert!(rejection.contains("1 PoolNodeInUse"), "{rejection}");

        team.delete("stranger").await;
        assert_eq!(team.node_of("late").await, other, "once the node is empty");
        team.create(stranger("stranger-2")).await;
        let rejection = team.rejected("stranger-2").await;
        assert!(rejection.contains("2 PoolExclusiveToOtherJob"), "{rejection}");
    });
}

#[test]
fn t11_an_isolated_pe_is_alone_whoever_comes_first() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_nodes(&nodes_of("iso", &["iso-1", "iso-2"])).await.unwrap();
        let team = Team::new(cluster, "isolation").await;
        let plain = |name: &str| Pe::new(name, name).wish("host-tags", "iso");

        let alone = team.place(plain("alone").wish("isolated", "true")).await;
        let busy = team.place(plain("busy")).await;
        assert_ne!(busy, alone, "the node of an isolated PE is closed to others");

        team.create(plain("too-late").wish("isolated", "true")).await;
        let rejection = team.rejected("too-late").await;
        assert!(rejection.contains("1 NodeHoldsIsolatedPe"), "{rejection}");
        assert!(rejection.contains("1 IsolatedPeNeedsEmptyNode"), "{rejection}");

        // the scope is the namespace: PEs of another one are not in its way, nor it in theirs
        let neighbour = Team::new(cluster, "isolation-neighbour").await;
        neighbour.place(plain("guest").wish("isolated", "true")).await;

        team.delete("busy").await;
        assert_eq!(team.node_of("too-late").await, busy, "once the node is empty");
    });
}
