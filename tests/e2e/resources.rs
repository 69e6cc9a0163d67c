//! The custom resources, as users meet them: what is refused and in which words, what `kubectl get` shows, and what
//! becomes known of jobs and pools.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::installation::shared;

/// A `StreamJob` of namespace `default`.
fn stream_job(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "outrigger.dev/v1alpha1",
        "kind": "StreamJob",
        "metadata": { "name": name, "namespace": "default" },
        "spec": spec,
    })
}

/// What the API server says to a `StreamJob` that it refuses.
async fn refusal(cluster: &Cluster, spec: &Value) -> String {
    let object = stream_job("refused", spec).to_string();
    let dry_run = ["create", "--dry-run=server", "-f", "-"];
    cluster.kubectl().feed(&dry_run, &object).await.unwrap_or_else(|error| error.to_string())
}

#[test]
fn stream_jobs_that_contradict_themselves_are_refused_with_what_to_do() {
    shared(async |installation| {
        let pe = |wishes: Value| {
            let mut pe = json!({ "name": "a" });
            json_patch::merge(&mut pe, &wishes);
            json!({ "pes": [pe, { "name": "b" }] })
        };
        let streams =
            |connections: Value| json!({ "pes": [{ "name": "a" }, { "name": "b" }], "connections": connections });
        let table = [
            (pe(json!({ "hostPool": "p", "hostTags": ["ssd"] })), "cannot be combined: keep one of them"),
            (pe(json!({ "poolIndex": 1 })), "name the pool with hostPool"),
            (pe(json!({ "hostPool": "p", "poolIndex": -1 })), "should be greater than or equal to 0"),
            (pe(json!({ "isolated": true, "colocation": ["x"] })), "an isolated PE cannot share its node; keep one"),
            (pe(json!({ "isolated": true, "exlocation": ["x"] })), "leave its exlocation out"),
            (pe(json!({ "colocation": ["x,y"] })), "should match"),
            (pe(json!({ "scheme": "best" })), "supported values: \"balancedInstance\""),
            (pe(json!({ "name": "b" })), "Duplicate value: {\"name\":\"b\"}"),
            (streams(json!([{ "from": "a", "to": "c" }])), "leads to a PE that is not listed: add it to pes"),
            (streams(json!([{ "from": "c", "to": "a" }])), "comes from a PE that is not listed: add it to pes"),
            (streams(json!([{ "from": "a", "to": "a" }])), "leave it out"),
            (streams(json!([{ "from": "a", "to": "b", "bytesPerSecond": -1 }])), "greater than or equal to 0"),
            (streams(json!([{ "from": "a", "to": "b" }, { "from": "a", "to": "b" }])), "Duplicate value"),
            (json!({ "gang": {} }), "keep exactly one of them"),
            (json!({ "gang": { "all": true, "minMember": 2 } }), "keep exactly one of them"),
            (json!({ "gang": { "all": false } }), "leave gang out"),
            (json!({ "gang": { "minMember": 0 } }), "greater than or equal to 1"),
        ];
        for (spec, expected) in table {
            let said = refusal(&installation.cluster, &spec).await;
            assert!(said.contains("is invalid") && said.contains(expected), "{spec}: {said}");
        }
        let taken = refusal(&installation.cluster, &streams(json!([{ "from": "a", "to": "b" }]))).await;
        assert!(taken.contains("created"), "{taken}");
    });
}
