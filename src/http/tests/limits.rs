use super::*;

#[test]
fn connections_outlive_the_idle_pools_of_the_callers() {
    // kube-scheduler and the API server keep idle connections for 90 s and do not retry a POST on one that was closed.
    assert!(KEEP_ALIVE > Duration::from_secs(90) + BODY_DEADLINE);
}

#[test]
fn the_largest_body_finds_room_beside_another() {
    const { assert!(2 * LARGEST_BODY <= ROOM && SMALL_BODY <= ROOM / 100) };
    // A caller that waits for room still hears of it before it gives up: two seconds at the API server.
    assert!(ROOM_DEADLINE < Duration::from_secs(2));
}
