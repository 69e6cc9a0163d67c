use proptest::prelude::*;

use super::super::case::{Candidate, Case};
use super::super::tests::safety::world;
use super::IN_ORDER;

proptest! {
    #[test]
    fn a_rule_that_does_not_concern_a_pe_refuses_it_no_node_that_others_let_pass(world in world()) {
        let cluster = world.cluster();
        let snapshot = cluster.snapshot();
        for element in &world.elements {
            let Some((_, Some(pe))) = cluster.pod(element.name) else { continue };
            let case = Case::without_gang(pe, snapshot);
            let Ok(given) = &case.given else { continue };
            for index in snapshot.indexes().filter(|index| case.verdict(*index).is_ok()) {
                let (info, state) = snapshot.info(index).unwrap();
                for (place, rule) in IN_ORDER.iter().enumerate() {
                    let rejection = (rule.check)(&case, given, Candidate { index, info, state });
                    prop_assert_eq!(rejection, None, "rule {}", place);
                }
            }
        }
    }
}
