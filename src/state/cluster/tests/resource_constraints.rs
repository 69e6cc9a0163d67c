use super::*;
use crate::model::{DemandedQuantity, Namespace, NamespaceConstraints, QuotaDemand};
use crate::state::Event;

fn quota(name: &str, quantities: Vec<DemandedQuantity>) -> ResourceQuota {
    let id = ObjectId::new(&Namespace::from("ns"), name);
    ResourceQuota { id, demand: QuotaDemand { scopes: Vec::new(), quantities } }
}

fn demands(cluster: &Cluster) -> Option<&NamespaceConstraints> {
    cluster.snapshot().constraints().in_namespace(&Namespace::from("ns"))
}

#[test]
fn a_quota_whose_use_changes_publishes_nothing() {
    let mut cluster = Cluster::default();
    let limits = quota("q", vec![DemandedQuantity::CpuLimit]);
    cluster.apply(Event::put(limits.clone()));
    let version = cluster.snapshot().version();
    assert!(demands(&cluster).is_some());
    cluster.apply(Event::put(limits.clone()));
    cluster.apply(Event::listed(vec![limits]));
    assert_eq!(cluster.snapshot().version(), version);
    cluster.apply(Event::put(quota("q", vec![DemandedQuantity::MemoryLimit])));
    assert!(cluster.snapshot().version() > version);
}

#[test]
fn a_list_replaces_what_was_known() {
    let mut cluster = Cluster::default();
    cluster.apply(Event::put(quota("gone", vec![DemandedQuantity::CpuLimit])));
    cluster.apply(Event::listed(vec![quota("new", vec![DemandedQuantity::MemoryLimit])]));
    let left = &demands(&cluster).unwrap().quotas;
    assert_eq!(left.iter().flat_map(|demand| &demand.quantities).collect::<Vec<_>>(), [&DemandedQuantity::MemoryLimit]);
    cluster.apply(Event::listed(Vec::<ResourceQuota>::new()));
    assert_eq!(demands(&cluster), None);
}
