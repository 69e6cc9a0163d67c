//! A shortage is found exactly where no matching holds all PEs that must not share a node.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::find;
use crate::model::Pe;
use crate::placement::{Budget, plan};
use crate::testing::{cluster, node, pe};

const NODES: [&str; 4] = ["n1", "n2", "n3", "n4"];
const PES: [&str; 5] = ["a", "b", "c", "d", "e"];

proptest! {
    #[test]
    fn a_shortage_is_found_exactly_where_not_all_can_be_placed(
        hosts in prop::collection::vec(subsequence(NODES.to_vec(), 1..=4), 2..=5),
    ) {
        let lists: Vec<String> = hosts.iter().map(|hosts| hosts.join(",")).collect();
        let pods = PES.iter().zip(&lists).map(|(name, hosts)| {
            let hosts: &'static str = Box::leak(hosts.clone().into_boxed_str());
            pe("j", name, &[("exlocation", "t"), ("hosts", hosts)])
        });
        let cluster = cluster(NODES.map(node).to_vec(), vec![], pods.collect());
        let pending: Vec<Arc<Pe>> =
            PES[..hosts.len()].iter().map(|name| Arc::clone(cluster.pod(name).unwrap().1.unwrap())).collect();
        let found = find(&pending.iter().collect::<Vec<_>>(), cluster.snapshot());
        let plan = plan(cluster.snapshot(), &pending, Budget(1 << 20));
        prop_assert_eq!(found.is_some(), !plan.unplaced.is_empty(), "{:?}", found);
        if let Some(conflict) = found {
            // The PEs that are named want fewer nodes than they are.
            let named = |(name, _): &(&&str, _)| conflict.pes.iter().any(|pe| pe == **name);
            let wanted: std::collections::BTreeSet<&str> =
                PES.iter().zip(&hosts).filter(named).flat_map(|(_, hosts)| hosts.iter().copied()).collect();
            prop_assert_eq!(wanted.len() + 1, conflict.pes.len(), "{:?}", conflict);
        }
    }
}
