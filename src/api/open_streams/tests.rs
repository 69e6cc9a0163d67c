//! Objects of an open schema: what is understood counts, what is not is told with its field.

use std::num::NonZeroU32;

use serde_json::{Value, json};

use super::{HostPool, Job, ParallelRegion, ProcessingElement, Unnamed};
use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, FieldProblem, Labels, PoolMembers, PoolMode, keys,
};

fn object(name: &str, annotations: &Value, spec: &Value) -> Value {
    let labels = json!({"app": "streams", "streams.ibm.com/job": "app", "streams.ibm.com/generation": "0"});
    let metadata = json!({
        "name": name, "namespace": "streams", "uid": "u1", "labels": labels, "annotations": annotations,
        "managedFields": [{"manager": "operator"}],
    });
    json!({"apiVersion": "streams.ibm.com/v1", "metadata": metadata, "spec": spec})
}

fn pe(spec: &Value) -> DeclaredPe {
    let object: ProcessingElement = serde_json::from_value(object("app-3", &json!({}), spec)).unwrap();
    DeclaredPe::try_from(&object).unwrap()
}

fn placed(placement: &Value) -> DeclaredPe {
    pe(&json!({"placement": placement}))
}

fn pool(spec: &Value) -> DeclaredPool {
    let object: HostPool = serde_json::from_value(object("app-1", &json!({}), spec)).unwrap();
    DeclaredPool::try_from(&object).unwrap()
}

fn job(annotations: &Value, spec: &Value) -> DeclaredJob {
    let object: Job = serde_json::from_value(object("app", annotations, spec)).unwrap();
    DeclaredJob::try_from(&object).unwrap()
}

fn shown(spec: &Labels) -> Vec<String> {
    let short = |key: &str| key.strip_prefix("outrigger.dev/").unwrap().to_owned();
    spec.iter().map(|(key, value)| format!("{}: {value}", short(key))).collect()
}

/// Field and key of each doubt.
fn problems_of(field_problems: &[FieldProblem]) -> Vec<(&str, Option<&str>)> {
    let short = |key: &'static str| key.strip_prefix("outrigger.dev/").unwrap();
    field_problems.iter().map(|doubt| (&*doubt.field, doubt.key.map(short))).collect()
}

#[test]
fn a_placement_is_what_a_pod_would_carry() {
    let whole = pe(&json!({
        "id": 3, "contentId": "9f", "launchCount": 1, "connectivity": "Full", "operators": ["A", "B"],
        "placement": {
            "host": "n1", "coLocations": ["together", "near"], "exLocations": ["apart"], "isolation": "Op[3]",
            "isolationLabels": ["Other"], "hostPoolLocation": {"poolIndex": 1, "inpoolIndex": 2},
        },
    }));
    assert_eq!(whole.id.to_string(), "streams/app-3");
    assert_eq!(&*whole.uid, "u1");
    assert_eq!(
        shown(&whole.spec),
        [
            "colocation: together,near",
            "exlocation: apart",
            "host-pool: streams.ibm.com/app-1",
            "hosts: n1",
            "isolated: true",
            "pool-index: 2",
        ]
    );
    assert_eq!(whole.field_problems, []);
}

#[test]
fn what_the_operator_writes_where_nothing_is_asked_for_is_no_wish() {
    let placement = json!({
        "host": null, "coLocations": [], "exLocations": [], "isolation": null, "isolationLabels": ["Op"],
        "hostPoolLocation": null,
    });
    for spec in [json!({"placement": placement}), json!({"placement": {}}), json!({"placement": null}), json!({})] {
        let pe = pe(&spec);
        assert!(pe.spec.is_empty() && pe.field_problems.is_empty(), "{pe:?}");
    }
    let bare = json!({"metadata": {"name": "app-3", "namespace": "streams"}});
    let bare: ProcessingElement = serde_json::from_value(bare).unwrap();
    assert!(DeclaredPe::try_from(&bare).unwrap().spec.is_empty(), "nor is an object without spec");
    let nameless: ProcessingElement = serde_json::from_value(json!({"metadata": {"name": "x"}})).unwrap();
    assert_eq!(DeclaredPe::try_from(&nameless), Err(Unnamed));
}

#[test]
fn tokens_are_any_text_and_different_ones_stay_different() {
    let tokens = placed(&json!({"coLocations": ["a,b", "a, b", " a", "a%2Cb", "my token", "ä"]}));
    assert_eq!(shown(&tokens.spec), ["colocation: a%2Cb,a%2C%20b,%20a,a%252Cb,my%20token,ä"]);
}

#[test]
fn what_is_not_understood_is_told_with_its_field_and_the_rest_counts() {
    let doubtful = placed(&json!({
        "host": 7, "coLocations": "together", "exLocations": ["x", 3, "y"], "isolation": ["Op"],
        "hostPoolLocation": {"poolIndex": -1, "inpoolIndex": "two", "rack": 4}, "colour": "red",
    }));
    assert_eq!(shown(&doubtful.spec), ["exlocation: x,y"]);
    assert_eq!(
        problems_of(&doubtful.field_problems),
        [
            ("spec.placement.colour", None),
            ("spec.placement.host", Some("hosts")),
            ("spec.placement.coLocations", Some("colocation")),
            ("spec.placement.exLocations[1]", Some("exlocation")),
            ("spec.placement.isolation", Some("isolated")),
            ("spec.placement.hostPoolLocation.rack", None),
            ("spec.placement.hostPoolLocation.inpoolIndex", Some("pool-index")),
            ("spec.placement.hostPoolLocation.poolIndex", Some("host-pool")),
        ]
    );
    assert_eq!(doubtful.field_problems[1].to_string(), "spec.placement.host: `7` is no text");
    let missing = placed(&json!({"hostPoolLocation": {"inpoolIndex": 1}}));
    assert_eq!(
        problems_of(&missing.field_problems),
        [("spec.placement.hostPoolLocation.poolIndex", Some("host-pool"))]
    );
    let none = placed(&json!([]));
    assert_eq!(none.field_problems.len(), keys::PLACEMENT_SPEC.len(), "nothing can be known of it");
}

#[test]
fn numbers_may_come_as_text() {
    let located = placed(&json!({"hostPoolLocation": {"poolIndex": "1", "inpoolIndex": "0"}}));
    assert_eq!(shown(&located.spec), ["host-pool: streams.ibm.com/app-1", "pool-index: 0"]);
}

#[test]
fn annotations_of_an_object_say_what_its_placement_does_not() {
    let annotations = json!({
        "outrigger.dev/relocatable": "false", "outrigger.dev/host-tags": "ssd", "outrigger.dev/exlocation": "other",
        "outrigger.dev/inject": "false", "streams.ibm.com/applicationName": "A",
    });
    let spec = json!({"placement": {"exLocations": ["x"], "hostPoolLocation": {"poolIndex": 1}}});
    let object: ProcessingElement = serde_json::from_value(object("app-3", &annotations, &spec)).unwrap();
    let pe = DeclaredPe::try_from(&object).unwrap();
    assert_eq!(
        shown(&pe.spec),
        ["exlocation: x", "host-pool: streams.ibm.com/app-1", "relocatable: false"],
        "pool and tags are one choice"
    );
    assert_eq!(
        problems_of(&pe.field_problems),
        [
            ("metadata.annotations[outrigger.dev/exlocation]", None),
            ("metadata.annotations[outrigger.dev/host-tags]", None),
            ("metadata.annotations[outrigger.dev/inject]", None),
        ]
    );
}

#[test]
fn a_job_gives_defaults_and_counts_its_pes() {
    let counted = job(&json!({"outrigger.dev/gang": "true"}), &json!({"statistics": {"processingElementCount": 4}}));
    assert_eq!(shown(&counted.defaults), ["gang: true"]);
    assert_eq!(counted.pes.map(NonZeroU32::get), Some(4));
    let requests =
        job(&json!({}), &json!({"resources": {"requests": {"cpu": 4, "memory": "1Gi"}, "limits": {}}})).requests;
    assert_eq!(requests.iter().collect::<Vec<_>>(), [("cpu", "4"), ("memory", "1Gi")]);
    for spec in [json!({}), json!({"statistics": {"processingElementCount": 0}})] {
        assert_eq!(job(&json!(null), &spec).pes, None, "not counted yet");
    }
}

#[test]
fn a_parallel_region_has_a_name_and_a_width_and_wishes_nothing() {
    let read = |annotations: &Value, spec: &Value| {
        let object: ParallelRegion = serde_json::from_value(object("app-2", annotations, spec)).unwrap();
        DeclaredRegion::try_from(&object).unwrap()
    };
    let region = read(&json!({}), &json!({"index": 2, "alias": "Work", "width": 3}));
    assert_eq!((&*region.job, &*region.alias, region.width.map(NonZeroU32::get)), ("app", "Work", Some(3)));
    assert_eq!(region.field_problems, []);
    let annotated = read(&json!({"outrigger.dev/exlocation": "channels"}), &json!({"alias": "Work", "width": "3"}));
    assert_eq!(annotated.width.map(NonZeroU32::get), Some(3), "large numbers come as text");
    assert_eq!(problems_of(&annotated.field_problems), [("metadata.annotations[outrigger.dev/exlocation]", None)]);
    for (spec, field) in [
        (json!({"alias": "Work", "width": 0}), "spec.width"),
        (json!({"alias": "Work", "width": -1}), "spec.width"),
        (json!({"alias": 7}), "spec.alias"),
        (json!(7), "spec"),
    ] {
        let region = read(&json!({}), &spec);
        assert_eq!((region.width, problems_of(&region.field_problems)), (None, vec![(field, None)]), "{spec}");
    }
    assert_eq!(&*read(&json!({}), &json!({})).alias, "app-2", "a region without a name has that of its object");
}

#[test]
fn pools_are_read_as_the_legacy_platform_means_them() {
    let read = |hostpool: Value| {
        let pool = pool(&json!({"hostpool": hostpool}));
        assert_eq!(pool.field_problems, []);
        let pool = pool.pool.unwrap();
        assert_eq!(pool.id.to_string(), "streams/streams.ibm.com/app-1");
        (pool.members.clone(), pool.mode)
    };
    let tags = |tags: &[&str]| PoolMembers::Tagged(tags.iter().map(|tag| (*tag).into()).collect());
    let hosts = |hosts: &[&str]| PoolMembers::Hosts(hosts.iter().map(|host| (*host).into()).collect());
    let size = |size: u32| NonZeroU32::new(size).unwrap();
    for (written, members, mode) in [
        (
            json!({"name": "$default", "index": 0, "membershipMode": "shared", "hosts": [], "tags": []}),
            tags(&[]),
            PoolMode::Shared,
        ),
        (json!({"name": "P", "index": 1, "tags": ["a", "b", "a"]}), tags(&["a", "b"]), PoolMode::Shared),
        (json!({"tags": ["a"], "size": 2}), tags(&["a"]), PoolMode::SharedSized(size(2))),
        (
            json!({"membershipMode": "exclusive", "tags": ["a"], "size": "2"}),
            tags(&["a"]),
            PoolMode::Exclusive(size(2)),
        ),
        (json!({"hosts": ["n1", "10.0.0.2"]}), hosts(&["n1", "10.0.0.2"]), PoolMode::Shared),
        (json!({"hosts": ["n1", "n2"], "size": 2}), hosts(&["n1", "n2"]), PoolMode::Shared),
        (json!({"hosts": ["n1", "n2"], "size": 1}), hosts(&["n1", "n2"]), PoolMode::SharedSized(size(1))),
        (
            json!({"hosts": ["n1", "n2"], "membershipMode": "exclusive"}),
            hosts(&["n1", "n2"]),
            PoolMode::Exclusive(size(2)),
        ),
    ] {
        assert_eq!(read(written.clone()), (members, mode), "{written}");
    }
}

#[test]
fn a_pool_that_is_not_understood_is_no_pool() {
    for (spec, field) in [
        (json!({}), "spec.hostpool"),
        (json!({"hostpool": ["a"]}), "spec.hostpool"),
        (json!({"hostpool": {"tags": "a"}}), "spec.hostpool.tags"),
        (json!({"hostpool": {"tags": ["a"], "hosts": ["n1"]}}), "spec.hostpool.hosts"),
        (json!({"hostpool": {"size": 0}}), "spec.hostpool.size"),
        (json!({"hostpool": {"rack": 3, "size": -2}}), "spec.hostpool.size"),
        (json!({"hostpool": {"membershipMode": "exclusive", "tags": ["a"]}}), "spec.hostpool.size"),
        (json!({"hostpool": {"membershipMode": "sharing"}}), "spec.hostpool.membershipMode"),
    ] {
        let pool = pool(&spec);
        assert_eq!((pool.pool, pool.field_problems[0].field.as_str()), (None, field), "{spec}");
    }
    let strange = pool(&json!({"hostpool": {"tags": ["a"], "rack": 3}}));
    assert!(strange.pool.is_some(), "a member that nobody knows takes nothing away");
    assert_eq!(problems_of(&strange.field_problems), [("spec.hostpool.rack", None)]);
}
