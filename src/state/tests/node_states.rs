use super::{BLOCK, NodeStates};
use crate::model::NodeName;
use crate::state::NodeState;

fn state(number: usize) -> NodeState {
    NodeState::empty(&NodeName::from(&number.to_string()))
}

fn names(rows: &NodeStates) -> Vec<String> {
    rows.iter().map(|slot| slot.state.name.to_string()).collect()
}

#[test]
fn places_go_on_from_block_to_block() {
    let mut rows = NodeStates::default();
    for number in 0..=2 * BLOCK {
        assert_eq!(rows.len(), number);
        assert_eq!(rows.put(None, state(number)), number);
    }
    assert_eq!(names(&rows), (0..=2 * BLOCK).map(|number| number.to_string()).collect::<Vec<_>>());
    for number in [0, BLOCK - 1, BLOCK, 2 * BLOCK] {
        assert_eq!(rows.get(number).unwrap().state.name.as_str(), number.to_string());
    }
    assert!(rows.get(2 * BLOCK + 1).is_none());
    assert_eq!(rows.put(Some(BLOCK), state(7)), BLOCK, "a place that there is is taken again");
    assert_eq!((rows.len(), rows.get(BLOCK).unwrap().state.name.as_str()), (2 * BLOCK + 1, "7"));
}

#[test]
fn a_change_is_not_seen_by_those_who_have_the_rows_already() {
    let mut rows = NodeStates::default();
    for number in 0..2 * BLOCK {
        rows.put(None, state(number));
    }
    let before = rows.clone();
    assert_eq!(rows.change(BLOCK, |state| state.pods = 9), Some(()));
    assert_eq!((before.get(BLOCK).unwrap().state.pods, rows.get(BLOCK).unwrap().state.pods), (0, 9));
    assert_eq!(rows.change(2 * BLOCK, |state| state.pods = 9), None);
}
