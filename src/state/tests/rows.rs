use super::{BLOCK, Rows};
use crate::model::NodeName;
use crate::state::NodeRow;

fn row(number: usize) -> NodeRow {
    NodeRow::empty(&NodeName::from(&number.to_string()))
}

fn names(rows: &Rows) -> Vec<String> {
    rows.iter().map(|slot| slot.row.name.to_string()).collect()
}

#[test]
fn places_go_on_from_block_to_block() {
    let mut rows = Rows::default();
    for number in 0..=2 * BLOCK {
        assert_eq!(rows.len(), number);
        assert_eq!(rows.put(None, row(number)), number);
    }
    assert_eq!(names(&rows), (0..=2 * BLOCK).map(|number| number.to_string()).collect::<Vec<_>>());
    for number in [0, BLOCK - 1, BLOCK, 2 * BLOCK] {
        assert_eq!(rows.get(number).unwrap().row.name.as_str(), number.to_string());
    }
    assert!(rows.get(2 * BLOCK + 1).is_none());
    assert_eq!(rows.put(Some(BLOCK), row(7)), BLOCK, "a place that there is is taken again");
    assert_eq!((rows.len(), rows.get(BLOCK).unwrap().row.name.as_str()), (2 * BLOCK + 1, "7"));
}

#[test]
fn a_change_is_not_seen_by_those_who_have_the_rows_already() {
    let mut rows = Rows::default();
    for number in 0..2 * BLOCK {
        rows.put(None, row(number));
    }
    let before = rows.clone();
    assert_eq!(rows.change(BLOCK, |row| row.pods = 9), Some(()));
    assert_eq!((before.get(BLOCK).unwrap().row.pods, rows.get(BLOCK).unwrap().row.pods), (0, 9));
    assert_eq!(rows.change(2 * BLOCK, |row| row.pods = 9), None);
}
