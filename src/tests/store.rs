use std::sync::Arc;
use std::time::Duration;

use super::Store;
use crate::state::Event;
use crate::testing::{node, policies};

#[test]
fn a_view_is_published_after_each_change_and_an_earlier_view_does_not_change() {
    let store = Store::new(policies(""));
    let before = store.view().snapshot.clone();
    store.apply([Event::put(node("n1")), Event::put(node("n2"))]);
    assert_eq!((before.nodes().count(), store.view().snapshot.nodes().count()), (0, 2));
    let published = Arc::clone(&store.view());
    store.change(|cluster| assert!(cluster.assumed("a").is_none()));
    assert!(Arc::ptr_eq(&published, &store.view()), "without a change nothing is published");
}

#[tokio::test(start_paused = true)]
async fn wait_for_returns_once_a_change_satisfies_the_reader() {
    let store = Store::new(policies(""));
    let has_node = || store.wait_for(Duration::from_secs(1), |cluster| cluster.snapshot().find("n1"));
    let (found, ()) = tokio::join!(has_node(), async { store.apply([Event::put(node("n1"))]) });
    assert!(found.is_some());
    assert!(has_node().await.is_some(), "what is there already needs no change");
    let other = store.wait_for(Duration::from_secs(1), |cluster| cluster.snapshot().find("n2")).await;
    assert!(other.is_none(), "the wait ends at the limit");
}
