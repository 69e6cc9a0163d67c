use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::Labels;

proptest! {
    #[test]
    fn they_are_a_sorted_map_in_which_the_last_of_equal_keys_wins(
        pairs in vec(("[a-c./]{0,3}", "[a-c\u{e9} =,\\n]{0,4}"), 0..8), asked in "[a-c./]{0,3}",
    ) {
        let map: BTreeMap<String, String> = pairs.iter().cloned().collect();
        let labels: Labels = pairs.iter().cloned().collect();
        let all: Vec<(&str, &str)> = map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        prop_assert_eq!(labels.iter().collect::<Vec<_>>(), all);
        prop_assert_eq!(labels.get(&asked), map.get(&asked).map(String::as_str));
        prop_assert_eq!(labels.is_empty(), map.is_empty());
        let rest: Vec<&str> = map.keys().filter_map(|key| key.strip_prefix("a")).collect();
        prop_assert_eq!(labels.suffixes("a").collect::<Vec<_>>(), rest);
    }
}

#[test]
fn a_value_cannot_end_itself() {
    let labels: Labels = [("a", "x\0b\0y"), ("c", "z")].into_iter().collect();
    assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "x\u{fffd}b\u{fffd}y"), ("c", "z")]);
}
