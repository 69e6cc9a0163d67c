use super::{identity, process_identity};

#[test]
fn an_identity_names_the_pod_and_no_other_process() {
    assert_eq!(identity("outrigger-scheduler-5d9c7-x2x4z", 0xabc, 0x1f), "outrigger-scheduler-5d9c7-x2x4z_abc-1f");
    assert_eq!(identity("a b\n", 1, 1), "ab_1-1");
    assert_eq!(identity("", 1, 1), "outrigger_1-1");
    let longest = identity(&"h".repeat(300), u128::from(u64::MAX), u32::MAX);
    assert!(longest.len() <= 128, "the API server takes no longer instance in an event: {longest}");
    assert_ne!(process_identity(), process_identity());
}
