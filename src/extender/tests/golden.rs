//! Requests of kube-scheduler and our responses, byte for byte, in `tests/golden/extender`.
//!
//! What a name begins with is the verb. After a wanted change:
//! `cargo test --lib write_the_golden_responses -- --ignored`, and read the difference.

use jiff::Timestamp;

use crate::extender::bind::BindingCycle;
use crate::extender::{
    PlacedPod, SchedulingContext, bind, decode_arguments, decode_binding_arguments, decode_preemption_arguments,
    filter, preempt, prioritize,
};
use crate::model::Node;
use crate::state::Cluster;
use crate::testing::{Golden, asking, bound_to, cluster, node, pe, pod, policies};

const FILES: Golden = Golden("extender");

/// Five nodes: `n1` holds the rival of `score-1`, `n3` is full, `n4` is cordoned, `n5` holds another PE.
fn known() -> Cluster {
    let nodes = ["n1", "n2", "n3", "n4", "n5"].map(|name| Node { schedulable: name != "n4", ..node(name) });
    let spec = [("exlocation", "score")];
    let pods = vec![
        bound_to("n1", pe("fraud", "score-0", &spec)),
        bound_to("n3", asking(4_000, pod("heavy"))),
        bound_to("n5", pe("another", "alone", &[])),
        pe("fraud", "score-1", &spec),
        pod("web-1"),
    ];
    cluster(nodes.into(), vec![], pods)
}

fn stored(case: &str) -> String {
    let body = FILES.read(&format!("{case}.request.json")).into_bytes();
    let mut cluster = if case.ends_with("not-listed-yet") { unlisted() } else { known() };
    let (now, policies) = (Timestamp::UNIX_EPOCH, policies(""));
    let answer = match case.split_once('-').unwrap().0 {
        "filter" => {
            let view = SchedulingContext::new(cluster.snapshot(), &policies);
            filter(
                &decode_arguments(&body).unwrap(),
                SchedulingContext { filter_decides: case.contains("decides"), asked_by_kube_scheduler: true, ..view },
            )
            .body
        }
        "prioritize" => {
            prioritize(&decode_arguments(&body).unwrap(), SchedulingContext::new(cluster.snapshot(), &policies)).body
        }
        "bind" => {
            let cycle = BindingCycle { attempt: None, gang_plan: None, possible_takeovers: 0, now };
            let verified = bind::verify_and_assume(&mut cluster, &decode_binding_arguments(&body).unwrap(), cycle);
            bind::response(verified.err().map(|error| error.to_string()).as_deref())
        }
        "preempt" => {
            let find_pod = |uid: &str| PlacedPod::find(&cluster, uid);
            let context = SchedulingContext::new(cluster.snapshot(), &policies);
            preempt(decode_preemption_arguments(&body).unwrap(), context, &find_pod).body
        }
        verb => panic!("{case}: no verb {verb}"),
    };
    String::from_utf8(answer).unwrap() + "\n"
}

/// The pods are known, and nothing else is yet.
fn unlisted() -> Cluster {
    let mut cluster = Cluster::new(policies(""));
    cluster.apply(crate::state::Event::listed(vec![pe("fraud", "score-1", &[])]));
    cluster
}

#[test]
fn every_golden_request_has_its_golden_response() {
    FILES.check(stored);
}

#[test]
#[ignore = "writes the golden answers anew"]
fn write_the_golden_responses() {
    FILES.write(stored);
}
