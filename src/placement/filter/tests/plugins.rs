use proptest::prelude::*;

use super::FILTER_PLUGINS;
use super::plugin::NodeView;
use crate::placement::evaluate::Evaluation;
use crate::placement::tests::safety::world;

proptest! {
    #[test]
    fn a_plugin_that_does_not_apply_rejects_no_node_that_the_others_let_pass(world in world()) {
        let cluster = world.cluster();
        let snapshot = cluster.snapshot();
        for element in &world.elements {
            let Some((_, Some(pe))) = cluster.pod(element.name) else { continue };
            let Ok(evaluation) = Evaluation::new(pe, snapshot) else { continue };
            let nodes = snapshot.indexes().map(|index| NodeView::new(snapshot, index).unwrap());
            for node in nodes.filter(|node| evaluation.first_rejection(*node).is_none()) {
                for (row, plugin) in FILTER_PLUGINS.iter().enumerate() {
                    prop_assert_eq!((plugin.filter)(&evaluation.state, node), None, "row {}", row);
                }
            }
        }
    }
}

#[test]
fn plugins_stand_in_the_order_of_their_reason_codes() {
    assert!(FILTER_PLUGINS.is_sorted_by_key(|plugin| plugin.reason));
}
