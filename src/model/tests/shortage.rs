//! Amounts have their units.

use super::{Bytes, Millicores, Resources, Shortage};

#[test]
fn each_amount_has_the_unit_of_its_resource() {
    let text =
        |resource: &'static str, requested, free| Shortage { resource: resource.into(), requested, free }.to_string();
    assert_eq!(text("cpu", 500, 300), "cpu: requested 500m, free 300m");
    assert_eq!(text("cpu", 4_000, 0), "cpu: requested 4000m, free 0m");
    assert_eq!(text("memory", 3 << 30, 1 << 20), "memory: requested 3Gi, free 1Mi");
    assert_eq!(text("memory", 2_500 << 20, (31 << 30) + 1), "memory: requested 2.4Gi, free 31Gi");
    assert_eq!(text("memory", 1_500, 1_000), "memory: requested 1.4Ki, free 1000");
    assert_eq!(text("memory", (1 << 30) + 2, (1 << 30) + 1), "memory: requested 1073741826, free 1073741825");
    assert_eq!(text("nvidia.com/gpu", 2, 1), "nvidia.com/gpu: requested 2, free 1");
    assert_eq!(Shortage::of_pods(3, 2).to_string(), "pods: requested 3, free 2");
    assert_eq!(Shortage::of_port(&"hostPort 80/TCP").to_string(), "hostPort 80/TCP is taken");
}

#[test]
fn the_first_shortage_names_its_resource_and_what_is_not_requested_is_never_short() {
    let mut node = Resources { cpu: Millicores(1_000), memory: Bytes(100), other: Vec::new() };
    node.set("example.com/gpu", "1").unwrap();
    let overbooked = Resources { cpu: Millicores(2_000), ..Resources::default() };
    let only_memory = Resources { memory: Bytes(100), ..Resources::default() };
    assert_eq!(Shortage::first(&node, &overbooked, &only_memory), None);
    let mut two = Resources::default();
    two.set("example.com/gpu", "2").unwrap();
    assert_eq!(
        Shortage::first(&node, &Resources::default(), &two),
        Some(Shortage { resource: "example.com/gpu".into(), requested: 2, free: 1 })
    );
}
