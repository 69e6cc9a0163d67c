use crate::model::{Pod, PodPhase};
use crate::state::cluster::support::{counted, show};
use crate::testing::{asking, bound_to, cluster, leaving, node, pe, pod};

#[test]
fn finished_pods_count_for_nothing_and_leaving_ones_for_requests_alone() {
    let finished = Pod { phase: PodPhase::Finished, ..bound_to("n1", pe("j", "finished", &[])) };
    let pods = vec![finished, leaving(bound_to("n1", asking(700, pe("j", "leaving", &[]))))];
    let cluster = cluster(vec![node("n1")], vec![], pods);
    assert_eq!(counted(&cluster, "n1"), (1, 700, vec![]));
    let (_, pe) = cluster.pod("leaving").unwrap();
    assert!(cluster.snapshot().job(&pe.unwrap().job).is_none());
}

#[test]
fn amounts_beyond_any_number_do_not_spoil_the_sum_when_they_are_gone() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![bound_to("n1", asking(700, pod("a")))]);
    show(&mut cluster, bound_to("n1", asking(u64::MAX, pod("hostile"))));
    assert_eq!(counted(&cluster, "n1").1, u64::MAX);
    show(&mut cluster, Pod { phase: PodPhase::Finished, ..bound_to("n1", asking(u64::MAX, pod("hostile"))) });
    assert_eq!(counted(&cluster, "n1").1, 700);
}
