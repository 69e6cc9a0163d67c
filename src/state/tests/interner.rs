use std::sync::Arc;

use super::{FEW, Interner};
use crate::model::{HostPort, NodeRequirements};
use crate::testing::{cluster, pod, taking};

fn with_port(port: u32) -> Arc<NodeRequirements> {
    Arc::new(NodeRequirements { host_ports: vec![HostPort::new(port, "", "")], ..NodeRequirements::default() })
}

#[test]
fn pods_that_ask_for_the_same_share_one_copy() {
    let cluster = cluster(vec![], vec![], vec![taking(1, pod("a")), taking(1, pod("b")), taking(2, pod("c"))]);
    let of = |name: &str| cluster.pod(name).unwrap().0.node_requirements.clone().unwrap();
    assert!(Arc::ptr_eq(&of("a"), &of("b")));
    assert_eq!(of("c"), with_port(2));
}

#[test]
fn what_nobody_uses_any_more_is_forgotten() {
    let mut known = Interner::default();
    let used = known.share(with_port(0));
    for port in 1..10_000 {
        drop(known.share(with_port(port)));
        assert!(known.known.len() <= FEW, "{port}");
    }
    assert!(Arc::ptr_eq(&used, &known.share(with_port(0))));
}
