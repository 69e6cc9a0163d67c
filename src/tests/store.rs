use std::sync::Arc;
use std::time::Duration;

use super::Store;
use crate::state::Event;
use crate::testing::{node, policies};

#[test]
fn a_view_is_published_with_each_change_and_an_earlier_one_stays_as_it_was() {
    let store = Store::new(policies(""));
    let before = store.view().snapshot.clone();
    store.apply([Event::put(node("n1")), Event::put(node("n2"))]);
    assert_eq!((before.nodes().count(), store.view().snapshot.nodes().count()), (0, 2));
    let published = Arc::clone(&store.view());
    store.change(|cluster| assert!(cluster.assumed("a").is_none()));
    assert!(Arc::ptr_eq(&published, &store.view()), "without a change nothing is published");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_reader_sees_the_change_that_it_waits_for() {
    let store = Store::new(policies(""));
    let has_node = || store.wait_for(Duration::from_secs(1), |cluster| cluster.snapshot().find("n1"));
    let (found, ()) = tokio::join!(has_node(), async { store.apply([Event::put(node("n1"))]) });
    assert!(found.is_some());
    assert!(has_node().await.is_some(), "what is there already needs no change");
    let other = store.wait_for(Duration::from_secs(1), |cluster| cluster.snapshot().find("n2")).await;
    assert!(other.is_none(), "the wait ends at the limit");
}
