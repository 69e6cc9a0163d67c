use std::num::NonZeroU32;

use serde_json::{Value, json};

use crate::api::open_streams::HostPool;
use crate::api::open_streams::support::{object, problems_of};
use crate::model::{DeclaredPool, PoolMembers, PoolMode};

fn pool(spec: &Value) -> DeclaredPool {
    let object: HostPool = serde_json::from_value(object("app-1", &json!({}), spec)).unwrap();
    DeclaredPool::try_from(&object).unwrap()
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
fn a_pool_whose_fields_cannot_be_read_is_unknown() {
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
    assert!(strange.pool.is_some(), "an unknown member does not make the pool unknown");
    assert_eq!(problems_of(&strange.field_problems), [("spec.hostpool.rack", None)]);
}
