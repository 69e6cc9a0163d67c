use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::api::HostPool;

fn pool(uid: &str, version: &str) -> HostPool {
    let metadata = json!({"name": "fast", "namespace": "streams", "uid": uid, "resourceVersion": version});
    serde_json::from_value(json!({"metadata": metadata, "spec": {}})).unwrap()
}

#[test]
fn what_was_written_counts_until_the_watch_shows_another_version() {
    let mut written = WrittenStatuses::default();
    let before = pool("u", "1");
    assert_eq!(written.latest(&before, Some(&"shown")), Some(&"shown"), "nothing is written yet");
    written.insert(&before, "written");
    assert_eq!(written.latest(&before, Some(&"shown")), Some(&"written"), "the watch is behind");
    // Somebody may have wiped the status since: what the watch shows wins, and the status is written again.
    assert_eq!(written.latest(&pool("u", "2"), None), None);
    assert_eq!(written.latest(&pool("u", "2"), Some(&"shown")), Some(&"shown"));
}

#[test]
fn a_successor_of_the_same_name_has_another_status() {
    let mut written = WrittenStatuses::default();
    written.insert(&pool("u", "1"), "written");
    assert_eq!(written.latest(&pool("v", "1"), None), None);
}

#[test]
fn objects_that_are_gone_are_forgotten() {
    let mut written = WrittenStatuses::default();
    let (stays, goes) = (pool("u", "1"), pool("v", "1"));
    written.insert(&stays, "stays");
    written.insert(&goes, "goes");
    written.retain::<HostPool>(&[Arc::new(stays.clone())]);
    assert_eq!(written.latest(&stays, None), Some(&"stays"));
    assert_eq!(written.latest(&goes, None), None);
}
