use std::sync::Arc;

use serde_json::{Value, json};

use crate::admission::tests::support::{open_streams_policy, pools};
use crate::admission::{Context, KnownDemand, decide};
use crate::model::{
    Declarations, DeclaredPe, DeclaredPool, Namespace, ObjectId, OpenStreams, Pools, ResourceConstraints,
};
use crate::testing::{declared_pe, pool};

/// A term of pod affinity as the operator writes it.
fn token(kind: &str, value: &str) -> Value {
    let key = format!("streams.ibm.com/host{kind}.9034ff9e");
    let selector = json!({"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]});
    json!({"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"})
}

fn tag(value: &str) -> Value {
    json!({"matchExpressions": [{"key": "streams.ibm.com/hostpool", "operator": "In", "values": [value]}]})
}

/// A pod with the operator's terms for one of each wish; the owner is the `ProcessingElement`, or another kind.
fn pod(owner: &str) -> Value {
    json!({
        "metadata": {
            "name": "app-0-x1",
            "labels": {
                "streams.ibm.com/job": "app", "streams.ibm.com/pe": "0",
                "streams.ibm.com/hostcolocation.9034ff9e": "together",
                "streams.ibm.com/hostisolation.77de68da": "Op-3-",
            },
            "ownerReferences": [{
                "apiVersion": "streams.ibm.com/v1", "kind": owner, "name": "app-0", "uid": "u1", "controller": true,
            }],
        },
        "spec": {
            "affinity": {
                "nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [tag("a"), tag("b")]}},
                "podAffinity": {REQUIRED: [token("colocation", "together")]},
                "podAntiAffinity": {REQUIRED: [token("exlocation", "apart"), token("isolation", "Op-4-")]},
            },
            "containers": [{"name": "pe", "image": "pe:1"}],
        },
    })
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// What the webhook knows: nothing, or the objects.
fn declared() -> (Declarations, Pools) {
    let mut all = pools();
    let id = ObjectId::new(&Namespace::from("ns"), "app-0");
    let pe = DeclaredPe { id, ..declared_pe("app-0", &[("host-pool", "streams.ibm.com/app-1")]) };
    let own = pool("streams.ibm.com/app-1", &["a", "b"], crate::model::PoolMode::Shared);
    let own = Arc::new(crate::model::Pool { id: ObjectId { namespace: "ns".into(), ..own.id }, ..own });
    all.insert(own.id.clone(), Arc::clone(&own));
    let id = ObjectId::new(&Namespace::from("ns"), "app-1");
    let pool = DeclaredPool { id: id.clone(), pool: Some(own), field_problems: vec![] };
    let open_streams = OpenStreams {
        pes: Arc::new([(pe.id.clone(), Arc::new(pe))].into()),
        pools: Arc::new([(id, Arc::new(pool))].into()),
        ..OpenStreams::default()
    };
    (Declarations { open_streams, ..Declarations::default() }, all)
}

fn admitted(pod: &Value, (declared, pools): &(Declarations, Pools)) -> Value {
    let context = Context {
        policies: &open_streams_policy(),
        pools,
        declared,
        constraints: &ResourceConstraints::default(),
        demand: KnownDemand::default(),
    };
    let decision = decide(pod, &Namespace::from("ns"), context);
    let mut patched = pod.clone();
    json_patch::patch(&mut patched, decision.patch()).unwrap();
    assert_eq!(decision.warnings(), [""; 0]);
    patched
}

fn terms<'a>(pod: &'a Value, kind: &str) -> &'a Value {
    &pod["spec"]["affinity"][kind][REQUIRED]
}

#[test]
fn b1_one_term_for_each_tag_gives_way_to_one_that_demands_all() {
    let after = admitted(&pod("ProcessingElement"), &declared());
    let all = ["a", "b"].map(|tag| json!({"key": format!("tag.outrigger.dev/{tag}"), "operator": "Exists"}));
    assert_eq!(terms(&after, "nodeAffinity"), &json!({"nodeSelectorTerms": [{"matchExpressions": all}]}));
}

#[test]
fn b2_b4_b5_b10_affinity_to_tokens_is_taken_away_whether_or_not_the_objects_have_been_seen() {
    for known in [declared(), (Declarations::default(), pools())] {
        let after = admitted(&pod("ProcessingElement"), &known);
        assert_eq!(terms(&after, "podAffinity"), &Value::Null);
        assert_eq!(terms(&after, "podAntiAffinity"), &Value::Null);
    }
}

#[test]
fn b11_t12_a_label_that_would_make_the_pod_illegal_is_mended() {
    let labels = admitted(&pod("ProcessingElement"), &declared())["metadata"]["labels"].clone();
    assert_eq!(labels["streams.ibm.com/hostisolation.77de68da"], "Op-3");
    assert_eq!(labels["streams.ibm.com/hostcolocation.9034ff9e"], "together");
}

#[test]
fn what_others_have_written_and_pods_of_other_owners_stay_as_they_are() {
    let mut mixed = pod("ProcessingElement");
    let other = json!({"labelSelector": {"matchLabels": {"app": "cache"}}, "topologyKey": "kubernetes.io/hostname"});
    let zone = json!({"labelSelector": token("exlocation", "x")["labelSelector"], "topologyKey": "topology.kubernetes.io/zone"});
    mixed["spec"]["affinity"]["podAntiAffinity"][REQUIRED] =
        json!([token("exlocation", "x"), other, token("isolation", "Op"), zone]);
    mixed["spec"]["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] =
        json!([{"weight": 1, "podAffinityTerm": other}]);
    let disk = json!({"matchExpressions": [{"key": "disk", "operator": "Exists"}]});
    mixed["spec"]["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] = json!([tag("a"), disk]);
    let after = admitted(&mixed, &(Declarations::default(), pools()));
    assert_eq!(terms(&after, "podAntiAffinity"), &json!([other, zone]));
    assert_eq!(
        after["spec"]["affinity"]["podAffinity"],
        json!({
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": other}],
        })
    );
    assert_eq!(terms(&after, "nodeAffinity"), &json!({"nodeSelectorTerms": [tag("a"), disk]}));

    let before = pod("Deployment");
    let after = admitted(&before, &(Declarations::default(), pools()));
    assert_eq!(after["spec"]["affinity"], before["spec"]["affinity"], "nobody but its own terms says what it wishes");
    assert_eq!(after["metadata"]["labels"]["streams.ibm.com/hostisolation.77de68da"], "Op-3-");
}
