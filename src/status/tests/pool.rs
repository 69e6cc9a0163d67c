use serde_json::{Value, json};

use super::*;
use crate::testing::{bound_to, cluster, cordoned, leaving, node, pe, tagged};

fn host_pool(spec: &Value) -> HostPool {
    let metadata = json!({"name": "fast", "namespace": "streams", "generation": 3});
    serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
}

#[test]
fn a_pool_reports_its_nodes_and_the_allocation_of_each_job() {
    let object = host_pool(&json!({"tags": ["ssd"], "size": 2}));
    let of_pool_fast = |job: &str, name: &str| pe(job, name, &[("host-pool", "fast")]);
    let nodes = vec![tagged(&["ssd"], node("n1")), cordoned(tagged(&["ssd"], node("n2"))), node("n3")];
    let pods = vec![
        bound_to("n1", of_pool_fast("j", "a")),
        bound_to("n1", of_pool_fast("j", "b")),
        bound_to("n2", of_pool_fast("k", "c")),
        of_pool_fast("waits", "d"),
        bound_to("n3", pe("other", "e", &[])),
        leaving(bound_to("n1", of_pool_fast("leaves", "f"))),
    ];
    let cluster = cluster(nodes, vec![Pool::try_from(&object).unwrap()], pods);
    let reported = pool_status(&object, &Overview::new(cluster.snapshot())).unwrap();
    let expected = json!({
        "nodes": 2, "schedulable": 1, "jobs": 2, "observedGeneration": 3,
        "allocations": [{"job": "j", "pes": 2, "nodes": ["n1"]}, {"job": "k", "pes": 1, "nodes": ["n2"]}],
    });
    assert_eq!(reported, serde_json::from_value::<HostPoolStatus>(expected).unwrap());
}
