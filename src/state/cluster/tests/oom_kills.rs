use jiff::Timestamp;

use super::*;
use crate::model::{Bytes, Pod};
use crate::state::Event;
use crate::testing::{cluster, pe, pod};

fn killed(pod: Pod, mebibytes: u64, second: i64) -> Pod {
    let at = Timestamp::from_second(second).unwrap();
    let kill = OomKill { container: "pe".into(), memory: Bytes(mebibytes << 20), at };
    Pod { oom_kill: Some(Box::new(kill)), ..pod }
}

fn known(cluster: &Cluster, name: &str) -> Option<u64> {
    let job = DemandKey::from(&crate::testing::job_id("j"));
    cluster.snapshot().oom_kills().of_pe(&job, name).map(|kill| kill.memory.0 >> 20)
}

#[test]
fn a_kill_is_known_after_the_pod_is_gone() {
    let mut cluster = cluster(vec![], vec![], vec![killed(pe("j", "a", &[]), 512, 10), killed(pod("b"), 1, 10)]);
    assert_eq!((known(&cluster, "a"), known(&cluster, "b")), (Some(512), None), "a pod of no job is no PE");
    cluster.apply(Event::put(killed(pe("j", "a", &[]), 256, 5)));
    assert_eq!(known(&cluster, "a"), Some(512), "an earlier one");
    cluster.apply(Event::put(killed(pe("j", "a", &[]), 768, 20)));
    cluster.apply(Event::put(pe("j", "a", &[])));
    cluster.apply(Event::gone::<Pod>("a".into()));
    assert_eq!(known(&cluster, "a"), Some(768));
}
