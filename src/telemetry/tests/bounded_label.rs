use std::collections::BTreeSet;

use super::{BoundedLabel, MOST};

#[test]
fn many_generations_of_pools_are_few_values() {
    let mut label = BoundedLabel::new();
    let values: BTreeSet<String> =
        (0..10_000).map(|generation| label.value(&format!("ns/pool-{generation}"))).collect();
    assert_eq!(values.len(), MOST + 1);
    assert_eq!((label.value("ns/pool-3"), label.value("ns/pool-9999")), ("ns/pool-3".to_owned(), "other".to_owned()));
    assert_eq!(BoundedLabel::new().value(&"p".repeat(10_000)), "other");
}
