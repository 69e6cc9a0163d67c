use crate::model::{Pod, PodKey};
use crate::placement::check_work_budget;
use crate::state::Cluster;
use crate::testing::{asking, cluster, node, pe};

/// A cluster of `nodes` nodes, with `pes` pending PEs of one job, each with other requests and all of these tokens.
fn crowd(nodes: usize, pes: u64, tokens: &str) -> Cluster {
    let nodes = (0..nodes).map(|number| node(&format!("n{number}"))).collect();
    let member = |number: u64| asking(number, pe("j", &format!("p{number}"), &[("exlocation", tokens)]));
    cluster(nodes, vec![], (0..pes).map(member).collect())
}

fn check(cluster: &Cluster, pod: &str) -> Result<(), String> {
    let pe = cluster.pod(pod).unwrap().1.unwrap();
    check_work_budget(pe, cluster.snapshot()).map_err(|dear| dear.to_string())
}

#[test]
fn a_pe_that_would_cost_more_than_a_request_may_is_named() {
    let tokens = (0..16).map(|number| format!("t{number}")).collect::<Vec<_>>().join(",");
    let dear = crowd(2_000, 2_000, &tokens);
    let error = check(&dear, "p7").unwrap_err();
    assert!(error.contains("PE streams/p7 needs 128000000 steps"), "{error}");
}

#[test]
fn large_jobs_of_equal_pes_and_other_jobs_are_within_the_budget() {
    assert_eq!(check(&crowd(500, 2_000, "t"), "p7"), Ok(()));
    let tokens = (0..16).map(|number| format!("t{number}")).collect::<Vec<_>>().join(",");
    let mut dear = crowd(2_000, 2_000, &tokens);
    let other = pe("other", "a", &[("exlocation", "t0")]);
    let key = PodKey { uid: "a".into(), ..other.key.clone() };
    dear.apply(crate::state::Event::put(Pod { key, ..other }));
    assert_eq!(check(&dear, "a"), Ok(()), "another job does not pay");
}
