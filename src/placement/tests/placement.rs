//! What is said of a PE and a node, by rule; numbers such as T6 and R2 are cases and rules of the legacy platform.

use crate::testing::{choice, cluster, node, pe};

#[test]
fn t1_a_pe_without_wishes_may_go_anywhere() {
    let cluster = cluster(vec![node("n1"), node("n2")], vec![], vec![pe("j", "a", &[])]);
    assert_eq!(choice(&cluster, "a"), ["n1", "n2"]);
}
