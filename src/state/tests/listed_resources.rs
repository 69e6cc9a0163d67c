use super::*;
use crate::model::Resources;
use crate::testing::node;

fn listing(resources: &[&str]) -> Node {
    let other = resources.iter().map(|name| (Box::from(*name), 0)).collect();
    let node = node("n");
    Node { allocatable: Resources { other, ..node.allocatable }, ..node }
}

#[test]
fn an_extended_resource_counts_while_a_node_lists_it() {
    let mut listed = ListedResources::default();
    let (one, both) = (listing(&["example.com/a"]), listing(&["example.com/a", "example.com/b"]));
    listed.replace(None, Some(&one));
    listed.replace(None, Some(&both));
    assert!(listed.is_counted("example.com/a") && listed.is_counted("example.com/b"), "0 is listed too");
    listed.replace(Some(&both), Some(&one));
    assert!(listed.is_counted("example.com/a") && !listed.is_counted("example.com/b"));
    listed.replace(Some(&one), None);
    listed.replace(Some(&one), None);
    assert_eq!(listed, ListedResources::default());
}

#[test]
fn native_resources_always_count() {
    for name in ["cpu", "memory", "ephemeral-storage", "hugepages-2Mi", "x.kubernetes.io/y"] {
        assert!(ListedResources::default().is_counted(name), "{name}");
    }
}
