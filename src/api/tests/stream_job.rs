//! What a `StreamJob` declares is what its pods would carry.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{InvalidStreamJob, StreamJob};
use crate::model::{LastPlace, StreamJob as Declared};

fn object(spec: &Value) -> StreamJob {
    let metadata = json!({"name": "clicks", "namespace": "streams"});
    serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
}

fn read(spec: &Value) -> Result<Declared, InvalidStreamJob> {
    Declared::try_from(&object(spec))
}

#[test]
fn every_field_becomes_what_a_pod_would_carry() {
    let job = read(&json!({
        "pes": [
            {
                "name": "source", "hostPool": "fast", "poolIndex": 1, "hosts": ["n1", "10.0.0.7"], "colocation": ["a"],
                "exlocation": ["b", "c"], "isolated": false, "relocatable": false, "scheme": "balancedJob",
            },
            {"name": "sink", "hostTags": ["ssd", "gpu"]},
        ],
        "connections": [{"from": "source", "to": "sink", "bytesPerSecond": 7}, {"from": "sink", "to": "source"}],
        "gang": {"minMember": 2},
        "overrideLoadProtection": true,
    }));
    let job = job.unwrap();
    assert_eq!(job.id.to_string(), "streams/clicks");
    let declared = |pe: &str| -> Vec<String> {
        let short = |key: &str| key.strip_prefix("outrigger.dev/").unwrap().to_owned();
        job.declared(pe).iter().map(|(key, value)| format!("{}: {value}", short(key))).collect()
    };
    assert_eq!(
        declared("source"),
        [
            "colocation: a",
            "connects-to: sink=7",
            "exlocation: b,c",
            "gang: 2",
            "host-pool: fast",
            "hosts: n1,10.0.0.7",
            "isolated: false",
            "pool-index: 1",
            "relocatable: false",
            "scheme: balancedJob",
        ]
    );
    assert_eq!(declared("sink"), ["connects-to: source", "gang: 2", "host-tags: ssd,gpu"]);
    assert_eq!(declared("another"), ["gang: 2"], "a gang is the job's");
    assert!(job.override_load_protection);
}

#[test]
fn invalid_objects_are_found_also_where_the_api_server_has_accepted_them() {
    let problem = |spec: &Value| read(spec).unwrap_err().to_string();
    assert!(problem(&json!({"pes": [{"name": "a"}, {"name": "a"}]})).contains("`a` is listed twice"));
    let stray = json!({"pes": [{"name": "a"}], "connections": [{"from": "a", "to": "b"}]});
    assert!(problem(&stray).contains("`b` is not listed"));
    for gang in [json!({}), json!({"all": true, "minMember": 1}), json!({"all": false}), json!({"minMember": 0})] {
        assert_eq!(read(&json!({"gang": gang})), Err(InvalidStreamJob::Gang), "{gang}");
    }
}

#[test]
fn the_status_tells_where_pes_that_come_back_have_been() {
    let mut object = object(&json!({}));
    let placements = json!([
        {"pe": "bound", "pod": "p-0", "node": "n1", "owner": "u"},
        {"pe": "gone", "lastNode": "n2", "owner": "u", "generation": "3"},
        {"pe": "waits", "pod": "p-1", "owner": "u"},
        {"pe": "has-no-name-of-its-own", "pod": "p-2", "node": "n3"},
    ]);
    object.status = Some(serde_json::from_value(json!({"placements": placements})).unwrap());
    let place = |pe: &str, node: &str, generation: &str| LastPlace {
        generation: Arc::from(generation),
        pe: Arc::from(pe),
        owner_uid: Arc::from("u"),
        node: node.into(),
    };
    let reported = Declared::try_from(&object).unwrap().last_places;
    assert_eq!(reported, [place("bound", "n1", ""), place("gone", "n2", "3")]);
}
