use std::time::Duration;

use super::{LastRead, poll};

#[tokio::test(start_paused = true)]
async fn a_file_is_read_at_once_and_then_once_a_period() {
    let mut reads = 0;
    let polling = poll(Duration::from_secs(2), || reads += 1);
    assert!(tokio::time::timeout(Duration::from_secs(5), polling).await.is_err(), "polling never ends");
    assert_eq!(reads, 3, "at 0, 2 and 4 seconds");
}

#[test]
fn only_what_differs_from_the_last_read_is_new() {
    let mut last = LastRead::default();
    for (read, is_new) in [
        (Ok("a"), true),
        (Ok("a"), false),
        (Err("gone"), true),
        (Err("gone"), false),
        (Err("denied"), true),
        (Ok("a"), true),
        (Ok("b"), true),
    ] {
        assert_eq!(last.if_new(read), is_new.then_some(read), "{read:?}");
    }
}
