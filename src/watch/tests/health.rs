use std::time::Duration;

use super::Health;

#[test]
fn it_tells_what_failed_last_and_since_when_until_it_is_answered() {
    let health = Health::new("Pod");
    assert_eq!((health.failing_for(), health.problem(), health.is_listed()), (None, None, false));
    health.failed(&"pods is forbidden");
    std::thread::sleep(Duration::from_millis(2));
    health.failed(&"connection refused");
    let age = health.failing_for().unwrap();
    assert!(age >= Duration::from_millis(2), "since the first failure: {age:?}");
    assert_eq!(health.problem().as_deref(), Some("connection refused"));
    health.answered();
    health.list_is_complete();
    assert_eq!((health.failing_for(), health.problem(), health.is_listed()), (None, None, true));
}
