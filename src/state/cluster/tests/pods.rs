use crate::model::Pod;
use crate::state::Event;
use crate::testing::{cluster, node, pe};

#[test]
fn nothing_is_kept_of_a_pod_that_is_gone() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![pe("j", "a", &[])]);
    cluster.take_over("ours");
    cluster.assume(&"a".into(), &"n1".into()).unwrap();
    assert_eq!(cluster.takeover.unsettled().count(), 1);
    cluster.apply(Event::gone::<Pod>("a".into()));
    let kept = (
        cluster.pods.len(),
        cluster.assumed_pods.len(),
        cluster.takeover.unsettled().count(),
        cluster.current.jobs.iter().count(),
    );
    assert_eq!(kept, (0, 0, 0, 0));
}
