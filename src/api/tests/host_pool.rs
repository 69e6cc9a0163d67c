//! Invalid pools are found, also where the API server has accepted them.

use serde_json::{Value, json};

use super::{HostPool, InvalidHostPool};
use crate::model::{Pool, PoolMode};

fn object(spec: &Value) -> HostPool {
    let metadata = json!({"name": "p", "namespace": "streams"});
    let object =
        json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "HostPool", "metadata": metadata, "spec": spec});
    serde_json::from_value(object).unwrap()
}

fn read(spec: &Value) -> Result<Pool, InvalidHostPool> {
    Pool::try_from(&object(spec))
}

#[test]
fn t2_an_exclusive_pool_needs_a_size() {
    let rejected = read(&json!({"tags": ["ssd"], "mode": "Exclusive"}));
    assert_eq!(rejected, Err(InvalidHostPool::ExclusiveWithoutSize));
    let sized = read(&json!({"tags": ["ssd"], "mode": "Exclusive", "size": 2})).unwrap();
    assert_eq!(sized.mode, PoolMode::Exclusive(2.try_into().unwrap()));
    assert_eq!(read(&json!({"tags": ["ssd"]})).unwrap().mode, PoolMode::Shared);
}

#[test]
fn a_pool_is_given_by_tags_or_by_hosts_and_has_at_least_one_node() {
    assert_eq!(read(&json!({"tags": ["ssd"], "hosts": ["n1"]})), Err(InvalidHostPool::TagsAndHosts));
    assert_eq!(read(&json!({"hosts": ["n1"], "size": 0})), Err(InvalidHostPool::Size(0)));
}
